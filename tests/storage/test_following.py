"""The guard's feed over a real ledger: one account that nobody can make sense of leaves no other unguarded."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from bot.core.account import OWN_PRINCIPAL, Account, Deactivation, Event, EventType, PublicView
from bot.core.errors import LedgerAway
from bot.core.record import unstamp
from bot.core.transition import Change, Sighting, Task, TaskKind
from bot.flows.follow import AT_ONCE, STRETCH, follow, take
from bot.flows.judge_later import PAGED_AT_ATTEMPT, judge_backlog, judge_later
from bot.flows.world import World
from storage.ledger import SqlLedger
from tests.storage.scene import AT, MS, SECOND, Shelf, account, disagreements, filing, world_of

HOUR = timedelta(hours=1)
UNSTORABLE = 2**70
"""A count that the platform's client would never hand on: it stands for whatever nobody foresaw."""


@dataclass
class Reads:
    """A platform whose accounts are as the test says."""

    accounts: dict[str, Account] = field(default_factory=dict)
    publicly: dict[str, bool] = field(default_factory=dict)
    """Whether the public sees them active."""
    asked: list[str] = field(default_factory=list)

    async def account(self, id: str) -> Account | None:
        self.asked.append(id)
        return self.accounts.get(id)

    async def latest_cursor(self) -> int:
        return 0

    async def public(self, id: str) -> PublicView | None:
        return PublicView(active=self.publicly[id], followers=None, following=None, as_of=AT)


def taken_down(id: str, **changed: object) -> Account:
    down = Deactivation(actor="staff:rex", at=AT, operation=None, reason=None, purge_at=None)
    return account(id, active=False, deactivation=down, **changed)


def event(seq: int, id: str) -> Event:
    return Event(
        seq=seq,
        type=EventType.DEACTIVATED,
        account=id,
        handle=id,
        actor="staff:rex",
        at=AT,
        operation=None,
    )


async def test_what_nobody_foresaw_about_one_account_leaves_no_other_unguarded(ledger: SqlLedger, shelf: Shelf) -> None:
    platform = Reads({"odd": taken_down("odd", followers=UNSTORABLE), "plain": taken_down("plain")})
    world = replace(world_of(ledger, shelf.clock), platform=platform)

    await take(world, [event(1, "odd"), event(2, "plain")], after=2, cursor=0)

    assert shelf.sql("select account from incidents") == [("plain",)]
    assert shelf.sql("select key from tasks where kind = 'judge'") == [("judge:odd:1",)]
    assert await ledger.read(lambda view: view.cursor()) == 2


async def test_it_is_tried_again_and_wakes_somebody_before_long(ledger: SqlLedger, shelf: Shelf) -> None:
    platform = Reads({"odd": taken_down("odd", followers=UNSTORABLE)})
    world = replace(world_of(ledger, shelf.clock), platform=platform)
    task = Task(key="judge:odd:1", kind=TaskKind.JUDGE, payload={"account": "odd"}, due=AT)

    assert await judge_later(world, task) is not None
    assert shelf.sql("select count(*) from tasks where kind = 'page'") == [(0,)]
    assert await judge_later(world, replace(task, attempts=PAGED_AT_ATTEMPT)) is not None
    assert shelf.sql("select count(*) from tasks where kind = 'page'") == [(1,)]

    platform.accounts["odd"] = taken_down("odd")
    assert await judge_later(world, task) is None
    assert shelf.sql("select account from incidents") == [("odd",)]


# What the feed alone explains


def by(seq: int, id: str, actor: str, *, at: datetime = AT, operation: str | None = None, **changed: object) -> Event:
    return replace(event(seq, id), actor=actor, at=at, operation=operation, **changed)


def stands(id: str, actor: str, *, at: datetime = AT, operation: str | None = None) -> Account:
    down = Deactivation(actor=actor, at=at, operation=operation, reason=None, purge_at=None)
    return account(id, active=False, deactivation=down)


def guarded(ledger: SqlLedger, shelf: Shelf, *accounts: Account) -> tuple[World, Reads]:
    platform = Reads({one.id: one for one in accounts})
    return replace(world_of(ledger, shelf.clock), platform=platform), platform


async def test_what_an_owner_did_is_on_record_without_a_read(ledger: SqlLedger, shelf: Shelf) -> None:
    world, platform = guarded(ledger, shelf)
    await take(world, [by(1, "acct_1", "owner:acct_1")], after=1, cursor=0)
    assert shelf.sql("select account, explained, why from verdicts") == [("acct_1", 1, "owner")]
    assert platform.asked == []


