"""Each refusal's one sentence: what stands against it and what to do next. Nowhere else are these words written."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.refusal import Refusal, Why
from bot.core.request import BOT
from bot.core.verdict import Because
from bot.slack.language import N_, Language
from bot.slack.text import one_line, unmarked
from bot.slack.wording import group

_MARKUP = re.compile(r"[^\w:. -]")
_TAGS = re.compile(r"[<>&*~`|]")
_LINE = re.compile(r"^line \d+: (overlay\.change says “[^”]*”, but )?")

Facts = Mapping[str, Any]
Sentence = str | Callable[[Language, Facts], str]


def refusal_sentence(lang: Language, refusal: Refusal) -> str:
    """The sentence, filled with the refusal's facts."""
    sentence = SENTENCES[refusal.why]
    return lang.say(sentence) if isinstance(sentence, str) else sentence(lang, refusal.facts)


def _groups(lang: Language, facts: Facts) -> str:
    names = [group(lang, name) for name in facts.get("groups", ())]
    return lang.list(names) if names else lang.say("nobody")


def _count(facts: Facts, fact: str) -> int:
    return int(facts.get(fact) or 0)


def _name(lang: Language, facts: Facts, fact: str) -> str:
    """A person of the roster or a principal of the platform, with nothing in it that could be markup."""
    name = one_line(str(facts.get(fact) or lang.say("somebody")), most=100)
    return "Countersign" if name == BOT else _MARKUP.sub("�", name)


def _account(facts: Facts) -> str:
    """The handle where it can be no markup: these sentences also stand where Slack parses them."""
    return unmarked(str(facts.get("handle", "")).removeprefix("@"), "")


STATES = {
    "pending": N_("it waits for a decision"),
    "approved": N_("it is approved"),
    "running": N_("it is being carried out"),
    "uncertain": N_("it is being carried out"),
    "done": N_("it is done"),
    "failed": N_("it failed"),
    "denied": N_("it was denied"),
    "withdrawn": N_("it was withdrawn"),
    "expired": N_("it expired"),
    "void": N_("it became void"),
    "superseded": N_("it was superseded"),
    "provisional": N_("it was carried out as an emergency"),
    "ratified": N_("it was carried out as an emergency and ratified"),
    "lapsed": N_("it was an emergency that nobody ratified in time"),
}
HAD_ITS_WAY = frozenset({"approved", "running", "uncertain", "done", "provisional", "ratified"})
UNDER_WAY = frozenset({"running", "uncertain"})
CHOICES = {"approve": N_("for it"), "deny": N_("against it")}


def _state(lang: Language, facts: Facts, otherwise: str) -> str:
    return lang.say(STATES.get(str(facts.get("state")), otherwise))


def _ended(lang: Language, facts: Facts) -> str:
    by, state = _name(lang, facts, "by"), _state(lang, facts, N_("it has ended"))
    if str(facts.get("state")) in UNDER_WAY:
        text = N_("Already decided by {by}: {state}; to have it undone, ask for the opposite once it is done.")
        return lang.say(text, by=by, state=state)
    if str(facts.get("state")) in HAD_ITS_WAY:
        return lang.say("Already decided by {by}: {state}; nothing more is needed.", by=by, state=state)
    return lang.say("Already decided by {by}: {state}; ask again if it is still needed.", by=by, state=state)


def _already_so(lang: Language, facts: Facts) -> str:
    name = f"@{_account(facts)}" if _account(facts) else lang.say("This account")
    if facts.get("active"):
        return lang.say("{account} is active already; for the opposite use /deactivate.", account=name)
    return lang.say("{account} is deactivated already; for the opposite use /restore.", account=name)


def _unknown(lang: Language, facts: Facts) -> str:
    if not _account(facts):
        return lang.say("There is no such account; check the spelling, or give its id.")
    return lang.say("There is no account @{handle}; check the spelling, or give its id.", handle=_account(facts))


