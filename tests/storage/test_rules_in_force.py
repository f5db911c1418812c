"""The policy in force: a row of the ledger, the same for every rule of a transaction, and the file it comes from."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.core.errors import Misconfigured
from bot.core.overlay import RuleChange, RuleVerb, overlay_of, with_change
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.core.record import stamp
from bot.core.transition import Change, Entry, Kind, PolicyRow
from bot.flows.bring_into_force import bring_into_force, taking_force
from bot.flows.world import World
from bot.policy_book import DIFFERS_FOR, KEPT, Book, read_policy
from bot.ports import View
from storage.ledger import SqlLedger
from tests.storage.scene import AT, SECOND, Shelf, world_of

SAMPLE = (Path(__file__).parents[2] / "bot" / "sandbox" / "policy.toml").read_text(encoding="utf-8")
LEAVE = RuleChange(verb=RuleVerb.LEAVE, person="omar", last_day=date(2026, 11, 16))
NINA = RuleChange(verb=RuleVerb.ADD, person="nina", slack="U09NINA", groups=("trust-safety",), team="safety")


@pytest.fixture
def world(ledger: SqlLedger, shelf: Shelf) -> World:
    return replace(world_of(ledger, shelf.clock), book=Book(parse_policy(SAMPLE)))


async def row(world: World) -> PolicyRow:
    found = await world.ledger.read(lambda view: view.policy_in_force())
    assert found is not None
    return found


async def entries(world: World) -> Sequence[Entry]:
    return await world.ledger.read(lambda view: view.entries(kinds=[Kind.POLICY]))


async def change(world: World, rule: RuleChange) -> Policy:
    """What a rules request does in the end: one change more in force."""

    def propose(view: View) -> Change:
        last = view.policy_in_force()
        assert last is not None
        policy = parse_policy(with_change(last.text, rule, at=AT, request="REQ-1"))
        return replace(taking_force(world, last, policy, by="ada", at=AT, request="REQ-1"), answer=policy)

    done = await world.ledger.decide(propose)
    assert isinstance(done, Change)
    assert isinstance(done.answer, Policy)
    await world.ledger.read(world.book.take_up)
    return await world.ledger.read(world.policy_in)


async def test_what_a_transaction_that_writes_saw_is_not_shown_for_it_may_never_have_been(world: World) -> None:
    await bring_into_force(world, parse_policy(SAMPLE), by="file")
    elsewhere = replace(world, book=Book(world.policy))
    changed = await change(elsewhere, LEAVE)
    seen = await world.ledger.decide(lambda view: Change(answer=world.policy_in(view)))
    assert isinstance(seen, Change)
    assert seen.answer == changed != world.policy
    await world.ledger.read(world.book.take_up)
    assert world.policy == changed


async def test_without_a_row_the_file_that_was_read_is_in_force(world: World) -> None:
    assert await world.ledger.read(world.policy_in) == parse_policy(SAMPLE)


async def test_a_first_policy_comes_into_force_untold_and_the_same_again_changes_nothing(world: World) -> None:
    offered = parse_policy(SAMPLE)
    assert await bring_into_force(world, offered, by="file")
    assert not await bring_into_force(world, offered, by="file")
    (entry,) = await entries(world)
    assert (entry.facts["before"], entry.facts["digest"]) == (None, offered.digest)
    assert "looser" not in entry.facts


async def test_what_was_changed_in_slack_is_in_force_in_the_next_transaction_and_shown(world: World) -> None:
    await bring_into_force(world, parse_policy(SAMPLE), by="file")
    changed = await change(world, LEAVE)
    assert await world.ledger.read(world.policy_in) == changed == world.policy
    entry = (await entries(world))[-1]
    assert (entry.request, entry.by) == ("REQ-1", "ada")
    assert (entry.facts["looser"], entry.facts["stricter"]) == ([], ["people.last_day"])
    assert '+change = "roster leave omar 2026-11-16"' in entry.facts["difference"]


async def test_within_one_transaction_the_policy_is_read_once_and_parsed_once_for_all(world: World) -> None:
    await bring_into_force(world, parse_policy(SAMPLE), by="file")
    await change(world, LEAVE)
    one, other = await world.ledger.read(lambda view: (world.policy_in(view), world.policy_in(view)))
    assert one is other is await world.ledger.read(world.policy_in)


async def test_a_file_offered_again_keeps_what_was_changed_in_slack(world: World) -> None:
    await bring_into_force(world, parse_policy(SAMPLE), by="file")
    changed = await change(world, LEAVE)
    assert not await bring_into_force(world, parse_policy(SAMPLE), by="file")
    assert (await row(world)).digest == changed.digest
    other = parse_policy(SAMPLE.replace("hour = 9", "hour = 10"))
    assert await bring_into_force(world, other, by="file")
    assert (world.policy.digest_rules.hour, world.policy.people["omar"].last_day) == (10, LEAVE.last_day)
    assert (await entries(world))[-1].facts["difference"][1:] == ["-hour = 9", "+hour = 10"]


TOGETHER = RuleChange(verb=RuleVerb.REMOVE, person="tessa")


async def test_a_file_that_cannot_be_together_with_the_overlay_is_refused_and_the_old_one_stays(world: World) -> None:
    safe = SAMPLE.replace('groups = ["manager"]', 'groups = ["manager", "trust-safety"]', 1)
    more = f'{safe}\n[people.max]\nslack = ["U06MAX"]\ngroups = ["trust-safety"]\nteam = "night"\n'
    await bring_into_force(world, parse_policy(more), by="file")
    changed = await change(world, TOGETHER)
    with pytest.raises(Misconfigured) as refusal:
        await bring_into_force(world, parse_policy(SAMPLE), by="file")
    assert refusal.value.sentences[0].startswith("The file together with what was changed in Slack: line ")
    assert "can never be filled" in refusal.value.sentences[0]
    assert (await row(world)).digest == changed.digest == world.policy.digest


async def test_at_sighup_the_log_says_why_the_old_policy_stays(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "policy.toml"
    file.write_text(SAMPLE)
    book = world.book
    assert isinstance(book, Book)
    await bring_into_force(world, read_policy(file), by="file")
    await change(world, NINA)
    file.write_text(SAMPLE.replace('slack = ["U05TESSA"]', 'slack = ["U05TESSA", "@"]'))
    await book.reload(world, file)
    assert "the policy stays as it is" in caplog.text
    file.write_text(SAMPLE.replace("hour = 9", "hour = 10"))
    await book.reload(world, file)
    assert "is in force" in caplog.text
    assert [one.change for one in overlay_of((await row(world)).text)] == [NINA]
    assert "nina" in world.policy.people


async def test_a_file_with_an_overlay_of_its_own_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(with_change(SAMPLE, LEAVE, at=AT, request="REQ-1"))
    with pytest.raises(Misconfigured) as refusal:
        read_policy(file)
    assert refusal.value.sentences == (
        f"{file}: overlay is written by the bot alone: take every [[overlay]] out of the file.",
    )


async def test_a_policy_that_an_older_program_took_is_replaced_and_in_doubt_all_is_looser(world: World) -> None:
    old = PolicyRow(digest="old", text="version = 0", since=AT, by="file")
    await world.ledger.decide(lambda _: Change(policy=old))
    assert await bring_into_force(world, parse_policy(SAMPLE), by="file")
    assert "tier.approvals" in (await entries(world))[-1].facts["looser"]


async def test_however_often_the_rules_change_only_a_few_stay_in_memory(world: World) -> None:
    for hour in range(KEPT + 3):
        await bring_into_force(world, parse_policy(SAMPLE.replace("hour = 9", f"hour = {hour}")), by="file")
    assert isinstance(world.book, Book)
    assert len(world.book._parsed) == KEPT
    assert world.policy.digest_rules.hour == KEPT + 2


async def test_an_older_snapshot_is_answered_with_its_own_policy_and_takes_nothing_back(world: World) -> None:
    class Older:
        """A reader's view from before the last change."""

        def __init__(self, view: View) -> None:
            self._row = view.policy_in_force()

        def policy_mark(self) -> tuple[int, str]:
            assert self._row is not None
            return 1, self._row.digest

        def policy_in_force(self) -> PolicyRow | None:
            return self._row

    await bring_into_force(world, parse_policy(SAMPLE), by="file")
    older = await world.ledger.read(Older)
    changed = await change(world, LEAVE)
    await world.ledger.read(world.book.take_up)
    world.book.take_up(older)  # type: ignore[arg-type]
    assert world.policy_in(older).people["omar"].last_day is None  # type: ignore[arg-type]
    assert world.policy == changed


