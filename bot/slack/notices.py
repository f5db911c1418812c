"""Messages that are no card: direct messages, threads, pages. Typed text stands in rich text alone."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.incident import Incident
from bot.core.request import Request, State
from bot.ports import Message, Notice
from bot.slack.cards import ask_again_button, called, names, who, why_ended, withdraw_button
from bot.slack.incident_card import incident_called
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
    span,
    unmarked,
    verbatim,
    words,
)
from bot.slack.wording import PAGED, SHOWN_AS, VERBS, changed, group, needs, waits

Elements = list[Element]

ENDED = frozenset({Notice.DENIED, Notice.WITHDRAWN, Notice.EXPIRED, Notice.VOID, Notice.SUPERSEDED, Notice.FAILED})
"""After these the requester may ask again."""
_USER_GROUP = re.compile(r"S[A-Z0-9]+")
DIFFERENCE_SHOWN = 3000
DENIAL_SHOWN = 3000


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A message: its blocks, and the text for notifications and readers of screens, which Slack parses."""

    text: str
    blocks: list[Block]


def words_of(message: Message) -> Words:
    """What a notice says, in a direct message, a thread or a channel."""
    if isinstance(message.record, Request):
        return _of_request(message, message.record)
    if isinstance(message.record, Incident):
        return _of_incident(message, message.record)
    return _of_nothing(message)


def offers(message: Message) -> list[Block]:
    """The buttons that a direct message to the requester bears."""
    request = message.record
    if not isinstance(request, Request) or request.by_policy:
        return []
    if message.notice in ENDED:
        return [{"type": "actions", "elements": [ask_again_button(request)]}]
    if message.notice in {Notice.FILED, Notice.REVISED, Notice.WAITING}:
        return [{"type": "actions", "elements": [withdraw_button(request)]}]
    return []


def _of_request(message: Message, request: Request) -> Words:
    verb, rest = REQUEST[message.notice]
    called_up = [rich(*_on_call(message))] if message.notice is Notice.PAGE else []
    subject = request.subject
    about: Elements = [
        bold(f"{request.id}: {VERBS[request.action].lower()} @{one_line(subject.handle, most=80)} "),
        code(one_line(subject.id, most=100)),
        bold(f" {verb}."),
    ]
    more = rest(message, request)
    told = [rich(*about, words(" "), *more)] if more else [rich(*about)]
    if message.notice is Notice.DENIED and request.outcome:
        told.append(quote(cut(request.outcome, DENIAL_SHOWN)))
    return Words(text=f"{called(request)} {verb}.", blocks=[*called_up, *told])


def _filed(_: Message, request: Request) -> Elements:
    ends = [words(" It expires "), moment(request.expires_at)] if request.expires_at else []
    return [words(f"It needs {needs(request.quorum)}."), *ends]


def _done(_: Message, request: Request) -> Elements:
    took = f" It took {span(request.ended_at - request.filed_at)}." if request.ended_at else ""
    by = [words(" Approved by "), *names(request), words(".")] if request.approvals else []
    return [words(f"The public view shows the account {SHOWN_AS[request.action]}."), *by, words(took)]


def _by(_: Message, request: Request) -> Elements:
    return [words("By "), who(request, request.ended_by), words(".")]


def _why(_: Message, request: Request) -> Elements:
    return [words(f"Why: {why_ended(request)}.")]


def _superseded(_: Message, request: Request) -> Elements:
    return [words("The account is so already, by "), who(request, request.ended_by), words(".")]


def _changed(message: Message) -> str:
    return f"What changed: {one_line(changed(str(message.facts.get('why'))))}."


def _revised(message: Message, _: Request) -> Elements:
    return [words(f"{_changed(message)} The approvals so far are void and are asked for anew.")]


def _vote_again(message: Message, _: Request) -> Elements:
    return [words(f"{_changed(message)} Your approval is void; read the card and vote again.")]


def _waiting(message: Message, _: Request) -> Elements:
    until = message.facts.get("until")
    ends = [words(" It expires "), moment(until)] if isinstance(until, datetime) else []
    return [words(waits(str(message.facts.get("waits_for")))), *ends]


