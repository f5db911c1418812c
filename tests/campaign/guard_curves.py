"""Whole restores: an account is back, its counts come back by some curve, and the incident ends in the right verdict.

Over the real flows with a clock that is moved. What the public sees is drawn here from the mock's own curves by that
clock (the mock itself knows no other time than the machine's); everything else is the mock's. The verdict that is
right is told from what was shown, by the words of the agreement: within max(0.5 %, 3) of the baseline
(or of the true relationships, where people came or a few left meanwhile), and stable.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bot.core.account import PublicView
from bot.core.incident import IncidentState
from bot.core.request import Request
from bot.core.transition import Change, Sample
from bot.platform.scim import ScimPlatform
from bot.sandbox.platform.counters import Curve
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.life import Shifted
from tests.campaign.rig import Rig, rig
from tests.campaign.roster import Roster

CURVES = ("instant", "cold_cache", "ramp", "drain", "partial", "negative", "hidden", "live")
SOON, NEVER = 200.0, 20_000.0
"""Seconds after which a curve has come to its end well before the last samples, or long after them."""
WATCHED = timedelta(minutes=75)
"""A little longer than the last sample of an hour; a fall makes more."""
RECOUNT_TAKES = timedelta(seconds=1)
FOLLOWING = 45
OF_ANY = ""
"""A curve is drawn here for whatever account."""


class Shown:
    """The platform, but that the counts of one account go by a curve and by the bot's clock."""

    def __init__(self, port: ScimPlatform, clock: Shifted) -> None:
        self._port = port
        self._clock = clock
        self.whose, self.truth, self.heals = "", 0, True
        self.curve = Curve(account=OF_ANY, curve="instant")
        self.back_at: datetime | None = None
        self.recounted_at: datetime | None = None
        self.shown: list[tuple[datetime, int | None]] = []
        """What the bot saw of the account since it is back."""

    def begin(self, account: str, truth: int, curve: Curve, *, heals: bool) -> None:
        self.whose, self.truth, self.curve, self.heals = account, truth, curve, heals
        self.back_at = self.recounted_at = None
        self.shown = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    async def set_active(self, request: Request, *, active: bool, reason: str) -> None:
        await self._port.set_active(request, active=active, reason=reason)
        if active and request.subject.id == self.whose and self.back_at is None:
            self.back_at, self.truth = self._clock.now(), self.curve.moved_while_down(self.truth)

    async def public(self, id: str) -> PublicView | None:
        found = await self._port.public(id)
        if found is None or id != self.whose or self.back_at is None or not found.active:
            return found
        at = self._clock.now()
        count = self.seen(at)
        self.shown.append((at, count))
        return replace(found, followers=count, following=None if count is None else FOLLOWING, as_of=at)

    def seen(self, at: datetime) -> int | None:
        """As the client tells it: a count below 0 is none."""
        assert self.back_at is not None
        healed = self.recounted_at is not None and self.heals and at >= self.recounted_at + RECOUNT_TAKES
        count = (
            self.truth
            if healed
            else self.curve.shown(self.truth, since=(at - self.back_at) // timedelta(milliseconds=1))
        )
        return None if count is None or count < 0 else count

    async def edges(self, id: str) -> int | None:
        return self.truth if id == self.whose else await self._port.edges(id)

    async def recount(self, id: str) -> None:
        self.recounted_at = self._clock.now()
        await self._port.recount(id)


@dataclass(frozen=True, kw_only=True)
class Try:
    followers: int
    curve: Curve
    baseline: bool
    heals: bool
    """Whether a recount does what it says."""


def drawn(number: int, dice: Random) -> Try:
    kind = CURVES[number % len(CURVES)]
    followers = round(10 ** dice.uniform(0, 7.7))
    ends = dice.uniform(0, SOON) if dice.random() < 0.7 else NEVER * dice.uniform(1, 3)
    values: dict[str, Any] = {}
    if kind in {"cold_cache", "ramp", "drain"}:
        values = {"seconds": ends, "low": round(followers * dice.random() * 0.9)}
    if kind == "drain":
        values = {"seconds": dice.uniform(60, SOON), "to": round(followers * dice.random() * 0.9)}
    if kind == "partial":
        values = {"seconds": dice.uniform(0, SOON), "ratio": dice.uniform(0, 0.98)}
    if kind in {"negative", "hidden"} and dice.random() < 0.6:
        values = {"seconds": ends}
    if kind == "live":
        values = {"ratio": dice.uniform(-0.02, 0.02)}
    curve = Curve(account=OF_ANY, curve=kind, **values)
    return Try(followers=followers, curve=curve, baseline=dice.random() < 0.8, heals=dice.random() < 0.7)


def near(shown: int | None, base: int) -> bool:
    return shown is not None and abs(shown - base) <= max(0.005 * base, 3)


def right(shown: int | None, base: int, truth: int) -> bool:
    """What it was; or what the relationships truly are now, and that is more, or as little less as people leave."""
    return near(shown, base) or (near(shown, truth) and shown is not None and shown >= base - max(0.02 * base, 3))


async def attempt(stand: Rig, shown: Shown, number: int, dice: Random) -> tuple[Try, str, str | None]:
    """Play it to its end: the verdict, and what did not hold."""
    tried = drawn(number, dice)
    followers = tried.followers
    [account] = await stand.accounts(1, prefix=f"curve{number}_", followers=followers)
    shown.begin(account, followers, tried.curve, heals=tried.heals)
    if tried.baseline:
        sample = Sample(account=account, at=stand.clock.now(), followers=followers, following=FOLLOWING)
        await stand.ledger.decide(lambda _: Change(samples=(sample,)))
        stand.clock.move(timedelta(seconds=dice.uniform(1, 60)))
    assert await stand.patch(f"staff-dev-token:rogue{number}", account, active=False) == 200
    early = await _watch(stand, shown, account, base=followers if tried.baseline else None)
    [incident] = await stand.ledger.read(lambda view: list(view.incidents(account=account)))
    base = followers if tried.baseline else shown.truth
    # what the last minutes showed is one thing or the other: every curve has come to its end, or is far from it
    whole = right(shown.seen(stand.clock.now()), base, shown.truth)
    due = IncidentState.WHOLE if whole else IncidentState.LOST
    if early is not None:
        return tried, incident.state.value, early
    return tried, incident.state.value, None if incident.state is due else f"{incident.state}, not {due}"


async def _watch(stand: Rig, shown: Shown, account: str, *, base: int | None) -> str | None:
    """Let time pass from task to task; a verdict that what was shown does not bear."""
    await stand.hear()
    await stand.settle()
    assert shown.back_at is not None
    until, was = shown.back_at + WATCHED, IncidentState.OPEN
    while (due := await stand.ledger.next_due()) is not None and due <= until:
        stand.clock.move(due - stand.clock.now() + timedelta(milliseconds=5))
        await stand.settle()
        [incident] = await stand.ledger.read(lambda view: list(view.incidents(account=account)))
        if incident.state is IncidentState.WHOLE and was is not IncidentState.WHOLE:
            last = shown.shown[-3:]
            stable = len(last) == 3 and last[-1][0] - last[0][0] >= timedelta(seconds=30)
            if not stable or not all(right(count, base or shown.truth, shown.truth) for _, count in last):
                return f"whole after {[count for _, count in last]}"
        was = incident.state
    stand.clock.move(until - stand.clock.now())
    await stand.settle()
    return None


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ends, wrong = Counter[str](), list[str]()
    clock = Shifted()
    async with rig(Roster(guard='sweep_every = "6h"'), clock=clock) as stand:
        await stand.guard()
        shown: Any = Shown(stand.platform, clock)
        stand.world = replace(stand.world, platform=shown)
        for number in range(count):
            one, end, said = await attempt(stand, shown, number, dice_of(seed, number))
            ends[f"{one.curve.curve}: {end}"] += 1
            if said:
                wrong.append(f"{one}: {said}")
            tried()
    figures = {"ended": dict(sorted(ends.items())), "broke": wrong[:5]}
    return Counts(tried=count, broken=len(wrong), figures=figures)


CAMPAIGN = Campaign(
    name="guard_curves",
    threat="R13",
    claim="counts that came back, or did not, and another verdict than that",
    smoke=24,
    full=2_000,
    run=run,
)
