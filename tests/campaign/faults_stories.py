"""The stories: a request, an emergency, an incident, a contained actor. At one step of each its fault strikes.

People do what people do: who is told that it did not work tries again. What they were told is held against the ledger.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bot.core.errors import LedgerAway
from bot.core.incident import Incident
from bot.core.request import NOT_YET_RATIFIED, Request, State, Undo
from bot.sandbox.slack.people import NotThere
from bot.sandbox.slack.records import Message
from tests.campaign.faults_kinds import CALL_STEPS, Fault
from tests.campaign.faults_line import Call
from tests.campaign.faults_stage import Stage, Window
from tests.stories.scene import APPROVALS, REASON, event_of, id_of, inputs, text_of

TRIES = 40
AGAIN = 0.3
TOO_MANY = 429
ANSWERED_WITHIN = 12.0
DRAWN_WITHIN = 60.0
LOOKED_EVERY = 0.05
ENDS = frozenset({State.DONE, State.FAILED, State.RATIFIED, State.LAPSED})


class NotAnswered(Exception):
    """A person was left without a word, or told of a success that is not on disk."""


@dataclass
class Story:
    """One account's story; `struck` once the fault was met at its step."""

    stage: Stage
    fault: Fault | None
    step: str
    account: str
    handle: str
    seat: int
    window: Window | None = None
    struck: bool = False
    patches: int = 0
    answered: int = 0
    """Patches whose answer is on its way."""
    phase: str = ""
    looks: int = 0
    """Of the public view, since the last patch."""
    told: list[str] = field(default_factory=list)
    TOLD: ClassVar[str] = "countersign_request"

    @property
    def asker(self) -> str:
        return f"U1ASK{self.seat}"

    @property
    def voter(self) -> str:
        return f"U1VOTE{self.seat}"

    # the fault

    async def reach(self, step: str, *, call: bool = False) -> None:
        """The story is at that step: at the person's act, or at the `call` itself."""
        if step != self.step or self.struck or self.fault is None:
            return
        if self.fault.of == "call":
            if call:
                self.struck = True
                await self._strike(on=CALL_STEPS[step])
        elif self.fault.of == "events":
            self.struck = True
            await self._strike()
        elif self.window is not None:
            self.struck = True
            self.struck = await self.window.come()

    async def _strike(self, **where: str) -> None:
        assert self.fault is not None
        named = {} if where.get("on") in {"list", "staff"} else {"account": self.account}
        await self.stage.scene.fault(**self.fault.rule, **where, **named)

    async def seen(self, call: Call, *, after: bool) -> None:
        """Of all calls of the bot those of this story's steps."""
        if call.to == "platform":
            await self._asked_of_the_platform(call, after=after)
        elif call.to == "slack" and not after:
            await self.said(call)

    async def _asked_of_the_platform(self, call: Call, *, after: bool) -> None:
        if call.place == "list" and self.handle in call.said and not after and self.phase in {"look-up", "filing"}:
            await self.reach(self.phase, call=True)
        if call.account != self.account:
            return
        if call.place == "patch":
            self.patches += not after
            self.answered += after
            self.looks = 0
            await (self.patched() if after else self.patching())
        elif call.place == "get":
            await self.read(after=after)
        elif call.place == "public" and self.answered:
            self.looks += not after
            await self.looked(after=after)

    async def patching(self) -> None: ...
    async def patched(self) -> None: ...
    async def read(self, *, after: bool) -> None: ...
    async def looked(self, *, after: bool) -> None: ...
    async def said(self, call: Call) -> None: ...
    async def play(self) -> None: ...
    async def broke(self) -> list[str]:
        """What does not hold, or not yet."""
        raise NotImplementedError

    # what there is to see

    async def ledger(self, question: Callable[[Any], Any]) -> Any:
        """Asked again while the ledger is away."""
        while True:
            try:
                return await self.stage.scene.world.ledger.read(question)
            except LedgerAway:
                await asyncio.sleep(0.05)

    async def request(self) -> Request | None:
        """The last that a person filed."""
        found = await self.ledger(lambda view: [r for r in view.requests_of_account(self.account) if not r.by_policy])
        return max(found, key=lambda request: request.filed_at, default=None)

    async def incidents(self) -> list[Incident]:
        return [
            i for i in await self.ledger(lambda view: list(view.incidents(limit=10_000))) if i.account == self.account
        ]

    def cards(self, id: str) -> list[Message]:
        return [m for m in self.stage.scene.cards() if event_of(m) == self.TOLD and id_of(m) == id]

    async def card(self, id: str) -> Message:
        await self.stage.scene.workspace.wait_for(lambda: self.cards(id), DRAWN_WITHIN, what=f"card of {id}")
        return self.cards(id)[-1]

    async def truth(self) -> dict[str, Any]:
        """From the platform's own oracle, which meets no fault."""
        url = f"{self.stage.scene.platform.control_url}/control/v1/state"
        async with self.stage.scene.session.get(url, params={"account": self.account}) as answer:
            return dict(await answer.json())

    async def active(self) -> bool:
        return bool((await self.truth())["accounts"][0]["active"])

    async def acts_of_the_bot(self, action: str) -> int:
        effects = await self.stage.scene.effects(self.account)
        return sum(e["action"] == action and e["actor"]["id"] == "svc:countersign" for e in effects)

    def paged(self, *ids: str) -> bool:
        return any(id in str(page) for page in self.stage.line.pages for id in ids)

    def _whispers(self, user: str) -> int:
        workspace = self.stage.scene.workspace
        return len(workspace.ephemerals(user)) + len(workspace.dms(user))

    async def _wait(self, holds: Callable[[], Any], within: float) -> bool:
        """Whether it comes to hold in time; asked seldom, for many stories share the machine."""
        until = time.monotonic() + within
        while not holds():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(LOOKED_EVERY)
        return True

    async def eventually(self, ask: Callable[[], Awaitable[Any]]) -> None:
        until = time.monotonic() + DRAWN_WITHIN
        while not await ask():
            if time.monotonic() > until:
                raise NotAnswered(f"waited for in vain: {ask.__name__}")
            await asyncio.sleep(LOOKED_EVERY)

    # what people do

    async def file(self, *, step: str, **values: Any) -> None:
        """Ask, as often as it takes; each try has an answer."""
        for _ in range(TRIES):
            if await self._filed(step=step, **values):
                return
            await asyncio.sleep(AGAIN)
        raise NotAnswered("never filed")

    async def _filed(self, *, step: str, **values: Any) -> bool:
        workspace = self.stage.scene.workspace
        for view in workspace.views(self.asker):
            await workspace.close(self.asker, view)
        self.phase = "look-up"
        await self.reach("look-up")
        heard = self._whispers(self.asker)
        command = await workspace.command(self.asker, "/deactivate", f"@{self.handle} {REASON}")
        open_ = await self._wait(lambda: self._form() or self._whispers(self.asker) > heard, ANSWERED_WITHIN)
        if not open_ and command.ok and not command.body:
            raise NotAnswered("the command had no answer")
        if not self._form():
            return False
        self.phase = "filing"
        await self.reach(step)
        return await self._sent(**values)

    def _form(self) -> Any:
        found = self.stage.scene.workspace.views(self.asker)[-1:]
        return next((view for view in found if "reason" in inputs(view)), None)

    async def _sent(self, **values: Any) -> bool:
        """Send the form; where it comes back with the account's facts, once more."""
        for _ in range(3):
            view = self._form()
            if view is None:
                break
            wanted = {name: value for name, value in values.items() if name in inputs(view)}
            if len(wanted) < len(values):
                return False
            sent = await self.stage.scene.fill(self.asker, view, self.handle, **wanted)
            if not sent.ok:
                return False
            if not sent.reply.get("response_action"):
                if await self.request() is None:
                    raise NotAnswered("told that it is filed, and it is not on disk")
                return True
        return False

    async def press(self, user: str, id: str, button: str, done: Callable[[], Any]) -> None:
        """Press a button, as often as it takes until `done` is on record."""
        for _ in range(TRIES):
            heard = self._whispers(user)
            pressed = await self._pressed(user, id, button)
            if await done():
                return
            if pressed and not await self._wait(lambda h=heard: self._whispers(user) > h, ANSWERED_WITHIN):
                if await done():
                    return
                raise NotAnswered(f"{button}: acknowledged, not on disk, and not a word")
            await asyncio.sleep(AGAIN)
        raise NotAnswered(f"{button} never counted")

    async def _pressed(self, user: str, id: str, button: str) -> bool:
        """Whether Slack had its acknowledgement; what it had not, the person sees."""
        try:
            return (await self.stage.scene.workspace.click(user, await self.card(id), button)).ok
        except NotThere:  # drawn without the button meanwhile
            return False

    async def vote(self, *, step: str) -> None:
        request = await self.request()
        assert request is not None
        await self.card(request.id)
        self.phase = "voting"
        await self.reach(step)

        async def counted() -> bool:
            found = await self.request()
            return found is not None and (bool(found.votes) or found.state in ENDS)

        await self.press(self.voter, request.id, "approve", counted)

    # what holds of every request

    async def request_broke(self, allowed: frozenset[State]) -> list[str]:
        request = await self.request()
        if request is None:
            return ["no request on disk"]
        if request.state not in allowed:
            return [f"the request is {request.state}"]
        broke, down = [], not await self.active()
        stands = request.state in {State.DONE, State.RATIFIED}
        if down is not stands:
            broke.append(f"{request.state}, and the account is {'down' if down else 'up'}")
        effects = await self.acts_of_the_bot("deactivate")
        if effects > 1 or (stands and effects != 1) or (request.state is State.FAILED and effects):
            broke.append(f"{request.state} with {effects} effects")
        if not any((m.metadata or {})["event_payload"]["state"] == request.state.value for m in self.cards(request.id)):
            broke.append(f"no card shows that it is {request.state}")
        if not self._had_word(request):
            broke.append("the requester was not told how it ended")
        return broke

    def _had_word(self, request: Request) -> bool:
        """A message that Slack refused for good nobody waits for."""
        if self.fault is not None and self.fault.name == "Slack refuses":
            return True
        words = {State.DONE: "deactivated", State.FAILED: "failed", State.RATIFIED: "ratified", State.LAPSED: "undo"}
        dms = self.stage.scene.workspace.dms(self.asker)
        about = [m.text + text_of(m) for m in dms if self.handle in m.text + text_of(m)]
        return any(words[request.state] in text.lower() for text in about)


