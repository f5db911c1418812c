"""The incident's card: like the request's, a pure function of the record."""

import hashlib

from bot.core.digest import TWITTER_2017
from bot.core.incident import Incident, IncidentState
from bot.core.watching import DOWN_AGAIN
from bot.slack.cards import Card, named
from bot.slack.incident_actor import actor_buttons, actor_lines
from bot.slack.incident_counts import counts
from bot.slack.incident_report import cause_line
from bot.slack.language import N_, Language
from bot.slack.sentences import because
from bot.slack.subjects import name_warning
from bot.slack.text import Block, Element, bold, button, code, context, header, moment, one_line, rich, unmarked, words
from bot.slack.wording import HAPPENED, LEFT, NOT_UNDONE, UNDOING, why_failed

FOUND_BY = {"feed": N_("Found by the feed: {why}."), "sweep": N_("Found by the sweep: {why}.")}
UNDONE_BY = {"others": N_("somebody else"), "countersign": "Countersign"}


def incident_card(lang: Language, incident: Incident) -> Card:
    """The card of an incident as it now stands."""
    title = lang.say(HAPPENED[incident.kind], account=f"@{one_line(incident.handle, most=80)}")
    why = because(lang, incident.why)
    blocks = [
        header(title, block_id=f"incident:{incident.id}"),
        rich(bold(_status(lang, incident))),
        rich(
            bold(one_line(incident.display_name)),
            words(f"  @{one_line(incident.handle, most=80)}  "),
            code(one_line(incident.account, most=100)),
        ),
        *name_warning(lang, incident.handle, incident.display_name),
        rich(*_actor(lang, incident), words(" · "), *_when(lang, incident)),
        context(lang.say(FOUND_BY.get(incident.found_by, FOUND_BY["sweep"]), why=why)),
        *_undone(lang, incident),
        *actor_lines(lang, incident),
        *cause_line(lang, incident),
        *_acknowledged(lang, incident),
        *_buttons(lang, incident),
        context(incident.id),
    ]
    payload = {"id": incident.id, "state": incident.state.value}
    metadata = {"event_type": "countersign_incident", "event_payload": payload}
    return Card(blocks=blocks, text=incident_called(lang, incident), metadata=metadata)


def incident_called(lang: Language, incident: Incident) -> str:
    """The incident in one sentence that Slack may parse."""
    account = unmarked(incident.handle, unmarked(incident.account, lang.say("an account")))
    happened = lang.say(HAPPENED[incident.kind], account=account)
    return f"{named(lang, incident.id, happened)}. {_status(lang, incident)}"


def _status(lang: Language, incident: Incident) -> str:
    if incident.state is IncidentState.STUCK and incident.kind in NOT_UNDONE:
        return lang.say(NOT_UNDONE[incident.kind])
    return lang.say(UNDOING[incident.state])


def _actor(lang: Language, incident: Incident) -> list[Element]:
    actor = bold(one_line(incident.actor, most=100) if incident.actor else lang.say("unknown"))
    if incident.person is None:
        return lang.line("By {actor}", actor=actor)
    return lang.line("By {actor} ({person})", actor=actor, person=bold(one_line(incident.person, most=100)))


def _when(lang: Language, incident: Incident) -> list[Element]:
    if incident.at is None:
        return lang.line("the platform does not say when; found {when}", when=moment(incident.seen_at))
    return [moment(incident.at)]


def _undone(lang: Language, incident: Incident) -> list[Block]:
    lines: list[Block] = []
    if incident.down_for is not None:
        down = bold(lang.say("Down for {span}", span=lang.span(incident.down_for)))
        beside = words(" " + lang.say("({span} in 2017)", span=lang.span(TWITTER_2017)))
        lines.append(rich(down, beside, *_by(lang, incident)))
    elif incident.restored_at is not None:
        since = lang.line("Active since {when}", when=moment(incident.restored_at))
        lines.append(rich(*since, *_by(lang, incident)))
    lines += counts(lang, incident)
    if incident.cause and incident.cause != DOWN_AGAIN:
        lines.append(rich(words(lang.say("Why: {why}", why=_cause(lang, incident.cause)))))
    return lines


def _by(lang: Language, incident: Incident) -> list[Element]:
    by = incident.restored_by
    if not by:
        return []
    name = lang.say(UNDONE_BY[by]) if by in UNDONE_BY else one_line(by, most=100)
    return [words(" · "), words(lang.say("restored by {who}", who=name))]


def _cause(lang: Language, cause: str) -> str:
    return lang.say(LEFT[cause]) if cause in LEFT else why_failed(lang, cause)


def _acknowledged(lang: Language, incident: Incident) -> list[Block]:
    if incident.acknowledged_by is None or incident.acknowledged_at is None:
        return []
    by = bold(one_line(incident.acknowledged_by, most=100))
    return [rich(*lang.line("Acknowledged by {who} · {when}", who=by, when=moment(incident.acknowledged_at)))]


def _buttons(lang: Language, incident: Incident) -> list[Block]:
    """The value's second half only gives it a request's form: an incident's buttons bind nothing that is shown."""
    value = f"{incident.id} {hashlib.sha256(incident.id.encode()).hexdigest()}"
    buttons = []
    if incident.state is IncidentState.OBSERVED:
        buttons.append(button("restore", lang.say("Restore"), value, style="primary"))
    if incident.state is IncidentState.LOST:
        buttons.append(button("watch_on", lang.say("Watch again"), value))
    buttons += actor_buttons(lang, incident, value)
    if incident.acknowledged_by is None:
        buttons.append(button("acknowledge", lang.say("Acknowledge"), value))
    buttons.append(button("incident_report", lang.say("Incident report"), value))
    return [{"type": "actions", "block_id": f"actions:{incident.id}", "elements": buttons}]
