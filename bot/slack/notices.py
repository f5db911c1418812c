"""Messages that are no card: direct messages, threads, pages. Typed text stands in rich text alone."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.incident import Incident
from bot.core.record import unstamp
from bot.core.request import Request, State
from bot.ports import Message, Notice
from bot.slack.cards import (
    ask_again_button,
    buttons_of,
    called,
    expiry,
    named,
    names,
    undoing,
    unseated,
    who,
    why_ended,
    withdraw_button,
)
from bot.slack.incident_actor import contained_words
from bot.slack.incident_card import incident_called
from bot.slack.incident_counts import counted as counted_in
from bot.slack.language import N_, Language
from bot.slack.latch_notice import latched_words
from bot.slack.subjects import asked, shown_as
from bot.slack.text import (
    Block,
    Element,
    bold,
    code,
    cut,
    moment,
    one_line,
    quote,
    rich,
    unmarked,
    user,
    verbatim,
    words,
)
from bot.slack.timeline import timeline
from bot.slack.wording import PAGED, changed, needs, still_missing, tier_name, waits

Elements = list[Element]

ENDED = frozenset(
    {
        Notice.DENIED,
        Notice.WITHDRAWN,
        Notice.EXPIRED,
        Notice.VOID,
        Notice.SUPERSEDED,
        Notice.FAILED,
        Notice.LAPSED,
    }
)
"""After these the requester may ask again."""
WITHDRAWABLE = frozenset(
    {Notice.FILED, Notice.REVISED, Notice.WAITING, Notice.EMERGENCY, Notice.PROVISIONAL, Notice.NEAR_ITS_END}
)
_USER_GROUP = re.compile(r"S[A-Z0-9]+")
_USER = re.compile(r"[UW][A-Z0-9]+")
DIFFERENCE_SHOWN = 3000
DENIAL_SHOWN = 3000


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A message: its blocks, and the text for notifications and readers of screens, which Slack parses."""

    text: str
    blocks: list[Block]


def words_of(lang: Language, message: Message) -> Words:
    """What a notice says, in a direct message, a thread or a channel."""
    if isinstance(message.record, Request):
        if message.notice is Notice.WHOLE_REASON:
            title = lang.say("The whole reason")
            return Words(text=title, blocks=[rich(bold(title)), quote(message.record.reason)])
        return _of_request(lang, message, message.record)
    if isinstance(message.record, Incident):
        return _of_incident(lang, message, message.record)
    return _of_nothing(lang, message)


def offers(lang: Language, message: Message) -> list[Block]:
    """The buttons that a direct message to the requester bears."""
    request = message.record
    if not isinstance(request, Request) or request.by_policy:
        return []
    if message.notice in ENDED:
        return [buttons_of(lang, request, ask_again_button)]
    if message.notice in WITHDRAWABLE and request.decidable:
        return [buttons_of(lang, request, withdraw_button)]
    return []


def _of_request(lang: Language, message: Message, request: Request) -> Words:
    sentence, rest = REQUEST[message.notice]
    called_up = [rich(*_on_call(lang, message))] if message.notice is Notice.PAGE else []
    about: Elements = [
        bold(named(lang, request.id, asked(lang, request))),
        words(" "),
        code(one_line(request.subject.id, most=100)),
        words(" · "),
    ]
    told = rich(*about, bold(lang.say(sentence)), *_spaced(rest(lang, message, request)))
    quoted = []
    if message.notice is Notice.DENIED and request.outcome:
        quoted.append(quote(cut(request.outcome, DENIAL_SHOWN)))
    text = f"{called(lang, request)} · {lang.say(sentence)}"
    return Words(text=text, blocks=[*called_up, told, *quoted, *timeline(lang, request, message.timeline)])


def _spaced(more: Elements) -> Elements:
    return [words(" "), *more] if more else []


def _filed(lang: Language, _: Message, request: Request) -> Elements:
    ends = _spaced(lang.line("It expires {when}", when=moment(request.expires_at))) if request.expires_at else []
    return [words(lang.say("It needs {approvals}.", approvals=needs(lang, request.quorum))), *ends]


def _done(lang: Language, _: Message, request: Request) -> Elements:
    found: Elements = [words(shown_as(lang, request))]
    if request.approvals:
        found += _spaced(lang.line("Approved by {names}.", names=names(request)))
    if request.ended_at:
        took = lang.span(request.ended_at - request.filed_at)
        found += _spaced([words(lang.say("It took {span}.", span=took))])
    return found


