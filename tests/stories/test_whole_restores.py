"""An account that is back is restored once its counts are what they were, or a person says so."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.incident import Baseline, Incident, IncidentState
from bot.core.tasks import look_around
from bot.flows.baseline import TICK, Watching
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, MONA, PRESIDENT, REX, TOM, WITHIN, Scene, text_of

SHORT = '["50ms", "100ms", "200ms", "300ms", "400ms", "500ms"]'
OFTEN = str([f"{after}ms" for after in range(100, 30_000, 200)])
"""For half a minute, so that a story may take its time."""
FOLLOWERS = 41_700_000


@pytest.fixture
async def scene(unstarted: Scene) -> Scene:
    """A scene whose counts are watched for half a second, and whose baseline is known."""
    return await watching_at(unstarted, SHORT)


async def watching_at(scene: Scene, samples: str) -> Scene:
    scene.policy(lambda text: text.replace(samples_of(text), f"samples = {samples}"))
    await scene.start()
    await scene.eventually(lambda: sampled(scene, PRESIDENT))
    return scene


def samples_of(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("samples = "))


async def sampled(scene: Scene, account: str) -> bool:
    at = scene.world.now()
    return bool(await scene.world.ledger.read(lambda v: v.samples(account, since=at.replace(year=2020), until=at)))


async def curve(scene: Scene, curve: str, *, account: str = PRESIDENT, **more: Any) -> None:
    body = {"account": account, "curve": curve, **more}
    async with scene.session.post(f"{scene.platform.control_url}/control/v1/counters", json=body) as answer:
        assert answer.status < 300, await answer.text()


async def rogue(scene: Scene, account: str = PRESIDENT) -> None:
    await scene.act("staff-dev-token:rex", account, active=False)


async def incident(scene: Scene, account: str = PRESIDENT) -> Incident:
    found = await scene.world.ledger.read(lambda view: view.incidents(account=account, limit=1))
    assert isinstance(found[0], Incident)
    return found[0]


async def becomes(scene: Scene, state: IncidentState) -> Incident:
    async def so() -> bool:
        return (await incident(scene)).state is state

    await scene.incident_card(state)
    await scene.eventually(so)
    return await incident(scene)


async def kinds(scene: Scene) -> list[str]:
    return [entry.kind for _, entry in await scene.log() if entry.kind.startswith("incident_")]


async def paged(scene: Scene, words: str) -> Message:
    return await scene.workspace.wait_for_message(APPROVALS, lambda m: words in text_of(m), timeout=WITHIN)


WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("instant", {}),
    ("cold_cache", {"seconds": 0.2}),
    ("ramp", {"seconds": 0.2}),
    ("negative", {}),
    ("negative", {"seconds": 0.2}),
    ("hidden", {}),
    ("hidden", {"seconds": 0.2}),
    ("live", {"ratio": 0.004}),
    ("live", {}),
    ("live", {"ratio": -0.01}),
    ("live", {"ratio": 0.5}),
]


@pytest.mark.parametrize(("name", "more"), WHOLE)
async def test_counts_that_come_back_are_whole(scene: Scene, name: str, more: dict[str, Any]) -> None:
    await curve(scene, name, **more)

    await rogue(scene)

    found = await becomes(scene, IncidentState.WHOLE)
    assert (found.followers_before, found.baseline_from) == (FOLLOWERS, Baseline.SAMPLE)
    assert found.whole_after is not None
    assert "incident_lost" not in await kinds(scene)
    await scene.log_agrees()


async def test_the_card_of_2017_says_where_the_counts_stand_and_when_they_were_whole(unstarted: Scene) -> None:
    scene = await watching_at(unstarted, OFTEN)
    await curve(scene, "cold_cache", seconds=3600)

    await rogue(scene)

    low = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: "Followers 5,400 of 41,700,000 · 0.01\N{NO-BREAK SPACE}%" in text_of(m), timeout=WITHIN
    )
    await curve(scene, "instant")
    whole = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == low.ts and "Whole again after" in text_of(m), timeout=WITHIN
    )
    assert "Followers 41,700,000 of 41,700,000 · 100\N{NO-BREAK SPACE}%" in text_of(whole)


async def half_back(scene: Scene) -> Incident:
    """Half of the followers are shown, and a recount helps nothing."""
    await curve(scene, "partial")
    await rogue(scene)

    async def back() -> bool:
        found = await scene.world.ledger.read(lambda view: view.incidents(account=PRESIDENT, limit=1))
        return bool(found and found[0].state is IncidentState.RESTORED)

    await scene.eventually(back)
    await scene.fault(kind="no_op", on="any", account=PRESIDENT)
    return await becomes(scene, IncidentState.LOST)


RECOUNTED_LATE = '["50ms", "250ms", "750ms", "800ms", "1s"]'


async def test_what_the_platform_cannot_count_again_goes_to_a_person_with_the_figures(unstarted: Scene) -> None:
    scene = await watching_at(unstarted, RECOUNTED_LATE)

    found = await half_back(scene)

    assert (found.followers_now, found.followers_before) == (FOLLOWERS // 2, FOLLOWERS)
    page = await paged(scene, "did not come back")
    assert "Followers 20,850,000 of 41,700,000 · 50\N{NO-BREAK SPACE}%" in text_of(page)
    assert "relationships says 41,700,000" in text_of(page)


async def test_followers_that_are_really_gone_go_to_a_person_although_the_platform_agrees(scene: Scene) -> None:
    await curve(scene, "live", ratio=-0.5)

    await rogue(scene)

    await becomes(scene, IncidentState.LOST)
    assert "relationships says 20,850,000" in text_of(await paged(scene, "did not come back"))


async def test_counts_that_fall_after_they_were_whole_reopen_it_and_page_once(unstarted: Scene) -> None:
    scene = await watching_at(unstarted, OFTEN)
    await rogue(scene)
    await becomes(scene, IncidentState.WHOLE)

    await curve(scene, "drain", seconds=0)

    await paged(scene, "have fallen again")
    found = await becomes(scene, IncidentState.WHOLE)
    assert found.followers_now == FOLLOWERS
    assert (await kinds(scene)).count("incident_fell") == 1


async def test_without_a_baseline_the_true_count_stands_in_and_the_card_says_so(scene: Scene) -> None:
    assert not await sampled(scene, TOM)

    await rogue(scene, TOM)

    card = await scene.incident_card("whole")
    assert "No earlier figure is known" in text_of(card)
    assert (await incident(scene, TOM)).baseline_from is Baseline.EDGES


async def test_the_watch_goes_on_after_a_restart(scene: Scene) -> None:
    await curve(scene, "cold_cache", seconds=0.4)
    await rogue(scene)

    async def low() -> bool:
        return "incident_sampled" in await kinds(scene)

    await scene.eventually(low)
    await scene.restart()

    found = await becomes(scene, IncidentState.WHOLE)
    assert found.baseline_from is Baseline.SAMPLE


async def test_a_platform_that_is_away_loses_no_counts(unstarted: Scene) -> None:
    scene = await watching_at(unstarted, '["1s", "1100ms", "1200ms"]')
    await rogue(scene)
    await scene.public_becomes(PRESIDENT, "active")
    await scene.incident_card("restored")
    await scene.fault(kind="status", code=503, on="public")

    async def asked() -> bool:
        async with scene.session.get(f"{scene.platform.control_url}/control/v1/faults") as answer:
            (rule,) = await answer.json()
        return rule["hits"] >= 2

    await scene.eventually(asked)
    assert (await incident(scene)).state is IncidentState.RESTORED
    await scene.mend()

    await becomes(scene, IncidentState.WHOLE)


async def test_an_account_that_goes_down_again_is_held_against_what_was_whole(scene: Scene) -> None:
    await curve(scene, "hidden", seconds=1)
    await rogue(scene)
    first = await scene.incident_card("restored")
    before = await incident(scene)

    await rogue(scene)

    await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == first.ts and "went down again" in text_of(m), timeout=WITHIN
    )
    again = await becomes(scene, IncidentState.WHOLE)
    assert again.id != before.id
    assert (again.followers_before, again.baseline_at) == (FOLLOWERS, before.baseline_at)


async def test_a_person_has_lost_counts_watched_again_once_they_were_repaired(unstarted: Scene) -> None:
    scene = await watching_at(unstarted, RECOUNTED_LATE)
    await half_back(scene)
    card = await scene.incident_card("lost")
    await curve(scene, "instant")

    await scene.workspace.click(REX, card, "watch_on")
    await scene.workspace.wait_for_ephemeral(REX, lambda m: "You acted in" in m.text)
    assert (await incident(scene)).state is IncidentState.LOST
    await scene.workspace.click(ADA, card, "watch_on")

    await scene.workspace.wait_for_ephemeral(ADA, lambda m: "watched again" in m.text)
    await becomes(scene, IncidentState.WHOLE)
    await scene.log_agrees()


async def test_a_restore_that_people_approved_of_what_they_had_approved_is_not_watched(scene: Scene) -> None:
    card = await scene.ask("tom.reads")
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "done")
    assert await sampled(scene, TOM)
    back = await scene.ask("tom.reads", command="/restore")
    await scene.workspace.click(MONA, back, "approve")
    await scene.card_becomes(back, "done")

    await asyncio.sleep(0.5)
    assert await scene.world.ledger.read(lambda view: view.incidents(account=TOM)) == []
    assert await tasks_of(scene, "sample") == []


async def tasks_of(scene: Scene, kind: str) -> list[str]:
    return [key for (key,) in scene.sql(f"select key from tasks where kind = '{kind}'")]  # noqa: S608 - a kind


async def test_a_policy_without_samples_watches_nothing(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace(samples_of(text), "samples = []"))
    await unstarted.start()

    await rogue(unstarted)

    await unstarted.incident_card("restored")
    assert await tasks_of(unstarted, "sample") == []


@pytest.mark.parametrize("samples", ['["200ms", "400ms"]', '["300ms"]'])
async def test_a_list_too_short_for_three_samples_still_reaches_a_verdict(unstarted: Scene, samples: str) -> None:
    unstarted.policy(lambda text: text.replace(samples_of(text), f"samples = {samples}"))
    await unstarted.start()

    await rogue(unstarted)

    await unstarted.incident_card("whole")


# Whose baseline is known


async def test_the_accounts_that_weigh_are_learnt_and_sampled_without_anybody_looking(scene: Scene) -> None:
    tiers = await scene.world.ledger.read(
        lambda view: view.tiers_seen(PRESIDENT, scene.world.now() - timedelta(days=1))
    )
    assert tiers == {"protected"}
    assert not await sampled(scene, TOM)
    (today, tomorrow) = sorted(key for key in await tasks_of(scene, "baseline") if key != "baseline:watched")
    assert today < tomorrow


async def test_an_account_that_the_policy_names_is_sampled_whatever_it_looks_like(unstarted: Scene) -> None:
    view = await protected(unstarted, TOM)
    await unstarted.eventually(lambda: sampled(unstarted, view))


async def protected(scene: Scene, account: str) -> str:
    """Start with an account that was protected in Slack."""
    await scene.start()
    scene.world.book.policy = replace(scene.world.policy, protected=frozenset({account}))
    watching = Watching()
    await watching.baseline(scene.world, look_around(due=scene.world.now()))
    return account


async def test_what_gives_no_sample_is_not_tried_again_at_once(scene: Scene) -> None:
    await curve(scene, "hidden")
    watching, task = Watching(), look_around(due=scene.world.now())
    await scene.fault(kind="status", code=503, on="public", by=None)
    scene.world.book.policy = replace(scene.world.policy, protected=frozenset({TOM, "acct_0"}))

    again = await watching.baseline(scene.world, task)

    assert again == pytest.approx(scene.world.now() + TICK, abs=timedelta(seconds=1))
    assert set(watching._tried) == {TOM, "acct_0"}


# What cannot be put back


async def test_what_was_purged_is_tried_once_and_goes_to_a_person(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('sweep_every = "60s"', 'sweep_every = "200ms"'))
    await unstarted.start()
    await unstarted.fault(kind="purged", on="patch", by="svc:countersign")

    await rogue(unstarted, TOM)

    card = await unstarted.incident_card("stuck")
    assert "the platform refused with" in text_of(card)
    await paged(unstarted, "The platform refuses to undo it")
    await asyncio.sleep(1)
    async with unstarted.session.get(f"{unstarted.platform.control_url}/control/v1/faults") as answer:
        (rule,) = await answer.json()
    assert rule["hits"] == 1
    found = await unstarted.world.ledger.read(lambda view: view.incidents(account=TOM))
    assert [one.state for one in found] == [IncidentState.STUCK]
    assert found[0].purge_at is not None
    assert sorted(await tasks_of(unstarted, "near_purge")) == [
        f"near_purge:{found[0].id}:{why}" for why in ("purge_day", "purge_week")
    ]
