"""Many at once: the database decides who was first, and the rule is asked again."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from bot.core.errors import LedgerAway
from bot.core.refusal import Refusal, Why
from bot.core.request import Choice, State
from bot.core.transition import Change, Kind, Transition, move
from bot.flows.decide import Counted, decide
from bot.ports import View
from storage.ledger import SqlLedger
from tests.storage.scene import AT, MANAGERS, Shelf, disagreements, filing, log, request, voting, world_of


async def click(ledger: SqlLedger, shelf: Shelf, manager: int, choice: Choice = Choice.APPROVE) -> Counted | Refusal:
    """As often as somebody is told to try again: on a busy machine some wait for their turn for too long."""
    for _ in range(20):
        with suppress(LedgerAway):
            return await clicked(ledger, shelf, manager, choice)
    raise TimeoutError


async def clicked(ledger: SqlLedger, shelf: Shelf, manager: int, choice: Choice) -> Counted | Refusal:
    found = await request(ledger)
    assert found is not None
    return await decide(
        world_of(ledger, shelf.clock),
        request="REQ-1",
        slack_user=MANAGERS[manager].slack[0],
        choice=choice,
        digest=found.digest,
        identity_known=True,
        reason=None,
        replay=None,
    )


def running(view: View, id: str) -> Transition:
    """A claim that asks nobody: what a rule without its lane check would do."""
    found = view.request(id)
    assert found is not None
    return move(found, replace(found, state=State.RUNNING), kind=Kind.CLAIMED, by="countersign", at=AT)


async def test_of_two_approvals_at_once_exactly_one_decides(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.decide(lambda _: filing())
    answers = await asyncio.gather(click(one, shelf, 0), click(two, shelf, 1))
    assert sum(isinstance(answer, Counted) for answer in answers) == 1
    assert [a.why for a in answers if isinstance(a, Refusal)] == [Why.ALREADY_APPROVED]
    found = await request(one)
    assert found is not None
    assert found.state is State.APPROVED
    assert len(found.votes) == 1


async def test_of_fifty_clicks_by_one_person_at_once_one_vote_counts(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.decide(lambda _: filing())
    answers = await asyncio.gather(*(click((one, two)[n % 2], shelf, 0) for n in range(50)))
    assert sum(isinstance(answer, Counted) for answer in answers) == 1
    assert shelf.sql("select count(*) from votes") == [(1,)]
    assert await disagreements(one) == []


async def test_of_fifty_people_at_once_all_are_answered_and_there_is_one_outcome(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.decide(lambda _: filing())
    choices = [Choice.DENY if n % 3 == 0 else Choice.APPROVE for n in range(50)]
    answers = await asyncio.gather(*(click((one, two)[n % 2], shelf, n, choices[n]) for n in range(50)))
    found = await request(one)
    assert found is not None
    assert found.state is State.DENIED, "somebody denied before the claim"
    counted = [choice for choice, answer in zip(choices, answers, strict=True) if isinstance(answer, Counted)]
    assert sorted(counted) == sorted(vote.choice for vote in found.votes)
    assert counted.count(Choice.DENY) == 1
    assert counted.count(Choice.APPROVE) <= 1
    assert await disagreements(one) == []


async def test_a_change_made_on_an_old_version_is_not_written_and_the_rule_is_asked_again(ledger: SqlLedger) -> None:
    await ledger.decide(lambda _: filing())
    stale = await ledger.read(lambda view: voting(view, by=MANAGERS[0]))
    await ledger.decide(lambda view: voting(view, by=MANAGERS[1]))
    asked = []

    def propose(view: View) -> Change | Refusal:
        asked.append(view.request("REQ-1"))
        return stale if len(asked) == 1 else voting(view, by=MANAGERS[0])

    outcome = await ledger.decide(propose)
    assert isinstance(outcome, Refusal)
    assert outcome.why is Why.ALREADY_APPROVED
    assert len(asked) == 2
    assert len(await log(ledger)) == 2


async def test_a_rule_that_never_learns_is_asked_five_times_and_nothing_is_recorded(ledger: SqlLedger) -> None:
    await ledger.decide(lambda _: filing())
    stale = await ledger.read(voting)
    await ledger.decide(lambda view: voting(view, by=MANAGERS[1]))
    asked = []

    def propose(view: View) -> Change | Refusal:
        asked.append(view)
        return stale

    with pytest.raises(LedgerAway, match="five times"):
        await ledger.decide(propose)
    assert len(asked) == 5
    assert len(await log(ledger)) == 2


async def test_a_second_running_request_of_an_account_is_refused_by_the_database(ledger: SqlLedger) -> None:
    await ledger.decide(lambda _: filing("REQ-1"))
    await ledger.decide(lambda view: Change(transitions=(running(view, "REQ-1"),)))
    other = filing("REQ-2")
    policys = replace(other.request(), by_policy=True, state=State.APPROVED, version=0)
    filed = move(None, policys, kind=Kind.FILED, by="countersign", at=AT)
    await ledger.decide(lambda _: Change(transitions=(filed,)))
    asked = []

    def propose(view: View) -> Change:
        asked.append(view.lane("acct_1"))
        if len(asked) == 1:
            return Change(transitions=(running(view, "REQ-2"),))
        return Change(answer="waits")

    outcome = await ledger.decide(propose)
    assert isinstance(outcome, Change)
    assert outcome.answer == "waits"
    assert asked[1] is not None
    assert asked[1].id == "REQ-1"
    waiting = await request(ledger, "REQ-2")
    assert waiting is not None
    assert waiting.state is State.APPROVED
    assert await disagreements(ledger) == []


async def test_a_second_live_request_of_a_kind_is_refused_by_the_database(ledger: SqlLedger) -> None:
    await ledger.decide(lambda _: filing("REQ-1"))
    with pytest.raises(LedgerAway):
        await ledger.decide(lambda _: filing("REQ-2"))
    assert await request(ledger, "REQ-2") is None
    await ledger.decide(lambda view: voting(view, choice=Choice.DENY))
    await ledger.decide(lambda _: filing("REQ-3"))
    assert await request(ledger, "REQ-3") is not None


async def test_an_operation_key_belongs_to_one_request(ledger: SqlLedger) -> None:
    await ledger.decide(lambda _: filing("REQ-1"))
    twin = filing("REQ-2", of="acct_2").transitions[0]
    same = replace(twin, after=replace(twin.after, operation="op-REQ-1"))
    with pytest.raises(LedgerAway):
        await ledger.decide(lambda _: Change(transitions=(same,)))
    assert await request(ledger, "REQ-2") is None
    assert len(await log(ledger)) == 1
