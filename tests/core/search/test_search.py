"""What must always hold, in every state of a small world that can be reached; and that each control is needed for it.

`uv run --group test python -m tests.core.search` prints the figures and, for each control, the shortest way to what
happens without it.
"""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import bot.core
from bot.core.establishing import ESTABLISH_CHECKS
from bot.core.ruling import RULE_CHECKS, RULE_CLAIM_CHECKS
from bot.core.unlocking import UNLOCK_CHECKS, UNLOCK_CLAIM_CHECKS
from bot.core.verdict import not_restored_since
from bot.core.voting import not_about_oneself
from bot.core.watching import WATCH_CHECKS
from tests.core.search.explore import explore
from tests.core.search.game import Game
from tests.core.search.mutants import MUTANTS, TUPLES, Mutant
from tests.core.search.scopes import SCOPES, Scope

LATER = {
    *RULE_CHECKS,
    *RULE_CLAIM_CHECKS,
    *WATCH_CHECKS,
    *ESTABLISH_CHECKS,
    *UNLOCK_CHECKS,
    *UNLOCK_CLAIM_CHECKS,
    not_about_oneself,
    not_restored_since,
}
"""Changes of the rules, counts and whom the guard has locked out are not in the small world.

Nor is a read that is older than a restore on record.
"""
ENOUGH = 1_000
"""States in which a control that is gone would long have shown: see how many the mutants' searches take."""


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_nothing_that_must_hold_is_broken_in_any_state(scope: Scope) -> None:
    found = explore(Game(scope=scope))
    print(f"{scope.name}: {found.states} states, {found.transitions} transitions, {found.seconds:.1f} s")
    assert found.wrong is None, found.told()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.control)
def test_without_a_control_something_that_must_hold_is_broken(mutant: Mutant) -> None:
    found = explore(Game(rules=mutant.rules, scope=mutant.scope))
    print(found.told())
    assert found.wrong is not None
    assert explore(Game(scope=mutant.scope), limit=found.states).wrong is None


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.behind], ids=lambda mutant: mutant.control)
def test_what_stands_behind_a_control_is_not_needed_while_it_is_there(mutant: Mutant) -> None:
    assert mutant.behind is not None
    found = explore(Game(rules=mutant.behind, scope=mutant.scope), limit=ENOUGH)
    assert found.wrong is None, found.told()


def of_core() -> Iterator[tuple[str, tuple[object, ...]]]:
    """Every tuple of checks in the core, by its name."""
    for module in pkgutil.iter_modules(bot.core.__path__, "bot.core."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.endswith("_CHECKS"):
                yield name, value


def test_every_check_of_the_core_is_taken_away_once() -> None:
    gone = {check for members in TUPLES.values() for check in members}
    for name, checks in of_core():
        assert set(checks) - LATER <= gone, name
