"""The digest of a week as the ledger has it: what the sums look at is found, however old."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.approvers import Load, Overturned, QuickVote
from bot.core.digest import Week
from bot.core.request import Action, Request, State
from bot.core.settling import done
from bot.core.transition import Change, Kind, Transition, move
from bot.flows.digest import digest_of
from bot.ports import View
from storage.ledger import SqlLedger
from tests.storage.scene import AT, POLICY, SECOND, filing, voting

W47 = Week(2026, 47)
WEEK = timedelta(days=7)


def carried_out(found: Request, *, at: Any) -> tuple[Transition, Transition]:
    running = replace(found, state=State.RUNNING, claimed_at=at)
    claimed = move(found, running, kind=Kind.CLAIMED, by="countersign", at=at)
    assert isinstance(claimed.after, Request)
    return claimed, done(claimed.after, at=at, instance=None)


async def settle(ledger: SqlLedger, id: str, action: Action, at: Any) -> None:
    """A request for the action, filed, approved after five seconds and done at once."""

    def file(_: View) -> Change:
        (only,) = filing(id, at=at).transitions
        assert isinstance(only.after, Request)
        return Change(transitions=(replace(only, after=replace(only.after, action=action)),))

    def finish(view: View) -> Change:
        found = view.request(id)
        assert found is not None
        return Change(transitions=carried_out(found, at=at + 5 * SECOND))

    await ledger.decide(file)
    await ledger.decide(lambda view: voting(view, id, at=at + 5 * SECOND))
    await ledger.decide(finish)


async def test_a_restore_finds_the_deactivation_of_weeks_ago_that_it_overturned(ledger: SqlLedger) -> None:
    await settle(ledger, "REQ-1", Action.DEACTIVATE, AT - 5 * WEEK)
    await settle(ledger, "REQ-2", Action.RESTORE, AT)
    digest = await ledger.read(lambda view: digest_of(view, W47, POLICY))
    wrong = Overturned(request="REQ-1", restored_by="REQ-2", account="acct_1", handle="Handle_acct_1")
    assert digest.approvers.overturned == (wrong,)
    assert digest.approvers.load == (Load(person="m0", votes=1),)
    assert digest.approvers.quick == (QuickVote(request="REQ-2", person="m0", took=5 * SECOND),)
    assert [day.approved for day in digest.days] == [1, 0, 0, 0, 0, 0, 0]


async def test_the_week_of_the_deactivation_does_not_know_yet(ledger: SqlLedger) -> None:
    await settle(ledger, "REQ-1", Action.DEACTIVATE, AT - WEEK)
    await settle(ledger, "REQ-2", Action.RESTORE, AT)
    before = await ledger.read(lambda view: digest_of(view, W47.before(), POLICY))
    assert (before.approvers.overturned, before.done) == ((), 1)
