"""Each refusal's one sentence: what stands against it and what to do next. Nowhere else are these words written."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.record import stamp
from bot.core.refusal import Refusal, Why
from bot.core.request import BOT
from bot.core.verdict import Because
from bot.slack.text import number, one_line, unmarked
from bot.slack.wording import group

_MARKUP = re.compile(r"[^\w:. -]")

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


def _name(facts: Facts, fact: str) -> str:
    """A person of the roster or a principal of the platform, with nothing in it that could be markup."""
    name = one_line(str(facts.get(fact) or "somebody"), most=100)
    return "Countersign" if name == BOT else _MARKUP.sub("�", name)


def _account(facts: Facts) -> str:
    """The handle where it can be no markup: these sentences also stand where Slack parses them."""
    return unmarked(str(facts.get("handle", "")).removeprefix("@"), "")


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
    "provisional": "it was carried out as an emergency",
    "ratified": "it was carried out as an emergency and ratified",
    "lapsed": "it lapsed and was undone",
}


HAD_ITS_WAY = frozenset({"approved", "running", "uncertain", "done", "provisional", "ratified"})


def _ended(facts: Facts) -> str:
    code = str(facts.get("state"))
    then = "nothing more is needed" if code in HAD_ITS_WAY else "ask again if it is still needed"
    return f"Already decided by {_name(facts, 'by')}: {STATES.get(code, 'it has ended')}; {then}."


def _already_so(facts: Facts) -> str:
    state, other = ("active", "/deactivate") if facts.get("active") else ("deactivated", "/restore")
    name = f"@{_account(facts)}" if _account(facts) else "This account"
    return f"{name} is {state} already; for the opposite use {other}."


def _unknown(facts: Facts) -> str:
    name = f"There is no account @{_account(facts)}" if _account(facts) else "There is no such account"
    return f"{name}; check the spelling, or give its id."


SENTENCES: dict[Why, Sentence] = {
    Why.NOT_ROSTERED: "You are not on the roster of this bot; ask whoever owns its policy to add your Slack user id.",
    Why.PAST_LAST_DAY: "By the roster your last day is over; if that is wrong, ask whoever owns the policy to mend it.",
    Why.MAY_NOT_ASK: lambda f: f"Only members of {_groups(f)} may ask; ask one of them.",
    Why.RESTRICTED_ON_PROTECTED: (
        "You may neither ask nor vote on protected accounts (the leaver rule binds you); leave it to a colleague."
    ),
    Why.OPEN_INCIDENT_OF_YOURS: lambda f: (
        f"Your principal acted in {f.get('incident') or 'an incident'}; ask somebody else to acknowledge it first."
    ),
    Why.TOO_MANY_REQUESTS: lambda f: (
        f"You have filed {f.get('limit')} requests within an hour; try again after {_when(f.get('again_at'))}."
    ),
    Why.HANDLE_EMPTY: "Name an account by its @handle or id.",
    Why.UNKNOWN_ACCOUNT: _unknown,
    Why.REASON_LENGTH: lambda f: (
        f"The reason has {number(f.get('length'))} characters; write {number(f.get('min'))} to "
        f"{number(f.get('max'))} that a second person can judge by."
    ),
    Why.UNKNOWN_CATEGORY: "This category is not in the policy any more; choose another.",
    Why.EVIDENCE_NO_URL: "The evidence is no web address; give one that begins with https://, or leave it empty.",
    Why.CONFIRM_HANDLE: "Type the account's handle here, exactly as it is shown above, to confirm whom it is about.",
    Why.ALREADY_SO: _already_so,
    Why.LIVE_REQUEST: lambda f: (
        f"{f.get('request')} by {_name(f, 'requester')} asks for the same already "
        f"({STATES.get(str(f.get('state')), 'it is live')}); wait for it, or have it withdrawn."
    ),
    Why.NOBODY_ELIGIBLE: lambda f: (
        f"Too few who could approve this are left in {_groups(f)}; ask whoever owns the policy to fill it."
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
        f"Already approved, last by {_name(f, 'by')}; it can still be denied until it is carried out."
    ),
    Why.CARD_CHANGED: "The request has changed since this card was drawn; read it again and vote on what it shows.",
    Why.EXPIRED: "The request has expired; its requester can ask again.",
    Why.NOT_THE_REQUESTER: lambda f: (
        f"Only {_name(f, 'requester')} can withdraw this request; an approver can deny it."
    ),
    Why.WRONG_PLACE: "This counts only in the approvals channel or in the app's Home; go there to decide.",
    Why.UNKNOWN_INCIDENT: "This incident is not on record; look for the newest card.",
    Why.ALREADY_ACKNOWLEDGED: lambda f: f"{_name(f, 'by')} has acknowledged it already; nothing more is needed.",
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


def because(code: str) -> str:
    """The clause of a verdict; what is no verdict is the platform's own words."""
    return BECAUSE.get(code) or one_line(code, most=300).rstrip(".")
