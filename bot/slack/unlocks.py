"""`/countersign reinstate` and `/countersign release`, and their buttons: ask for what the guard has locked."""

import json
import logging
from dataclasses import dataclass

from slack_sdk.errors import SlackClientError

from bot.core.asking import REASON_MAX, REASON_MIN
from bot.core.latching import SWEEP
from bot.core.refusal import Refusal
from bot.core.request import Action, Request
from bot.core.unlocking import KEPT_OUT, may_unlock, tier_for
from bot.flows.submit import RECORDED
from bot.flows.unlock import ask_unlocking, is_locked
from bot.slack.acts import Submission
from bot.slack.call import Call
from bot.slack.language import N_, Language
from bot.slack.modals import View, evidence_input, input_block, reason_input
from bot.slack.text import Block, bold, code, context, one_line, plain_text, rich, words
from bot.slack.wording import ASKED, FOLLOWS, needs, tier_name

log = logging.getLogger(__name__)

TITLES = {Action.REINSTATE: N_("Reinstate an actor"), Action.RELEASE: N_("Release the sweep")}
"""At most 24 characters, in every language."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked for, and what the form holds already."""

    action: Action
    subject: str
    reason: str
    evidence: str = ""


def asked_in(text: str) -> Asked | None:
    """What a subcommand asks for; None where it is another one."""
    word, _, rest = text.strip().partition(" ")
    if word.lower() == Action.RELEASE.value:
        return Asked(action=Action.RELEASE, subject=SWEEP, reason=rest.strip())
    if word.lower() != Action.REINSTATE.value:
        return None
    actor, _, reason = rest.strip().partition(" ")
    return Asked(action=Action.REINSTATE, subject=actor, reason=reason.strip())


def asked_before(request: Request) -> Asked:
    """The same once more."""
    evidence = request.evidence or ""
    return Asked(action=request.action, subject=request.subject.id, reason=request.reason, evidence=evidence)


async def may_not_ask(call: Call, user: str, asked: Asked) -> Refusal | None:
    """What is known before anything is typed. Of who may not ask at all it leaves a `refused` entry."""
    policy = call.world.policy
    refusal = may_unlock(policy, policy.person_of_slack(user), call.world.now())
    if refusal is not None:
        await call.note(refusal, user=user)
        return refusal
    locked = await call.world.ledger.read(lambda view: is_locked(view, asked.action, asked.subject))
    return None if locked else Refusal(why=KEPT_OUT[asked.action])


async def open_form(call: Call, asked: Asked, *, user: str, trigger_id: str) -> bool:
    """Everything is known already, so the form is opened as it is. False where Slack did not open it."""
    lang = await call.language_of(user)
    try:
        form = unlock_form(lang, asked, demands=_demands(call, lang, user))
        await call.client.views_open(trigger_id=trigger_id, view=form)
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not open the form: %s", type(error).__name__)
        return False
    return True


def _demands(call: Call, lang: Language, user: str) -> str:
    """What it would take, as a sentence."""
    policy = call.world.policy
    person, tier = policy.person_of_slack(user), tier_for(policy)
    assert person is not None, "whom the roster does not know was refused"
    quorum = policy.quorum_of(tier, requester=person, at=call.world.now())
    text = N_("Tier {tier}: needs {approvals}.")
    return lang.say(text, tier=tier_name(lang, tier.name), approvals=needs(lang, quorum))


def unlock_form(lang: Language, asked: Asked, *, demands: str) -> View:
    typed = {"reason": asked.reason, "evidence": asked.evidence}
    actor = one_line(asked.subject, most=100)
    about = rich(bold(lang.say(ASKED[asked.action], actor=actor)), words("  "), code(actor))
    hint = lang.say("{least} to {most} characters.", least=REASON_MIN, most=REASON_MAX)
    inputs: list[Block] = [
        input_block("reason", lang.say("Reason, for those who decide"), reason_input(typed), hint=hint),
        input_block("evidence", lang.say("Evidence (a link)"), evidence_input(typed), optional=True),
    ]
    return {
        "type": "modal",
        "callback_id": "submit_request",
        "title": plain_text(lang.say(TITLES[asked.action])),
        "submit": plain_text(lang.say("Ask for approval")),
        "close": plain_text(lang.say("Cancel")),
        "private_metadata": json.dumps({"action": asked.action.value, "id": asked.subject}),
        "blocks": [about, context(lang.say(FOLLOWS[asked.action])), context(demands), *inputs],
    }


async def submitted(call: Call, form: Submission, action: Action, *, identity_known: bool) -> None:
    """File what the form asks for, or show the field at fault."""
    outcome = await call.recorded(
        ask_unlocking(
            call.world,
            action=action,
            subject=str(form.metadata.get("id") or ""),
            reason=form.text("reason"),
            evidence=form.text("evidence") or None,
            slack_user=form.user,
            identity_known=identity_known,
            replay=call.door.key,
        ),
        wrote=lambda filed: not isinstance(filed, Refusal) or filed.why in RECORDED,
    )
    if isinstance(outcome, Refusal):
        await call.at_field(form, outcome)
        return
    await call.ack()
