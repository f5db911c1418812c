"""`countersign run` with its points counted and, where asked for, one thing left out: what a crash kills."""

import sys
from pathlib import Path

from bot.__main__ import main
from tests.campaign.crash_mutants import MUTANTS
from tests.campaign.crash_points import Points, watch

if __name__ == "__main__":
    _, points, *mutants = sys.argv
    watch(Points(Path(points)))
    for name in mutants:
        MUTANTS[name]()
    main(["run"], prog_name="countersign")