def _ended_by(lang: Language, _: Message, request: Request) -> Elements:
    """By whom; and of an emergency, how its undoing stands."""
    by = lang.line("By {who}.", who=who(request, request.ended_by))
    return [*by, *_undoing(lang, _, request)]


def _undoing(lang: Language, _: Message, request: Request) -> Elements:
    return _spaced(undoing(lang, request)) if request.undo is not None else []


def _emergency(lang: Language, _: Message, request: Request) -> Elements:
    """What is told of it at once, and near its end: what ratifies it, and when it is undone."""
    needed = words(lang.say("It needs {approvals}.", approvals=needs(lang, request.quorum)))
    if request.ratify_by is None:
        return [needed]
    text = N_("Undone {when} unless it is ratified by then.")
    by = lang.line("Asked by {who}.", who=who(request, request.requester))
    return [*by, words(" "), needed, *_spaced(lang.line(text, when=moment(request.ratify_by)))]


def _near_its_end(lang: Language, message: Message, request: Request) -> Elements:
    return [*_mentioned(message), *_emergency(lang, message, request)]


def _mentioned(message: Message) -> Elements:
    """Those whom it is brought before: their ids come from the roster."""
    ids = [id for id in map(str, message.facts.get("to") or ()) if _USER.fullmatch(id)]
    return [e for id in ids for e in (user(id), words(" "))]


def _why(lang: Language, _: Message, request: Request) -> Elements:
    return [words(lang.say("Why: {why}.", why=why_ended(lang, request)))]


def _ratified(lang: Language, _: Message, request: Request) -> Elements:
    return lang.line("Approved by {names}.", names=names(request)) if request.approvals else []


def _superseded(lang: Language, _: Message, request: Request) -> Elements:
    if request.of_the_rules:
        return [words(lang.say("The rules say so already."))]
    if not request.of_an_account:
        return [words(lang.say("It is so already."))]
    return lang.line("The account is so already, by {who}.", who=who(request, request.ended_by))


def _what_changed(lang: Language, message: Message) -> str:
    return one_line(changed(lang, str(message.facts.get("why"))))


def _revised(lang: Language, message: Message, _: Request) -> Elements:
    text = N_("What changed: {what}. The approvals so far are void and are asked for anew.")
    return [words(lang.say(text, what=_what_changed(lang, message)))]


def _vote_again(lang: Language, message: Message, _: Request) -> Elements:
    text = N_("What changed: {what}. Your approval is void; read the card and vote again.")
    return [words(lang.say(text, what=_what_changed(lang, message)))]


def _waiting(lang: Language, message: Message, request: Request) -> Elements:
    ends = expiry(request)
    more = _spaced(lang.line("It expires {when}", when=moment(ends))) if ends else []
    return [words(waits(lang, str(message.facts.get("waits_for")))), *more]


def _uncertain(lang: Language, _: Message, __: Request) -> Elements:
    return [words(lang.say("The platform gave no answer; it is read again until the outcome is known."))]


def _reminder(lang: Language, message: Message, request: Request) -> Elements:
    """What is still needed and until when; nobody is mentioned who did not ask for it."""
    missing = still_missing(lang, tuple(map(str, message.facts.get("missing") or ())))
    found: Elements = [words(lang.say("Still needed: {missing}.", missing=missing))] if missing else []
    if request.expires_at:
        found += _spaced(lang.line("It expires {when}", when=moment(request.expires_at)))
    return found


def _escalated(lang: Language, message: Message, request: Request) -> Elements:
    """The same, before those whom the policy escalates to."""
    return [*_mentioned(message), *_reminder(lang, message, request)]


def _tier_fell(lang: Language, message: Message, request: Request) -> Elements:
    """Tags stripped or counts that fell: it is asked for like the weightier all the same."""
    text = N_("It is asked for in the tier {tier}; by its tags and counts of now it would be {now}. Find out why.")
    now = tier_name(lang, str(message.facts.get("now")))
    return [words(lang.say(text, tier=tier_name(lang, request.tier), now=now))]


def _page(lang: Language, message: Message, _: Request) -> Elements:
    return [words(_to_do(lang, message))]


def _nothing(_: Language, __: Message, ___: Request) -> Elements:
    return []


