"""What must agree at the end of a crowd's work: the platform's record, the ledger, Slack and what people were told."""

import asyncio
import time
from collections import Counter
from typing import Any

from bot.clock import SystemClock
from bot.core.audit import compare, gaps, replay
from bot.wiring import reader_of
from tests.campaign.crowd import OURS, Crowd
from tests.stories.scene import _everything, event_of, id_of, state_of

RESTS_WITHIN = 90.0
"""Longer than a lease of 60 s: what a process that hangs has under way comes back after it."""


async def rests(people: Crowd) -> bool:
    """Wait until nothing runs and nothing is due; whether that came in time."""
    due = (
        "select 1 from tasks where state = 'running' or (state = 'waiting' and "
        "(due <= ? or kind in ('draw', 'carry_out'))) limit 1"
    )
    open_ = "select 1 from requests where state in ('approved', 'running', 'uncertain') limit 1"
    until, quiet = time.monotonic() + RESTS_WITHIN, 0
    while time.monotonic() < until:
        now = int(1000 * time.time())
        found = [people.onlooker.rows(due, now), people.onlooker.rows(open_)]
        missed = [fall for fall in await people.falls() if fall.missed]
        quiet = quiet + 1 if found == [[], []] and not missed else 0
        if quiet == 3:
            return True
        await asyncio.sleep(0.2)
    return False


async def wrong_of(people: Crowd) -> list[str]:
    """What does not agree, of the platform's record, the ledger, Slack's messages and what people were told."""
    rested = await rests(people)
    effects = [e for e in await people.effects() if e["actor"]["id"] == OURS]
    wrong = [] if rested else ["it does not come to rest"]
    wrong += [f"@{handle} did not end" for handle in people.given_up]
    requests = _known(people, "select id, handle, account, action, state, operation from requests")
    by_handle = {handle for _, handle, _, action, *_ in requests if action == "deactivate"}
    wrong += [f"@{handle} was filed and is lost" for handle in people.filed if handle not in by_handle]
    keyed = {operation: (account, action) for _, _, account, action, _, operation in requests}
    keys = Counter((e["operation"], e["action"]) for e in effects)
    wrong += [f"{many} effects of one request" for many in keys.values() if many > 1]
    wrong += [
        f"an effect that no request asks for: {e['account']}"
        for e in effects
        if keyed.get(e["operation"]) != (e["account"], e["action"])
    ]
    had = {operation for operation, _ in keys}
    wrong += [
        f"{id} is {state} with{'out' if operation not in had else ''} an effect"
        for id, _, _, action, state, operation in requests
        if action == "deactivate" and (state == "done") is not (operation in had)
    ]
    wrong += _votes_lost(people)
    wrong += [f"{f.account} is down and nobody approved it" for f in await people.falls() if f.missed]
    wrong += [f"{f.account} was rightly down" for f in await people.falls() if f.wrongly_restored]
    return [*wrong, *await _log_disagrees(people), *_cards_wrong(people)]


def _known(people: Crowd, question: str) -> list[tuple[Any, ...]]:
    """The ledger is there by now: what it does not say would agree with everything."""
    found = people.onlooker.rows(question)
    assert found is not None
    return found


def _votes_lost(people: Crowd) -> list[str]:
    """Of those who were answered well, one vote at least is on record."""
    stored = {request for (request,) in _known(people, "select distinct request from votes")}
    return [f"a vote on {request} is lost" for request in {r for r, _ in people.voted} - stored]


async def _log_disagrees(people: Crowd) -> list[str]:
    async with reader_of(people.scene.settings, SystemClock()) as ledger:
        lines, head, stored = await ledger.read(_everything)
    return [found.what for found in (*gaps(lines, head), *compare(replay(lines), stored))]


def _cards_wrong(people: Crowd) -> list[str]:
    """The card that the ledger knows shows how the request stands."""
    question = "select r.id, r.state, c.channel, c.ts from requests r join cards c on c.record = r.id"
    wrong = []
    for id, state, channel, ts in _known(people, question):
        shown = people.scene.workspace.message(channel, ts)
        if shown is not None and state_of(shown) != state:
            wrong.append(f"the card of {id} shows {state_of(shown)}, it is {state}")
    return wrong


def posted_twice(people: Crowd) -> int:
    """Cards beside the first of a request: after a lost answer it is posted once more."""
    cards = Counter(id_of(m) for m in people.scene.cards() if event_of(m) == "countersign_request")
    return sum(many - 1 for many in cards.values())


def figures_of(people: Crowd) -> dict[str, object]:
    return {
        "requests": len(people.filed),
        "acknowledged votes": len(people.voted),
        "not answered well, and tried again": dict(people.unanswered),
        "cards posted twice": posted_twice(people),
    }
