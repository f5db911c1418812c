"""What must hold once a round has come to rest: the platform's own record, the ledger and what people see agree."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.audit import compare, gaps, replay
from bot.core.request import Request
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from storage.view import ConnectionView
from tests.campaign.crash_people import ENDED, Acknowledged, People
from tests.campaign.crash_stage import Stage
from tests.campaign.crash_stories import DOWN, UP, Ending
from tests.campaign.guard_truth import OURS
from tests.stories.scene import _everything, event_of, id_of, state_of, text_of

BY_THE_CLOCK = ("sweep", "baseline", "digest", "expire", "remind", "near_purge", "waiting")
"""Tasks that wait for a time of their own: what is due then is asked for by its outcome."""
SOON = 5_000
"""Milliseconds within which a task that waits is part of the round."""
UNRESTED = """select kind from tasks where kind not in :apart
  and (state = 'running' or (state = 'waiting' and due <= :soon))"""
WATCHED = "select key from tasks where kind = 'sample' and state = 'waiting'"
"""Counts that were not looked at in time, for the bot was dead, are looked at later: nothing of it is lost."""
FELL = """select account, max(judged_at) from verdicts
  where operation is null or operation not like 'restored:%' group by account"""
"""When it was last judged that an account had gone down."""
CLOSED = frozenset({"whole", "lost", "left", "observed", "stuck", "deleted"})
WAKES = frozenset({"lapsed", "staff"})
"""Of the reasons to wake somebody those that nothing later makes void."""
VOTED = {"approve": "approve", "deny": "deny"}


@dataclass(frozen=True, kw_only=True)
class Before:
    """What there was before a round: the rest is the round's."""

    records: frozenset[str] = frozenset()
    effects: int = 0


def records(stage: Stage) -> dict[str, Any]:
    """Every request and incident by id."""
    with stage.ledger() as connection:
        return dict(_everything(ConnectionView(connection))[2])


async def before(stage: Stage) -> Before:
    return Before(records=frozenset(records(stage)), effects=len((await stage.truth())["effects"]))


def unrest(stage: Stage, then: Before) -> Iterator[str]:
    """What is not at its end yet."""
    apart = ", ".join(f"'{kind}'" for kind in BY_THE_CLOCK)
    found = stage.rows(UNRESTED.replace(":apart", f"({apart})"), soon=int(time.time() * 1000) + SOON)
    yield from (f"task {kind}" for (kind,) in found)
    requests = stage.rows("select id, state from requests")
    yield from (f"request {id} {state}" for id, state in requests if state not in ENDED)
    fell, watched = dict(stage.rows(FELL)), {key.split(":")[1] for (key,) in stage.rows(WATCHED)}
    for id, state, account, decided_at in stage.rows("select id, state, account, decided_at from incidents"):
        # an account that goes down again, for whatever reason, ends the watch over the incident before
        ended = id in watched or fell.get(account, "") > decided_at
        if id not in then.records and state not in (CLOSED | {"restored"} if ended else CLOSED):
            yield f"incident {id} {state}"