class Asked(Story):
    """A request: asked for, approved, carried out, verified, told."""

    async def play(self) -> None:
        await self.file(step="filing")
        await self.vote(step="vote")

    async def read(self, *, after: bool) -> None:
        if not self.patches and self.phase == "voting":
            await self.reach("claim" if after else "read", call=not after)
        elif self.answered and not after:
            await self.reach("verify", call=True)

    async def patching(self) -> None:
        if self.fault is not None and self.fault.of == "events":
            await self.reach("own event")
        await self.reach("call", call=True)

    async def patched(self) -> None:
        await self.reach("own event")

    async def looked(self, *, after: bool) -> None:
        await self.reach("settle" if after else "public", call=not after)

    async def said(self, call: Call) -> None:
        if call.place == "chat.postMessage" and self.handle in call.said:
            if f"channel={APPROVALS}" in call.said or f'"{APPROVALS}"' in call.said:
                await self.reach("card")
            elif self.answered:
                await self.reach("telling")

    async def broke(self) -> list[str]:
        definite = self.step == "call" and self.fault is not None and self.fault.name in {"status 403", "no_op"}
        return await self.request_broke(frozenset({State.FAILED if definite else State.DONE}))


class Emergency(Story):
    """Acts first; ratified in time."""

    ratifies: ClassVar[bool] = True

    async def play(self) -> None:
        await self.file(step="emergency filed", emergency=["emergency"])
        await self._until({State.PROVISIONAL, *ENDS})
        await self.vote(step="ratify")

    async def _until(self, states: set[State]) -> None:
        async def there() -> bool:
            found = await self.request()
            return found is not None and found.state in states

        await self.eventually(there)

    async def patching(self) -> None:
        if self.patches == 1:
            await self.reach("emergency call", call=True)

    async def looked(self, *, after: bool) -> None:
        if self.patches == 1 and after:
            await self.reach("provisional")

    async def broke(self) -> list[str]:
        return await self.request_broke(frozenset({State.RATIFIED, State.LAPSED, State.FAILED}))


