"""The slash commands, the message shortcut and the form they open."""

import logging
import re
from typing import Any

from slack_sdk.errors import SlackClientError

from bot.core.account import Account
from bot.core.filing import Draft, already_so, may_ask
from bot.core.overlay import RuleVerb
from bot.core.policy import Tier
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.request import ACTIONS, About, Action
from bot.flows.submit import RECORDED, Facts, look_up, submit
from bot.slack import rules, unlocks
from bot.slack.acts import Command, Submission
from bot.slack.call import Call, inert
from bot.slack.language import Language
from bot.slack.modals import looking_up, submit_request
from bot.slack.opening import draw_in, facts_of
from bot.slack.sentences import refusal_sentence
from bot.slack.status import Asked

log = logging.getLogger(__name__)

HANDLE_IN_TEXT = re.compile(r"@([\w.\-]{1,80})|https?://[^\s<>|]+/@?([\w.\-]{1,80})/?(?=[\s<>|]|$)")


async def deactivate(call: Call) -> None:
    await _ask(call, Action.DEACTIVATE)


async def restore(call: Call) -> None:
    await _ask(call, Action.RESTORE)


async def _ask(call: Call, action: Action) -> None:
    """Open the form at once, then say in it who the account really is."""
    command = Command.parse(call.body)
    if refusal := await may_not_ask(call, user=command.user, team=command.team):
        await _answered(call, command, refusal)
        return
    await call.ack()
    handle, reason = command.words
    typed = {"reason": reason}
    if not await open_form(call, action, handle, user=command.user, typed=typed, trigger_id=command.trigger_id):
        await _not_opened(call, command, f"/{action.value} {command.text}".strip())


async def _answered(call: Call, command: Command, refusal: Refusal) -> None:
    lang = await call.language_of(command.user)
    await call.ack(**inert(refusal_sentence(lang, refusal)), response_type="ephemeral")


async def _not_opened(call: Call, command: Command, again: str) -> None:
    """Slack took no form: give back what was typed."""
    lang = await call.language_of(command.user)
    sentence = refusal_sentence(lang, Refusal(why=Why.SLACK_AWAY))
    text = lang.say("{sentence} To copy: {command}", sentence=sentence, command=again)
    await call.respond(command.response_url, inert(text))


async def may_not_ask(call: Call, *, user: str, team: str) -> Refusal | None:
    """What is known without a look-up: a stranger gets no form. It leaves a `refused` entry."""
    if refusal := await call.barred(user, team):
        return refusal
    policy = call.world.policy
    refusal = may_ask(policy, policy.person_of_slack(user), call.world.now())
    if refusal is not None:
        await call.note(refusal, user=user)
    return refusal


async def open_form(
    call: Call, action: Action, handle: str, *, user: str, typed: dict[str, str], trigger_id: str
) -> bool:
    """Open the form, then look the account up and draw it in. False where Slack did not open it."""
    lang = await call.language_of(user)
    try:
        opened = await call.client.views_open(trigger_id=trigger_id, view=looking_up(lang, action, handle))
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not open the form: %s", type(error).__name__)
        return False
    found = await facts_of(call, action, handle, user)
    await draw_in(call, opened["view"], _form(call, lang, action, found, {**typed, "handle": handle}))
    return True


def _form(call: Call, lang: Language, action: Action, found: Facts | Refusal, typed: dict[str, str]) -> dict[str, Any]:
    """The form with the account's facts, or with what stands against them; never without what was typed."""
    account: Account | None = None
    tier: Tier | None = None
    quorum: Quorum | None = None
    notice: str | None = None
    emergency = False
    if isinstance(found, Facts):
        account, tier, quorum, emergency = found.account, found.tier, found.quorum, found.may_act_first
        if already := already_so(action, account):
            notice = refusal_sentence(lang, already)
    elif found.why is not Why.HANDLE_EMPTY:
        notice = refusal_sentence(lang, found)
    return submit_request(
        lang,
        action,
        policy=call.world.policy,
        account=account,
        tier=tier,
        quorum=quorum,
        typed=typed,
        notice=notice,
        emergency=emergency,
    )


async def submitted(call: Call) -> None:
    """File what the form holds, or show the field at fault; what was typed is never lost."""
    form = Submission.parse(call.body)
    if refusal := await call.barred(form.user, form.team):
        await call.at_field(form, refusal)
        return
    if call.world.status.draining:
        await call.at_field(form, Refusal(why=Why.DRAINING))
        return
    try:
        action = Action(form.metadata.get("action", ""))
    except ValueError:
        await call.at_field(form, Refusal(why=Why.UNKNOWN_REQUEST))
        return
    standing = await call.standing_of(form.user, form.team)
    match ACTIONS[action].about:
        case About.ACCOUNT:
            await _about_account(call, form, action, identity_known=standing.known)
        case About.RULES:
            await rules.submitted(call, form, identity_known=standing.known)
        case About.ACTOR | About.LATCH:
            await unlocks.submitted(call, form, action, identity_known=standing.known)