class Truth:
    """One round, judged."""

    def __init__(
        self, stage: Stage, people: People, then: Before, endings: Sequence[Ending], found: dict[str, Any]
    ) -> None:
        self.stage = stage
        self.people = people
        self.endings = endings
        with stage.ledger() as connection:
            self.lines, self.head, stored = _everything(ConnectionView(connection))
        self.stored = stored
        self.new = {id: record for id, record in stored.items() if id not in then.records}
        self.effects = [e for e in found["effects"][then.effects :] if e["action"] in {DOWN, UP}]
        self.accounts = {a["id"]: a for a in found["accounts"]}
        self.messages = [m for m in stage.workspace.messages(APPROVALS) if event_of(m).startswith("countersign_")]

    def wrong(self) -> list[str]:
        """Every sentence that does not hold."""
        return [
            *(f"log: {each}" for each in gaps(self.lines, self.head)),
            *(f"log: {each}" for each in compare(replay(self.lines), self.stored)),
            *self._effects(),
            *(said for ending in self.endings for said in self._ended(ending)),
            *self.lost(),
            *(said for record in self.new.values() for said in self._shown(record)),
            *self._woken(),
        ]

    def lost(self) -> list[str]:
        return [said for each in self.people.acknowledged for said in self._kept(each)]

    # the platform

    def _effects(self) -> Iterator[str]:
        keys = Counter(e["operation"] for e in self.effects if e["operation"] is not None)
        yield from (f"{many} effects of one operation" for many in keys.values() if many > 1)
        requests = {r.operation: r for r in self.stored.values() if isinstance(r, Request)}
        for effect in self.effects:
            if effect["actor"]["id"] == OURS:
                yield from self._allowed(effect, requests.get(effect["operation"]))

    def _allowed(self, effect: dict[str, Any], request: Request | None) -> Iterator[str]:
        """A deactivation of ours is that of a request that was approved by another, or of an emergency (I1, I2)."""
        if request is None:
            yield f"an effect without a request: {effect}"
        elif effect["action"] == DOWN and not request.emergency:
            others = {vote.person for vote in request.approvals} - {request.requester}
            if request.state != "done" or len(others) < sum(count for _, count in request.quorum.groups):
                yield f"{request.id} was carried out, {request.state}, with {sorted(others)}"

    def _ended(self, ending: Ending) -> Iterator[str]:
        if ending.about:
            states = [r.state.value for r in self._about(ending.about)]
            if not states or (len(states) > 1 and not ending.again) or not ending.states.issuperset(states):
                yield f"{ending.about} ended {states}"
        if not ending.account:
            return
        if self.accounts[ending.account]["active"] is not ending.active:
            yield f"{ending.account} ({ending.about}) is {'down' if ending.active else 'up'}"
        mine = [e for e in self.effects if e["account"] == ending.account]
        ours = tuple(e["action"] for e in mine if e["actor"]["id"] == OURS)
        blows = sum(e["action"] == DOWN for e in mine) - ours.count(DOWN)
        allowed = ending.ours or {()} if ending.ours is not None else {(UP,) * blows}
        if ending.again:
            allowed = {one * times for one in allowed for times in range(len(self._about(ending.about)) + 1)}
        if ours not in allowed:
            yield f"{ending.account} ({ending.about}): the bot did {ours} of {blows} blows"

    # the ledger

    def _about(self, about: str) -> list[Request]:
        requests = [r for r in self.new.values() if isinstance(r, Request) and not r.by_policy]
        return [r for r in requests if r.subject.handle == about or about in r.subject.id.split()]

    def _kept(self, said: Acknowledged) -> Iterator[str]:
        """What was acknowledged is on disk (I6)."""
        requests = self._about(said.about)
        match said.act:
            case "filed":
                held = any(r.requester_slack == said.who for r in requests)
            case "withdraw":
                held = any(r.state.value == "withdrawn" for r in requests)
            case _:
                votes = [v for r in requests for v in r.votes if v.choice.value == VOTED[said.act]]
                held = any(vote.slack_user == said.who for vote in votes)
        if not held:
            yield f"acknowledged and lost: {said}"

    # what people see

    def _shown(self, record: Any) -> Iterator[str]:
        if record.by_policy if isinstance(record, Request) else record.quiet:
            return
        cards = [m for m in self.messages if id_of(m) == record.id]
        rows = self.stage.rows("select ts, drawn from cards where record = :id", id=record.id)
        if not rows or not cards:
            yield f"{record.id} has no card"
            return
        ((ts, drawn),) = rows
        card = next((m for m in cards if m.ts == ts), None)
        if card is None or drawn != record.version or state_of(card) != record.state.value:
            shown = None if card is None else state_of(card)
            yield f"the card of {record.id} shows {shown} at {drawn}, it is {record.state} at {record.version}"
        elif isinstance(record, Request):
            yield from self._said(record, card)
        if len(cards) > 1 + len(self.stage.deaths):  # whose answer was lost is posted once more
            yield f"{record.id} has {len(cards)} cards after {self.stage.deaths}"

    def _said(self, request: Request, card: Message) -> Iterator[str]:
        if {"approve", "deny", "withdraw"} & set(card.action_ids):
            yield f"the card of {request.id} has buttons still"
        if not self.stage.workspace.replies(card):
            yield f"nobody answered in the thread of {request.id}"
        told = self.stage.workspace.dms(str(request.requester_slack))
        if not any(_names(message, request) for message in told):
            yield f"nobody told the requester of {request.id} how it ended"

    def _woken(self) -> Iterator[str]:
        """Whoever is to be woken whatever comes of it was."""
        woken = {event["dedup_key"] for event in self.stage.pager.woken}
        for (payload,) in self.stage.rows("select payload from tasks where kind = 'page'"):
            given = payload if isinstance(payload, dict) else json.loads(payload)
            key = f"{given.get('record')}:{given['why']}"
            if given.get("record") in self.new and given["why"] in WAKES and key not in woken:
                yield f"nobody was woken for {key}"


def _names(message: Message, request: Request) -> bool:
    said = text_of(message) + message.text + json.dumps(message.blocks)
    return request.id in said or request.subject.handle in said


def all_of(wrong: Iterable[str]) -> str:
    return "; ".join(wrong)
