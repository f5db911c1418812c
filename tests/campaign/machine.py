"""The state machine of `tests/campaign/moves.py`, as long as one likes. A try is one life of the bot."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, core, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.life import stage_of_lives
from tests.campaign.moves import Machine
from tests.campaign.rig import MEMORY

STEPS = 30


@contextmanager
def on_stage(ended: Callable[[], object] = lambda: None) -> Iterator[type[Machine]]:
    """The machine with a platform to live beside, and a loop of its own; `ended` is called after each life."""
    with tempfile.TemporaryDirectory(prefix="countersign-campaign-", dir=MEMORY) as folder:
        loop = asyncio.new_event_loop()
        stage = stage_of_lives()
        try:
            life_of = loop.run_until_complete(stage.__aenter__())
            staged = type("Machine", (Machine,), {
                "life_of": staticmethod(life_of), "loop": loop, "template": Path(folder) / "new.db",
                "ended": staticmethod(ended), "seen": Counter(),
            })  # fmt: skip
            yield staged
        finally:
            loop.run_until_complete(stage.__aexit__(None, None, None))
            loop.close()


def lives(count: int, steps: int, *, derandomized: bool) -> settings:
    """Without shrinking, which takes minutes here: what a life did is printed step by step as it is."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        derandomize=derandomized,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    return await asyncio.to_thread(live, count, tried, seed)


def live(count: int, tried: Callable[[], object], seed: int) -> Counts:
    """In a thread of its own, for the machine has its own loop; the first life that breaks ends the run."""
    ended = 0

    def one_more() -> None:
        nonlocal ended
        ended += 1
        if ended <= count:
            tried()

    forced: Any = core
    forced.global_force_seed = seed
    broken = ""
    with on_stage(one_more) as machine:
        try:
            run_state_machine_as_test(machine, settings=lives(count, STEPS, derandomized=False))
        except AssertionError as error:
            broken = "\n".join([str(error), *getattr(error, "__notes__", ())])  # the notes are the steps of that life
        finally:
            forced.global_force_seed = None
    figures = {
        "steps of a life, at most": STEPS,
        "lives": ended,
        "came to pass": dict(machine.seen.most_common()),
        "broke": broken,
    }
    return Counts(tried=min(ended, count), broken=int(bool(broken)), figures=figures)


CAMPAIGN = Campaign(
    name="machine",
    threat="I1–I9",
    claim="an invariant broken in a life of everything at once",
    smoke=4,
    full=400,
    run=run,
)
