"""An account that is back is restored once its counts are what they were, or a person says so."""

from typing import Any

import pytest

from bot.core.incident import Baseline, Incident, IncidentState
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import PRESIDENT, TOM, Scene, text_of

SHORT = '["100ms", "300ms", "500ms", "700ms", "900ms", "1200ms"]'
FOLLOWERS = 41_700_000


@pytest.fixture
async def scene(unstarted: Scene) -> Scene:
    """A scene whose counts are watched for little more than a second, and whose baseline is known."""
    unstarted.policy(lambda text: text.replace(samples_of(text), f"samples = {SHORT}"))
    await unstarted.start()
    await unstarted.eventually(lambda: sampled(unstarted, PRESIDENT))
    return unstarted


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
    return await scene.workspace.wait_for_message(APPROVALS, lambda m: words in text_of(m), timeout=8)


WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("instant", {}),
    ("cold_cache", {"seconds": 0.5}),
    ("ramp", {"seconds": 0.5}),
    ("negative", {}),
    ("negative", {"seconds": 0.4}),
    ("hidden", {}),
    ("hidden", {"seconds": 0.4}),
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


async def test_the_card_of_2017_says_where_the_counts_stand_and_when_they_were_whole(scene: Scene) -> None:
    await curve(scene, "cold_cache", seconds=0.5)

    await rogue(scene)

    low = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: "Followers 5,400 of 41,700,000 · 0.01\N{NO-BREAK SPACE}%" in text_of(m), timeout=8
    )
    whole = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == low.ts and "Whole again after" in text_of(m), timeout=8
    )
    assert "Followers 41,700,000 of 41,700,000 · 100\N{NO-BREAK SPACE}%" in text_of(whole)


async def test_what_the_platform_cannot_count_again_goes_to_a_person_with_the_figures(scene: Scene) -> None:
    await curve(scene, "partial")
    await rogue(scene)
    await scene.incident_card("restored")
    await scene.fault(kind="no_op", on="any", account=PRESIDENT)

    found = await becomes(scene, IncidentState.LOST)

    assert (found.followers_now, found.followers_before) == (FOLLOWERS // 2, FOLLOWERS)
    page = await paged(scene, "did not come back")
    assert "Followers 20,850,000 of 41,700,000 · 50\N{NO-BREAK SPACE}%" in text_of(page)
    assert "relationships says 41,700,000" in text_of(page)


async def test_followers_that_are_really_gone_go_to_a_person_although_the_platform_agrees(scene: Scene) -> None:
    await curve(scene, "live", ratio=-0.5)

    await rogue(scene)

    await becomes(scene, IncidentState.LOST)
    assert "relationships says 20,850,000" in text_of(await paged(scene, "did not come back"))


async def test_counts_that_fall_after_they_were_whole_reopen_it_and_page_once(scene: Scene) -> None:
    await curve(scene, "drain", seconds=2.6)

    await rogue(scene)

    await becomes(scene, IncidentState.WHOLE)
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
