"""The words for what records hold as codes: states, waits, ends, incidents. One table a code; no typed text in here.

The tables are in English and marked for the catalogues; whoever says one of their texts translates it.
"""

from bot.core.claiming import Waits
from bot.core.incident import IncidentKind, IncidentState
from bot.core.quorum import ANY_GROUP, Quorum
from bot.core.request import About, Action, State, Undo
from bot.core.settling import Failed
from bot.core.transition import Kind
from bot.slack.language import N_, Language
from bot.slack.text import one_line

VERBS = {
    Action.DEACTIVATE: N_("Deactivate"),
    Action.RESTORE: N_("Restore"),
    Action.ROSTER: N_("Change the roster"),
    Action.PROTECT: N_("Protect"),
    Action.GUARD: N_("Change the guard"),
    Action.REINSTATE: N_("Reinstate"),
    Action.RELEASE: N_("Release"),
}
ASKED = {
    Action.DEACTIVATE: N_("deactivate {account}"),
    Action.RESTORE: N_("restore {account}"),
    Action.REINSTATE: N_("reinstate {actor}"),
    Action.RELEASE: N_("release the sweep"),
}
"""What was asked for, in the middle of a sentence."""
TITLES = {
    (Action.DEACTIVATE, False): N_("Deactivate @{handle}"),
    (Action.RESTORE, False): N_("Restore @{handle}"),
    (Action.DEACTIVATE, True): N_("Emergency: deactivate @{handle}"),
    (Action.RESTORE, True): N_("Emergency: restore @{handle}"),
    (Action.REINSTATE, False): N_("Reinstate {id}"),
    (Action.RELEASE, False): N_("Release the sweep"),
}
"""What stands over a card, by the action and whether it is an emergency."""
SHOWN_AS = {
    Action.DEACTIVATE: N_("The public view shows the account deactivated."),
    Action.RESTORE: N_("The public view shows the account active."),
    Action.REINSTATE: N_("The platform has said that the actor may act again."),
    Action.RELEASE: N_("Sweeps restore again; a whole one looks at once."),
}
"""What a read must show when the action is done."""
SURE = {
    Action.DEACTIVATE: (
        N_("Deactivate this account?"),
        N_("Deactivate @{handle}, account {id}? Your approval is recorded."),
    ),
    Action.RESTORE: (N_("Restore this account?"), N_("Restore @{handle}, account {id}? Your approval is recorded.")),
    Action.REINSTATE: (
        N_("Reinstate this actor?"),
        N_("Let {id} act on the platform again? Your approval is recorded."),
    ),
    Action.RELEASE: (
        N_("Release the sweep?"),
        N_("Let sweeps restore again what the feed did not announce? Your approval is recorded."),
    ),
}
"""What approving asks once more: title and text."""
SURE_TO_RATIFY = (
    N_("Ratify this emergency?"),
    N_("@{handle}, account {id}, was sent down at once. Your approval is recorded; with the quorum it stays down."),
)

FOLLOWS = {
    Action.REINSTATE: N_("From then on the platform takes what this actor does; the guard counts from nothing."),
    Action.RELEASE: N_("From then on sweeps restore what nobody explained, and a whole one looks at once."),
}
"""What comes of it where no account is shown, as a sentence of its own."""

