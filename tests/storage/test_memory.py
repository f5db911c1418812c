"""What the ledger remembers beside the requests: signed requests, refusals, cards, verdicts, the time."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import SystemClock
from bot.core.account import Instance
from bot.core.errors import LedgerAway, Replayed, TaskLost
from bot.core.refusal import Refusal, Why
from bot.core.transition import Change, Entry, Judged, Kind, TaskKind
from bot.ports import CardAt
from storage.ledger import SqlLedger
from tests.storage.scene import AT, MINUTE, MS, SECOND, Shelf, filing, log, request, task, voting

NO = Refusal(why=Why.OWN_REQUEST)


async def test_a_signed_request_has_its_effect_once_over_two_connections_and_a_reopening(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.decide(lambda _: filing(), replay="signature:1")
    for ledger in (one, two):
        assert await ledger.seen("signature:1")
        with pytest.raises(Replayed):
            await ledger.decide(voting, replay="signature:1")
        with pytest.raises(Replayed):
            await ledger.refused(NO, by="ada", at=AT, request="REQ-1", replay="signature:1")
        with pytest.raises(Replayed):
            await ledger.remember("signature:1", at=AT)
    one.close()
    two.close()
    again = shelf.open("again")
    with pytest.raises(Replayed):
        await again.decide(voting, replay="signature:1")
    assert len(await log(again)) == 1


async def test_of_many_repeats_at_once_one_has_an_effect(shelf: Shelf) -> None:
    ledgers = [shelf.open(str(n)) for n in range(2)]

    async def tried(n: int) -> object:
        while True:
            with suppress(LedgerAway):  # as a busy machine has it: somebody is told to try again, and does
                return await ledgers[n % 2].decide(lambda _: filing(f"REQ-{n}"), replay="envelope:1")

    tries = (tried(n) for n in range(20))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Change) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Replayed) for outcome in outcomes) == 19


async def test_a_refusal_by_the_rule_writes_nothing_and_leaves_the_key_free_for_its_own_entry(
    ledger: SqlLedger,
) -> None:
    assert await ledger.decide(lambda _: NO, replay="signature:1") == NO
    assert not await ledger.seen("signature:1")
    await ledger.refused(NO, by="ada", at=AT, request=None, replay="signature:1")
    assert await ledger.seen("signature:1")


async def test_keys_are_kept_longer_than_a_signature_is_believed_and_not_for_ever(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    await ledger.remember("old", at=shelf.clock.at)
    shelf.clock.at += timedelta(minutes=15)
    await ledger.remember("new", at=shelf.clock.at)
    assert await ledger.seen("old")
    shelf.clock.at += timedelta(minutes=1) + MS  # they are looked through once a minute
    await ledger.remember("newer", at=shelf.clock.at)
    assert not await ledger.seen("old")
    assert await ledger.seen("new")


async def test_a_person_gets_ten_lines_of_refusal_a_minute_and_the_rest_are_counted_in_the_next(
    ledger: SqlLedger,
) -> None:
    for n in range(25):
        await ledger.refused(NO, by="ada", at=AT + n * SECOND, request="REQ-1", replay=None)
    assert [line.entry.facts for line in await log(ledger)] == [{"why": "own_request"}] * 10
    await ledger.refused(NO, by="mona", at=AT + 25 * SECOND, request=None, replay=None)
    await ledger.refused(NO, by="ada", at=AT + 61 * SECOND, request=None, replay=None)
    await ledger.refused(NO, by="ada", at=AT + 62 * SECOND, request=None, replay=None)
    told = [(line.entry.by, line.entry.facts.get("suppressed")) for line in (await log(ledger))[10:]]
    assert told == [("mona", None), ("ada", 15), ("ada", None)]


async def test_a_repeat_of_a_refused_request_is_not_counted_again(ledger: SqlLedger) -> None:
    await ledger.refused(NO, by="ada", at=AT, request=None, replay="signature:1")
    with pytest.raises(Replayed):
        await ledger.refused(NO, by="ada", at=AT, request=None, replay="signature:1")
    assert len(await log(ledger)) == 1


async def test_a_card_never_goes_back_to_an_older_version(ledger: SqlLedger) -> None:
    async def stands() -> CardAt | None:
        return await ledger.read(lambda view: view.card("REQ-1"))

    first, third = CardAt(channel="C1", ts="1.0", drawn=1), CardAt(channel="C1", ts="1.0", drawn=3)
    await ledger.put_card("REQ-1", first)
    await ledger.put_card("REQ-1", third, was=first)
    await ledger.put_card("REQ-1", CardAt(channel="C1", ts="1.0", drawn=2), was=first)
    assert await stands() == third


async def test_a_card_that_was_found_to_stand_elsewhere_is_not_looked_for_where_it_was(ledger: SqlLedger) -> None:
    first, other = CardAt(channel="C1", ts="1.0", drawn=1), CardAt(channel="C1", ts="2.0", drawn=0)
    drawing = task("draw:REQ-1:1", kind=TaskKind.DRAW)
    await ledger.put_card("REQ-1", first)
    await ledger.redraw("REQ-1", drawing, card=other, was=first)
    await ledger.put_card("REQ-1", CardAt(channel="C1", ts="1.0", drawn=7), was=first)
    await ledger.redraw("REQ-1", drawing, card=None, was=first)
    assert await ledger.read(lambda view: view.card("REQ-1")) == other


async def test_who_drew_where_the_card_stands_no_more_draws_once_more(ledger: SqlLedger) -> None:
    first, other = CardAt(channel="C1", ts="1.0", drawn=1), CardAt(channel="C1", ts="2.0", drawn=0)
    drawing = task("draw:REQ-1:2", kind=TaskKind.DRAW)
    await ledger.put_card("REQ-1", first)
    await ledger.add(drawing)
    await ledger.redraw("REQ-1", drawing, card=other, was=first)
    await ledger.put_card("REQ-1", replace(first, drawn=2), was=first, finish=replace(drawing, owner="one"))
    assert await ledger.read(lambda view: (view.card("REQ-1"), view.unfinished(drawing.key))) == (other, True)
    assert [found.key for found in await ledger.claim_due(limit=9)] == [drawing.key]


async def test_a_drawing_that_is_done_is_done_again_for_a_card_that_is_gone(ledger: SqlLedger) -> None:
    first, drawing = CardAt(channel="C1", ts="1.0", drawn=1), task("draw:REQ-1:1", kind=TaskKind.DRAW)
    await ledger.add(drawing)
    await ledger.put_card("REQ-1", first, finish=replace(drawing, owner="one"))
    await ledger.redraw("REQ-1", drawing, card=None, was=first)
    assert await ledger.read(lambda view: (view.card("REQ-1"), view.unfinished(drawing.key))) == (None, True)
    assert [found.key for found in await ledger.claim_due(limit=9)] == [drawing.key]


# The next place of a channel


async def test_every_post_gets_a_second_of_its_own_whichever_process_posts(ledger: SqlLedger, shelf: Shelf) -> None:
    other, post = shelf.open("two"), task("draw:REQ-1:1", kind=TaskKind.DRAW)
    left = [await one.slot("C1", every=1.0, task=post) for one in (ledger, other, ledger)]
    assert left == [0.0, 1.0, 2.0]
    assert await ledger.slot("C2", every=1.0, task=post) == 0.0, "another channel"
    shelf.clock.at += timedelta(seconds=10)
    assert await other.slot("C1", every=1.0, task=post) == 0.0
    shelf.clock.at -= timedelta(days=1)
    assert await ledger.slot("C1", every=1.0, task=post) == 0.0, "that was another clock's place"


async def test_who_held_a_task_too_long_gets_no_place_for_it(ledger: SqlLedger, shelf: Shelf) -> None:
    post = task("draw:REQ-1:1", kind=TaskKind.DRAW)
    await ledger.add(post)
    assert await ledger.slot("C1", every=1.0, task=post) == 0.0
    shelf.clock.at += timedelta(seconds=61)
    assert [found.key for found in await shelf.open("two").claim_due(limit=9)] == [post.key]
    with pytest.raises(TaskLost):
        await ledger.slot("C1", every=1.0, task=post)


async def test_a_restart_keeps_the_clock_from_going_back(ledger: SqlLedger, shelf: Shelf) -> None:
    """Entries are not written in the order of their times: the newest time counts, not the last line's."""
    future = SystemClock().now() + timedelta(days=300)
    entries = tuple(Entry(kind=Kind.DIGEST, at=at, by="countersign") for at in (future, future - MINUTE))
    await ledger.decide(lambda _: Change(entries=entries))
    ledger.close()
    clock = SystemClock()
    clock.hold(await shelf.open("again").read(lambda view: view.last_time()))
    assert clock.now() == future