def _uncertain(_: Message, __: Request) -> Elements:
    return [words("The platform gave no answer; it is read again until the outcome is known.")]


def _reminder(_: Message, request: Request) -> Elements:
    return [words(f"It needs {needs(request.quorum)}.")]


def _page(message: Message, _: Request) -> Elements:
    return [words(_to_do(message))]


def _nothing(_: Message, __: Request) -> Elements:
    return []


REQUEST: dict[Notice, tuple[str, Callable[[Message, Request], Elements]]] = {
    Notice.FILED: ("is filed", _filed),
    Notice.DONE: ("is done and verified", _done),
    Notice.DENIED: ("was denied", _by),
    Notice.FAILED: ("failed", _why),
    Notice.UNCERTAIN: ("has an uncertain outcome", _uncertain),
    Notice.WITHDRAWN: ("was withdrawn", _by),
    Notice.EXPIRED: ("expired", _why),
    Notice.VOID: ("became void", _why),
    Notice.SUPERSEDED: ("is not needed any more", _superseded),
    Notice.REVISED: ("has changed", _revised),
    Notice.VOTE_AGAIN: ("has changed", _vote_again),
    Notice.WAITING: ("still waits", _waiting),
    Notice.REMINDER: ("still waits for a decision", _reminder),
    Notice.PAGE: ("needs a person to look", _page),
    Notice.POLICY: ("stands under another policy", _nothing),
    Notice.OBSERVING: ("stands while the guard only observes", _nothing),
}
"""What happened to the request, and what is said after it."""


def _of_incident(message: Message, incident: Incident) -> Words:
    text = incident_called(incident)
    by = f"By {one_line(incident.actor or 'an unknown actor', most=100)}"
    belongs = f", of {one_line(incident.person, most=100)}" if incident.person else ""
    to_do = words(f"{by}{belongs}. {_to_do(message)}")
    return Words(text=text, blocks=[rich(*_on_call(message)), rich(bold(text)), rich(to_do)])


def _to_do(message: Message) -> str:
    """What whoever is woken should do."""
    return PAGED.get(str(message.facts.get("why")), "Look at its card, then acknowledge it.")


def _on_call(message: Message) -> Elements:
    """The on-call is mentioned by the bot alone: the id comes from the policy."""
    on_call = str(message.facts.get("on_call") or "")
    named: Elements = []
    if _USER_GROUP.fullmatch(on_call):
        named = [{"type": "usergroup", "usergroup_id": on_call}, words(" ")]
    elif on_call:
        named = [words(f"{one_line(on_call)} ")]
    return [*named, bold("Somebody has to look:")]


def _of_nothing(message: Message) -> Words:
    facts = message.facts
    if message.notice is Notice.POLICY:
        text = "The policy in force was changed."
        by = words(f" By {one_line(str(facts.get('by')))}; in force is {str(facts.get('digest'))[:12]}.")
        lines = "\n".join(one_line(str(line), most=300) for line in facts.get("difference", ()))
        shown = [verbatim(cut(lines, DIFFERENCE_SHOWN, "\n… (the whole is in the log)"))] if lines else []
        return Words(text=text, blocks=[rich(bold(text), by), *shown])
    if message.notice is Notice.OBSERVING:
        text = "The guard only observes: what nobody approved is not put back."
        return Words(text=text, blocks=[rich(bold(f"⚠ {text}"))])
    account = str(facts.get("account"))
    about: Elements = [bold("Account "), code(one_line(account, most=100)), words(f". {_to_do(message)}")]
    text = f"Account {unmarked(account, 'unnamed')} needs a person to look."
    return Words(text=text, blocks=[rich(*_on_call(message)), rich(*about)])


def counted(request: Request, missing: tuple[str, ...]) -> str:
    """What an approver is told of the own click."""
    if request.state is State.APPROVED:
        return "Counted; the quorum is complete, it is being carried out."
    more = " and ".join(f"{missing.count(place)} more from {group(place)}" for place in dict.fromkeys(missing))
    return f"Counted; {more}." if more else "Counted."
