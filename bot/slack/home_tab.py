"""The app's Home, drawn for the person who opens it, turns its pages or decides there."""

import logging
from dataclasses import replace
from typing import Any

from slack_sdk.errors import SlackClientError

from bot.core.digest import Digest
from bot.core.errors import LedgerAway
from bot.core.policy import Person
from bot.core.refusal import Refusal, Why
from bot.core.request import OPEN
from bot.core.voting import may_vote
from bot.flows.digest import this_week
from bot.flows.world import World
from bot.ports import View
from bot.slack.acts import Click, metadata_of
from bot.slack.call import Call
from bot.slack.home import LISTS, Home, Pages, home, only
from bot.slack.sentences import refusal_sentence

log = logging.getLogger(__name__)

OVERTAKEN = 5
"""How often a Home is drawn again because more was decided while it was."""
LISTED = 500
"""Pending requests looked through for those that wait for a person."""


async def opened(call: Call) -> None:
    """Acknowledge, then draw; nothing is recorded but that somebody was refused."""
    event = call.body["event"]
    if event.get("tab") not in {None, "home"}:
        await call.ack()
        return
    refusal = await call.barred(event["user"], call.body["team_id"])
    await call.ack()
    if refusal is None:
        await _draw(call, event["user"], {})
        return
    sentence = refusal_sentence(await call.users.language_of(event["user"]), refusal)
    await _publish(call, event["user"], only(sentence))


async def turned(call: Call) -> None:
    """Turn one of the lists to another page; the other stays where it is."""
    click = Click.parse(call.body)
    refusal = await call.barred(click.user, click.team)
    await call.ack()
    name, _, page = click.value.partition(":")
    if refusal is None and not (name in LISTS and page.isdecimal()):
        refusal = Refusal(why=Why.UNKNOWN_REQUEST)
    if refusal is not None:
        await call.refuse(refusal, channel=None, user=click.user)
        return
    await _draw(call, click.user, {**_pages(call), name: int(page)})


async def redrawn(call: Call, user: str) -> None:
    """What was decided in the Home is to be seen there at once."""
    await _draw(call, user, _pages(call))


async def _draw(call: Call, user: str, pages: Pages) -> None:
    """Draw what there is to see, or that it cannot be seen; where Slack does not take it, it is opened once more.

    Whoever publishes looks again afterwards: of two at once the later may have been overtaken by the earlier, in this
    process or another, and would leave a button of what is decided.
    """
    lang = await call.users.language_of(user)
    try:
        shown = await _read(call, user, pages)
        for _ in range(OVERTAKEN):
            if not await _publish(call, user, home(lang, shown)):
                return
            drawn, shown = shown, await _read(call, user, pages)
            if (drawn.waiting, drawn.own) == (shown.waiting, shown.own):
                return
    except LedgerAway:
        await _publish(call, user, only(lang.say("What is on record cannot be read at the moment; try again.")))


async def _read(call: Call, user: str, pages: Pages) -> Home:
    week = await this_week(call.world)
    return await call.world.ledger.read(lambda view: _home(call, view, user, pages, week), long=True)


async def _publish(call: Call, user: str, view: dict[str, Any]) -> bool:
    try:
        await call.client.views_publish(user_id=user, view=view)
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not draw the Home: %s", type(error).__name__)
        return False
    return True


def _pages(call: Call) -> Pages:
    """The pages that the Home was turned to when its button was pressed."""
    found = metadata_of(call.body.get("view") or {})
    return {name: page for name, page in found.items() if name in LISTS and isinstance(page, int)}


def _home(call: Call, view: View, user: str, pages: Pages, week: Digest) -> Home:
    """What this person may decide, what they asked for, how the guard is and the week in figures."""
    world = call.world
    person = world.policy.person_of_slack(user)
    lag = world.status.watch(world.clock.monotonic(), world.now()).lag
    shown = Home(
        rostered=person is not None,
        waiting=(),
        own=(),
        enforces=world.policy.guard.enforces_at(world.now()),
        feed_lag=lag,
        week=week,
        pages=pages,
    )
    return shown if person is None else _with_requests(shown, view, person, world)


def _with_requests(shown: Home, view: View, person: Person, world: World) -> Home:
    """With what the rules let this person decide, and the own live requests; somebody who has left has neither."""
    policy, at = world.policy, world.now()
    if policy.gone(person, at):
        return shown
    unacknowledged = view.unacknowledged_of(person.id)
    pending = [*view.unratified(), *view.pending(limit=LISTED)]
    waiting = (r for r in pending if may_vote(r, person, policy, at, unacknowledged=unacknowledged) is None)
    own = [*view.unratified(person=person.id), *view.requests_of_person(person.id, states=OPEN, limit=LISTED)]
    return replace(shown, waiting=tuple(waiting), own=tuple(own), more=len(pending) >= LISTED)