OUTCOMES = {
    State.PENDING: N_("Waits for a decision"),
    State.APPROVED: N_("Approved, about to be carried out"),
    State.RUNNING: N_("Being carried out"),
    State.UNCERTAIN: N_("Outcome uncertain"),
    State.PROVISIONAL: N_("Carried out as an emergency, to be ratified"),
    State.RATIFIED: N_("Ratified"),
    State.DONE: N_("Done and verified"),
    State.FAILED: N_("Failed"),
    State.DENIED: N_("Denied"),
    State.WITHDRAWN: N_("Withdrawn"),
    State.EXPIRED: N_("Expired"),
    State.VOID: N_("Void"),
    State.LAPSED: N_("Lapsed: nobody ratified it in time"),
    State.SUPERSEDED: N_("Superseded"),
}
ENDED_BY = {
    State.DENIED: N_("Denied by {who} · {when}"),
    State.WITHDRAWN: N_("Withdrawn by {who} · {when}"),
    State.SUPERSEDED: N_("Superseded by what {who} did · {when}"),
    State.RATIFIED: N_("Ratified, last by {who} · {when}"),
}
"""Ends that somebody made."""
TIERS = {
    "protected": N_("protected"),
    "high": N_("high"),
    "standard": N_("standard"),
    "rules": N_("rules"),
}
WAITS = {
    Waits.COOLING_OFF: N_(
        "Approved; it cools off before it is carried out. Until then an approver can cancel it, and the requester "
        "withdraw it."
    ),
    Waits.LANE: N_("Approved; another request for this account is being carried out first."),
    Waits.INCIDENT: N_(
        "Approved; an unexplained deactivation of this account is dealt with first. Its clock stands still."
    ),
    Waits.LIMIT: N_("Approved; the limit of deactivations an hour is reached. Its clock stands still."),
    Waits.UNEXPLAINED: N_("Approved; the account is down already, for no reason that is known, and nobody undoes it."),
    Waits.PLATFORM: N_("Approved; the platform does not answer at the moment."),
}
VOID = {
    "denied": N_("somebody denied it"),
    "requester_left": N_("the requester has left"),
    "requester_may_not_ask": N_("the requester may no longer ask"),
    "requester_restricted": N_("the leaver rule binds the requester by now"),
    "requester_in_incident": N_("the requester acted in an incident that nobody has acknowledged"),
    "no_quorum": N_("an approver lost the right, and the rest is no quorum"),
    "account_gone": N_("the account no longer exists"),
    "about_requester": N_("it is about the requester's own principal"),
    "rules_impossible": N_("there can be no such rules by now; ask again to hear why"),
    "rules_not_in_slack": N_("the policy no longer lets its rules be changed in Slack"),
}
EXPIRY = {
    "not_decided": N_("nobody decided in time"),
    "not_carried_out": N_("it could not be carried out in time"),
}
REVISED = {
    "id": N_("the account"),
    "handle": N_("the handle"),
    "display_name": N_("the display name"),
    "verified": N_("whether it is verified"),
    "tags": N_("the tags"),
    "tier": N_("the tier"),
    "quorum": N_("who must approve"),
    "digest": N_("what the card shows"),
}