def _may_not_ask(lang: Language, facts: Facts) -> str:
    return lang.say("Only members of {groups} may ask; ask one of them.", groups=_groups(lang, facts))


def _may_not_establish(lang: Language, facts: Facts) -> str:
    text = N_("Only members of {groups} may say what the cause was; ask one of them.")
    return lang.say(text, groups=_groups(lang, facts))


def _cause_changed(lang: Language, facts: Facts) -> str:
    text = N_("Meanwhile {by} has changed the cause; close the report and open it again.")
    return lang.say(text, by=_name(lang, facts, "by"))


def _open_incident(lang: Language, facts: Facts) -> str:
    return lang.say(
        "You acted in {incident} yourself; ask somebody else to acknowledge it first.",
        incident=facts.get("incident") or lang.say("an incident"),
    )


def _too_many(lang: Language, facts: Facts) -> str:
    again = facts.get("again_at")
    if not isinstance(again, datetime):
        return lang.say("You have filed too many requests within an hour; try again later.")
    return lang.count(
        "You have filed {n} request within an hour; try again after {when}.",
        "You have filed {n} requests within an hour; try again after {when}.",
        _count(facts, "limit"),
        when=lang.time(again),
    )


def _unratified(lang: Language, facts: Facts) -> str:
    text = N_("Your emergency {request} is not ratified yet; until it is, file without, and call an approver.")
    return lang.say(text, request=facts.get("request") or lang.say("A request"))


def _again(lang: Language, facts: Facts) -> str:
    """When to try again, as the end of a sentence."""
    again = facts.get("again_at")
    if not isinstance(again, datetime):
        return lang.say("file without the emergency, or try again later")
    return lang.say("file without the emergency, or try again after {when}", when=lang.time(again))


def _too_many_emergencies(lang: Language, facts: Facts) -> str:
    return lang.count(
        "You may file {n} emergency a day; {again}.",
        "You may file {n} emergencies a day; {again}.",
        _count(facts, "limit"),
        again=_again(lang, facts),
    )


def _too_many_deactivations(lang: Language, facts: Facts) -> str:
    return lang.count(
        "The limit of {n} deactivation an hour is reached; {again}.",
        "The limit of {n} deactivations an hour is reached; {again}.",
        _count(facts, "limit"),
        again=_again(lang, facts),
    )


def _reason_length(lang: Language, facts: Facts) -> str:
    return lang.count(
        "The reason has {n} character; write {least} to {most} that a second person can judge by.",
        "The reason has {n} characters; write {least} to {most} that a second person can judge by.",
        _count(facts, "length"),
        least=_count(facts, "min"),
        most=_count(facts, "max"),
    )


def _live_request(lang: Language, facts: Facts) -> str:
    return lang.say(
        "{request} by {requester} asks for the same already ({state}); wait for it, or have it withdrawn.",
        request=facts.get("request") or lang.say("A request"),
        requester=_name(lang, facts, "requester"),
        state=_state(lang, facts, N_("it is live")),
    )


def _nobody_eligible(lang: Language, facts: Facts) -> str:
    return lang.say(
        "Too few who could approve this are left in {groups}; ask whoever owns the policy to fill it.",
        groups=_groups(lang, facts),
    )


def _not_an_approver(lang: Language, facts: Facts) -> str:
    text = N_("Only members of {groups} decide on this request; leave it to them.")
    return lang.say(text, groups=_groups(lang, facts))


def _not_yet(lang: Language, facts: Facts) -> str:
    since = facts.get("from")
    when = lang.time(since) if isinstance(since, datetime) else lang.say("24 hours")
    return lang.say("You were added of late; your approvals and denials count from {when}.", when=when)


def _already_voted(lang: Language, facts: Facts) -> str:
    choice = CHOICES.get(str(facts.get("choice")), N_("once"))
    text = N_("You have voted on this request already ({choice}); your vote stands, nothing more is needed.")
    return lang.say(text, choice=lang.say(choice))


