"""Each refusal's one sentence: what stands against it and what to do next. Nowhere else are these words written."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.record import stamp
from bot.core.refusal import Refusal, Why
from bot.core.verdict import Because
from bot.slack.text import group, one_line

Facts = Mapping[str, Any]
Sentence = str | Callable[[Facts], str]


def refusal_sentence(refusal: Refusal) -> str:
    """The sentence, filled with the refusal's facts."""
    sentence = SENTENCES[refusal.why]
    return sentence if isinstance(sentence, str) else sentence(refusal.facts)


def _groups(facts: Facts) -> str:
    names = [group(name) for name in facts.get("groups", ())]
    return ", ".join(names) if names else "nobody"


def _when(value: object) -> str:
    return stamp(value).replace("T", " ")[:16] + " UTC" if isinstance(value, datetime) else "a while"


def _handle(facts: Facts) -> str:
    return "@" + one_line(str(facts.get("handle", "")).removeprefix("@"), most=80)


STATES = {
    "pending": "it waits for a decision",
    "approved": "it is approved",
    "running": "it is being carried out",
    "uncertain": "it is being carried out",
    "done": "it is done",
    "failed": "it failed",
    "denied": "it was denied",
    "withdrawn": "it was withdrawn",
    "expired": "it expired",
    "void": "it became void",
    "superseded": "it was superseded",
}


def _ended(facts: Facts) -> str:
    state = STATES.get(str(facts.get("state")), "it has ended")
    return (
        f"Already decided by {one_line(str(facts.get('by') or 'somebody'))}: {state}; ask again if it is still needed."
    )


def _already_so(facts: Facts) -> str:
    state, other = ("active", "/deactivate") if facts.get("active") else ("deactivated", "/restore")
    return f"{_handle(facts)} is {state} already; for the opposite use {other}."


SENTENCES: dict[Why, Sentence] = {
    Why.NOT_ROSTERED: "You are not on the roster of this bot; ask whoever owns its policy to add your Slack user id.",
    Why.PAST_LAST_DAY: "By the roster your last day is over; if that is wrong, ask whoever owns the policy to mend it.",
    Why.MAY_NOT_ASK: lambda f: f"Only members of {_groups(f)} may ask; ask one of them.",
    Why.RESTRICTED_ON_PROTECTED: (
        "You may not ask or vote on protected accounts (the leaver rule binds you); ask a colleague whom it does not."
    ),
    Why.OPEN_INCIDENT_OF_YOURS: lambda f: (
        f"Incident {f.get('incident')} is yours and not acknowledged; somebody else must acknowledge it first."
    ),
    Why.TOO_MANY_REQUESTS: lambda f: (
        f"You have filed {f.get('limit')} requests within an hour; try again after {_when(f.get('again_at'))}."
    ),
    Why.HANDLE_EMPTY: "Name an account by its @handle or id.",
    Why.UNKNOWN_ACCOUNT: lambda f: f"There is no account {_handle(f)}; check the spelling, or give its id.",
    Why.REASON_LENGTH: lambda f: (
        f"The reason has {f.get('length')} characters; write {f.get('min')} to {f.get('max'):,} that a second person "
        "can judge by."
    ),
    Why.UNKNOWN_CATEGORY: "This category is not in the policy any more; choose another.",
    Why.EVIDENCE_NO_URL: "The evidence is no web address; give one that begins with https://, or leave it empty.",
    Why.CONFIRM_HANDLE: lambda f: f"Type {_handle(f)} here, exactly, to confirm whom it is about.",
    Why.ALREADY_SO: _already_so,
    Why.LIVE_REQUEST: lambda f: (
        f"{f.get('request')} by {one_line(str(f.get('requester')))} asks for the same already "
        f"({STATES.get(str(f.get('state')), 'it is live')}); wait for it, or have it withdrawn."
    ),
    Why.NOBODY_ELIGIBLE: lambda f: (
        f"Nobody who could approve is left in {_groups(f)} for this request; ask whoever owns the policy to fill it."
    ),
    Why.EMERGENCY_NOT_ALLOWED: "Emergencies are not allowed for this account; file it without, and call an approver.",
    Why.UNKNOWN_REQUEST: "This button belongs to nothing that is on record; look for the newest card, or ask again.",
    Why.OWN_REQUEST: "This is your own request; somebody else must decide on it.",
    Why.NOT_AN_APPROVER: lambda f: f"Only members of {_groups(f)} decide on this request; leave it to them.",
    Why.ALREADY_VOTED: lambda f: (
        f"You have voted on this request already ({f.get('choice')}); your vote stands, nothing more is needed."
    ),
    Why.ALREADY_DECIDED: _ended,
    Why.ALREADY_APPROVED: lambda f: (
        f"Already approved, last by {one_line(str(f.get('by') or 'somebody'))}; it can still be denied until it is "
        "carried out."
    ),
    Why.CARD_CHANGED: "The request has changed since this card was drawn; read it again and vote on what it shows.",
    Why.EXPIRED: "The request has expired; its requester can ask again.",
    Why.NOT_THE_REQUESTER: lambda f: (
        f"Only {one_line(str(f.get('requester')))} can withdraw this request; an approver can deny it."
    ),
    Why.WRONG_PLACE: "This counts only in the approvals channel or in the app's Home; go there to decide.",
    Why.UNKNOWN_INCIDENT: "This incident is not on record; look for the newest card.",
    Why.ALREADY_ACKNOWLEDGED: lambda f: (
        f"{one_line(str(f.get('by')))} has acknowledged it already; nothing more is needed."
    ),
    Why.PLATFORM_AWAY: "The platform does not answer, so nothing was filed; your text is kept, try again in a moment.",
    Why.LEDGER_AWAY: "This could not be recorded, so nothing was done; try again in a moment.",
    Why.SLACK_AWAY: "Slack did not open the form; try again.",
    Why.DRAINING: "The bot is restarting, so nothing was filed; your text is kept, try again in a moment.",
    Why.NOT_A_MEMBER: "Only members of this workspace may use this; ask one of them.",
}

BECAUSE: dict[str, str] = {
    Because.REQUEST: "an approved request explains it",
    Because.OWNER: "the owner did it",
    Because.REGISTERED: "a registered principal did it",
    Because.KNOWN: "it was so before the guard's first start",
    Because.REPLACES_EXPLAINED: "it replaces an explained deactivation",
    Because.STAFF: "nobody approved it",
    Because.UNKNOWN_ACTOR: "the platform does not say who did it",
    Because.UNREGISTERED: "a system that the policy does not name did it",
    Because.OWN_WITHOUT_KEY: "it was done in the bot's name without a request's key",
    Because.KEY_USED: "it bears the key of a request that has had its effect",
    Because.LATE: "it landed for a request that had already ended",
}
"""Why an instance was judged as it was, in words."""
