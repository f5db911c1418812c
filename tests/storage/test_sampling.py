"""One look at the counts, by a platform that answers as a test has it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.account import Account, PublicView
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.guarding import opened, restored
from bot.core.incident import Baseline, Incident, IncidentState
from bot.core.policy import GuardRules
from bot.core.tasks import sample as sample_task
from bot.core.transition import Change, Task
from bot.flows.sample import sample
from bot.flows.world import World
from storage.ledger import SqlLedger
from tests.core.build import open_incident
from tests.storage.scene import AT, POLICY, SECOND, Book, Shelf, account, world_of

DUE = (SECOND, 2 * SECOND, 3 * SECOND)


@dataclass
class Platform:
    """Says what it was told to, and keeps what it was asked."""

    followers: int | None = 1000
    active: bool = True
    seen_active: bool = True
    gone: bool = False
    edges_said: int | Exception = 1000
    away: bool = False
    asked: list[str] = field(default_factory=list)

    async def public(self, id: str) -> PublicView | None:  # noqa: ARG002 - the port's name
        self.asked.append("public")
        if self.away:
            raise PlatformAway("No answer.")
        if self.gone:
            return None
        return PublicView(active=self.seen_active, followers=self.followers, following=3, as_of=AT)

    async def account(self, id: str) -> Account:
        return account(id, active=self.active)

    async def edges(self, id: str) -> int:  # noqa: ARG002 - the port's name
        self.asked.append("edges")
        if isinstance(self.edges_said, Exception):
            raise self.edges_said
        return self.edges_said

    async def recount(self, id: str) -> None:  # noqa: ARG002 - the port's name
        self.asked.append("recount")
        raise PlatformRefused("No such call.", status=404)


class Watching(Book):
    policy = replace(POLICY, guard=GuardRules(samples=DUE))


@dataclass
class Stage:
    ledger: SqlLedger
    shelf: Shelf
    platform: Platform

    @property
    def world(self) -> World:
        platform: Any = self.platform
        return replace(world_of(self.ledger, self.shelf.clock), platform=platform, book=Watching())

    async def back(self, **changed: Any) -> Incident:
        """An incident whose account is back, with a baseline unless it is told otherwise."""
        known = {"followers_before": 1000, "baseline_at": AT, "baseline_from": Baseline.SAMPLE, **changed}
        new = replace(open_incident(), version=0, **known)
        await self.ledger.decide(lambda _: Change(transitions=(opened(new, at=AT),)))
        return await self._moved(restored(await self.found(), at=AT, restored_at=AT, by="countersign", followers=None))

    async def _moved(self, transition: Any) -> Incident:
        await self.ledger.decide(lambda _: Change(transitions=(transition,)))
        return await self.found()

    async def found(self) -> Incident:
        found = await self.ledger.read(lambda view: view.incident("INC-A"))
        assert found is not None
        return found

    async def look(self, n: int) -> object:
        """The n-th sample, at its time."""
        self.shelf.clock.at = AT + (n + 1) * SECOND
        task = sample_task(await self.found(), since=AT, n=n, falls=0, due=self.shelf.clock.at)
        await self.ledger.add(task)
        leased = await self.claimed(task)
        return await sample(self.world, leased)

    async def claimed(self, task: Task) -> Task:
        due = await self.ledger.claim_due(limit=100)
        return next((one for one in due if one.key == task.key), replace(task, owner="one"))


@pytest.fixture
def stage(ledger: SqlLedger, shelf: Shelf) -> Stage:
    return Stage(ledger, shelf, Platform())


async def test_three_right_samples_make_it_whole_and_ask_for_nothing_else(stage: Stage) -> None:
    await stage.back()
    for n in range(3):
        await stage.look(n)
    assert (await stage.found()).state is IncidentState.WHOLE
    assert stage.platform.asked == ["public", "public", "public", "edges"]


async def test_a_platform_that_is_away_is_asked_again_and_nothing_is_on_record(stage: Stage) -> None:
    before = await stage.back()
    stage.platform.away = True
    again = await stage.look(2)
    assert isinstance(again, datetime)
    assert await stage.found() == before


async def test_a_recount_that_the_platform_refuses_stops_nothing(stage: Stage) -> None:
    await stage.back()
    stage.platform.followers = 5
    for n in range(3):
        await stage.look(n)
    assert "recount" in stage.platform.asked
    assert (await stage.found()).state is IncidentState.LOST


async def test_where_there_is_no_true_count_either_nothing_is_whole(stage: Stage) -> None:
    await stage.back(baseline_from=None, baseline_at=None)
    stage.platform.edges_said = PlatformRefused("No such call.", status=404)
    for n in range(3):
        await stage.look(n)
    found = await stage.found()
    assert (found.state, found.baseline_from, found.followers_now) == (IncidentState.LOST, None, 1000)


async def test_a_public_view_that_lags_is_no_fall(stage: Stage) -> None:
    await stage.back()
    stage.platform.seen_active = False
    await stage.look(0)
    found = await stage.found()
    assert (found.state, found.cause, found.followers_now) == (IncidentState.RESTORED, None, None)


async def test_an_account_that_is_down_again_ends_the_watch(stage: Stage) -> None:
    await stage.back()
    stage.platform.seen_active = stage.platform.active = False
    await stage.look(0)
    assert (await stage.found()).cause == "down_again"
    assert await stage.look(1) is None


@pytest.mark.parametrize(("judged", "state"), [(-SECOND, IncidentState.WHOLE), (SECOND / 2, IncidentState.RESTORED)])
async def test_only_an_incident_judged_after_it_ends_the_watch_whenever_it_was_heard_of(
    stage: Stage, judged: timedelta, state: IncidentState
) -> None:
    """After a start the sweep may judge what came later before a batch of the feed that was heard of earlier."""
    await stage.back()
    heard = {"seen_at": AT + SECOND / 4, "decided_at": AT + judged}
    other = replace(open_incident(), id="INC-B", version=0, state=IncidentState.RESTORED, restored_at=AT, **heard)
    await stage.ledger.decide(lambda _: Change(transitions=(opened(other, at=AT),)))
    for n in range(3):
        await stage.look(n)
    assert (await stage.found()).state is state


async def test_an_account_that_nobody_finds_is_lost_in_the_end(stage: Stage) -> None:
    await stage.back()
    stage.platform.gone = True
    for n in range(3):
        await stage.look(n)
    assert (await stage.found()).state is IncidentState.LOST
