"""What must hold, told from the platform's own record and from what people were told, by no rule of the bot's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

from bot.core.audit import Line, compare, gaps, replay
from bot.core.request import Action, Choice, Request, State
from storage.view import ConnectionView
from tests.campaign.roster import Member, Roster

DEMANDS = {
    "protected": ({"manager": 1, "trust-safety": 1}, True),
    "standard": ({"manager": 1}, False),
}
"""What each tier takes, and whether of different teams; as `RULES` of the machine writes it for the bot."""
ASK, EXECUTE = timedelta(hours=24), timedelta(minutes=10)
EXPLAINS = frozenset({State.RUNNING, State.UNCERTAIN, State.DONE, State.PROVISIONAL, State.RATIFIED})
OURS = "svc:countersign"
Effect = Mapping[str, Any]


@dataclass
class Told:
    """What people were told of their acts, and what the roster was meanwhile."""

    votes: dict[tuple[str, int, str], Choice] = field(default_factory=dict)
    """By (request, revision, person)."""
    filed: set[str] = field(default_factory=set)
    claims: set[tuple[str, datetime]] = field(default_factory=set)
    """The claims looked at already: (request, when)."""
    log: list[Line] = field(default_factory=list)


def claim_broke(request: Request, roster: Roster, told: Told, *, handle: str, tier: str, paused: bool) -> list[str]:
    """I1 at a claim that has just been made, with the roster that was in force."""
    if request.by_policy:
        return []
    asker, at = roster.people.get(request.requester), request.claimed_at
    assert at is not None
    today = at.date()
    broke = []
    if asker is None or not entitled(asker, tier, today) or "agent" not in asker.groups:
        broke.append("the requester is not entitled")
    if request.subject.handle != handle or request.tier != tier:
        broke.append(f"the card showed @{request.subject.handle}, {request.tier}: it is @{handle}, {tier}")
    if request.emergency:
        allowed = asker is not None and "duty" in asker.groups and not bound(asker, today)
        return broke if allowed else [*broke, "an emergency of somebody who may not"]
    if any(vote.choice is Choice.DENY for vote in request.votes):
        broke.append("denied")
    if not quorate(request, roster, told, tier, today):
        broke.append("no quorum")
    quorate_at = request.quorate_at
    if quorate_at is None or quorate_at >= request.filed_at + ASK or at < quorate_at:
        broke.append("the quorum came too late")
    elif at >= quorate_at + EXECUTE and not paused:
        broke.append("the approval had expired")
    return broke


def bound(member: Member, today: date) -> bool:
    """Bound by the leaver rule: the machine's rosters have leavers and contractors, and no newcomers."""
    return member.contractor or (member.last_day is not None and member.last_day - timedelta(days=14) <= today)


def entitled(member: Member, tier: str, today: date) -> bool:
    gone = member.last_day is not None and member.last_day < today
    return not gone and not (tier == "protected" and bound(member, today))


def quorate(request: Request, roster: Roster, told: Told, tier: str, today: date) -> bool:
    """Whether the approvals that people were told were counted fill every place, each person in one: all seatings."""
    demands, different = DEMANDS[tier]
    asker = roster.people.get(request.requester)
    extra = 1 if asker is not None and bound(asker, today) else 0
    places = [frozenset({group}) for group, count in demands.items() for _ in range(count)]
    places += [frozenset(demands)] * extra
    able = [
        member
        for name, member in roster.people.items()
        if name != request.requester
        and told.votes.get((request.id, request.revision, name)) is Choice.APPROVE
        and entitled(member, tier, today)
    ]

    def fits(seats: Sequence[Member]) -> bool:
        filled = all(place & set(member.groups) for member, place in zip(seats, places, strict=True))
        return filled and (not different or len({member.team for member in seats}) == len(seats))

    return any(fits(seats) for seats in permutations(able, len(places)))


def effects_broke(effects: Sequence[Effect], requests: Mapping[str, Request], account: str) -> list[str]:
    """I1, I4 and I5 from what really happened to one account, in its order; `requests` by operation key."""
    broke, before = [], None
    own = [e for e in effects if e["actor"]["id"] == OURS]
    keys = [e["operation"] for e in own]
    broke += [f"{keys.count(key)} effects of one request" for key in set(keys) if keys.count(key) > 1]
    for effect in effects:
        if effect["actor"]["id"] == OURS:
            request = requests.get(effect["operation"] or "")
            if request is None or request.subject.id != account or request.action.value != effect["action"]:
                broke.append(f"an effect {effect['action']} that no request asks for")
            elif request.by_policy and request.undoes is None and explained(before, requests, account):
                broke.append(f"undone, though {before and before['actor']['id']} had done it rightly")
        before = effect
    return broke


def explained(effect: Effect | None, requests: Mapping[str, Request], account: str) -> bool:
    """Whether an instance is one that the guard must leave alone."""
    if effect is None or effect["action"] != "deactivate":
        return False
    actor = effect["actor"]["id"]
    if actor != OURS:
        return actor in {f"owner:{account}", "system:legal"}
    request = requests.get(effect["operation"] or "")
    return request is not None and request.action is Action.DEACTIVATE and request.state in EXPLAINS


def standing_broke(account: Mapping[str, Any], effects: Sequence[Effect], requests: Mapping[str, Request]) -> list[str]:
    """I3 at quiescence: what is down is down for a reason, or was down for one when it was taken over."""
    if account["active"]:
        return []
    since_restore: list[Effect] = []
    for effect in effects:
        since_restore = [] if effect["action"] == "restore" else [*since_restore, effect]
    if any(explained(effect, requests, account["id"]) for effect in since_restore):
        return []
    return [f"{account['id']} is down by {account['deactivation']['actor']} and nobody approved it"]


def votes_broke(requests: Iterable[Request], told: Told) -> list[str]:
    """I6: what people were told was counted is on disk, and nothing else is."""
    stored = {(r.id, vote.revision, vote.person): vote.choice for r in requests for vote in r.votes}
    broke = [] if stored == told.votes else [f"votes on disk and told differ: {stored.items() ^ told.votes.items()}"]
    lost = told.filed - {request.id for request in requests}
    return [*broke, *(f"{id} was filed and is lost" for id in lost)]


def log_broke(view: ConnectionView, told: Told) -> list[str]:
    """I6 and I9: log and tables agree, without a gap, and what the log said before it says now."""
    lines = [Line(seq=seq, entry=entry) for seq, entry in view.whole_log()]
    stored: dict[str, Any] = {request.id: request for request in view.all_requests()}
    stored |= {incident.id: incident for incident in view.all_incidents()}
    broke = [d.what for d in (*gaps(lines, view.head()), *compare(replay(lines), stored))]
    broke += ["the log was changed"] if lines[: len(told.log)] != told.log else []
    told.log = lines
    return broke
