"""The harness: what a campaign prints and how it ends."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.campaign.__main__ import campaign_of, groups, main, names, run
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of, told


def of_a_coin(broken: int) -> Campaign:
    async def toss(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
        for _ in range(count):
            tried()
        return Counts(tried=count, broken=broken, figures={"seed": seed})

    return Campaign(name="coin", threat="T0", claim="lands on its edge", smoke=3, full=300, run=toss)


def test_a_claim_that_held_is_told_with_the_bound_that_so_many_tries_allow(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(of_a_coin(broken=0), 300, SEED) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["coin (T0): lands on its edge", "  0 in 300 (95 %: below 3/300 = 0.01)"]
    assert lines[2] == f"  seed: {SEED}"
    assert lines[3].endswith(" s")


def test_a_claim_that_broke_is_exit_code_1_and_has_no_bound(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(of_a_coin(broken=1), 300, SEED) == 1
    assert "  1 in 300\n" in capsys.readouterr().out


def test_every_campaign_is_listed_and_has_a_smoke_test() -> None:
    listed = CliRunner().invoke(main, ["list"])
    assert listed.exit_code == 0
    here = {file.stem.removeprefix("test_") for file in Path(__file__).parent.glob("test_*.py")}
    for name in names():
        found = campaign_of(name)
        assert found is not None
        assert found.name == name
        assert name in listed.output
        assert name in here | {"machine"}, f"{name}: of all, only the machine's smoke test stands with the stories"


def test_a_name_that_joins_several_runs_each_of_them_and_all_can_be_run_alone() -> None:
    joined = groups()["guard"]
    assert {campaign.name for campaign in joined} == {name for name in names() if name.startswith("guard_")}
    assert len(joined) == len({campaign.name for campaign in joined})


def test_a_name_of_no_campaign_is_wrong_usage() -> None:
    answer = CliRunner().invoke(main, ["nothing"])
    assert answer.exit_code == 2
    assert "There is no campaign “nothing”" in answer.output


def test_the_same_seed_throws_the_same_dice_and_another_does_not() -> None:
    assert [dice_of(1, n).random() for n in range(3)] == [dice_of(1, n).random() for n in range(3)]
    assert dice_of(1, 0).random() != dice_of(2, 0).random()
    assert "3 in 4" in told(of_a_coin(0), Counts(tried=4, broken=3, figures={}), seconds=1.0)
