"""Who is told what, late or in vain: a notice that no longer fits is dropped, a page wakes by two ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.core.guarding import opened
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.refusal import Refusal, Why
from bot.core.request import Choice, Request, State
from bot.core.tasks import page as page_tasks
from bot.core.tasks import page_about, page_over
from bot.core.tasks import tell as tell_tasks
from bot.core.tasks import thread as thread_task
from bot.core.transition import Change, Kind, move
from bot.flows.acknowledge import acknowledge
from bot.flows.follow import wake
from bot.flows.show import FITS, call, page, tell, thread
from bot.flows.world import World
from bot.ports import CardAt, Message, Notice, View
from storage.ledger import SqlLedger
from tests.core.build import open_incident
from tests.storage.scene import AT, MANAGERS, POLICY, SECOND, Shelf, filing, voting, world_of


@dataclass
class Desk:
    """Keeps what it was asked to say."""

    told: list[tuple[str, Message]] = field(default_factory=list)

    async def tell(self, to: str, message: Message) -> None:
        self.told.append((to, message))

    async def thread(self, card: CardAt, message: Message) -> None:
        self.told.append((card.ts, message))


@dataclass
class Hook:
    """Keeps what it was asked to wake somebody with."""

    pages: list[tuple[str, str]] = field(default_factory=list)
    there: bool = True

    async def page(self, *, key: str, summary: str, facts: Mapping[str, Any]) -> bool:  # noqa: ARG002 - the port's names
        self.pages.append((key, summary))
        return True

    async def resolve(self, *, key: str) -> bool:
        self.pages.append((key, "over"))
        return True


@dataclass
class OnCall:
    """A policy in force that names an on-call, or none."""

    on_call: str = ""

    @property
    def policy(self) -> Any:
        return replace(POLICY, on_call=self.on_call)

    def policy_in(self, _: object) -> Any:
        return self.policy


def world(ledger: SqlLedger, shelf: Shelf, desk: Desk, hook: Hook | None = None, on_call: str = "") -> World:
    return replace(world_of(ledger, shelf.clock), desk=desk, pager=hook or Hook(), book=OnCall(on_call))


def to(state: State) -> Any:
    def set_to(view: View) -> Change:
        found = view.request("REQ-1")
        assert found is not None
        moved = move(found, replace(found, state=state), kind=Kind.CLAIMED, by="countersign", at=AT)
        return Change(transitions=(moved,))

    return set_to


async def stand(ledger: SqlLedger, state: State) -> Request:
    await ledger.decide(lambda _: filing())
    if state is State.DENIED:
        await ledger.decide(lambda view: voting(view, choice=Choice.DENY))
    elif state is not State.PENDING:
        await ledger.decide(to(state))
    found = await ledger.read(lambda view: view.request("REQ-1"))
    assert found is not None
    await ledger.put_card("REQ-1", CardAt(channel="C0APPROVALS", ts="1", drawn=9))
    return found


TIMELY = {
    Notice.FILED: {State.PENDING, State.APPROVED},
    Notice.REVISED: {State.PENDING, State.APPROVED},
    Notice.VOTE_AGAIN: {State.PENDING, State.APPROVED},
    Notice.UNCERTAIN: {State.UNCERTAIN},
    Notice.DONE: {*State},
}


@pytest.mark.parametrize("state", [State.PENDING, State.APPROVED, State.RUNNING, State.UNCERTAIN, State.DONE])
@pytest.mark.parametrize("notice", TIMELY)
async def test_a_notice_is_said_as_long_as_it_fits_how_the_request_stands(
    ledger: SqlLedger, shelf: Shelf, notice: Notice, state: State
) -> None:
    desk = Desk()
    found = await stand(ledger, state)
    (told,) = tell_tasks(found, notice, to=("U01ADA",), at=AT, why="tier")
    here = world(ledger, shelf, desk)

    assert await tell(here, told) is None
    assert await thread(here, thread_task(found, notice, at=AT)) is None

    assert [(where, message.notice) for where, message in desk.told] == (
        [("U01ADA", notice), ("1", notice)] if state in TIMELY[notice] else []
    )


def test_every_end_is_told_however_late() -> None:
    ends = {Notice(state.value) for state in State if state.value in set(Notice)}
    ends -= {Notice.UNCERTAIN, Notice.PROVISIONAL}
    assert not ends & set(FITS)
    assert {Notice.DONE, Notice.FAILED, Notice.DENIED, Notice.EXPIRED, Notice.SUPERSEDED} <= ends


# Pages


async def incident(ledger: SqlLedger, **changed: Any) -> Incident:
    new = open_incident(version=0, **changed)
    change = await ledger.decide(lambda _: Change(transitions=(opened(new, at=AT),)))
    assert isinstance(change, Change)
    found = change.transitions[0].after
    assert isinstance(found, Incident)
    return found


@pytest.mark.parametrize("why", ["staff", "unknown_actor"])
async def test_a_page_goes_out_by_web_hook_and_mentions_the_on_call_in_slack(
    ledger: SqlLedger, shelf: Shelf, why: str
) -> None:
    desk, hook = Desk(), Hook()
    here = world(ledger, shelf, desk, hook, "S0ONCALL")
    by_hook, in_slack = page_tasks(await incident(ledger, why=why), why, due=AT)

    assert await page(here, by_hook) is None
    assert desk.told == []
    assert await call(here, in_slack) is None

    assert hook.pages == [(f"INC-A:{why}", f"Countersign: {why} (INC-A)")]
    ((where, message),) = desk.told
    assert (where, message.notice) == ("C0APPROVALS", Notice.PAGE)
    assert (message.facts["why"], message.facts["on_call"]) == (why, "S0ONCALL")
    assert isinstance(message.record, Incident)


@pytest.mark.parametrize(("why", "said"), [("staff", 0), ("unknown_actor", 1)])
async def test_with_nobody_to_mention_the_card_of_somebody_known_says_it(
    ledger: SqlLedger, shelf: Shelf, why: str, said: int
) -> None:
    desk, hook = Desk(), Hook()
    by_hook, in_slack = page_tasks(await incident(ledger, why=why), why, due=AT)
    here = world(ledger, shelf, desk, hook)
    await page(here, by_hook)
    await call(here, in_slack)
    assert (len(hook.pages), len(desk.told)) == (1, said)


async def test_a_person_who_has_to_look_is_called_though_nobody_can_be_mentioned(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    desk = Desk()
    found = await incident(ledger, why="staff", state=IncidentState.STUCK)
    await call(world(ledger, shelf, desk), page_tasks(found, "stuck", due=AT)[1])
    assert [message.facts["why"] for _, message in desk.told] == ["stuck"]


async def test_what_is_over_wakes_nobody_by_either_way(ledger: SqlLedger, shelf: Shelf) -> None:
    desk, hook = Desk(), Hook()
    here = world(ledger, shelf, desk, hook, "S0ONCALL")
    for one in page_tasks(await stand(ledger, State.DONE), "uncertain", due=AT):
        await (page if one.kind == "page" else call)(here, one)
    for one in page_tasks(await incident(ledger), "stuck", due=AT):
        await (page if one.kind == "page" else call)(here, one)
    assert (hook.pages, desk.told) == ([], [])


async def test_what_was_paged_for_is_resolved_under_its_key_whatever_became_of_it(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    hook = Hook()
    for one in page_over(await incident(ledger), "staff", "stuck", due=AT):
        assert await page(world(ledger, shelf, Desk(), hook), one) is None
    assert hook.pages == [("INC-A:staff", "over"), ("INC-A:stuck", "over")]


@pytest.mark.parametrize(
    ("account", "why", "key", "summary"),
    [
        ("acct_1", "unreadable", "acct_1:unreadable", "Countersign: unreadable (acct_1)"),
        (None, "feed_silent", "feed_silent", "Countersign: feed_silent"),
    ],
)
async def test_a_page_without_a_record_says_what_is_known(
    ledger: SqlLedger, shelf: Shelf, account: str | None, why: str, key: str, summary: str
) -> None:
    desk, hook = Desk(), Hook()
    here = world(ledger, shelf, desk, hook)
    by_hook, in_slack = page_about(account, why, due=AT)
    await page(here, by_hook)
    await call(here, in_slack)
    assert hook.pages == [(key, summary)]
    assert [message.facts["account"] for _, message in desk.told] == [account]


async def test_a_silent_feed_wakes_somebody_about_no_account_at_all(ledger: SqlLedger, shelf: Shelf) -> None:
    await wake(world(ledger, shelf, Desk()))
    minute = int(AT.timestamp()) // 60
    assert shelf.sql("select key, kind from tasks order by key") == [
        (f"call:feed_silent:{minute}", "call"),
        (f"page:feed_silent:{minute}", "page"),
    ]


@pytest.mark.parametrize("kind", [IncidentKind.RESTORED, IncidentKind.DELETED])
async def test_what_is_not_undone_is_paged_as_what_it_is(ledger: SqlLedger, kind: IncidentKind) -> None:
    await incident(ledger, kind=kind, state=IncidentState.STUCK)
    assert await ledger.read(lambda view: view.task(f"page:INC-A:{kind}:0")) is not None


# Acknowledging


async def test_whose_own_incident_is_open_is_told_of_that_one(ledger: SqlLedger, shelf: Shelf) -> None:
    await incident(ledger, id="INC-OWN", account="acct_8", person=MANAGERS[0].id)
    await incident(ledger, id="INC-OTHER", account="acct_9", person="ada", at=AT + SECOND)
    here = world(ledger, shelf, Desk())
    refused = await acknowledge(here, incident="INC-OTHER", slack_user=MANAGERS[0].slack[0], replay=None)
    assert refused == Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": "INC-OWN"})
    taken = await acknowledge(here, incident="INC-OTHER", slack_user=MANAGERS[1].slack[0], replay=None)
    assert isinstance(taken, Change)