class Lapsed(Emergency):
    """Nobody ratifies it: it undoes itself."""

    async def play(self) -> None:
        await self.file(step="", emergency=["emergency"])
        await self._until({State.PROVISIONAL, *ENDS})
        request = await self.request()
        if request is not None and request.state in NOT_YET_RATIFIED and request.ratify_by is not None:
            left = (request.ratify_by - self.stage.scene.world.now()).total_seconds()
            await asyncio.sleep(max(left - 0.1, 0))
        await self.reach("lapse")

    async def patching(self) -> None:
        if self.patches == 2:
            await self.reach("lapse restore", call=True)

    async def broke(self) -> list[str]:
        if self.fault is not None and self.fault.name == "purged":
            request = await self.request()
            stuck = request is not None and request.undo is Undo.STUCK and self.paged(request.id)
            return [] if stuck else ["what cannot be restored is not said to be so"]
        return await self.request_broke(frozenset({State.LAPSED}))


class Undone(Story):
    """An incident: a rogue deactivates, the guard restores, watches the counts, tells, and somebody has seen it."""

    TOLD: ClassVar[str] = "countersign_incident"
    attacks: ClassVar[int] = 1

    @property
    def rogue(self) -> str:
        return f"rogue{self.handle}"

    async def play(self) -> None:
        await self.reach("incident event")
        for _ in range(self.attacks):
            await self.attack()
        await self.eventually(self.incidents)
        incident = (await self.incidents())[-1]
        await self.card(incident.id)
        await self.reach("acknowledge")

        async def seen() -> bool:
            return any(i.id == incident.id and i.acknowledged_by for i in await self.incidents())

        await self.press(self.voter, incident.id, "acknowledge", seen)

    async def attack(self) -> None:
        """As often as it takes, unless locked out."""

        async def done() -> bool:
            return await self.stage.scene.act(f"staff-dev-token:{self.rogue}", self.account, active=False) < TOO_MANY

        await self.eventually(done)

    async def read(self, *, after: bool) -> None:
        if not self.patches:
            await self.reach("decided" if after else "incident read", call=not after)

    async def patching(self) -> None:
        await self.reach("restore call", call=True)

    async def looked(self, *, after: bool) -> None:
        if not after:
            await self.reach("restore verify" if self.looks == 1 else "counts", call=True)

    async def said(self, call: Call) -> None:
        if call.place == "chat.postMessage" and self.handle in call.said and APPROVALS in call.said:
            await self.reach("incident card")

    async def seen(self, call: Call, *, after: bool) -> None:
        if call.to == "pager" and any(incident.id in call.said for incident in await self.incidents()):
            await self.reach("page")
        await super().seen(call, after=after)

    async def broke(self) -> list[str]:
        incidents = await self.incidents()
        purged = self.fault is not None and self.fault.name == "purged"
        if not incidents:
            return ["no incident on disk"]
        broke = [f"the incident is {i.state}" for i in incidents if i.state not in ({"stuck"} if purged else BACK)]
        up = await self.active()
        if up is purged:
            broke.append("the account is down" if not up else "purged, and up")
        last = incidents[-1]
        if not any((m.metadata or {})["event_payload"]["state"] == last.state.value for m in self.cards(last.id)):
            broke.append(f"no card shows that it is {last.state}")
        if not self.paged(*(incident.id for incident in incidents)):
            broke.append("nobody was paged")
        if not any(incident.acknowledged_by for incident in incidents):
            broke.append("not acknowledged")
        return broke


