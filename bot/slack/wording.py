"""The words for what records hold as codes: states, waits, ends, incidents. One table a code; no typed text in here."""

from bot.core.claiming import Waits
from bot.core.incident import IncidentKind, IncidentState
from bot.core.quorum import ANY_GROUP, Quorum
from bot.core.request import Action, State

VERBS = {Action.DEACTIVATE: "Deactivate", Action.RESTORE: "Restore"}
SHOWN_AS = {Action.DEACTIVATE: "deactivated", Action.RESTORE: "active"}
"""What a read must show when the action is done."""

OUTCOMES = {
    State.PENDING: "waits for a decision",
    State.APPROVED: "approved, about to be carried out",
    State.RUNNING: "being carried out",
    State.UNCERTAIN: "outcome uncertain",
    State.PROVISIONAL: "carried out as an emergency, to be ratified",
    State.RATIFIED: "ratified",
    State.DONE: "done and verified",
    State.FAILED: "failed",
    State.DENIED: "denied",
    State.WITHDRAWN: "withdrawn",
    State.EXPIRED: "expired",
    State.VOID: "void",
    State.LAPSED: "lapsed and undone",
    State.SUPERSEDED: "superseded",
}
WAITS = {
    Waits.COOLING_OFF: "Approved; it cools off before it is carried out.",
    Waits.LANE: "Approved; another request for this account is being carried out first.",
    Waits.INCIDENT: (
        "Approved; an unexplained deactivation of this account is dealt with first. Its clock stands still."
    ),
    Waits.LIMIT: "Approved; the limit of deactivations an hour is reached. Its clock stands still.",
    Waits.UNEXPLAINED: "Approved; the account is down already, for no reason that is known, and nobody undoes it.",
    Waits.PLATFORM: "Approved; the platform does not answer at the moment.",
}
VOID = {
    "denied": "somebody denied it",
    "requester_left": "the requester is no longer with us",
    "requester_may_not_ask": "the requester may no longer ask",
    "requester_restricted": "the leaver rule binds the requester by now",
    "requester_in_incident": "the requester acted in an incident that nobody has acknowledged",
    "no_quorum": "an approver lost the right, and the rest is no quorum",
    "account_gone": "the account no longer exists",
}
EXPIRY = {"not_decided": "nobody decided in time", "not_carried_out": "it could not be carried out in time"}
REVISED = {
    "id": "the account",
    "handle": "the handle",
    "display_name": "the display name",
    "verified": "whether it is verified",
    "tags": "the tags",
    "tier": "the tier",
    "quorum": "who must approve",
    "digest": "what the card shows",
}

HAPPENED = {
    IncidentKind.DEACTIVATED: "was deactivated and nobody had approved it",
    IncidentKind.LATE: "was deactivated for a request that had already ended",
    IncidentKind.RESTORED: "was restored and nobody had approved it",
    IncidentKind.DELETED: "was deleted and nobody had approved it",
}
UNDOING = {
    IncidentState.OPEN: "It is being restored.",
    IncidentState.RESTORED: "The account is active again.",
    IncidentState.OBSERVED: "The guard did not undo it. Press “Restore” to ask for that.",
    IncidentState.LEFT: "It was left as it is.",
    IncidentState.STUCK: "The bot cannot undo it: a person has to look.",
}
NOT_UNDONE = {
    IncidentKind.RESTORED: "The bot undoes no restore: use /deactivate to ask again if the account should be down.",
    IncidentKind.DELETED: "The bot cannot bring a deleted account back: ask the platform's operators at once.",
}
"""What to do where undoing is not the bot's."""
LEFT = {"account_gone": "the account no longer exists", "restored_by_others": "others restored it first"}
PAGED = {
    "unexplained": "Nobody known did it. Find out who acts on the platform, then acknowledge the card.",
    "stuck": "The platform refuses to undo it. Look at the account there.",
    "uncertain": "Its outcome has been unknown for a minute. Look at the account on the platform.",
    "away": "The platform cannot be reached, so the account cannot be restored; it is tried until it can.",
    "restored": "If it should be down, ask for that with /deactivate.",
    "deleted": "The bot cannot bring it back. Ask the platform's operators at once.",
    "unreadable": "Something happened to it and it cannot be read, so nothing is restored yet; it is tried again.",
}
"""What whoever is woken should do, by the reason of the page."""
GROUPS = {"trust-safety": "trust & safety", ANY_GROUP: "any of these groups"}


def group(name: str) -> str:
    """A group as people call it."""
    return GROUPS.get(name) or name.replace("-", " ").replace("_", " ")


def needs(quorum: Quorum) -> str:
    """What a quorum demands, in words."""
    parts = [f"{count} of {group(name)}" for name, count in quorum.groups]
    if quorum.extra:
        parts.append(f"{quorum.extra} more of any of these (the leaver rule binds the requester)")
    return (" and ".join(parts) or "no approval") + (", from different teams" if quorum.different_teams else "")


def waits(code: str) -> str:
    return WAITS[Waits(code)] if code in set(Waits) else "Approved; it waits."


def changed(codes: str) -> str:
    """What changed, from the codes that the move `revise` joined."""
    return ", ".join(REVISED.get(code, code) for code in codes.split(", "))
