"""What is asked for many accounts at once is what would be asked for each of them."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.account import OWN_PRINCIPAL, Event, EventType, Instance
from bot.core.policy import SEEN_FOR
from bot.core.request import Action
from bot.core.transition import ActorStands, Change, Judged, Sighting, Standing
from bot.flows.follow import take
from storage.about import LedgerView
from storage.ledger import SqlLedger
from tests.storage.scene import AT, SECOND, Shelf, filing
from tests.storage.test_following import by, guarded, stands

ACCOUNTS = ("acct_1", "acct_2", "acct_3", "nobody")
INSTANCES = [
    Instance(account=id, at=at, actor=actor, operation=operation)
    for id in ACCOUNTS
    for at in (AT, AT + SECOND)
    for actor, operation in ((f"owner:{id}", None), ("staff:rex", None), (OWN_PRINCIPAL, "op-REQ-1"))
]


def asked(view: LedgerView) -> dict[str, Any]:
    """Every answer that is gathered."""
    found: dict[str, Any] = {"mark": view.policy_mark(), "keyed": view.keyed("op-REQ-1"), "other": view.keyed("op-9")}
    for instance in INSTANCES:
        found[f"judged {instance}"] = view.judged(instance)
    for id in (*ACCOUNTS, "acct_9"):
        found[id] = (
            view.previous(id),
            view.restored_at(id),
            [view.live_request(id, action) for action in (Action.DEACTIVATE, Action.RESTORE)],
            view.lane(id),
            view.open_incident(id),
            list(view.not_undone(id)),
            view.tiers_seen(id, AT - SEEN_FOR),
            view.first_of_key(id, "op-REQ-1"),
            view.unexplained_by("staff:rex", AT - timedelta(days=1), account=id),
        )
    actors = ("staff:rex", "staff:mona", None)
    found["acts"] = [view.unexplained_by(actor, AT - timedelta(days=1)) for actor in actors]
    found["stands"] = [view.actor(actor) for actor in actors if actor]
    return found


async def lived_in(ledger: SqlLedger, shelf: Shelf) -> None:
    """A request that is running, an incident that is open, one that is over, a restore, a mark and a sighting."""
    world, _ = guarded(ledger, shelf, stands("acct_2", "staff:rex"), stands("acct_3", "staff:rex", at=AT + SECOND))
    await ledger.decide(lambda _: filing())
    shelf.sql("update requests set state = 'running'")
    await ledger.decide(lambda _: Change(sightings=(Sighting(account="acct_2", tier="high", at=AT),)))
    events: list[Event] = [
        by(1, "acct_1", OWN_PRINCIPAL, operation="op-REQ-1"),
        by(2, "acct_2", "staff:rex"),
        by(3, "acct_3", "owner:acct_3"),
        by(4, "acct_3", "staff:helper", type=EventType.RESTORED, at=AT + SECOND / 2),
        by(5, "acct_3", "staff:rex", at=AT + SECOND),
    ]
    await take(world, events, after=5, cursor=0)


async def test_every_answer_is_the_ledgers_own(ledger: SqlLedger, shelf: Shelf) -> None:
    await lived_in(ledger, shelf)
    plain, gathered = await ledger.read(lambda view: (asked(view), asked(view.about(INSTANCES))))
    assert gathered == plain
    assert plain["acct_1"][3] is not None
    assert plain["acct_2"][4] is not None
    assert plain["acct_3"][0].instance.actor == "staff:rex"


async def test_what_was_not_asked_for_is_the_ledgers_own_too(ledger: SqlLedger, shelf: Shelf) -> None:
    await lived_in(ledger, shelf)
    plain, gathered = await ledger.read(lambda view: (asked(view), asked(view.about(INSTANCES[:1]))))
    assert gathered == plain


@pytest.mark.parametrize("how", ["noted", "written"])
async def test_what_is_noted_counts_as_if_it_were_written(ledger: SqlLedger, shelf: Shelf, how: str) -> None:
    await lived_in(ledger, shelf)
    verdict = Judged(
        account="acct_9", at=AT, actor="staff:rex", operation=None, explained=False, why="staff", judged_at=AT + SECOND
    )
    standing = ActorStands(actor="staff:mona", standing=Standing.CONTAINING, since=AT, why="war")
    change = Change(verdicts=(verdict,), actors=(standing,))

    def ask(view: LedgerView) -> tuple[Any, ...]:
        about = view.about(INSTANCES)
        if how == "noted":
            about.note(change)
        of = Instance(account="acct_9", at=AT, actor="staff:rex", operation=None)
        return about.judged(of), about.actor("staff:mona"), about.unexplained_by("staff:rex", AT - SECOND)

    if how == "written":
        await ledger.decide(lambda _: change)
    assert await ledger.read(ask) == (verdict, standing, 3)