BACK = frozenset({"restored", "whole"})


class Contained(Undone):
    """An actor who does it again after each restore is locked out."""

    attacks: ClassVar[int] = 3

    async def attack(self) -> None:
        await super().attack()
        await self.eventually(self.active)

    async def seen(self, call: Call, *, after: bool) -> None:
        if call.place == "staff" and call.said == self.rogue and not after:
            await self.reach("containment", call=True)
        await super().seen(call, after=after)

    async def broke(self) -> list[str]:
        if self.fault is not None and self.fault.name == "status 403":
            return await super().broke()  # a platform that will not lock anybody out is restored after, with pauses
        locked = self.rogue in str((await self.truth())["suspended"])
        return [*await super().broke(), *([] if locked else ["the actor is not locked out"])]


OF_EMERGENCIES = frozenset({"emergency filed", "emergency call", "provisional", "ratify"})
OF_LAPSES = frozenset({"lapse", "lapse restore"})
OF_INCIDENTS = frozenset(
    {
        "incident event", "incident read", "decided", "restore call", "restore verify", "counts", "incident card",
        "page", "acknowledge",
    }
)  # fmt: skip


def story_of(step: str) -> type[Story]:
    if step in OF_EMERGENCIES:
        return Emergency
    if step in OF_LAPSES:
        return Lapsed
    if step in OF_INCIDENTS:
        return Undone
    return Contained if step == "containment" else Asked
