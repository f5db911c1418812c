"""How often an actor did what nothing explains, how the actor stands, and latches: as the ledger answers it."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.guarding import incident, opened
from bot.core.incident import Incident, IncidentKind
from bot.core.transition import ActorStands, Change, Judged, Latch, Standing
from bot.core.verdict import Because, Verdict
from storage.ledger import SqlLedger
from storage.questions import COUNTED
from tests.core.build import down, instance
from tests.storage.scene import AT, MINUTE, SECOND, Shelf

REX, DAY = "staff:rex", timedelta(days=1)


def judged(account: str, *, at: datetime, actor: str | None = REX, explained: bool = False) -> Judged:
    return Judged(account=account, at=at, actor=actor, operation=None, explained=explained, why="staff", judged_at=at)


async def count(ledger: SqlLedger, actor: str | None, since: datetime, account: str | None = None) -> int:
    return await ledger.read(lambda view: view.unexplained_by(actor, since, account=account))


async def test_what_an_actor_did_unexplained_is_counted_of_an_account_and_of_all(ledger: SqlLedger) -> None:
    verdicts = (
        judged("acct_1", at=AT),
        judged("acct_1", at=AT + SECOND),
        judged("acct_1", at=AT + 2 * SECOND, actor=None),
        judged("acct_1", at=AT + 3 * SECOND, explained=True),
        judged("acct_2", at=AT + 4 * SECOND),
    )
    await ledger.decide(lambda _: Change(verdicts=verdicts))

    assert await count(ledger, REX, AT - SECOND) == 3
    assert await count(ledger, REX, AT) == 2
    assert await count(ledger, REX, AT - SECOND, "acct_1") == 2
    assert await count(ledger, REX, AT, "acct_1") == 1
    assert await count(ledger, None, AT - SECOND, "acct_1") == 1
    assert await count(ledger, "staff:mona", AT - SECOND) == 0


async def test_no_more_are_counted_than_change_anything(ledger: SqlLedger) -> None:
    many = tuple(judged("acct_1", at=AT + n * SECOND) for n in range(COUNTED + 9))
    await ledger.decide(lambda _: Change(verdicts=many))

    assert await count(ledger, REX, AT - SECOND) == COUNTED
    assert await count(ledger, REX, AT - SECOND, "acct_1") == COUNTED


async def test_an_actor_stands_as_was_recorded_last(ledger: SqlLedger) -> None:
    locking = ActorStands(actor=REX, standing=Standing.CONTAINING, since=AT, why="war", incident="INC-A")
    await ledger.decide(lambda _: Change(actors=(locking,)))
    locked = replace(locking, standing=Standing.CONTAINED, since=AT + SECOND)
    await ledger.decide(lambda _: Change(actors=(locked,)))

    assert await ledger.read(lambda view: view.actor(REX)) == locked
    assert await ledger.read(lambda view: view.actor("staff:mona")) is None
    assert await ledger.read(lambda view: view.actors({Standing.CONTAINED})) == [locked]
    assert await ledger.read(lambda view: view.actors({Standing.FREE})) == []


async def test_a_latch_holds_over_a_restart_until_it_is_released(shelf: Shelf) -> None:
    latch = Latch(name="sweep", since=AT, facts={"unannounced": 900})
    await shelf.open().decide(lambda _: Change(latches=(latch,)))

    again = shelf.open()
    assert await again.read(lambda view: view.latch("sweep")) == latch
    await again.decide(lambda _: Change(latches=(replace(latch, since=None),)))

    assert await again.read(lambda view: view.latch("sweep")) is None


def of(actor: str, id: str, *, at: datetime) -> Change:
    new = incident(
        instance(actor=actor, account=id),
        id=id,
        kind=IncidentKind.DEACTIVATED,
        account=down(),
        verdict=Verdict(explained=False, because=Because.STAFF),
        person=None,
        found_by="feed",
        at=at,
    )
    return Change(transitions=(opened(replace(new, contained_at=at, reinstated_at=at + MINUTE), at=at),))


async def test_an_actors_incidents_are_found_with_what_became_of_the_actor(ledger: SqlLedger) -> None:
    for actor, id in ((REX, "INC-A"), ("staff:mona", "INC-B"), (REX, "INC-C")):
        change = of(actor, id, at=AT + DAY * (id == "INC-C"))
        await ledger.decide(lambda _, change=change: change)

    found = await ledger.read(lambda view: view.incidents(actor=REX))

    assert [i.id for i in found] == ["INC-C", "INC-A"]
    assert [i.id for i in await ledger.read(lambda view: view.incidents(actor=REX, since=AT + SECOND))] == ["INC-C"]
    stored: Incident = found[1]
    assert (stored.contained_at, stored.reinstated_at) == (AT, AT + MINUTE)
