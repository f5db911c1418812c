"""Messages that are no card: direct messages, threads, pages. Typed text stands in rich text alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.incident import Incident
from bot.core.quorum import ANY_GROUP
from bot.core.request import Choice, Request, State
from bot.ports import Message, Notice
from bot.slack.cards import EXPIRY, HAPPENED, VERBS, VOID, WAITS
from bot.slack.modals import needs
from bot.slack.text import Block, Element, bold, group, moment, one_line, quote, rich, span, user, words


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A message: its blocks, and the text for notifications and readers of screens."""

    text: str
    blocks: list[Block]


def words_of(message: Message) -> Words:
    """What a notice says."""
    if isinstance(message.record, Request):
        return _of_request(message, message.record)
    if isinstance(message.record, Incident):
        return _of_incident(message, message.record)
    return _of_nothing(message)


def _of_request(message: Message, request: Request) -> Words:
    who = f"@{one_line(request.subject.handle, most=80)} ({request.subject.id})"
    head = f"{request.id}: {VERBS[request.action].lower()} {who}"
    said, more = _said(message, request)
    blocks = [rich(bold(f"{head} {said}"))]
    if more:
        blocks.append(rich(*more))
    if _quotes(message, request):
        blocks.append(quote(request.outcome or "–"))
    if message.notice is Notice.PAGE:
        blocks.insert(0, rich(*_called(message)))
    return Words(text=f"{head} {said}", blocks=blocks)


def _quotes(message: Message, request: Request) -> bool:
    """Whether the reason that a person or the platform gave is quoted below."""
    return message.notice in {Notice.DENIED, Notice.FAILED} and bool(request.outcome)


def _said(message: Message, request: Request) -> tuple[str, list[Element]]:
    """The verb of the first line, and what follows it."""
    verb = VERB.get(message.notice)
    if verb is None:
        return f"({one_line(str(message.facts.get('why', message.notice.value)))}) needs a person to look.", []
    said = verb if isinstance(verb, str) else verb(message, request)
    return said, FOLLOWS[message.notice](message, request) if message.notice in FOLLOWS else []


def _changed(message: Message) -> str:
    return one_line(str(message.facts.get("why")))


VERB: dict[Notice, str | Callable[[Message, Request], str]] = {
    Notice.FILED: lambda _, r: f"is filed, needs {needs(r.quorum)}.",
    Notice.DONE: "is done and verified.",
    Notice.DENIED: "was denied.",
    Notice.FAILED: "failed; the account is as it was. Ask again from the card.",
    Notice.UNCERTAIN: "has an uncertain outcome; the platform is read again until it is known.",
    Notice.WITHDRAWN: lambda _, r: f"was withdrawn by {one_line(r.ended_by or '–')}; nothing was done.",
    Notice.EXPIRED: lambda _, r: (
        f"expired: {EXPIRY.get(r.outcome or '', 'its time is over')}. Ask again from the card."
    ),
    Notice.VOID: lambda _, r: f"became void: {VOID.get(r.outcome or '', 'it lost its ground')}.",
    Notice.SUPERSEDED: lambda _, r: (
        f"is not needed: the account is so already, by {one_line(r.outcome or 'somebody else')}."
    ),
    Notice.REVISED: lambda m, _: f"has changed ({_changed(m)}); approvals are asked for anew.",
    Notice.VOTE_AGAIN: lambda m, _: f"has changed ({_changed(m)}); your approval is void, vote again.",
    Notice.WAITING: lambda m, _: f"still waits. {WAITS.get(str(m.facts.get('waits_for')), '')}",
}
FOLLOWS: dict[Notice, Callable[[Message, Request], list[Element]]] = {
    Notice.DONE: lambda _, r: [words("Approved by "), *_approvers(r), words(f" Took {_took(r)}.")],
    Notice.DENIED: lambda _, r: [words("By "), *_denier(r), words(", because:")],
    Notice.WAITING: lambda m, _: _until(m),
}


def _took(request: Request) -> str:
    return span(request.ended_at - request.filed_at) if request.ended_at else "–"


def _until(message: Message) -> list[Element]:
    until = message.facts.get("until")
    return [words("It expires "), moment(until)] if isinstance(until, datetime) else []


def _approvers(request: Request) -> list[Element]:
    return [e for vote in request.approvals for e in (user(vote.slack_user), words(" "))] or [words("policy. ")]


def _denier(request: Request) -> list[Element]:
    deny = next((v for v in request.votes if v.choice is Choice.DENY), None)
    return [user(deny.slack_user)] if deny else [words(one_line(request.ended_by or "somebody"))]


def _of_incident(message: Message, incident: Incident) -> Words:
    who = f"@{one_line(incident.handle, most=80)} ({incident.account})"
    text = f"{incident.id}: {who} {HAPPENED[incident.kind]}."
    by = rich(words(f"By {one_line(incident.actor or 'unknown')}. Acknowledge it on its card."))
    return Words(text=text, blocks=[rich(*_called(message)), rich(bold(text)), by])


def _called(message: Message) -> list[Element]:
    """The on-call is mentioned by the bot alone: the id comes from the policy."""
    on_call = str(message.facts.get("on_call") or "")
    called: list[Element] = [{"type": "usergroup", "usergroup_id": on_call}, words(" ")] if on_call else []
    return [*called, bold("Somebody has to look:")]


def _of_nothing(message: Message) -> Words:
    facts = message.facts
    if message.notice is Notice.POLICY:
        text = (
            f"The policy was changed by {one_line(str(facts.get('by')))}; in force is {str(facts.get('digest'))[:12]}."
        )
        difference = "\n".join(one_line(str(line)) for line in facts.get("difference", ()))
        shown = {"type": "rich_text_preformatted", "elements": [words(difference[:3000])]}
        return Words(text=text, blocks=[rich(bold(text)), {"type": "rich_text", "elements": [shown]}])
    text = f"Account {one_line(str(facts.get('account')))}: {one_line(str(facts.get('why')))}; somebody has to look."
    return Words(text=text, blocks=[rich(*_called(message)), rich(words(text))])


def counted(request: Request, missing: tuple[str, ...]) -> str:
    """What an approver is told of the own click."""
    if request.state is State.APPROVED:
        return "Counted; the quorum is complete, it is being carried out."
    more = " and ".join(f"{missing.count(p)} more from {_place(p)}" for p in dict.fromkeys(missing))
    return f"Counted; {more}."


def _place(place: str) -> str:
    return "any of these groups" if place == ANY_GROUP else group(place)
