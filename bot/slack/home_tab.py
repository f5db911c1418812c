"""The app's Home, drawn for the person who opens it, turns its pages or decides there."""

import contextlib
import json
import logging

from slack_sdk.errors import SlackClientError

from bot.core.digest import Week
from bot.core.errors import LedgerAway
from bot.core.request import State
from bot.core.voting import standing_approvals
from bot.flows.digest import digest_of
from bot.ports import View
from bot.slack.acts import Click
from bot.slack.call import Call
from bot.slack.home import LISTS, Home, Pages, home

log = logging.getLogger(__name__)

LISTED = 500
"""Pending requests looked through for those that wait for a person."""


async def opened(call: Call) -> None:
    """Acknowledge, then draw; nothing is recorded."""
    await call.ack()
    event = call.body["event"]
    if event.get("tab") in {None, "home"}:
        await _draw(call, event["user"], {})


async def turned(call: Call) -> None:
    """Turn one of the lists to another page; the other stays where it is."""
    click = Click.parse(call.body)
    await call.ack()
    name, _, page = click.value.partition(":")
    if call.stranger(click.team) is None and name in LISTS and page.isdecimal():
        await _draw(call, click.user, {**_pages(call), name: int(page)})


async def redrawn(call: Call, user: str) -> None:
    """What was decided in the Home is to be seen there at once; it is decided even where that cannot be drawn."""
    with contextlib.suppress(LedgerAway):
        await _draw(call, user, _pages(call))


async def _draw(call: Call, user: str, pages: Pages) -> None:
    """Raises LedgerAway. Where Slack does not take it, the person opens the Home once more."""
    shown = await call.world.ledger.read(lambda view: _home(call, view, user, pages))
    lang = await call.users.language_of(user)
    try:
        await call.client.views_publish(user_id=user, view=home(lang, shown))
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not draw the Home: %s", type(error).__name__)


def _pages(call: Call) -> Pages:
    """The pages that the Home was turned to when its button was pressed."""
    try:
        found = json.loads((call.body.get("view") or {}).get("private_metadata") or "{}")
    except ValueError:
        return {}
    return {name: page for name, page in found.items() if name in LISTS and isinstance(page, int)}


def _home(call: Call, view: View, user: str, pages: Pages) -> Home:
    """What this person may decide, what they asked for, how the guard is and the week in figures."""
    world, at = call.world, call.world.now()
    policy = world.policy
    person = policy.person_of_slack(user)
    waiting, own = [], []
    if person is not None and not policy.gone(person, at):
        for request in view.pending(limit=LISTED):
            able = policy.approver(person, tier=request.tier, at=at, requester=request.requester)
            voted = any(a.person == person.id for a in standing_approvals(request, policy=policy, at=at))
            if able is not None and able.groups & request.quorum.names and not voted:
                waiting.append(request)
        own = [r for r in view.requests_of_person(person.id) if r.state in {State.PENDING, State.APPROVED}]
    lag = world.clock.monotonic() - world.status.feed_answered if world.status.feed_answered is not None else None
    return Home(
        rostered=person is not None,
        waiting=tuple(waiting),
        own=tuple(own),
        enforces=policy.guard.enforces,
        feed_lag=lag,
        week=digest_of(view, Week.of(policy.today(at)), policy),
        pages=pages,
    )
