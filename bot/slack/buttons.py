"""The buttons of cards and of the Home, and the form a deny opens."""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from slack_sdk.errors import SlackClientError

from bot.core.errors import LedgerAway
from bot.core.latching import SWEEP
from bot.core.refusal import Refusal, Why
from bot.core.request import Action, Choice, Request
from bot.core.transition import Change
from bot.flows.acknowledge import acknowledge as acknowledge_incident
from bot.flows.decide import Counted, decide, preview, take_back
from bot.flows.show import seen_at
from bot.flows.watch_on import watch_on as watch_counts_on
from bot.flows.world import World
from bot.slack import home_tab, rules, unlocks
from bot.slack.acts import Click, Submission
from bot.slack.call import Call
from bot.slack.cards import named as named_in
from bot.slack.commands import may_not_ask, open_form, outsider
from bot.slack.incident_report_acts import open_report
from bot.slack.language import N_, Language
from bot.slack.modals import deny_request
from bot.slack.notices import counted, withdrawn
from bot.slack.sentences import refusal_sentence

log = logging.getLogger(__name__)


class DecideOn(Protocol):
    """A flow that decides of one incident."""

    def __call__(
        self, world: World, /, *, incident: str, slack_user: str, replay: str | None
    ) -> Awaitable[Change | Refusal]: ...


async def approve(call: Call) -> None:
    """Record the approval before Slack hears that the click arrived."""
    click = Click.parse(call.body)
    named = await _named(call, click)
    if named is None:
        return
    outcome = await call.recorded(
        decide(
            call.world,
            request=named.id,
            slack_user=click.user,
            choice=Choice.APPROVE,
            digest=named.digest,
            identity_known=named.identity_known,
            reason=None,
            replay=call.door.key,
        )
    )
    await call.ack()
    if isinstance(outcome, Counted):
        lang = await call.language_of(click.user)
        text = counted(lang, outcome.request, outcome.missing, slack_user=click.user)
        await _said(call, click, lang, named.id, text)
    else:
        await call.refuse(outcome, channel=click.channel, user=click.user)
    if click.on_home:
        await home_tab.redrawn(call, click.user)


async def deny(call: Call) -> None:
    """Ask for the reason; who could not deny anyway is told so instead."""
    click = Click.parse(call.body)
    named = await _named(call, click)
    if named is None:
        return
    found = await call.recorded(
        preview(
            call.world,
            request=named.id,
            slack_user=click.user,
            choice=Choice.DENY,
            digest=named.digest,
            identity_known=named.identity_known,
            replay=call.door.key,
        ),
        wrote=lambda outcome: isinstance(outcome, Refusal),
    )
    await call.ack()
    if isinstance(found, Refusal):
        await call.refuse(found, channel=click.channel, user=click.user)
        return
    try:
        lang = await call.language_of(click.user)
        form = deny_request(lang, found, digest=named.digest, on_home=click.on_home)
        await call.client.views_open(trigger_id=click.trigger_id, view=form)
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not ask for the reason: %s", type(error).__name__)
        await call.refuse(Refusal(why=Why.SLACK_AWAY), channel=click.channel, user=click.user)


async def denied(call: Call) -> None:
    """The deny itself, with its reason."""
    form = Submission.parse(call.body)
    standing = await call.standing_of(form.user, form.team)
    if refusal := await call.barred(form.user, form.team):
        await _at_reason(call, form, refusal)
        return
    outcome = await call.recorded(
        decide(
            call.world,
            request=str(form.metadata.get("id")),
            slack_user=form.user,
            choice=Choice.DENY,
            digest=str(form.metadata.get("digest")),
            identity_known=standing.known,
            reason=form.text("reason"),
            replay=call.door.key,
        )
    )
    if isinstance(outcome, Refusal):
        await _at_reason(call, form, outcome)
        return
    await call.ack()
    if form.metadata.get("home"):
        await home_tab.redrawn(call, form.user)


async def _at_reason(call: Call, form: Submission, refusal: Refusal) -> None:
    lang = await call.language_of(form.user)
    await call.ack(response_action="errors", errors={"reason": refusal_sentence(lang, refusal)})