REQUEST: dict[Notice, tuple[str, Callable[[Language, Message, Request], Elements]]] = {
    Notice.FILED: (N_("It is filed."), _filed),
    Notice.DONE: (N_("It is done and verified."), _done),
    Notice.DENIED: (N_("It was denied."), _ended_by),
    Notice.FAILED: (N_("It failed."), _why),
    Notice.UNCERTAIN: (N_("Its outcome is uncertain."), _uncertain),
    Notice.WITHDRAWN: (N_("It was withdrawn."), _ended_by),
    Notice.EXPIRED: (N_("It expired."), _why),
    Notice.VOID: (N_("It became void."), _why),
    Notice.SUPERSEDED: (N_("It is not needed any more."), _superseded),
    Notice.REVISED: (N_("It has changed."), _revised),
    Notice.VOTE_AGAIN: (N_("It has changed."), _vote_again),
    Notice.WAITING: (N_("It still waits."), _waiting),
    Notice.EMERGENCY: (N_("It is an emergency: it is carried out at once."), _emergency),
    Notice.PROVISIONAL: (N_("It is done and verified, for now."), _emergency),
    Notice.NEAR_ITS_END: (N_("It is not ratified yet."), _near_its_end),
    Notice.RATIFIED: (N_("It is ratified; the account stays down."), _ratified),
    Notice.LAPSED: (N_("Nobody ratified it in time."), _undoing),
    Notice.UNDONE: (N_("Its undoing has ended."), _undoing),
    Notice.LEFT_DOWN: (N_("There is nothing left to undo."), _undoing),
    Notice.NOT_UNDONE: (N_("It could not be undone."), _undoing),
    Notice.REMINDER: (N_("It still waits for a decision."), _reminder),
    Notice.ESCALATED: (N_("Nobody has decided on it."), _escalated),
    Notice.PAGE: (N_("A person has to look at it."), _page),
    Notice.TIER_FELL: (N_("The account looks lighter than it was of late."), _tier_fell),
    Notice.LIMIT: (N_("It waits for the limit of deactivations an hour."), _nothing),
    Notice.POLICY: (N_("It stands under another policy."), _nothing),
    Notice.CONTAINED: (N_("It stands while an actor is locked out."), _nothing),
    Notice.LATCHED: (N_("It stands while the sweep is latched."), _nothing),
    Notice.OBSERVING: (N_("It stands while the guard only observes."), _nothing),
}
"""What happened to the request, and what is said after it."""


def _of_incident(lang: Language, message: Message, incident: Incident) -> Words:
    if message.notice is Notice.CONTAINED:
        locked_out = contained_words(lang, incident)
        return Words(text=locked_out.text, blocks=locked_out.blocks)
    text = incident_called(lang, incident)
    actor = one_line(incident.actor or lang.say("an unknown actor"), most=100)
    if incident.person is None:
        by = lang.say("By {actor}.", actor=actor)
    else:
        by = lang.say("By {actor} ({person}).", actor=actor, person=one_line(incident.person, most=100))
    to_do = words(f"{by} {_to_do(lang, message)}")
    said = [rich(*_on_call(lang, message)), rich(bold(text)), rich(to_do)]
    return Words(text=text, blocks=[*said, *_figures(lang, message, incident)])


def _figures(lang: Language, message: Message, incident: Incident) -> list[Block]:
    """What whoever decides about counts compares."""
    if message.facts.get("why") not in {"counts_lost", "counts_fell"}:
        return []
    edges = message.facts.get("edges")
    said = [bold(counted_in(lang, incident))]
    if edges is not None:
        said.append(words(" · " + lang.say("the platform's true count of relationships says {n}", n=int(edges))))
    return [rich(*said)]


def _to_do(lang: Language, message: Message) -> str:
    """What whoever is woken should do."""
    why = str(message.facts.get("why"))
    return lang.say(PAGED[why]) if why in PAGED else lang.say("Look at its card, then acknowledge it.")


def _on_call(lang: Language, message: Message) -> Elements:
    """The on-call is mentioned by the bot alone: the id comes from the policy."""
    on_call = str(message.facts.get("on_call") or "")
    named: Elements = []
    if _USER_GROUP.fullmatch(on_call):
        named = [{"type": "usergroup", "usergroup_id": on_call}, words(" ")]
    elif on_call:
        named = [words(f"{one_line(on_call)} ")]
    return [*named, bold(lang.say("Somebody has to look:"))]


