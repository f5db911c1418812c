"""The request's card: a pure function of the record. No clock, no memory; redraw it any time, from any replica."""

from dataclasses import dataclass
from typing import Any

from bot.core.quorum import ANY_GROUP, Approver
from bot.core.request import BOT, OPEN, Request, State
from bot.slack.text import (
    CUT,
    Block,
    Element,
    bold,
    button,
    code,
    context,
    cut,
    flags,
    header,
    link,
    many_lines,
    moment,
    number,
    one_line,
    plain_text,
    quote,
    rich,
    span,
    unmarked,
    user,
    words,
)
from bot.slack.wording import EXPIRY, OUTCOMES, VERBS, VOID, changed, group, waits

REASON_SHOWN, REASON_LINES = 1500, 20
"""Characters and lines of a reason on the card; the whole stands in the thread."""
MAY_ASK_AGAIN = frozenset(
    {State.FAILED, State.DENIED, State.WITHDRAWN, State.EXPIRED, State.VOID, State.LAPSED, State.SUPERSEDED}
)
ENDED_BY_SOMEBODY = frozenset({State.DENIED, State.WITHDRAWN, State.SUPERSEDED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A message: its blocks, the text for notifications and readers of screens, its metadata.

    Slack parses `text`: nothing typed is in it but a handle that can be no markup.
    """

    blocks: list[Block]
    text: str
    metadata: dict[str, Any]


def request_card(request: Request) -> Card:
    """The card of a request as it now stands."""
    emergency = "Emergency: " if request.emergency else ""
    title = f"{emergency}{VERBS[request.action]} @{one_line(request.subject.handle, most=80)}"
    blocks = [
        header(title, block_id=f"request:{request.id}"),
        rich(bold(OUTCOMES[request.state].capitalize()), words(" · asked by "), who(request, request.requester)),
        *account_lines(request),
        rich(bold("Category "), words(one_line(request.category, most=75))),
        quote(shown_reason(request)),
        *_evidence(request),
        *_progress(request),
        *_end(request),
        *_buttons(request),
        context(f"{request.id} · revision {request.revision}"),
    ]
    payload = {"id": request.id, "revision": request.revision, "state": request.state.value}
    metadata = {"event_type": "countersign_request", "event_payload": payload}
    return Card(blocks=blocks, text=f"{called(request)}: {OUTCOMES[request.state]}", metadata=metadata)


def called(request: Request) -> str:
    """The request in a few words that Slack may parse: nobody's text but a harmless handle."""
    subject = unmarked(request.subject.handle, unmarked(request.subject.id, "an account"))
    return f"{request.id}: {VERBS[request.action].lower()} {subject}"


def who(request: Request, person: str | None) -> Element:
    """A person as Slack mentions them where the record knows their user id."""
    known = {v.person: v.slack_user for v in request.votes}
    if request.requester_slack:
        known[request.requester] = request.requester_slack
    if person in {None, BOT}:
        return bold("Countersign")
    return user(known[person]) if person in known else words(one_line(str(person), most=100))


def account_lines(request: Request) -> list[Block]:
    """Who it is: what the digest binds, and the followers beside it."""
    subject = request.subject
    verified = "verified" if subject.verified else "not verified"
    tags = cut(", ".join(one_line(tag, most=40) for tag in subject.tags), 400, "…") or "no tags"
    lines = [
        rich(
            bold(one_line(subject.display_name)),
            words(f"  @{one_line(subject.handle, most=80)}  "),
            code(one_line(subject.id, most=100)),
            words(f"\n{number(subject.followers)} followers · {verified} · {tags} · tier {request.tier}"),
        )
    ]
    return [*lines, *name_warning(subject.handle, subject.display_name)]


def name_warning(handle: str, display_name: str) -> list[Block]:
    """A line for names that may not be what they look like."""
    found = dict.fromkeys([*flags(handle), *flags(display_name)])
    return [context(f"⚠ The name {', '.join(found)}: go by the id.")] if found else []


def shown_reason(request: Request) -> str:
    """The reason as far as the card shows it."""
    whole = many_lines(request.reason)
    fewer = "\n".join(whole.split("\n")[:REASON_LINES])
    if fewer == whole and len(whole) <= REASON_SHOWN:
        return whole
    return fewer[: REASON_SHOWN - len(CUT)].rstrip() + CUT


def is_cut(request: Request) -> bool:
    """Whether the card shows less than the whole reason."""
    return shown_reason(request) != many_lines(request.reason)


def _evidence(request: Request) -> list[Block]:
    if not request.evidence:
        return []
    return [rich(bold("Evidence "), link(request.evidence, one_line(request.evidence, most=200)))]


def _progress(request: Request) -> list[Block]:
    """What is still needed and until when, while there is something to decide or to wait for."""
    if request.state not in OPEN or request.by_policy:
        return []
    blocks = [rich(*_places(request))]
    if request.revised_why and request.state is State.PENDING:
        why = one_line(changed(request.revised_why))
        blocks.append(rich(bold(f"Changed since it was first shown: {why}. Earlier approvals are void; vote again.")))
    if request.waits_for and request.state is State.APPROVED:
        blocks.append(rich(words(waits(request.waits_for))))
    if request.state is State.APPROVED and request.not_before and request.not_before != request.quorate_at:
        blocks.append(rich(words("Carried out from "), moment(request.not_before)))
    ends = request.expires_at if request.state is State.PENDING else request.execute_by
    return [*blocks, rich(words("Expires "), moment(ends))] if ends is not None else blocks


def _places(request: Request) -> list[Element]:
    """“1 of 2: manager ✓ @mona · trust & safety –”."""
    votes = {vote.person: vote for vote in request.approvals}
    approvers = [Approver(person=v.person, groups=frozenset(v.groups), team=v.team) for v in votes.values()]
    seats = request.quorum.seats(approvers)
    elements = [bold(f"{sum(seat is not None for seat in seats)} of {len(seats)}: ")]
    for place, seat in zip(request.quorum.places, seats, strict=True):
        name = "one approval more (the leaver rule binds the requester)" if place == ANY_GROUP else group(place)
        mark = [words(" –")] if seat is None else [words(" ✓ "), user(votes.pop(seat.person).slack_user)]
        elements += [words(" · "), words(name), *mark] if len(elements) > 1 else [words(name), *mark]
    if request.quorum.different_teams:
        elements.append(words(" (from different teams)"))
    for vote in votes.values():
        elements += [words(" · also approved, fills no place: "), user(vote.slack_user)]
    return elements


def _end(request: Request) -> list[Block]:
    """Who ended it, why, when, and how long it took; who approved stays on the card."""
    if request.state is State.UNCERTAIN:
        return [rich(words("The platform is read again until the outcome is known."))]
    if request.ended_at is None:
        return []
    by = [words(" by "), who(request, request.ended_by)] if request.state in ENDED_BY_SOMEBODY else []
    took = span(request.ended_at - request.filed_at)
    lines = [rich(bold(OUTCOMES[request.state].capitalize()), *by, words(" · "), moment(request.ended_at))]
    if request.state is State.DENIED and request.outcome:
        lines.append(quote(cut(many_lines(request.outcome), REASON_SHOWN)))
    elif why := why_ended(request):
        lines.append(rich(words(f"Why: {why}")))
    if request.approvals:
        lines.append(rich(words("Approved by "), *names(request)))
    return [*lines, context(f"It took {took} from filing to its end.")]


def names(request: Request) -> list[Element]:
    """Those whose approvals stand."""
    return [e for i, v in enumerate(request.approvals) for e in ([words(", ")] if i else []) + [user(v.slack_user)]]


def why_ended(request: Request) -> str | None:
    """The cause of an end that no vote made, as a clause."""
    outcome = request.outcome or ""
    match request.state:
        case State.VOID:
            return VOID.get(outcome, one_line(outcome, most=300))
        case State.EXPIRED:
            return EXPIRY.get(outcome, one_line(outcome, most=300))
        case State.SUPERSEDED:
            return "the account is as asked already"
        case State.FAILED:
            return one_line(outcome, most=500)
        case _:
            return None


def _buttons(request: Request) -> list[Block]:
    """Only what can still be done: an ended card bears no button that decides."""
    if request.by_policy:
        return []
    if request.state is State.PENDING:
        buttons = [approve_button(request), deny_button(request), withdraw_button(request)]
    elif request.state is State.APPROVED:
        buttons = [deny_button(request), withdraw_button(request)]
    elif request.state in MAY_ASK_AGAIN:
        buttons = [ask_again_button(request)]
    else:
        return []
    return [{"type": "actions", "block_id": f"actions:{request.id}", "elements": buttons}]


def _value(request: Request) -> str:
    return f"{request.id} {request.digest}"


def approve_button(request: Request) -> dict[str, Any]:
    """It asks once more, with the immutable id: handles can be made to look like others."""
    subject = request.subject
    name = f"@{one_line(subject.handle, most=60)}, account {one_line(subject.id, most=100)}"
    confirm = {
        "title": plain_text(f"{VERBS[request.action]} this account?"),
        "text": plain_text(f"{VERBS[request.action]} {name}? Your approval is recorded.", most=300),
        "confirm": plain_text("Approve"),
        "deny": plain_text("Back"),
    }
    return {**button("approve", "Approve", _value(request), style="primary"), "confirm": confirm}


def deny_button(request: Request) -> dict[str, Any]:
    return button("deny", "Deny", _value(request), style="danger")


def withdraw_button(request: Request) -> dict[str, Any]:
    return button("withdraw", "Withdraw", _value(request))


def ask_again_button(request: Request) -> dict[str, Any]:
    return button("ask_again", "Ask again", _value(request))
