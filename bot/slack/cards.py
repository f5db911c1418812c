"""Cards: a pure function of the record. No clock, no memory; redraw them any time, from any replica."""

import hashlib
from dataclasses import dataclass
from typing import Any

from bot.core.digest import TWITTER_2017
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.quorum import ANY_GROUP, Approver
from bot.core.request import BOT, IN_LANE, OPEN, Action, Choice, Request, State, Vote
from bot.slack.sentences import BECAUSE
from bot.slack.text import (
    Block,
    Element,
    bold,
    context,
    cut,
    flags,
    group,
    moment,
    number,
    one_line,
    plain_text,
    rich,
    span,
    user,
    words,
)

REASON_SHOWN = 1500
"""Characters of a reason on the card; the whole stands in the thread."""

OUTCOMES = {
    State.PENDING: "waits for a decision",
    State.APPROVED: "approved, about to be carried out",
    State.RUNNING: "being carried out",
    State.UNCERTAIN: "outcome uncertain: the platform is read again until it is known",
    State.PROVISIONAL: "carried out, to be ratified",
    State.RATIFIED: "ratified",
    State.DONE: "done and verified",
    State.FAILED: "failed",
    State.DENIED: "denied",
    State.WITHDRAWN: "withdrawn",
    State.EXPIRED: "expired",
    State.VOID: "void",
    State.LAPSED: "lapsed",
    State.SUPERSEDED: "superseded",
}
WAITS = {
    "cooling_off": "Approved; it cools off before it is carried out.",
    "lane": "Approved; another request for this account is being carried out first.",
    "incident": "Approved; an unexplained deactivation of this account is dealt with first. Its clock stands still.",
    "limit": "Approved; the limit of deactivations an hour is reached. Its clock stands still.",
    "platform": "Approved; the platform does not answer at the moment.",
}
VOID = {
    "denied": "somebody denied it",
    "requester_left": "the requester is no longer with us",
    "requester_may_not_ask": "the requester may no longer ask",
    "requester_restricted": "the leaver rule binds the requester by now",
    "no_quorum": "an approver lost the right, and the rest is no quorum",
    "account_gone": "the account no longer exists",
}
EXPIRY = {"not_decided": "nobody decided in time", "not_carried_out": "it could not be carried out in time"}
VERBS = {Action.DEACTIVATE: "Deactivate", Action.RESTORE: "Restore"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A message: its blocks, the text for notifications and readers of screens, its metadata."""

    blocks: list[Block]
    text: str
    metadata: dict[str, Any]


def request_card(request: Request) -> Card:
    """The card of a request as it now stands."""
    subject = request.subject
    name = f"@{one_line(subject.handle, most=80)} ({subject.id})"
    title = f"{VERBS[request.action]} {name}: {OUTCOMES[request.state]}"
    blocks = [
        rich(bold(title), block_id=f"request:{request.id}"),
        rich(words("Asked by "), _person(request.requester, request.requester_slack), words(f" · {request.id}")),
        *_subject(request),
        rich(words(f"{one_line(request.category, most=75)}: "), words(cut(request.reason, REASON_SHOWN))),
        *_evidence(request),
        *_progress(request),
        *_end(request),
        *_buttons(request),
    ]
    payload = {"id": request.id, "revision": request.revision, "state": request.state.value}
    return Card(blocks=blocks, text=title, metadata={"event_type": "countersign_request", "event_payload": payload})


def _person(name: str, slack_user: str | None) -> Element:
    if slack_user is not None:
        return user(slack_user)
    return bold("Countersign" if name == BOT else one_line(name))


def _subject(request: Request) -> list[Block]:
    """Who it is: what the digest binds, and the followers beside it."""
    subject = request.subject
    verified = "verified" if subject.verified else "not verified"
    tags = ", ".join(one_line(tag, most=40) for tag in subject.tags) or "no tags"
    lines = [
        rich(bold(one_line(subject.display_name)), words(f"  @{one_line(subject.handle)}  {subject.id}")),
        context(f"{number(subject.followers)} followers · {verified} · {tags} · tier {request.tier}"),
    ]
    if found := [*flags(subject.handle), *flags(subject.display_name)]:
        lines.append(context(f"⚠ The name {', '.join(dict.fromkeys(found))}: go by the id."))
    return lines


def _evidence(request: Request) -> list[Block]:
    if request.evidence is None:
        return []
    link = {"type": "link", "url": request.evidence, "text": one_line(request.evidence, most=200)}
    return [rich(words("Evidence: "), link)]


def _progress(request: Request) -> list[Block]:
    """What is still needed and until when, while there is something to decide or to wait for."""
    blocks: list[Block] = []
    if request.state in OPEN and not request.by_policy:
        blocks.append(rich(*_places(request)))
    if request.quorum.extra and request.state is State.PENDING:
        blocks.append(context("The leaver rule binds the requester: one approval more is needed."))
    if request.revised_why and request.state is State.PENDING:
        changed = f"Changed since it was first shown: {one_line(request.revised_why)}. Earlier approvals are void."
        blocks.append(context(changed))
    if request.waits_for and request.state is State.APPROVED:
        blocks.append(context(WAITS[request.waits_for]))
    ends = request.expires_at if request.state is State.PENDING else request.execute_by
    if request.state in OPEN and ends is not None:
        blocks.append(rich(words("Expires "), moment(ends)))
    return blocks


def _places(request: Request) -> list[Element]:
    """“1 of 2: manager ✓ @mona · trust & safety –”."""
    votes = {vote.person: vote for vote in request.approvals}
    approvers = [Approver(person=v.person, groups=frozenset(v.groups), team=v.team) for v in votes.values()]
    seats = request.quorum.seats(approvers)
    filled = sum(seat is not None for seat in seats)
    elements = [bold(f"{filled} of {len(seats)}: ")]
    for place, seat in zip(request.quorum.places, seats, strict=True):
        name = "one more of any" if place == ANY_GROUP else group(place)
        if seat is None:
            elements.append(words(f"{name} –  "))
        else:
            elements += [words(f"{name} ✓ "), user(votes[seat.person].slack_user), words("  ")]
    if request.quorum.different_teams:
        elements.append(words("(from different teams)"))
    return elements


def _end(request: Request) -> list[Block]:
    """Who ended it, why, when, and how long it took; who approved stays on the card."""
    if request.ended_at is None:
        return []
    deny = next((v for v in request.votes if v.choice is Choice.DENY), None)
    who = user(deny.slack_user) if deny else _person(request.ended_by or BOT, None)
    lines = [
        rich(bold(OUTCOMES[request.state].capitalize()), words(" by "), who, words(" · "), moment(request.ended_at))
    ]
    if why := _why(request):
        lines.append(rich(words("Why: "), words(cut(why, REASON_SHOWN))))
    if approvals := request.approvals:
        lines.append(rich(words("Approved by "), *_names(approvals)))
    lines.append(context(f"Took {span(request.ended_at - request.filed_at)} from filing to end."))
    return lines


def _names(votes: tuple[Vote, ...]) -> list[Element]:
    return [element for vote in votes for element in (user(vote.slack_user), words("  "))]


def _why(request: Request) -> str | None:
    match request.state:
        case State.VOID:
            return VOID.get(request.outcome or "", request.outcome)
        case State.EXPIRED:
            return EXPIRY.get(request.outcome or "", request.outcome)
        case State.SUPERSEDED:
            return f"the account is as asked already, by {one_line(request.outcome or 'somebody else')}"
        case State.DENIED | State.FAILED:
            return request.outcome
        case _:
            return None


def _buttons(request: Request) -> list[Block]:
    """Only what can still be done: an ended card bears no button that decides."""
    if request.by_policy or request.state in IN_LANE or request.state is State.DONE:
        return []
    value = f"{request.id} {request.digest}"
    if request.state is State.PENDING:
        buttons = [_approve(request, value), _button("deny", "Deny", value, style="danger"), _withdraw(value)]
    elif request.state is State.APPROVED:
        buttons = [_button("deny", "Deny", value, style="danger"), _withdraw(value)]
    else:
        buttons = [_button("ask_again", "Ask again", value)]
    return [{"type": "actions", "block_id": f"actions:{request.id}", "elements": buttons}]


def _approve(request: Request, value: str) -> dict[str, Any]:
    subject = request.subject
    about = f"{VERBS[request.action]} @{one_line(subject.handle, most=80)}, id {subject.id}? Your approval is recorded."
    confirm = {
        "title": plain_text("Approve?"),
        "text": plain_text(about, most=300),
        "confirm": plain_text("Approve"),
        "deny": plain_text("Back"),
    }
    return {**_button("approve", "Approve", value, style="primary"), "confirm": confirm}


def _withdraw(value: str) -> dict[str, Any]:
    return _button("withdraw", "Withdraw", value)


def _button(action: str, label: str, value: str, *, style: str | None = None) -> dict[str, Any]:
    found = {"type": "button", "action_id": action, "text": plain_text(label), "value": value}
    return {**found, "style": style} if style else found


HAPPENED = {
    IncidentKind.DEACTIVATED: "was deactivated and nobody had approved it",
    IncidentKind.LATE: "was deactivated for a request that had already ended",
    IncidentKind.RESTORED: "was restored and nobody had approved it; ask to deactivate it again if it should be down",
    IncidentKind.DELETED: "was deleted and nobody had approved it; the bot cannot bring it back",
}
UNDOING = {
    IncidentState.OPEN: "being restored",
    IncidentState.RESTORED: "restored",
    IncidentState.OBSERVED: "the guard only observes: nothing was undone",
    IncidentState.LEFT: "left as it is",
    IncidentState.STUCK: "a person has to look",
}


def incident_card(incident: Incident) -> Card:
    """The card of an incident as it now stands."""
    name = f"@{one_line(incident.handle, most=80)} ({incident.account})"
    title = f"Incident: {name} {HAPPENED[incident.kind]}: {UNDOING[incident.state]}"
    actor = words(one_line(incident.actor or "unknown"))
    belongs = [words(" (of the roster: "), bold(one_line(incident.person)), words(")")] if incident.person else []
    when = [words(" · "), moment(incident.at)] if incident.at else []
    blocks = [
        rich(bold(title), block_id=f"incident:{incident.id}"),
        rich(words("By "), actor, *belongs, *when, words(f" · {incident.id}")),
        context(f"Found by the {incident.found_by}; {BECAUSE.get(incident.why, one_line(incident.why))}."),
        *_undone(incident),
        *_acknowledged(incident),
        *_incident_buttons(incident),
    ]
    payload = {"id": incident.id, "state": incident.state.value}
    return Card(blocks=blocks, text=title, metadata={"event_type": "countersign_incident", "event_payload": payload})


def _undone(incident: Incident) -> list[Block]:
    lines: list[Block] = []
    if incident.down_for is not None:
        lines.append(rich(bold(f"Down for {span(incident.down_for)}"), words(f" ({span(TWITTER_2017)} in 2017)")))
    if incident.followers_after is not None:
        before, after = number(incident.followers_before), number(incident.followers_after)
        lines.append(context(f"Followers: {before} before, {after} now."))
    if incident.cause:
        cause = BECAUSE.get(incident.cause, one_line(incident.cause, most=300))
        lines.append(rich(words("Why: "), words(cause)))
    return lines


def _acknowledged(incident: Incident) -> list[Block]:
    if incident.acknowledged_by is None or incident.acknowledged_at is None:
        return []
    who = bold(one_line(incident.acknowledged_by))
    return [rich(words("Acknowledged by "), who, words(" · "), moment(incident.acknowledged_at))]


def _incident_buttons(incident: Incident) -> list[Block]:
    value = f"{incident.id} {hashlib.sha256(incident.id.encode()).hexdigest()}"
    buttons = []
    if incident.state is IncidentState.OBSERVED:
        buttons.append(_button("restore", "Restore", value, style="primary"))
    if incident.acknowledged_by is None:
        buttons.append(_button("acknowledge", "Acknowledge", value))
    return [{"type": "actions", "block_id": f"actions:{incident.id}", "elements": buttons}] if buttons else []
