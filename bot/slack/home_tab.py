"""The app's Home, drawn for the person who opens it."""

import logging

from slack_sdk.errors import SlackClientError

from bot.core.digest import Week
from bot.core.request import State
from bot.core.voting import standing_approvals
from bot.flows.digest import digest_of
from bot.ports import View
from bot.slack.call import Call
from bot.slack.home import Home, home

log = logging.getLogger(__name__)


async def opened(call: Call) -> None:
    """Acknowledge, then draw; nothing is recorded."""
    await call.ack()
    event = call.body["event"]
    if event.get("tab") not in {None, "home"}:
        return
    user = event["user"]
    shown = await call.world.ledger.read(lambda view: _home(call, view, user))
    try:
        await call.client.views_publish(user_id=user, view=home(shown))
    except (SlackClientError, OSError, TimeoutError) as error:
        log.warning("could not draw the Home: %s", type(error).__name__)


def _home(call: Call, view: View, user: str) -> Home:
    """What this person may decide, what they asked for, how the guard is and the week in figures."""
    world, at = call.world, call.world.now()
    policy = world.policy
    person = policy.person_of_slack(user)
    waiting, own = [], []
    if person is not None and not policy.gone(person, at):
        for request in view.pending(limit=100):
            able = policy.approver(person, tier=request.tier, at=at, requester=request.requester)
            voted = any(a.person == person.id for a in standing_approvals(request, policy=policy, at=at))
            if able is not None and able.groups & request.quorum.names and not voted:
                waiting.append(request)
        own = [r for r in view.requests_of_person(person.id) if r.state in {State.PENDING, State.APPROVED}]
    lag = world.clock.monotonic() - world.status.feed_answered if world.status.feed_answered is not None else None
    week = digest_of(view, Week.of(policy.today(at)), policy)
    return Home(
        rostered=person is not None,
        waiting=tuple(waiting),
        own=tuple(own),
        enforces=policy.guard.enforces,
        feed_lag=lag,
        week=week,
    )