async def withdraw(call: Call) -> None:
    click = Click.parse(call.body)
    named = await _named(call, click, direct=True)
    if named is None:
        return
    outcome = await call.recorded(take_back(call.world, request=named.id, slack_user=click.user, replay=call.door.key))
    await call.ack()
    if isinstance(outcome, Refusal):
        await call.refuse(outcome, channel=click.channel, user=click.user)
    else:
        lang = await call.language_of(click.user)
        await _said(call, click, lang, named.id, withdrawn(lang, outcome.transitions[0].after))
    if click.on_home:
        await home_tab.redrawn(call, click.user)


async def acknowledge(call: Call) -> None:
    await _on_incident(call, acknowledge_incident, N_("Acknowledged; the card says by whom."))


async def watch_on(call: Call) -> None:
    """The button of an incident whose counts did not come back: look at them again."""
    await _on_incident(call, watch_counts_on, N_("Its counts are watched again; the card says where they stand."))


async def _on_incident(call: Call, decide_on: DecideOn, text: str) -> None:
    """Record what the click decides of the incident, then say `text`, or what stands against it."""
    click = Click.parse(call.body)
    named = await _named(call, click)
    if named is None:
        return
    deciding = decide_on(call.world, incident=named.id, slack_user=click.user, replay=call.door.key)
    outcome = await call.recorded(deciding)
    await call.ack()
    if isinstance(outcome, Refusal):
        await call.refuse(outcome, channel=click.channel, user=click.user)
    else:
        lang = await call.language_of(click.user)
        await call.whisper(channel=click.channel, user=click.user, text=lang.say(text))


async def incident_report(call: Call) -> None:
    """Show what is known of an incident to a person of the roster."""
    click = Click.parse(call.body)
    named = await _named(call, click)
    if named is None:
        return
    refusal = await outsider(call, user=click.user, team=click.team)
    await call.ack()
    if refusal is None and not await open_report(call, named.id, user=click.user, trigger_id=click.trigger_id):
        refusal = Refusal(why=Why.SLACK_AWAY)
    if refusal is not None:
        await call.refuse(refusal, channel=click.channel, user=click.user)


async def ask_again(call: Call) -> None:
    """Open the form filled in with what an ended request held."""
    click = Click.parse(call.body)
    named = await _named(call, click, direct=True)
    if named is None:
        return
    request = await call.world.ledger.read(lambda view: view.request(named.id))
    if request is not None and request.of_the_rules:
        await _change_again(call, click, request)
        return
    if request is not None and not request.of_an_account:
        await _unlock(call, click, unlocks.asked_before(request))
        return
    if not await _may_ask(call, click):
        return
    if request is None:
        await call.refuse(Refusal(why=Why.UNKNOWN_REQUEST), channel=click.channel, user=click.user)
        return
    typed = {"reason": request.reason, "category": request.category, "evidence": request.evidence or ""}
    await _form(call, click, request.action, request.subject.id, typed)


async def _change_again(call: Call, click: Click, request: Request) -> None:
    refusal = rules.may_not_change(call, click.user)
    await call.ack()
    opened = refusal is None and await rules.ask_again(call, request, user=click.user, trigger_id=click.trigger_id)
    if not opened:
        await call.refuse(refusal or Refusal(why=Why.SLACK_AWAY), channel=click.channel, user=click.user)


async def reinstate(call: Call) -> None:
    """The button of an incident whose actor is locked out."""
    click = Click.parse(call.body)
    named = await _named(call, click)
    if named is None:
        return
    incident = await call.world.ledger.read(lambda view: view.incident(named.id))
    subject = incident.actor if incident is not None else None
    reason = (await call.language_of(click.user)).say("Incident {incident}: ", incident=named.id)
    await _unlock(call, click, unlocks.Asked(action=Action.REINSTATE, subject=subject or "", reason=reason))


