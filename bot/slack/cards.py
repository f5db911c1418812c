"""The request's card: a pure function of the record. No clock, no memory; redraw it any time, from any replica."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.claiming import PAUSES_CLOCK
from bot.core.quorum import ANY_GROUP, Approver
from bot.core.request import BOT, OPEN, Request, State, Undo, Vote
from bot.slack.language import N_, Language
from bot.slack.subjects import asked_plainly, subject_lines, sure, title
from bot.slack.text import (
    Block,
    Element,
    bold,
    button,
    context,
    header,
    link,
    many_lines,
    moment,
    one_line,
    plain_text,
    quote,
    rich,
    user,
    words,
)
from bot.slack.wording import (
    ENDED_BY,
    EXPIRY,
    OUTCOMES,
    VOID,
    changed,
    group,
    waits,
    why_failed,
)

REASON_SHOWN, REASON_LINES = 1500, 20
"""Characters and lines of a reason on the card; the whole stands in the thread."""
MAY_ASK_AGAIN = frozenset(
    {State.FAILED, State.DENIED, State.WITHDRAWN, State.EXPIRED, State.VOID, State.LAPSED, State.SUPERSEDED}
)


Button = Callable[[Language, Request, str], dict[str, Any]]
"""Makes a button from its value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A message: its blocks, the text for notifications and readers of screens, its metadata.

    Slack parses `text`: nothing typed is in it but a handle that can be no markup.
    """

    blocks: list[Block]
    text: str
    metadata: dict[str, Any]


def request_card(lang: Language, request: Request) -> Card:
    """The card of a request as it now stands."""
    outcome = lang.say(OUTCOMES[request.state])
    blocks = [
        header(title(lang, request), block_id=f"request:{request.id}"),
        rich(*lang.line("{outcome} · asked by {who}", outcome=bold(outcome), who=who(request, request.requester))),
        *subject_lines(lang, request),
        *grounds(lang, request),
        *_said_before(lang, request),
        *_progress(lang, request),
        *_end(lang, request),
        *_buttons(lang, request),
        context(lang.say("{request} · revision {revision}", request=request.id, revision=request.revision)),
    ]
    payload = {"id": request.id, "revision": request.revision, "state": request.state.value}
    metadata = {"event_type": "countersign_request", "event_payload": payload}
    return Card(blocks=blocks, text=f"{called(lang, request)} · {outcome}", metadata=metadata)


def called(lang: Language, request: Request) -> str:
    """The request in a few words that Slack may parse: nobody's text but a harmless handle."""
    return named(lang, request.id, asked_plainly(lang, request))


def named(lang: Language, id: str, what: str) -> str:
    """“REQ-…: deactivate @president”."""
    return lang.say("{id}: {what}", id=id, what=what)


def who(request: Request, person: str | None) -> Element:
    """A person as Slack mentions them where the record knows their user id."""
    known = {v.person: v.slack_user for v in request.votes}
    if request.requester_slack:
        known[request.requester] = request.requester_slack
    if person in {None, BOT}:
        return bold("Countersign")
    return user(known[person]) if person in known else words(one_line(str(person), most=100))


def shown_reason(lang: Language, request: Request) -> str:
    """The reason as far as the card shows it."""
    return cut_short(request.reason, lang.say("… (whole text in the thread)"), REASON_SHOWN)


def cut_short(text: str, more: str, most: int) -> str:
    """At most so many characters and `REASON_LINES` lines, `more` at the end where something was left out."""
    whole = many_lines(text)
    fewer = "\n".join(whole.split("\n")[:REASON_LINES])
    if fewer == whole and len(whole) <= most:
        return whole
    return fewer[: most - len(more)].rstrip() + more


def is_cut(request: Request) -> bool:
    """Whether the card shows less than the whole reason."""
    return cut_short(request.reason, "", REASON_SHOWN) != many_lines(request.reason)


def grounds(lang: Language, request: Request) -> list[Block]:
    """Why it is asked for: category, reason, evidence."""
    category = lang.line("{label} {category}", label=bold(lang.say("Category")), category=one_line(request.category))
    found = [rich(*category), quote(shown_reason(lang, request))]
    if request.evidence:
        address = link(request.evidence, one_line(request.evidence, most=200))
        found.append(rich(bold(lang.say("Evidence")), words(" "), address))
    return found