def _of_nothing(lang: Language, message: Message) -> Words:
    if message.notice is Notice.POLICY:
        return _of_policy(lang, message)
    if message.notice is Notice.LATCHED:
        said = latched_words(lang, message.facts)
        return Words(text=said.text, blocks=said.blocks)
    if message.notice is Notice.LIMIT:
        return _of_limit(lang, message)
    if message.notice is Notice.OBSERVING:
        text = lang.say("⚠ The guard only observes: what nobody approved is not put back.")
        return Words(text=text, blocks=[rich(bold(text))])
    called = rich(*_on_call(lang, message))
    if message.facts.get("account") is None:
        text = _to_do(lang, message)
        return Words(text=text, blocks=[called, rich(words(text))])
    account = str(message.facts.get("account"))
    about = lang.line("Account {account}.", account=code(one_line(account, most=100)))
    text = lang.say("Account {account} needs a person to look.", account=unmarked(account, lang.say("unnamed")))
    return Words(text=text, blocks=[called, rich(*about, words(" " + _to_do(lang, message)))])


def _of_limit(lang: Language, message: Message) -> Words:
    """Why approved requests are not carried out, and until when."""
    limit, until = int(message.facts.get("limit") or 0), message.facts.get("until")
    text = lang.count(
        "⚠ The limit of {n} deactivation an hour is reached: approved requests wait, and their clocks with them.",
        "⚠ The limit of {n} deactivations an hour is reached: approved requests wait, and their clocks with them.",
        limit,
    )
    when = moment(unstamp(until)) if until else words("–")
    more = lang.line("The first goes on {when}; what restores or ratifies never waits.", when=when)
    return Words(text=text, blocks=[rich(bold(text), words(" "), *more)])


def _of_policy(lang: Language, message: Message) -> Words:
    """The rules have changed: by whom, and the lines that differ."""
    facts = message.facts
    text = lang.say("The policy in force was changed.")
    by = one_line(str(facts.get("by")))
    digest, request = str(facts.get("digest"))[:12], facts.get("request")
    if request:
        more = lang.say(
            "By {who}, asked for in {request}; in force is {digest}.", who=by, request=request, digest=digest
        )
    else:
        more = lang.say("By {who}; in force is {digest}.", who=by, digest=digest)
    weighed = [words(" " + sentence) for sentence in _weighed(lang, facts)]
    lines = "\n".join(one_line(str(line), most=300) for line in facts.get("difference", ()))
    shown = [verbatim(cut(lines, DIFFERENCE_SHOWN, lang.say("\n… (the whole is in the log)")))] if lines else []
    return Words(text=text, blocks=[rich(bold(text), words(" " + more), *weighed), *shown])


def _weighed(lang: Language, facts: Mapping[str, Any]) -> list[str]:
    """Whether more gets through than before, or less, and by which keys of the policy."""
    looser, stricter = (", ".join(map(str, facts.get(name, ()))) for name in ("looser", "stricter"))
    found = [lang.say("⚠ It is looser in {keys}.", keys=one_line(looser, most=500))] if looser else []
    return [*found, *([lang.say("It is stricter in {keys}.", keys=one_line(stricter, most=500))] if stricter else [])]


def withdrawn(lang: Language, record: Request | Incident) -> str:
    """What the requester is told of the own withdrawal."""
    if isinstance(record, Request) and record.undo is not None:
        return lang.say("Withdrawn; the account is being restored.")
    return lang.say("Withdrawn; nothing was done.")


def counted(lang: Language, request: Request, missing: tuple[str, ...], *, slack_user: str) -> str:
    """What an approver is told of the own click."""
    if request.state is State.RATIFIED:
        return lang.say("Counted; the emergency is ratified.")
    if request.state is State.APPROVED:
        if request.not_before and request.not_before != request.quorate_at:
            when = lang.time(request.not_before)
            return lang.say("Counted; the quorum is complete, it is carried out from {when}.", when=when)
        return lang.say("Counted; the quorum is complete, it is being carried out.")
    if more := still_missing(lang, missing):
        if slack_user in {vote.slack_user for vote in unseated(request)}:
            return lang.say("Counted, but it fills no place that is left; {missing}.", missing=more)
        return lang.say("Counted; {missing}.", missing=more)
    return lang.say("Counted.")