async def test_an_empty_ledger_holds_no_clock(ledger: SqlLedger) -> None:
    assert await ledger.read(lambda view: view.last_time()) is None


async def test_an_instance_without_actor_or_key_is_not_one_whose_platform_says_something_odd(
    ledger: SqlLedger,
) -> None:
    """A verdict belongs to exactly one instance, whatever characters the platform puts into its fields."""
    odd = [None, "", "∅", "null", "a\x1fb", "a", '"a"', "∅\x1f∅"]
    instances = [Instance(account="x", at=AT, actor=actor, operation=key) for actor in odd for key in odd]
    for n, instance in enumerate(instances):
        verdict = Judged(
            account="x", at=AT, actor=instance.actor, operation=instance.operation, explained=n % 2 == 0,
            why=str(n), judged_at=AT,
        )  # fmt: skip
        await ledger.decide(lambda _, verdict=verdict: Change(verdicts=(verdict,)))
    known = await ledger.read(lambda view: [view.judged(instance) for instance in instances])
    assert [found.why for found in known if found] == [str(n) for n in range(len(instances))]


async def test_the_last_verdict_of_an_account_is_the_one_before(ledger: SqlLedger) -> None:
    for why, at in (("first", AT), ("second", AT + SECOND), ("first again", AT)):
        verdict = Judged(account="x", at=at, actor="a", operation=None, explained=True, why=why, judged_at=AT)
        await ledger.decide(lambda _, verdict=verdict: Change(verdicts=(verdict,)))
    previous = await ledger.read(lambda view: view.previous("x"))
    assert previous is not None
    assert previous.instance.at == AT
    assert await ledger.read(lambda view: view.previous("y")) is None


async def test_restores_and_the_cursor_are_written_with_the_change(ledger: SqlLedger) -> None:
    await ledger.decide(lambda _: Change(cursor=7, restores=(("acct_1", AT),)))
    await ledger.decide(lambda _: Change(cursor=9, restores=(("acct_1", AT + SECOND),)))
    assert await ledger.read(lambda view: (view.cursor(), view.restored_at("acct_1"))) == (9, AT + SECOND)


async def test_a_request_comes_back_as_it_was_filed(ledger: SqlLedger) -> None:
    filed = filing()
    await ledger.decide(lambda _: filed)
    counted = await ledger.decide(voting)
    assert isinstance(counted, Change)
    assert await request(ledger) == counted.request()
    assert await ledger.read(lambda view: view.of_handle("HANDLE_acct_1", limit=5)) == [counted.request()]
