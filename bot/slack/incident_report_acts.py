"""Open an incident's report, and take the cause that is set in it."""

import logging

from slack_sdk.errors import SlackClientError

from bot.core.errors import LedgerAway
from bot.core.incident_report import Report
from bot.core.refusal import Refusal, Why
from bot.flows.establish import against, establish
from bot.flows.report import report_of
from bot.ports import View
from bot.slack.acts import Submission
from bot.slack.call import Call
from bot.slack.incident_report_form import cause_of, not_there, opening, report_form
from bot.slack.language import Language
from bot.slack.opening import draw_in
from bot.slack.sentences import refusal_sentence

log = logging.getLogger(__name__)


async def open_report(call: Call, incident: str, *, user: str, trigger_id: str) -> bool:
    """Open the modal, then draw the report in. False where Slack did not open it."""
    lang = await call.language_of(user)
    try:
        opened = await call.client.views_open(trigger_id=trigger_id, view=opening(lang))
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not open the report: %s", type(error).__name__)
        return False
    await draw_in(call, opened["view"], await _drawn(call, lang, incident, user))
    return True


async def _drawn(call: Call, lang: Language, incident: str, user: str) -> dict[str, object]:
    def read(view: View) -> tuple[Report | None, Refusal | None]:
        return report_of(view, incident), against(call.world, view, incident, user)

    try:
        report, no = await call.world.ledger.read(read, long=True)
    except LedgerAway:
        return not_there(lang, Refusal(why=Why.LEDGER_AWAY))
    if report is None:
        return not_there(lang, Refusal(why=Why.UNKNOWN_INCIDENT))
    return report_form(lang, report, against=no)


async def established(call: Call) -> None:
    """Put the cause on record and draw the report with it: the drafts are others now."""
    form = Submission.parse(call.body)
    if refusal := await call.barred(form.user, form.team):
        await _at_cause(call, form, refusal)
        return
    incident = str(form.metadata.get("id"))
    try:
        cause, shown = cause_of(form.values.get("cause")), cause_of(form.metadata.get("shown"))
    except ValueError:
        await _at_cause(call, form, Refusal(why=Why.UNKNOWN_INCIDENT))
        return
    outcome = await call.recorded(
        establish(call.world, incident=incident, cause=cause, shown=shown, slack_user=form.user, replay=call.door.key)
    )
    if isinstance(outcome, Refusal):
        await _at_cause(call, form, outcome)
        return
    lang = await call.language_of(form.user)
    await call.ack(response_action="update", view=await _drawn(call, lang, incident, form.user))


async def _at_cause(call: Call, form: Submission, refusal: Refusal) -> None:
    lang = await call.language_of(form.user)
    await call.ack(response_action="errors", errors={"cause": refusal_sentence(lang, refusal)})
