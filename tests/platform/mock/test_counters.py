import asyncio
from typing import Any

import pytest

from bot.sandbox.platform.counters import Curve
from tests.platform.mock.api import PRESIDENT, Api

TRUTH = 41_700_000


@pytest.mark.parametrize(
    ("curve", "shown"),
    [
        ({"curve": "instant"}, {0: TRUTH, 9_000: TRUTH}),
        ({"curve": "cold_cache"}, {0: 5_400, 4_999: 5_400, 5_000: TRUTH}),
        ({"curve": "cold_cache", "low": 10, "seconds": 1}, {0: 10, 999: 10, 1_000: TRUTH}),
        ({"curve": "ramp", "seconds": 10}, {0: 0, 5_000: TRUTH // 2, 10_000: TRUTH}),
        ({"curve": "ramp", "low": 1_700_000, "seconds": 2}, {0: 1_700_000, 1_000: 21_700_000, 2_000: TRUTH}),
        ({"curve": "drain", "to": 700_000, "seconds": 4}, {0: TRUTH, 2_000: TRUTH, 3_000: 21_200_000, 4_000: 700_000}),
        ({"curve": "partial", "ratio": 0.62}, {0: 25_854_000, 60_000: 25_854_000}),
        ({"curve": "partial", "ratio": 0.5, "seconds": 2}, {0: 0, 1_000: TRUTH // 4, 2_000: TRUTH // 2}),
        ({"curve": "negative"}, {0: -17, 60_000: -17}),
        ({"curve": "negative", "low": 3, "seconds": 1}, {0: -3, 1_000: TRUTH}),
        ({"curve": "hidden"}, {0: None, 60_000: None}),
        ({"curve": "hidden", "seconds": 1}, {999: None, 1_000: TRUTH}),
        ({"curve": "live"}, {0: TRUTH}),
    ],
)
def test_each_curve_is_a_function_of_the_time_since_the_restore(
    curve: dict[str, Any], shown: dict[int, int | None]
) -> None:
    made = Curve.model_validate({"account": PRESIDENT, **curve})
    assert {since: made.shown(TRUTH, since=since) for since in shown} == shown


@pytest.mark.parametrize(
    ("curve", "now", "later"),
    [
        ({"curve": "instant"}, TRUTH, TRUTH),
        ({"curve": "cold_cache", "seconds": 0.2}, 5_400, TRUTH),
        ({"curve": "ramp", "seconds": 0.2}, range(TRUTH), TRUTH),
        ({"curve": "drain", "seconds": 0.3, "to": 12}, TRUTH, 12),
        ({"curve": "partial", "ratio": 0.5}, TRUTH // 2, TRUTH // 2),
        ({"curve": "negative"}, -17, -17),
        ({"curve": "hidden"}, None, None),
        ({"curve": "live", "ratio": -0.1}, 37_530_000, 37_530_000),
    ],
)
async def test_the_public_sees_the_curve_after_a_restore(
    api: Api, curve: dict[str, Any], now: int | range | None, later: int | None
) -> None:
    response = await api.control("POST", "counters", {"account": PRESIDENT, **curve})
    assert response.status_code == 200
    assert (await api.public())["followers"] == TRUTH
    await api.deactivate()
    assert (await api.public())["followers"] == 0
    await api.restore()
    seen = (await api.public()).get("followers")
    assert seen in now if isinstance(now, range) else seen == now
    await asyncio.sleep(0.31)
    assert (await api.public()).get("followers") == later


@pytest.mark.parametrize("curve", ["cold_cache", "ramp", "drain", "partial", "negative", "hidden"])
async def test_a_recount_repairs(api: Api, curve: str) -> None:
    await api.control(
        "POST", "counters", {"account": PRESIDENT, "curve": curve, "seconds": 0.4 if curve == "drain" else 60}
    )
    await api.deactivate()
    await api.restore()
    await asyncio.sleep(0.41 if curve == "drain" else 0)
    assert (await api.public()).get("followers") != TRUTH
    count = await api.call("GET", f"/relationships/v1/accounts/{PRESIDENT}/count")
    assert count.json()["followers"] == TRUTH
    assert (await api.call("POST", f"/relationships/v1/accounts/{PRESIDENT}/recount")).status_code == 202
    await asyncio.sleep(0.25)
    assert (await api.public())["followers"] == TRUTH


async def test_while_live_the_truth_itself_moves(api: Api) -> None:
    await api.control("POST", "counters", {"account": PRESIDENT, "curve": "live", "ratio": 0.1})
    await api.deactivate()
    restored = await api.restore()
    assert (await api.truth())["followers"] == 45_870_000
    assert '"followers":45870000' in restored.text


@pytest.mark.parametrize("body", [{"curve": "ramp"}, {"account": PRESIDENT, "curve": "upwards"}])
async def test_a_curve_that_makes_no_sense_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert (await api.control("POST", "counters", body)).status_code == 400


async def test_a_curve_for_nobody_is_404(api: Api) -> None:
    assert (await api.control("POST", "counters", {"account": "nobody", "curve": "ramp"})).status_code == 404
