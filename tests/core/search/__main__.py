"""Search every scope and take every control away; print what was found."""

import sys

from tests.core.search.explore import explore
from tests.core.search.game import Game
from tests.core.search.mutants import MUTANTS
from tests.core.search.scopes import SCOPES


def main() -> int:
    sound = True
    for scope in SCOPES:
        found = explore(Game(scope=scope))
        print(f"{found.states:7} states  {found.transitions:7} transitions  {found.seconds:5.1f} s  {scope.name}")
        if found.wrong is not None:
            sound = False
            print(found.told())
    for mutant in MUTANTS:
        found = explore(Game(rules=mutant.rules, scope=mutant.scope))
        sound = sound and found.wrong is not None
        print(f"\n{mutant.control}{f' (gone too, for it stands behind: {mutant.also})' if mutant.also else ''}")
        print(f"  → {found.told()}" if found.wrong else "  → NOTHING IS FOUND WITHOUT IT")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