HAPPENED = {
    IncidentKind.DEACTIVATED: N_("{account} was deactivated and nobody had approved it"),
    IncidentKind.LATE: N_("{account} was deactivated for a request that had already ended"),
    IncidentKind.RESTORED: N_("{account} was restored and nobody had approved it"),
    IncidentKind.DELETED: N_("{account} was deleted and nobody had approved it"),
}
UNDONE = {
    Undo.RESTORING: N_("it is being restored"),
    Undo.RESTORED: N_("the account was restored, and a read has shown it"),
    Undo.LEFT: N_("the account stays down, somebody who may took it down too"),
    Undo.STUCK: N_("the platform refuses to restore it"),
}
"""How the undoing of an emergency stands, as a clause."""
KINDS = {
    IncidentKind.DEACTIVATED: N_("deactivated"),
    IncidentKind.LATE: N_("deactivated too late"),
    IncidentKind.RESTORED: N_("restored"),
    IncidentKind.DELETED: N_("deleted"),
}
UNDOING = {
    IncidentState.OPEN: N_("It is being restored."),
    IncidentState.RESTORED: N_("The account is active again."),
    IncidentState.WHOLE: N_("The account is active again and its counts are whole."),
    IncidentState.LOST: N_("The account is active again, but its counts are not back: a person decides."),
    IncidentState.OBSERVED: N_("The guard did not undo it. Press “Restore” to ask for that."),
    IncidentState.LEFT: N_("It was left as it is."),
    IncidentState.STUCK: N_("The bot cannot undo it: a person has to look."),
}
STANDS = {
    IncidentState.OPEN: N_("being restored"),
    IncidentState.RESTORED: N_("restored"),
    IncidentState.WHOLE: N_("restored, its counts whole"),
    IncidentState.LOST: N_("restored, its counts not back"),
    IncidentState.OBSERVED: N_("only observed"),
    IncidentState.LEFT: N_("left as it is"),
    IncidentState.STUCK: N_("a person has to look"),
}
"""How an incident stands, in a list."""
NOT_UNDONE = {
    IncidentKind.RESTORED: N_("The bot undoes no restore: use /deactivate to ask again if the account should be down."),
    IncidentKind.DELETED: N_("The bot cannot bring a deleted account back: ask the platform's operators at once."),
}
"""What to do where undoing is not the bot's."""
LEFT = {
    "account_gone": N_("the account no longer exists"),
    "restored_by_others": N_("others restored it first"),
}
PAGED = {
    "staff": N_("Find out why, then acknowledge the card."),
    "unknown_actor": N_("The platform does not say who did it. Find out who acts there, then acknowledge the card."),
    "unregistered": N_("The policy does not register it. Find out what it is, then acknowledge the card."),
    "own_without_key": N_(
        "It was done in the bot's own name without a request. Change the bot's platform token at once."
    ),
    "key_used": N_("It was done in the bot's own name with a spent key. Change the bot's platform token at once."),
    "late": N_("The platform carried it out too late. Look at the account, then acknowledge the card."),
    "stuck": N_("The platform refuses to undo it. Look at the account there."),
    "uncertain": N_("Its outcome has been unknown for a minute. Look at the account on the platform."),
    "lapsed": N_("An emergency was not ratified in time; the account is being restored. Find out what happened."),
    "not_undone": N_(
        "An emergency ended unratified and the platform refuses to restore the account. Look at it there."
    ),
    "counts_lost": N_(
        "The account is active, but its counts did not come back while they were watched. Compare them on the "
        "platform, then decide."
    ),
    "counts_fell": N_(
        "Its counts had come back and have fallen again. The platform was asked to count again; they are watched anew."
    ),
    "purge_week": N_("It is still down, and within 7 days the platform deletes it for good. Have it restored there."),
    "purge_day": N_("It is still down, and within a day the platform deletes it for good. Have it restored now."),
    "away": N_("The platform cannot be reached, so the account cannot be restored; it is tried until it can."),
    "restored": N_("If it should be down, ask for that with /deactivate."),
    "deleted": N_("The bot cannot bring it back. Ask the platform's operators at once."),
    "unreadable": N_("Something happened to it and it cannot be read, so nothing is restored yet; it is tried again."),
    "contained": N_("The platform keeps this actor out now. Find out why, then acknowledge the card."),
    "uncontainable": N_(
        "The platform cannot lock this actor out, so every deactivation is undone again and again, with pauses. "
        "Stop the actor there."
    ),
    "contained_acts": N_("The platform said that this actor is locked out, and the actor acts. Look at it there."),
    "not_contained": N_("The platform does not answer when this actor is to be locked out; it is tried until it does."),
    "reinstated_by_others": N_("Somebody let this actor in again on the platform without the quorum. Find out why."),
    "latched": N_(
        "A sweep found more inactive accounts than can be, and the public view does not show them so. Nothing of it is "
        "restored until people release the sweep."
    ),
    "feed_silent": N_(
        "The platform's feed has been silent for half a minute; until it answers, the sweep alone looks."
    ),
}
"""What whoever is woken should do, by the reason of the page."""
FAILED = {
    Failed.NO_EFFECT: N_("the platform said yes and nothing happened"),
    Failed.REFUSED: N_("the platform refused with {words}"),
    Failed.NO_ANSWER: N_("the platform gave no answer and nothing shows yet"),
    Failed.MOVED: N_("the account changed in that moment, so nothing was done; look at it and ask again"),
}
"""Why something could not be done, as a clause; the platform's own words stay as they are."""
FLAGS = {
    "invisible": N_("has invisible characters"),
    "right_to_left": N_("is partly written from right to left"),
    "look_alike": N_("mixes alphabets that look alike"),
    "reads_like": N_("reads like “{plain}”"),
}
GROUPS = {
    "trust-safety": N_("trust & safety"),
    "manager": N_("managers"),
    "agent": N_("agents"),
    ANY_GROUP: N_("any of these groups"),
}
"""Groups as people call them; those of a policy that are not here are called as the policy calls them."""
TIMELINE = {
    Kind.FILED: N_("{when} · filed by {who}"),
    Kind.APPROVED: N_("{when} · approved by {who}"),
    Kind.DENIED: N_("{when} · denied by {who}"),
    Kind.WITHDRAWN: N_("{when} · withdrawn by {who}"),
    Kind.REVISED: N_("{when} · changed: {what}; earlier approvals are void"),
    Kind.EXPIRED: N_("{when} · expired"),
    Kind.CLAIMED: N_("{when} · all of it checked again, and the platform called"),
    Kind.VOIDED: N_("{when} · void when all of it was checked again"),
    Kind.WAITED: N_("{when} · {what}"),
    Kind.RELEASED: N_("{when} · the account had changed meanwhile, so it was read again"),
    Kind.SETTLED: N_("{when} · the account was read and the outcome settled: {what}"),
    Kind.EMERGENCY: N_("{when} · filed as an emergency by {who}, and the platform called at once"),
    Kind.RATIFIED: N_("{when} · verified and its quorum complete: ratified"),
    Kind.LAPSED: N_("{when} · not ratified in time; it is undone"),
    Kind.UNDONE: N_("{when} · its undoing has ended: {what}"),
    Kind.SUPERSEDED: N_("{when} · not needed any more, by what {who} did"),
    Kind.EXPLAINED: N_("{when} · seen in the platform's own log"),
}
"""A request's life, a line a move."""
TIMELINE_OF_RULES = {
    **TIMELINE,
    Kind.CLAIMED: N_("{when} · all of it checked again"),
    Kind.SETTLED: N_("{when} · the rules changed: {what}"),
}
"""The same of a request for a change of the rules, which calls no platform."""
TIMELINE_OF_ACTORS = {**TIMELINE, Kind.SETTLED: N_("{when} · settled by the platform's answer: {what}")}
TIMELINE_OF_LATCHES = {
    **TIMELINE,
    Kind.CLAIMED: N_("{when} · all of it checked again"),
    Kind.SETTLED: N_("{when} · the sweep released: {what}"),
}
TIMELINES = {
    About.ACCOUNT: TIMELINE,
    About.RULES: TIMELINE_OF_RULES,
    About.ACTOR: TIMELINE_OF_ACTORS,
    About.LATCH: TIMELINE_OF_LATCHES,
}