async def release(call: Call) -> None:
    """The button of the notice that a sweep was latched."""
    click = Click.parse(call.body)
    if await _named(call, click) is not None:
        await _unlock(call, click, unlocks.Asked(action=Action.RELEASE, subject=SWEEP, reason=""))


async def _unlock(call: Call, click: Click, asked: unlocks.Asked) -> None:
    """Open the form; who may not ask, or asks for what is not locked, is told so instead."""
    refusal = await unlocks.may_not_ask(call, click.user, asked)
    await call.ack()
    if refusal is None and not await unlocks.open_form(call, asked, user=click.user, trigger_id=click.trigger_id):
        refusal = Refusal(why=Why.SLACK_AWAY)
    if refusal is not None:
        await call.refuse(refusal, channel=click.channel, user=click.user)


async def restore(call: Call) -> None:
    """The button of an incident that was only observed: ask for the restore like anybody would."""
    click = Click.parse(call.body)
    named = await _named(call, click)
    if named is None:
        return
    if not await _may_ask(call, click):
        return
    incident = await call.world.ledger.read(lambda view: view.incident(named.id))
    if incident is None:
        await call.refuse(Refusal(why=Why.UNKNOWN_INCIDENT), channel=click.channel, user=click.user)
        return
    lang = await call.language_of(click.user)
    reason = lang.say("Incident {incident}: ", incident=incident.id)
    await _form(call, click, Action.RESTORE, incident.account, {"reason": reason})


async def _may_ask(call: Call, click: Click) -> bool:
    """Acknowledge a button that opens the form; who may not ask is told so instead."""
    refusal = await may_not_ask(call, user=click.user, team=click.team)
    await call.ack()
    if refusal is not None:
        await call.refuse(refusal, channel=click.channel, user=click.user)
    return refusal is None


async def _said(call: Call, click: Click, lang: Language, request: str, text: str) -> None:
    """Confirm a click to its person alone; where no card stands above it, it names the request."""
    told = text if click.channel and not click.channel.startswith("D") else named_in(lang, request, text)
    await call.whisper(channel=click.channel, user=click.user, text=told)


async def _form(call: Call, click: Click, action: Action, handle: str, typed: dict[str, str]) -> None:
    if not await open_form(call, action, handle, user=click.user, typed=typed, trigger_id=click.trigger_id):
        await call.refuse(Refusal(why=Why.SLACK_AWAY), channel=click.channel, user=click.user)


async def unknown(call: Call) -> None:
    """A button that this version does not know: never silence."""
    click = Click.parse(call.body)
    await call.ack()
    if not _links_only(call):
        await call.refuse(Refusal(why=Why.UNKNOWN_REQUEST), channel=click.channel, user=click.user)


async def of_two_cards(call: Call) -> None:
    """After a lost answer a card stands twice, and both work: once one is used, the newer is kept."""
    if call.body.get("type") != "block_actions":
        return
    click = Click.parse(call.body)
    if click.card is None or click.channel != call.world.channel:
        return
    record, ts = click.card
    try:
        await seen_at(call.world, record, channel=click.channel, ts=ts)
    except LedgerAway:
        log.warning("whether the card of %s stands twice is left to its next click", record)


def _links_only(call: Call) -> bool:
    """A button that opens a link is told of as well and asks for nothing."""
    return bool(call.body["actions"][0].get("url"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """What a button names, and whether Slack has just said that a member pressed it."""

    id: str
    digest: str
    identity_known: bool


async def _named(call: Call, click: Click, *, direct: bool = False) -> _Named | None:
    """What the button names, if it was pressed by a member and in a place that counts; else the person is told."""
    standing, named = await call.standing_of(click.user, click.team), click.named()
    if standing.against is not None:
        refusal = Refusal(why=standing.against)
    elif not click.counts_from(call.world.channel, direct=direct):
        refusal = Refusal(why=Why.WRONG_PLACE)
    elif isinstance(named, Refusal):
        refusal = named
    else:
        return _Named(id=named[0], digest=named[1], identity_known=standing.known)
    await call.note(refusal, user=click.user)
    await call.ack()
    await call.refuse(refusal, channel=click.channel, user=click.user)
    return None
