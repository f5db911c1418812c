"""What every story has: its step, at which its fault strikes, and people who do what people do.

Who is told that it did not work tries again. What they were told is held against the ledger.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bot.core.errors import LedgerAway
from bot.core.incident import Incident
from bot.core.request import Request, State
from bot.sandbox.slack.people import NotThere
from bot.sandbox.slack.records import Message
from tests.campaign.faults_kinds import CALL_STEPS, Fault
from tests.campaign.faults_line import Call
from tests.campaign.faults_stage import Stage, Window
from tests.stories.scene import REASON, event_of, id_of, inputs, text_of

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