def group(lang: Language, name: str) -> str:
    """A group as people call it."""
    return lang.say(GROUPS[name]) if name in GROUPS else one_line(name.replace("-", " ").replace("_", " "), most=60)


def tier_name(lang: Language, name: str) -> str:
    return lang.say(TIERS[name]) if name in TIERS else one_line(name, most=60)


def needs(lang: Language, quorum: Quorum) -> str:
    """What a quorum demands, in words."""
    parts = [
        lang.count("{n} approval ({group})", "{n} approvals ({group})", count, group=group(lang, name))
        for name, count in quorum.groups
        if count
    ]
    if quorum.extra and not parts:
        groups = lang.list([group(lang, name) for name in sorted(quorum.names)])
        return lang.count(
            "{n} approval ({groups}; the leaver rule binds the requester)",
            "{n} approvals ({groups}; the leaver rule binds the requester)",
            quorum.extra,
            groups=groups,
        )
    if quorum.extra:
        parts.append(
            lang.count(
                "{n} more of any of these (the leaver rule binds the requester)",
                "{n} more of any of these (the leaver rule binds the requester)",
                quorum.extra,
            )
        )
    if not parts:
        return lang.say("no approval")
    found = lang.list(parts)
    return lang.say("{approvals}, from different teams", approvals=found) if quorum.different_teams else found


def still_missing(lang: Language, places: tuple[str, ...]) -> str:
    """“1 more from trust & safety”: the places that nobody fills yet; empty where none is left."""
    return lang.list(
        lang.count("{n} more from {group}", "{n} more from {group}", places.count(place), group=group(lang, place))
        for place in dict.fromkeys(places)
    )


def why_failed(lang: Language, outcome: str) -> str:
    """The clause of an outcome: a code, with the platform's own words behind it where there are any."""
    code, _, words = outcome.partition(": ")
    if code not in set(Failed):
        return one_line(outcome, most=500).rstrip(".")
    return lang.say(FAILED[Failed(code)], words=one_line(words, most=300))


def waits(lang: Language, code: str) -> str:
    return lang.say(WAITS[Waits(code)]) if code in set(Waits) else lang.say("Approved; it waits.")


def changed(lang: Language, codes: str) -> str:
    """What changed, from the codes that the move `revise` joined."""
    return lang.list(lang.say(REVISED[c]) if c in REVISED else one_line(c, most=60) for c in codes.split(", "))