def _said_before(lang: Language, request: Request) -> list[Block]:
    """Who decides shall know that somebody has said no to the same before."""
    if request.denied_before is None:
        return []
    return [context(lang.say("⚠ The same was asked for before and denied: {request}.", request=request.denied_before))]


def _progress(lang: Language, request: Request) -> list[Block]:
    """What is still needed and until when, while there is something to decide or to wait for."""
    if request.unratified and request.ratify_by is not None:
        text = N_("Undone {when} unless it is ratified by then.")
        return [rich(*places(lang, request)), rich(*lang.line(text, when=moment(request.ratify_by)))]
    if request.state not in OPEN or request.by_policy:
        return []
    blocks = [rich(*places(lang, request))]
    if request.revised_why and request.state is State.PENDING:
        text = N_("Changed since it was first shown: {what}. Earlier approvals are void; vote again.")
        blocks.append(rich(bold(lang.say(text, what=one_line(changed(lang, request.revised_why))))))
    if request.waits_for and request.state is State.APPROVED:
        blocks.append(rich(words(waits(lang, request.waits_for))))
    if request.state is State.APPROVED and request.not_before and request.not_before != request.quorate_at:
        blocks.append(rich(*lang.line("Carried out from {when}", when=moment(request.not_before))))
    ends = expiry(request)
    return [*blocks, rich(*lang.line("Expires {when}", when=moment(ends)))] if ends is not None else blocks


def expiry(request: Request) -> datetime | None:
    """When the clock that runs ends; none where it stands still."""
    if request.unratified:
        return request.ratify_by
    if request.state is State.PENDING:
        return request.expires_at
    return None if request.waits_for in PAUSES_CLOCK else request.execute_by


def places(lang: Language, request: Request) -> list[Element]:
    """“1 of 2: managers ✓ @mona · trust & safety –”."""
    if not request.quorum.places:
        return [words(lang.say("Nobody more has to approve: it only makes the rules stricter."))]
    votes, seats = {vote.person: vote for vote in request.approvals}, _seats(request)
    filled = sum(seat is not None for seat in seats)
    elements = [bold(lang.say("{filled} of {places}: ", filled=filled, places=len(seats)))]
    for nth, (place, seat) in enumerate(zip(request.quorum.places, seats, strict=True)):
        more = lang.say("one approval more (the leaver rule binds the requester)")
        name = (" · " if nth else "") + (more if place == ANY_GROUP else group(lang, place))
        mark = [words(" –")] if seat is None else [words(" ✓ "), user(votes[seat.person].slack_user)]
        elements += [words(name), *mark]
    if request.quorum.different_teams:
        elements.append(words(" " + lang.say("(from different teams)")))
    for vote in unseated(request):
        elements += lang.line(" · also approved, fills no place: {who}", who=user(vote.slack_user))
    return elements


def _seats(request: Request) -> tuple[Approver | None, ...]:
    """Who fills each place of the quorum."""
    votes = [Approver(person=v.person, groups=frozenset(v.groups), team=v.team) for v in request.approvals]
    return tuple(request.quorum.seats(votes))


def unseated(request: Request) -> tuple[Vote, ...]:
    """Approvals that stand and fill no place."""
    seated = {seat.person for seat in _seats(request) if seat is not None}
    return tuple(vote for vote in request.approvals if vote.person not in seated)


def _end(lang: Language, request: Request) -> list[Block]:
    """Who ended it, why, when, and how long it took; who approved stays on the card."""
    if request.state is State.UNCERTAIN:
        return [rich(words(lang.say("The platform is read again until the outcome is known.")))]
    if request.ended_at is None:
        return []
    when = moment(request.ended_at)
    if request.state in ENDED_BY:
        lines = [rich(*lang.line(ENDED_BY[request.state], who=who(request, request.ended_by), when=when))]
    else:
        lines = [rich(*lang.line("Ended {when}", when=when))]
    if request.state is State.DENIED and request.outcome:
        lines.append(quote(cut_short(request.outcome, lang.say("… (whole text in the thread)"), REASON_SHOWN)))
    elif why := why_ended(lang, request):
        lines.append(rich(words(lang.say("Why: {why}", why=why))))
    if request.approvals:
        lines.append(rich(*lang.line("Approved by {names}", names=names(request))))
    if request.undo is not None:
        lines.append(rich(*undoing(lang, request)))
    took = lang.span(request.ended_at - request.filed_at)
    return [*lines, context(lang.say("It took {span} from filing to its end.", span=took))]


