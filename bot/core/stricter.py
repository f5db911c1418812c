"""Whether a changed policy is stricter: every request that the new one lets through the old one let through too."""

from collections.abc import Mapping

from bot.core import strictness as by
from bot.core.policy import Policy

_CONDITIONS: Mapping[str, by.Order] = {
    "tags": by.no_less,
    "followers_at_least": by.no_more,
    "verified": by.same,
    "younger_than": by.no_less,
    "older_than": by.no_more,
}
"""Of each condition on an account, when it takes no fewer of them."""

STRICTER: Mapping[str, by.Stricter] = {
    "version": by.neutral,
    "timezone": by.of_policy("timezone", by.same),  # last days begin and end at other moments
    "channel_language": by.neutral,
    "people": by.roster,
    "people.slack": by.slack_ids,
    "people.platform": by.of_people("platform", by.principals),
    "people.groups": by.of_people("groups", by.no_more),
    "people.team": by.of_people("team", by.team),
    "people.joined": by.of_people("joined", by.later),
    "people.last_day": by.of_people("last_day", by.earlier),
    "people.contractor": by.of_people("contractor", by.no_less),
    "people.delegate": by.of_people("delegate", by.lends),
    "requests.may_ask": by.of_policy("may_ask", by.no_more),
    "requests.categories": by.of_policy("categories", lambda before, after: set(after) <= set(before)),
    "tier.name": by.tier_names,
    "tier.any": by.takes("any", by.present),
    **{f"tier.any.{name}": by.takes("any", by.alternative(name, order)) for name, order in _CONDITIONS.items()},
    "tier.all": by.takes("all", by.present),
    **{f"tier.all.{name}": by.takes("all", by.requirement(name, order)) for name, order in _CONDITIONS.items()},
    "tier.approvals": by.of_tiers(by.approvals),
    "tier.from_different_teams": by.of_tiers(by.different_teams),
    "tier.cooling_off": by.of_tiers(by.cooling_off),
    "tier.emergency": by.of_tiers(by.emergency),
    "tier.confirm_handle": by.of_tiers(by.confirm_handle),
    "leavers.window": by.of_policy("leaver_window", by.no_less),
    "leavers.newcomers": by.of_policy("newcomers", by.no_less),
    "leavers.contractors": by.of_policy("contractors_as_leavers", by.no_less),
    "limits.request_expires": by.of_policy("limits.request_expires", by.no_more),
    "limits.execution_expires": by.of_policy("limits.execution_expires", by.no_more),
    "limits.ratify_within": by.of_policy("limits.ratify_within", by.no_more),
    "limits.requests_per_person_hour": by.of_policy("limits.requests_per_person_hour", by.no_more),
    "limits.deactivations_per_hour": by.of_policy("limits.deactivations_per_hour", by.no_more),
    "limits.emergencies_per_person_day": by.of_policy("limits.emergencies_per_person_day", by.no_more),
    "guard.mode": by.mode,
    "guard.explained_actors": by.of_policy("guard.explained_actors", by.no_more),
    "guard.sweep_every": by.of_policy("guard.sweep_every", by.no_more),
    "guard.observe_at_most": by.of_policy("guard.observe_at_most", by.no_more),
    "guard.unknown_actor": by.of_policy("guard.restores_unknown_actor", by.no_less),
    "guard.samples": by.neutral,
    "digest.weekday": by.neutral,
    "digest.hour": by.neutral,
    "reminders.after": by.neutral,
    "reminders.escalate_after": by.neutral,
    "reminders.escalate_to": by.neutral,
    "notify.security": by.told("security_channel"),
    "notify.on_call": by.told("on_call"),
    # what was changed in Slack is judged by what it makes of the tables above, and by these two
    "overlay.change": by.protected,
    "overlay.at": by.of_people("approves_from", by.later),
    "overlay.request": by.neutral,
}
"""Every key of a policy file, with the rule that says whether it is as strict as it was."""


def looser(before: Policy, after: Policy) -> tuple[str, ...]:
    """The keys in which `after` is not shown to be as strict; none where it is stricter or the same."""
    return tuple(key for key, stricter in STRICTER.items() if not stricter(before, after))