async def _about_account(call: Call, form: Submission, action: Action, *, identity_known: bool) -> None:
    """File it for the account that was shown; another one is shown first."""
    asked = look_up(call.world, action=action, handle=form.text("handle"), slack_user=form.user)
    found = await call.looked_up(asked)
    if isinstance(found, Refusal):
        await call.at_field(form, found)
        return
    unconfirmed = found.tier.confirm_handle and "confirm_handle" not in form.inputs
    # nobody else looks before an emergency is carried out: its author has to have seen just what is there
    changed = "emergency" in form.ticked and form.metadata.get("etag") != found.account.etag
    if form.metadata.get("id") != found.account.id or unconfirmed or changed:
        lang = await call.language_of(form.user)
        await call.ack(response_action="update", view=_form(call, lang, action, found, _typed(form)))
        return
    outcome = await call.recorded(
        submit(
            call.world,
            draft=_draft(form, action),
            account=found.account,
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


def _draft(form: Submission, action: Action) -> Draft:
    return Draft(
        action=action,
        category=form.text("category"),
        reason=form.text("reason"),
        evidence=form.text("evidence") or None,
        confirm_handle=form.text("confirm_handle") or None,
        emergency="emergency" in form.ticked,
    )


def _typed(form: Submission) -> dict[str, str]:
    ticked = dict.fromkeys(form.ticked, "ticked")
    return {**ticked, **{name: value for name, value in form.values.items() if value}}


async def request_deactivation(call: Call) -> None:
    """The message shortcut: the handle or link in the message fills the form."""
    text = str(call.body.get("message", {}).get("text") or "")
    found = HANDLE_IN_TEXT.search(text)
    handle = (found[1] or found[2]) if found else ""
    user, team = call.body["user"]["id"], call.body["user"].get("team_id") or call.body["team"]["id"]
    command = Command(
        user=user, team=team, text=handle, trigger_id=call.body["trigger_id"], response_url=call.body["response_url"]
    )
    refusal = await may_not_ask(call, user=user, team=team)
    await call.ack()
    if refusal is not None:
        await call.refuse(refusal, channel=call.body.get("channel", {}).get("id"), user=user)
        return
    if not await open_form(call, Action.DEACTIVATE, handle, user=user, typed={}, trigger_id=command.trigger_id):
        await _not_opened(call, command, f"/deactivate @{handle}")


async def countersign(call: Call) -> None:
    """Help, what is pending, an account's history, the guard: looked up after Slack has its answer."""
    command = Command.parse(call.body)
    if refusal := await outsider(call, user=command.user, team=command.team):
        await _answered(call, command, refusal)
        return
    if change := rules.verb_of(command.text):
        await _change(call, command, *change)
        return
    if wanted := unlocks.asked_in(command.text):
        await _unlock(call, command, wanted)
        return
    await call.ack()
    word, rest = command.words
    lang = await call.language_of(command.user)
    asked = Asked(world=call.world, lang=lang, link_to=call.workspace.link_to)
    answer = await asked.answer(word.lower(), rest)
    await call.respond(command.response_url, {"text": answer.text, "blocks": answer.blocks})


async def _change(call: Call, command: Command, verb: RuleVerb, rest: str) -> None:
    """Ask for a change of the bot's own rules."""
    if refusal := rules.may_not_change(call, command.user):
        await call.note(refusal, user=command.user)
        await _answered(call, command, refusal)
        return
    await call.ack()
    if not await rules.ask(call, command, verb, rest):
        await _not_opened(call, command, f"/countersign {command.text}".strip())


async def _unlock(call: Call, command: Command, asked: unlocks.Asked) -> None:
    """Ask for an actor to be reinstated, or for the sweep to be released."""
    if refusal := await unlocks.may_not_ask(call, command.user, asked):
        await _answered(call, command, refusal)
        return
    await call.ack()
    if not await unlocks.open_form(call, asked, user=command.user, trigger_id=command.trigger_id):
        await _not_opened(call, command, f"/countersign {command.text}".strip())


async def outsider(call: Call, *, user: str, team: str) -> Refusal | None:
    """Only people of the roster are told what is pending on whom; whoever has left is none of them."""
    if refusal := await call.barred(user, team):
        return refusal
    policy = call.world.policy
    person = policy.person_of_slack(user)
    if person is not None and not policy.gone(person, call.world.now()):
        return None
    refusal = Refusal(why=Why.NOT_ROSTERED if person is None else Why.PAST_LAST_DAY)
    await call.note(refusal, user=user)
    return refusal
