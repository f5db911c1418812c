"""The incident's card: like the request's, a pure function of the record."""

import hashlib

from bot.core.digest import TWITTER_2017
from bot.core.incident import Incident, IncidentState
from bot.slack.cards import Card, name_warning
from bot.slack.sentences import because
from bot.slack.text import (
    Block,
    Element,
    bold,
    button,
    code,
    context,
    header,
    moment,
    number,
    one_line,
    rich,
    span,
    unmarked,
    words,
)
from bot.slack.wording import HAPPENED, LEFT, NOT_UNDONE, UNDOING

UNDONE_BY = {"others": "somebody else", "countersign": "Countersign"}


def incident_card(incident: Incident) -> Card:
    """The card of an incident as it now stands."""
    title = f"@{one_line(incident.handle, most=80)} {HAPPENED[incident.kind]}"
    blocks = [
        header(title, block_id=f"incident:{incident.id}"),
        rich(bold(_status(incident))),
        rich(
            bold(one_line(incident.display_name)),
            words(f"  @{one_line(incident.handle, most=80)}  "),
            code(one_line(incident.account, most=100)),
        ),
        *name_warning(incident.handle, incident.display_name),
        rich(*_actor(incident), words(" · "), *_when(incident)),
        context(f"Found by the {incident.found_by}: {because(incident.why)}."),
        *_undone(incident),
        *_acknowledged(incident),
        *_buttons(incident),
        context(incident.id),
    ]
    payload = {"id": incident.id, "state": incident.state.value}
    metadata = {"event_type": "countersign_incident", "event_payload": payload}
    return Card(blocks=blocks, text=incident_called(incident), metadata=metadata)


def incident_called(incident: Incident) -> str:
    """The incident in one sentence that Slack may parse."""
    account = unmarked(incident.handle, unmarked(incident.account, "an account"))
    return f"{incident.id}: {account} {HAPPENED[incident.kind]}. {_status(incident)}"


def _status(incident: Incident) -> str:
    if incident.state is IncidentState.STUCK and incident.kind in NOT_UNDONE:
        return NOT_UNDONE[incident.kind]
    return UNDOING[incident.state]


def _actor(incident: Incident) -> list[Element]:
    actor = bold(one_line(incident.actor, most=100) if incident.actor else "unknown")
    belongs = [words(", of "), bold(one_line(incident.person, most=100))] if incident.person else []
    return [words("By "), actor, *belongs]


def _when(incident: Incident) -> list[Element]:
    if incident.at is None:
        return [words("the platform does not say when; found "), moment(incident.seen_at)]
    return [moment(incident.at)]


def _undone(incident: Incident) -> list[Block]:
    lines: list[Block] = []
    if incident.down_for is not None:
        down = bold(f"Down for {span(incident.down_for)}")
        lines.append(rich(down, words(f" ({span(TWITTER_2017).replace(' min', ' minutes')} in 2017)"), *_by(incident)))
    elif incident.restored_at is not None:
        lines.append(rich(words("Active since "), moment(incident.restored_at), *_by(incident)))
    if incident.followers_before is not None or incident.followers_after is not None:
        after = f", {number(incident.followers_after)} after" if incident.restored_at is not None else ""
        lines.append(context(f"Followers: {number(incident.followers_before)} before{after}."))
    if incident.cause:
        lines.append(rich(words(f"Why: {_cause(incident.cause)}")))
    return lines


def _by(incident: Incident) -> list[Element]:
    by = incident.restored_by
    return [words(f" · restored by {UNDONE_BY.get(by) or one_line(by, most=100)}")] if by else []


def _cause(cause: str) -> str:
    return LEFT.get(cause) or because(cause)


def _acknowledged(incident: Incident) -> list[Block]:
    if incident.acknowledged_by is None or incident.acknowledged_at is None:
        return []
    by = bold(one_line(incident.acknowledged_by, most=100))
    return [rich(words("Acknowledged by "), by, words(" · "), moment(incident.acknowledged_at))]


def _buttons(incident: Incident) -> list[Block]:
    """The value's second half only gives it a request's form: an incident's buttons bind nothing that is shown."""
    value = f"{incident.id} {hashlib.sha256(incident.id.encode()).hexdigest()}"
    buttons = []
    if incident.state is IncidentState.OBSERVED:
        buttons.append(button("restore", "Restore", value, style="primary"))
    if incident.acknowledged_by is None:
        buttons.append(button("acknowledge", "Acknowledge", value))
    return [{"type": "actions", "block_id": f"actions:{incident.id}", "elements": buttons}] if buttons else []
