"""The web hook of whoever is on call: told once, for as long as it takes to get through, and told when it is over."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.core.tasks import page as page_tasks
from bot.core.transition import Task
from bot.flows.show import PAGE_TRIES, page
from bot.pager import NoPager, WebhookPager
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, TOM, Scene, id_of, text_of

NOWHERE = WebhookPager("http://127.0.0.1:9/hook")


@dataclass
class Hook:
    """A receiver of pages that says no so many times."""

    url: str = ""
    failures: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.events.append(await request.json())
        self.failures -= 1
        return web.Response(status=503 if self.failures >= 0 else 202)

    @property
    def actions(self) -> list[str]:
        return [event["event_action"] for event in self.events]


@pytest.fixture
async def hook(unstarted: Scene) -> AsyncIterator[Hook]:
    hook, app = Hook(), web.Application()
    app.router.add_post("/page", hook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/page"
    unstarted.settings = replace(unstarted.settings, pager_url=hook.url)
    unstarted.policy(lambda text: text.replace('on_call = ""', 'on_call = "S0ONCALL"'))
    yield hook
    await runner.cleanup()


async def pages_done(scene: Scene) -> None:
    """All of incidents are sent; those of requests wait whether the platform comes back."""

    def so() -> bool:
        waits = "select count(*) from tasks where state <> 'done' and kind in ('page', 'call')"
        return scene.sql(f"{waits} and key not like '%:REQ-%'") == [(0,)]

    await scene.until(so)


async def page_of(scene: Scene) -> Task:
    """The page of the newest incident, as it was filed."""
    found = await scene.world.ledger.read(lambda view: view.incidents(limit=1)[0])
    return page_tasks(found, found.why, due=scene.world.now())[0]


async def test_a_page_that_does_not_get_through_is_sent_until_it_does(unstarted: Scene, hook: Hook) -> None:
    await unstarted.start()
    hook.failures = 2

    await unstarted.act("staff-dev-token:rex", TOM, active=False)
    card = await unstarted.incident_card("restored")

    await unstarted.until(lambda: len(hook.events) == 3)
    await pages_done(unstarted)
    assert {event["dedup_key"] for event in hook.events} == {f"{id_of(card)}:staff"}
    assert len(hook.events) == 3


async def test_a_page_outlives_the_process_that_could_not_send_it(unstarted: Scene, hook: Hook) -> None:
    await unstarted.start()
    hook.failures = 1
    await unstarted.act("staff-dev-token:rex", TOM, active=False)
    await unstarted.until(lambda: len(hook.events) == 1)

    await unstarted.restart()

    await unstarted.until(lambda: len(hook.events) == 2)
    await pages_done(unstarted)


async def test_an_acknowledgement_resolves_the_page_and_a_restore_does_not(unstarted: Scene, hook: Hook) -> None:
    await unstarted.start()
    await unstarted.act("staff-dev-token:rex", TOM, active=False)
    card = await unstarted.incident_card("restored")
    await pages_done(unstarted)
    before = list(hook.actions)

    await unstarted.workspace.click(ADA, card, "acknowledge")

    await unstarted.until(lambda: len(hook.events) == 2)
    await pages_done(unstarted)
    assert before == ["trigger"]
    assert hook.events[1] == {"event_action": "resolve", "dedup_key": hook.events[0]["dedup_key"]}


async def test_what_comes_again_while_its_incident_is_open_wakes_nobody_again(unstarted: Scene, hook: Hook) -> None:
    await unstarted.start()
    await unstarted.fault(kind="status", code=503, on="patch", by="svc:countersign")
    await unstarted.act("staff-dev-token:rex", TOM, active=False)
    await unstarted.incident_card("open")
    await unstarted.act(f"owner-dev-token:{TOM}", TOM, active=True)
    await unstarted.act("staff-dev-token:ada", TOM, active=False)
    await unstarted.mend()

    await unstarted.incident_card("restored")
    await pages_done(unstarted)

    assert hook.actions == ["trigger"]
    mentions = [m for m in unstarted.workspace.messages(APPROVALS) if "Somebody has to look" in text_of(m)]
    assert len(mentions) == 1


async def test_the_pauses_grow_to_a_minute_and_end_after_a_day(scene: Scene) -> None:
    await scene.act("staff-dev-token:rex", TOM, active=False)
    await scene.incident_card("restored")
    world, task = replace(scene.world, pager=NOWHERE), await page_of(scene)

    async def pause(attempts: int) -> float | None:
        before = world.now()
        again = await page(world, replace(task, attempts=attempts))
        return None if again is None else round((again - before).total_seconds(), 0)

    assert [await pause(n) for n in (0, 1, 2, 5, 6, 1000)] == [1, 2, 4, 32, 60, 60]
    assert await pause(PAGE_TRIES) is None
    assert timedelta(minutes=PAGE_TRIES) == timedelta(days=1)


async def test_what_was_acknowledged_meanwhile_is_not_paged_any_more(scene: Scene) -> None:
    await scene.act("staff-dev-token:rex", TOM, active=False)
    card = await scene.incident_card("restored")
    world, task = replace(scene.world, pager=NOWHERE), await page_of(scene)
    waits = await page(world, task)

    await scene.workspace.click(ADA, card, "acknowledge")
    await scene.workspace.wait_for_message(APPROVALS, lambda m: "Acknowledged by" in text_of(m), timeout=20)

    assert waits is not None
    assert await page(world, task) is None


async def test_where_there_is_no_pager_nothing_is_tried_again(scene: Scene) -> None:
    await scene.act("staff-dev-token:rex", TOM, active=False)
    await scene.incident_card("restored")
    task = await page_of(scene)

    assert await page(replace(scene.world, pager=NOWHERE), task) is not None
    assert await page(replace(scene.world, pager=NoPager()), task) is None