async def test_what_is_protected_is_read_though_its_owner_is_said_to_have_done_it(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    world, platform = guarded(ledger, shelf, stands("acct_1", "staff:rex"))
    await ledger.decide(lambda _: Change(sightings=(Sighting(account="acct_1", tier="protected", at=AT),)))
    await take(world, [by(1, "acct_1", "owner:acct_1")], after=1, cursor=0)
    assert platform.asked == ["acct_1"]
    assert shelf.sql("select actor from incidents") == [("staff:rex",)]


async def test_an_owners_act_that_a_system_relabelled_in_the_same_batch_is_left_alone(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    world, _ = guarded(ledger, shelf, stands("acct_1", "system:sync", at=AT + SECOND))
    events = [by(1, "acct_1", "owner:acct_1"), by(2, "acct_1", "system:sync", at=AT + SECOND)]
    await take(world, events, after=2, cursor=0)
    assert shelf.sql("select why from verdicts order by place") == [("owner",), ("replaces_explained",)]
    assert shelf.sql("select count(*) from incidents") == [(0,)]


async def test_it_is_left_alone_too_where_it_is_judged_after_what_else_the_batch_tells(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    relabelled = AT + 3 * SECOND
    world, _ = guarded(ledger, shelf, stands("acct_1", "system:sync", at=relabelled))
    events = [
        by(1, "acct_1", "owner:acct_1"),
        by(2, "acct_1", "staff:helper", at=AT + SECOND, type=EventType.RESTORED),
        by(3, "acct_1", "owner:acct_1", at=AT + 2 * SECOND),
    ]
    await take(world, events, after=3, cursor=0)
    task = Task(key="judge:acct_1:1", kind=TaskKind.JUDGE, payload={"account": "acct_1"}, due=AT)
    assert await judge_later(world, task) is None
    assert shelf.sql("select kind from incidents") == [("restored",)]


async def test_one_act_under_another_name_in_the_feed_is_not_one_that_was_relabelled(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    world, _ = guarded(ledger, shelf, stands("acct_1", "system:sync"))
    await take(world, [by(1, "acct_1", "owner:acct_1")], after=1, cursor=0)
    task = Task(key="judge:acct_1:1", kind=TaskKind.JUDGE, payload={"account": "acct_1"}, due=AT)
    assert await judge_later(world, task) is None
    assert shelf.sql("select actor from incidents") == [("system:sync",)]


async def test_in_the_same_millisecond_the_feeds_order_says_what_replaced_what(ledger: SqlLedger, shelf: Shelf) -> None:
    world, _ = guarded(ledger, shelf, stands("acct_1", "system:sync"))
    await take(world, [by(1, "acct_1", "owner:acct_1"), by(2, "acct_1", "system:sync")], after=2, cursor=0)
    assert shelf.sql("select count(*) from incidents") == [(0,)]


async def test_the_first_effect_of_a_key_is_ours_and_the_next_in_the_same_batch_is_not(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    world, _ = guarded(ledger, shelf, stands("acct_1", OWN_PRINCIPAL, at=AT + 2 * SECOND, operation="op-REQ-1"))
    await ledger.decide(lambda _: filing())
    shelf.sql("update requests set state = 'running'")
    events = [
        by(1, "acct_1", OWN_PRINCIPAL, operation="op-REQ-1"),
        by(2, "acct_1", "staff:helper", at=AT + SECOND, type=EventType.RESTORED),
        by(3, "acct_1", OWN_PRINCIPAL, at=AT + 2 * SECOND, operation="op-REQ-1"),
    ]
    await take(world, events, after=3, cursor=0)
    request = await ledger.read(lambda view: view.request("REQ-1"))
    assert request is not None
    assert request.explains is not None
    assert request.explains.at == AT
    assert shelf.sql("select why from incidents where kind = 'deactivated'") == [("key_used",)]


async def test_the_same_event_twice_in_a_batch_is_one(ledger: SqlLedger, shelf: Shelf) -> None:
    world, _ = guarded(ledger, shelf)
    deleted = by(1, "acct_1", "staff:rex", type=EventType.DELETED)
    await take(world, [deleted, deleted], after=1, cursor=0)
    assert shelf.sql("select count(*) from incidents") == [(1,)]


async def test_two_deeds_on_one_account_in_a_batch_are_both_told(ledger: SqlLedger, shelf: Shelf) -> None:
    world, _ = guarded(ledger, shelf)
    await take(world, [by(1, "acct_1", "owner:acct_1")], after=1, cursor=0)
    back = by(2, "acct_1", "staff:rex", at=AT + SECOND, type=EventType.RESTORED)
    gone = by(3, "acct_1", "staff:rex", at=AT + 2 * SECOND, type=EventType.DELETED)
    await take(world, [back, gone], after=3, cursor=1)
    assert shelf.sql("select kind from incidents order by kind") == [("deleted",), ("restored",)]


# What was over before it was heard of


@pytest.mark.parametrize("batches", [1, 2])
async def test_of_what_was_undone_before_it_was_heard_of_the_feed_says_when_and_by_whom(
    ledger: SqlLedger, shelf: Shelf, batches: int
) -> None:
    world, _ = guarded(ledger, shelf, account("acct_1"))
    down, back = AT - 2 * HOUR, AT - 2 * HOUR + 31 * MS
    # a key of ours that this ledger knows nothing of: it was put back from a copy that is older
    events = [
        by(1, "acct_1", "staff:rex", at=down),
        by(2, "acct_1", OWN_PRINCIPAL, at=back, operation="lost", type=EventType.RESTORED),
    ]
    for batch in [events] if batches == 1 else [[one] for one in events]:
        await take(world, batch, after=batch[-1].seq, cursor=batch[0].seq - 1)
    ((restored_at, by_whom),) = shelf.sql("select restored_at, restored_by from incidents")
    assert (unstamp(restored_at), by_whom) == (back, OWN_PRINCIPAL)
    assert await disagreements(ledger) == []


async def test_a_restore_of_the_time_before_is_not_taken_for_the_end_of_what_came_after(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    world, _ = guarded(ledger, shelf, account("acct_1"))
    before = by(1, "acct_1", "staff:helper", at=AT - HOUR, type=EventType.RESTORED)
    await take(world, [before, by(2, "acct_1", "staff:rex", at=AT - SECOND)], after=2, cursor=0)
    found = shelf.sql("select restored_at, restored_by from incidents where kind = 'deactivated'")
    assert [(unstamp(at), by_whom) for at, by_whom in found] == [(AT, "others")]


async def test_a_number_that_the_feed_leaves_out_has_the_changes_listed_at_once(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    world, _ = guarded(ledger, shelf)
    await take(world, [by(1, "acct_1", "owner:acct_1"), by(3, "acct_2", "owner:acct_2")], after=3, cursor=0)
    assert shelf.sql("select payload from tasks where kind = 'sweep'") == [('{"once":true,"whole":false}',)]
    shelf.sql("delete from tasks")
    again = [by(3, "acct_2", "owner:acct_2"), by(4, "acct_3", "owner:acct_3"), by(5, "", "", type=EventType.OTHER)]
    await take(world, again, after=5, cursor=3)
    assert shelf.sql("select count(*) from tasks where kind = 'sweep'") == [(0,)]


async def test_of_more_than_can_be_read_at_once_the_protected_are_and_the_others_wait_behind_the_cursor(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    many = [f"acct_{n}" for n in range(AT_ONCE + STRETCH)]
    world, platform = guarded(ledger, shelf, *(stands(id, "staff:rex") for id in many))
    await ledger.decide(lambda _: Change(sightings=(Sighting(account=many[-1], tier="protected", at=AT),)))

    await take(world, [by(n + 1, id, "staff:rex") for n, id in enumerate(many)], after=len(many), cursor=0)

    assert platform.asked == [many[-1]]
    assert await ledger.read(lambda view: view.cursor()) == len(many)
    assert shelf.sql("select count(*) from tasks where kind = 'triage'") == [(1,)]
    left = await ledger.read(lambda view: view.awaiting_judgement())
    assert left == set(many[:-1])

    for key, payload in shelf.sql("select key, payload from tasks where kind = 'backlog'"):
        task = Task(key=key, kind=TaskKind.BACKLOG, payload=json.loads(payload), due=AT)
        assert await judge_backlog(world, task) == Change()
    assert shelf.sql("select count(*) from incidents") == [(len(many),)]
    # once the on-call has heard of the actor, a card of each would help nobody
    assert shelf.sql("select count(*) from incidents where not quiet")[0][0] < 10
    assert shelf.sql("select standing from actors") == [("containing",)]
    assert (many[-1],) in shelf.sql("select account from incidents where not quiet")


async def test_a_record_that_cannot_say_who_or_when_is_not_believed_against_the_public(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    lying = replace(account("acct_1"), active=False)
    world, platform = guarded(ledger, shelf, lying)
    task = Task(key="judge:acct_1:1", kind=TaskKind.JUDGE, payload={"account": "acct_1"}, due=AT)
    platform.publicly["acct_1"] = True
    assert isinstance(await judge_later(world, task), datetime)
    assert shelf.sql("select count(*) from incidents") == [(0,)]

    platform.publicly["acct_1"] = False
    assert await judge_later(world, task) is None
    assert shelf.sql("select why from incidents") == [("unknown_actor",)]


class Deaf(SqlLedger):
    """A ledger that takes nothing of the feed."""

    async def decide(self, *_: object, **__: object) -> Change:
        raise LedgerAway("No.")


@dataclass
class Talks(Reads):
    """A platform whose feed answers with the same event each time it is asked."""

    polls: int = 0

    async def events(self, **_: object) -> tuple[list[Event], int]:
        self.polls += 1
        return [event(1, "plain")], 1


async def test_a_feed_that_answers_and_is_not_taken_is_as_silent_as_one_that_does_not(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    await ledger.decide(lambda _: Change(cursor=0))
    deaf = Deaf(ledger._database, clock=shelf.clock, owner="deaf")
    platform = Talks({"plain": taken_down("plain")})
    world = replace(world_of(deaf, shelf.clock), platform=platform)
    following = asyncio.create_task(follow(world))
    async with asyncio.timeout(20):
        while platform.polls < 2:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
        heard = world.status.feed_answered
        while platform.polls < 4:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert world.status.feed_answered == heard
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    deaf.close()