async def test_a_file_that_is_not_in_force_has_some_minutes_and_is_red_then(world: World, tmp_path: Path) -> None:
    book, file = Book(parse_policy(SAMPLE)), tmp_path / "policy.toml"
    await bring_into_force(world, parse_policy(SAMPLE.replace("hour = 9", "hour = 10")), by="file")
    stands, since = await row(world), (await row(world)).since
    assert book.stands(stands, at=since + DIFFERS_FOR)[0]
    ok, said = book.stands(stands, at=since + DIFFERS_FOR + SECOND)
    assert not ok
    for text in (SAMPLE, SAMPLE.replace("hour = 9", "hour = 10")):
        assert parse_policy(text).digest[:12] in said
    assert stamp(since) in said
    file.write_text("version = ")
    await book.reload(world, file)
    assert "no valid policy" in book.stands(stands, at=world.now())[1]


async def test_neither_a_reload_nor_a_change_made_in_slack_makes_a_file_that_differs_well_again(
    world: World, shelf: Shelf, tmp_path: Path
) -> None:
    book, file = Book(parse_policy(SAMPLE)), tmp_path / "policy.toml"
    await bring_into_force(world, parse_policy(SAMPLE.replace("hour = 9", "hour = 10")), by="file")
    stands = await row(world)
    red = stands.since + DIFFERS_FOR + SECOND
    assert book.stands(stands, at=stands.since)[0]
    assert not book.stands(replace(stands, since=red), at=red)[0]
    file.write_text("version = ")
    await book.reload(world, file)
    assert book.stands(stands, at=world.now())[0], "another file than before"
    shelf.clock.at += DIFFERS_FOR + SECOND
    await book.reload(world, file)
    assert not book.stands(stands, at=world.now())[0]


async def test_the_file_in_force_is_named_and_before_any_is_there_nothing_is_well(world: World) -> None:
    book = Book(parse_policy(SAMPLE))
    assert not book.stands(None, at=AT)[0]
    await bring_into_force(world, parse_policy(SAMPLE), by="file")
    ok, said = book.stands(await row(world), at=AT + 2 * DIFFERS_FOR)
    assert ok
    assert parse_policy(SAMPLE).digest[:12] in said
