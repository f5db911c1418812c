"""The keys of a policy file, table by table, each with what reads its value."""

from collections.abc import Mapping

from bot.core.overlay import change_of
from bot.core.policy_values import (
    MOST_CATEGORIES,
    Read,
    anything,
    category,
    day,
    duration,
    emergency,
    explained,
    flag,
    matching,
    moment,
    named,
    one_of,
    several,
    text,
    whole,
    zone,
)

Keys = Mapping[str, Read]

MOST_PLACES = 9
"""So many approvals of one tier at most: each is a person who has to read the card."""

_USER = matching("[UW][A-Z0-9]+", "a Slack user id such as U02MONA")
_PRINCIPAL = matching("staff:.*[^ ]", "a staff principal such as “staff:mona”")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

TOP: Keys = {
    "version": anything,
    "timezone": zone,
    "channel_language": one_of({name: name for name in ("en", "fr")}),
    **dict.fromkeys(
        ("people", "requests", "tier", "leavers", "limits", "guard", "digest", "reminders", "notify", "overlay"),
        anything,
    ),
}
PERSON: Keys = {
    "slack": several(_USER),
    "platform": several(_PRINCIPAL),
    "groups": several(named),
    "team": named,
    "joined": day,
    "last_day": day,
    "contractor": flag,
    "delegate": anything,
}
DELEGATE: Keys = {"to": named, "from": day, "until": day}
REQUESTS: Keys = {
    "may_ask": several(named, may_be_empty=False),
    "categories": several(category, may_be_empty=False, most=MOST_CATEGORIES),
}
TIER: Keys = {
    "name": text,
    "any": anything,
    "all": anything,
    "approvals": anything,
    "from_different_teams": flag,
    "cooling_off": duration(may_be_zero=True),
    "emergency": emergency,
    "confirm_handle": flag,
}
MATCH: Keys = {
    "tags": several(text, may_be_empty=False),
    "followers_at_least": whole(1),
    "verified": flag,
    "younger_than": duration(),
    "older_than": duration(),
}
LEAVERS: Keys = {
    "window": duration(may_be_zero=True, days=True),
    "newcomers": duration(may_be_zero=True, days=True),
    "contractors": one_of({"as leavers": True, "as anyone": False}),
}
LIMITS: Keys = {
    "request_expires": duration(),
    "execution_expires": duration(),
    "ratify_within": duration(),
    "requests_per_person_hour": whole(1),
    "deactivations_per_hour": whole(1),
    "emergencies_per_person_day": whole(0),
}
GUARD: Keys = {
    "mode": one_of({"enforce": True, "observe": False}),
    "explained_actors": several(explained),
    "sweep_every": duration(),
    "observe_at_most": duration(),
    "unknown_actor": one_of({"restore": True, "page": False}),
    "samples": several(duration()),
}
DIGEST: Keys = {
    "weekday": one_of({name: number for number, name in enumerate(_WEEKDAYS)}),
    "hour": whole(0, 23),
}
REMINDERS: Keys = {
    "after": several(duration()),
    "escalate_after": duration(),
    "escalate_to": several(named),
}
OVERLAY: Keys = {"change": change_of, "at": moment, "request": named}
NOTIFY: Keys = {
    "security": matching("[CG][A-Z0-9]+", "the id of a Slack channel", may_be_empty=True),
    "on_call": matching("S[A-Z0-9]+", "the id of a Slack user group", may_be_empty=True),
}