def _already_approved(lang: Language, facts: Facts) -> str:
    text = N_("Already approved, last by {by}; it can still be denied until it is carried out.")
    return lang.say(text, by=_name(lang, facts, "by"))


def _impossible(lang: Language, facts: Facts) -> str:
    """The problem is the policy file's own sentence; where in the text it stands nobody sees here."""
    problem = _LINE.sub("", one_line(str(facts.get("problem") or "?"), most=600)).rstrip(".")
    return lang.say("The rules that would result cannot be: {problem}.", problem=_TAGS.sub("�", problem))


def _unknown_person(lang: Language, facts: Facts) -> str:
    names = lang.list([_MARKUP.sub("�", str(name)) for name in facts.get("nearest", ())])
    if not names:
        return lang.say("Name somebody as the roster does.")
    return lang.say("The roster knows nobody of that name; the nearest are {names}.", names=names)


def _expired(lang: Language, facts: Facts) -> str:
    if facts.get("emergency"):
        return lang.say("The time to ratify this emergency is over; the account is being restored.")
    return lang.say("The request has expired; its requester can ask again.")


def _not_the_requester(lang: Language, facts: Facts) -> str:
    text = N_("Only {requester} can withdraw this request; an approver can deny it.")
    return lang.say(text, requester=_name(lang, facts, "requester"))


def _already_acknowledged(lang: Language, facts: Facts) -> str:
    return lang.say("{by} has acknowledged it already; nothing more is needed.", by=_name(lang, facts, "by"))


