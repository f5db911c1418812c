"""Everything at once, in any order, over the real stack: what must always hold does."""

from hypothesis.stateful import run_state_machine_as_test

from tests.campaign.machine import lives, on_stage


def test_whatever_happens_in_whatever_order_the_invariants_hold() -> None:
    with on_stage() as machine:
        run_state_machine_as_test(machine, settings=lives(20, 20, derandomized=True))