def undoing(lang: Language, request: Request) -> list[Element]:
    """How far the restore of an emergency is that was not ratified."""
    when = moment(request.undone_at) if request.undone_at is not None else words("–")
    by = bold(one_line(request.undone_by or lang.say("unknown"), most=100))
    match request.undo:
        case Undo.RESTORED if request.undone_by == BOT:
            return lang.line("Undone: restored and verified {when}", when=when)
        case Undo.RESTORED:
            return lang.line("Nothing was left to undo: the account was active, seen {when}", when=when)
        case Undo.LEFT:
            return lang.line("The account stays down: {who} took it down too.", who=by)
        case Undo.STUCK:
            return [bold(lang.say("⚠ The platform refuses to restore it: a person has to look."))]
        case _:
            return [bold(lang.say("It is being restored."))]


def names(request: Request) -> list[Element]:
    """Those whose approvals stand."""
    return [e for i, v in enumerate(request.approvals) for e in ([words(", ")] if i else []) + [user(v.slack_user)]]


def why_ended(lang: Language, request: Request) -> str | None:
    """The cause of an end that no vote made, as a clause."""
    outcome = request.outcome or ""
    match request.state:
        case State.VOID:
            return lang.say(VOID[outcome]) if outcome in VOID else one_line(outcome, most=300)
        case State.EXPIRED:
            return lang.say(EXPIRY[outcome]) if outcome in EXPIRY else one_line(outcome, most=300)
        case State.SUPERSEDED:
            return lang.say("it is as asked already")
        case State.FAILED:
            return why_failed(lang, outcome)
        case _:
            return None


def _buttons(lang: Language, request: Request) -> list[Block]:
    """Only what can still be done: an ended card bears no button that decides."""
    if request.by_policy:
        return []
    if request.waits_for_people:
        makers: tuple[Button, ...] = (approve_button, deny_button, withdraw_button)
    elif request.state is State.APPROVED:
        makers = (cancel_button, withdraw_button)
    elif request.state in MAY_ASK_AGAIN:
        makers = (ask_again_button,)
    else:
        return []
    return [buttons_of(lang, request, *makers)]


def buttons_of(lang: Language, request: Request, *makers: Button, row: str = "actions") -> Block:
    """A row of buttons, each bearing the request's id and the digest of what is shown; `row` names it."""
    value = f"{request.id} {request.digest}"
    elements = [make(lang, request, value) for make in makers]
    return {"type": "actions", "block_id": f"{row}:{request.id}", "elements": elements}


def approve_button(lang: Language, request: Request, value: str) -> dict[str, Any]:
    """It asks once more, with the immutable id: handles can be made to look like others."""
    head, text = sure(lang, request)
    label = lang.say("Ratify") if request.emergency else lang.say("Approve")
    confirm = {
        "title": plain_text(head),
        "text": plain_text(text, most=300),
        "confirm": plain_text(label),
        "deny": plain_text(lang.say("Back")),
    }
    return {**button("approve", label, value, style="primary"), "confirm": confirm}


def deny_button(lang: Language, _: Request, value: str) -> dict[str, Any]:
    return button("deny", lang.say("Deny"), value, style="danger")


def cancel_button(lang: Language, _: Request, value: str) -> dict[str, Any]:
    """The deny of what is approved already: it is stopped before it is carried out."""
    return button("deny", lang.say("Cancel it"), value, style="danger")


def withdraw_button(lang: Language, _: Request, value: str) -> dict[str, Any]:
    return button("withdraw", lang.say("Withdraw"), value)


def ask_again_button(lang: Language, _: Request, value: str) -> dict[str, Any]:
    return button("ask_again", lang.say("Ask again"), value)