SENTENCES: dict[Why, Sentence] = {
    Why.NOT_ROSTERED: N_(
        "You are not on the roster of this bot; ask whoever owns its policy to add your Slack user id."
    ),
    Why.PAST_LAST_DAY: N_(
        "By the roster your last day is over; if that is wrong, ask whoever owns the policy to mend it."
    ),
    Why.MAY_NOT_ASK: _may_not_ask,
    Why.RESTRICTED_ON_PROTECTED: N_(
        "You may neither ask nor vote on protected accounts (the leaver rule binds you); leave it to a colleague."
    ),
    Why.OPEN_INCIDENT_OF_YOURS: _open_incident,
    Why.TOO_MANY_REQUESTS: _too_many,
    Why.HANDLE_EMPTY: N_("Name an account by its @handle or id."),
    Why.UNKNOWN_ACCOUNT: _unknown,
    Why.REASON_LENGTH: _reason_length,
    Why.UNKNOWN_CATEGORY: N_("This category is not in the policy any more; choose another."),
    Why.EVIDENCE_NO_URL: N_("The evidence is no web address; give one that begins with https://, or leave it empty."),
    Why.CONFIRM_HANDLE: N_(
        "Type the account's handle here, exactly as it is shown above, to confirm whom it is about."
    ),
    Why.ALREADY_SO: _already_so,
    Why.LIVE_REQUEST: _live_request,
    Why.NOBODY_ELIGIBLE: _nobody_eligible,
    Why.EMERGENCY_NOT_ALLOWED: N_(
        "You may not act first on this account; file it without the emergency, and call an approver."
    ),
    Why.UNRATIFIED_EMERGENCY: _unratified,
    Why.TOO_MANY_EMERGENCIES: _too_many_emergencies,
    Why.TOO_MANY_DEACTIVATIONS: _too_many_deactivations,
    Why.ACCOUNT_BUSY: N_("Something is being done to this account at this moment; try again in a few seconds."),
    Why.RULES_NOT_IN_SLACK: N_(
        "The policy has no tier “rules”, so its rules are changed in its file alone; ask whoever owns it."
    ),
    Why.RULES_IMPOSSIBLE: _impossible,
    Why.RULES_ALREADY_SO: N_(
        "The rules say so already, or are stricter: a later last day, say, is set in the policy's file."
    ),
    Why.NOT_CONTAINED: N_("The guard keeps no such actor out; /countersign guard lists those whom it does."),
    Why.NOT_LATCHED: N_("The sweep is not latched; there is nothing to release."),
    Why.NO_DATE: N_("Write a day that exists, as in 2026-11-21."),
    Why.UNKNOWN_PERSON: _unknown_person,
    Why.UNKNOWN_REQUEST: N_(
        "This button belongs to nothing that is on record; look for the newest card, or ask again."
    ),
    Why.OWN_REQUEST: N_("This is your own request; somebody else must decide on it."),
    Why.ABOUT_YOURSELF: N_("This is about your own principal on the platform; leave it to others."),
    Why.NOT_AN_APPROVER: _not_an_approver,
    Why.ALREADY_VOTED: _already_voted,
    Why.ALREADY_DECIDED: _ended,
    Why.ALREADY_APPROVED: _already_approved,
    Why.CARD_CHANGED: N_("The request has changed since this card was drawn; read it again and vote on what it shows."),
    Why.EXPIRED: _expired,
    Why.NOT_THE_REQUESTER: _not_the_requester,
    Why.WRONG_PLACE: N_("This counts only in the approvals channel or in the app's Home; go there to decide."),
    Why.UNKNOWN_INCIDENT: N_("This incident is not on record; look for the newest card."),
    Why.ALREADY_ACKNOWLEDGED: _already_acknowledged,
    Why.NOT_LOST: N_("Its counts are being watched already, or are whole; the card says which."),
    Why.OWN_INCIDENT: N_("You acted in this incident yourself; somebody else has to say what its cause was."),
    Why.MAY_NOT_ESTABLISH: _may_not_establish,
    Why.CAUSE_CHANGED: _cause_changed,
    Why.CAUSE_ALREADY_SO: N_("That is what stands on record already; choose another cause, or close the report."),
    Why.PLATFORM_AWAY: N_(
        "The platform does not answer, so nothing was filed; your text is kept, try again in a moment."
    ),
    Why.LEDGER_AWAY: N_("This could not be recorded, so nothing was done; try again in a moment."),
    Why.SLACK_AWAY: N_("Slack did not open the form; try again."),
    Why.DRAINING: N_("The bot is restarting, so nothing was filed; your text is kept, try again in a moment."),
    Why.NOT_A_MEMBER: N_("Only members of this workspace may use this; ask one of them."),
    Why.GUEST: N_("You are a guest of this workspace, and guests may not use this; ask one of its members."),
    Why.NOT_A_PERSON: N_("Bots and workflows may not use this; a person has to."),
    Why.DEACTIVATED_USER: N_("Your user is deactivated in Slack; ask a colleague."),
    Why.IDENTITY_UNKNOWN: N_(
        "Slack does not say who you are at the moment, and for this it has to be known; try again in a few seconds."
    ),
    Why.NOT_YET_AN_APPROVER: _not_yet,
}

BECAUSE: dict[str, str] = {
    Because.REQUEST: N_("a request explains it"),
    Because.OWNER: N_("the owner did it"),
    Because.REGISTERED: N_("a registered principal did it"),
    Because.KNOWN: N_("it was so before the guard's first start"),
    Because.REPLACES_EXPLAINED: N_("it replaces an explained deactivation"),
    Because.STAFF: N_("nobody approved it"),
    Because.UNKNOWN_ACTOR: N_("the platform does not say who did it"),
    Because.UNREGISTERED: N_("a system that the policy does not name did it"),
    Because.OWN_WITHOUT_KEY: N_("it was done in the bot's name without a request's key"),
    Because.KEY_USED: N_("it bears the key of a request that has had its effect"),
    Because.LATE: N_("it landed for a request that had already ended"),
}
"""Why an instance was judged as it was, in words."""


def because(lang: Language, code: str) -> str:
    """The clause of a verdict; what is no verdict is the platform's own words."""
    return lang.say(BECAUSE[code]) if code in BECAUSE else one_line(code, most=300).rstrip(".")
