"""People who do not let go: what was not acknowledged is done again, once there is a bot that hears.

What was acknowledged is kept, to be held against the ledger at the end: nobody does that a second time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.forms import NotThere
from bot.sandbox.slack.records import Message, View
from bot.sandbox.slack.server import APPROVALS
from tests.campaign.crash_stage import Died, Stage, name_of
from tests.stories.scene import REASON, event_of, inputs, state_of, text_of

PATIENCE = 3.0
"""Seconds that somebody waits for a form or a card before trying again."""
PAUSE = 0.05
TOLD_WITHIN = 3.0
"""Seconds from an acknowledgement until it is clear that nobody says no."""
UNRECORDED = "could not be recorded"
VOTE = "select r.id from votes v join requests r on r.id = v.request where v.slack_user = :who"
WITHDRAWAL = "select r.id from requests r where r.state = 'withdrawn' and r.requester_slack = :who"


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """What Slack told a person is done: `act` is filed, approve, deny or withdraw."""

    act: str
    who: str
    about: str
    """What the request's card names: a handle, or a person of the roster."""


@dataclass
class People:
    """Everybody, in front of one workspace."""

    stage: Stage
    acknowledged: list[Acknowledged] = field(default_factory=list)
    doing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What a form said instead, for whoever has to find out why a story does not end."""
    _before: int = 0
    """Messages of those who were here earlier: none is about what these ask for."""

    def __post_init__(self) -> None:
        self._before = len(self.stage.workspace.messages(APPROVALS))

    async def insist(self, act: Callable[[], Awaitable[bool]], *, doing: str) -> None:
        """Until it is done: whatever fails on the way is tried again from its beginning."""
        self.doing.append(doing)
        while True:
            await self.stage.up()
            with contextlib.suppress(Died, NotThere, TimeoutError):
                if await self.stage.unless_it_dies(act()):
                    break
            await asyncio.sleep(PAUSE)
        self.doing.remove(doing)

    def card(self, about: str, *, button: str | None = None) -> Message | None:
        """The newest card of a request that names it and, if asked for, has that button."""
        for message in reversed(self.stage.workspace.messages(APPROVALS)[self._before :]):
            fits = event_of(message) == "countersign_request" and about in text_of(message)
            if fits and (button is None or message.element(button) is not None):
                return message
        return None

    async def file(
        self, user: str, command: str, line: str, *, about: str, emergency: bool = False, **values: Any
    ) -> None:
        """Ask by a form, until there is a card of it; `line` is what is typed behind the command."""

        async def ask() -> bool:
            workspace = self.stage.workspace
            if any(said.act == "filed" and said.about == about for said in self.acknowledged):
                await workspace.wait_for(lambda: self.card(about), PATIENCE)  # nobody asks for what is done
            if self.card(about) is not None:
                return True
            with contextlib.suppress(NotThere):
                await workspace.close(user, everything=True)
            if not (await workspace.command(user, command, line)).ok:
                return False
            view = await workspace.wait_for_view(user, lambda v: "reason" in inputs(v), timeout=PATIENCE)
            given = {"handle": about, "category": "impersonation", "confirm_handle": about, **values, "reason": REASON}
            given |= {"emergency": ["emergency"]} if emergency else {}
            kept = {name: value for name, value in given.items() if name in inputs(view)}
            if emergency and "emergency" not in kept:
                return False
            sent = await workspace.submit(user, view, kept)
            if not self._told(sent, "filed", user, about):
                return False
            await workspace.wait_for(lambda: self.card(about), PATIENCE)
            return True

        await self.insist(ask, doing=f"{user} {command} {about}")

    def _told(self, sent: Outcome, act: str, user: str, about: str) -> bool:
        if sent.errors:
            self.refused.append(f"{act} {about}: {sent.errors}")
        if sent.ok:
            self.acknowledged.append(Acknowledged(act=act, who=user, about=about))
        return sent.ok

    async def press(self, user: str, button: str, *, about: str) -> None:
        """Approve or withdraw, by the newest card that has the button; nobody presses one that is gone."""

        said = Acknowledged(act=button, who=user, about=about)

        async def click() -> bool:
            if said in self.acknowledged:
                return True
            card = await self._shown(about, button)
            if card is None:
                return True
            before = self._noes(user)
            if not (await self.stage.workspace.click(user, card, button)).ok:
                return False
            self.acknowledged.append(said)
            if self._stands(said):
                return True
            with contextlib.suppress(TimeoutError):
                await self.stage.workspace.wait_for(lambda: self._noes(user) > before, TOLD_WITHIN)
                self.acknowledged.remove(said)
            return self._stands(said) or said in self.acknowledged

        await self.insist(click, doing=f"{user} {button} {about}")

    def _noes(self, user: str) -> int:
        """How often this person was told no: the ledger has it, or could not be written."""
        ((many,),) = self.stage.rows("select count(*) from audit where kind = 'refused' and by = :by", by=name_of(user))
        return int(many) + sum(UNRECORDED in text_of(m) + m.text for m in self.stage.workspace.ephemerals(user))

    def _stands(self, said: Acknowledged) -> bool:
        """Whether the vote, or the withdrawal, is on disk."""
        of = {"who": said.who, "about": said.about, "like": f"%{said.about}%"}
        found = VOTE if said.act == "approve" else WITHDRAWAL
        return bool(self.stage.rows(f"{found} and (r.handle = :about or r.account like :like)", **of))

    async def deny(self, user: str, *, about: str) -> None:
        async def say_no() -> bool:
            workspace = self.stage.workspace
            with contextlib.suppress(NotThere):
                await workspace.close(user, everything=True)
            card = await self._shown(about, "deny")
            if card is None:
                return True
            if not (await workspace.click(user, card, "deny")).ok:
                return False
            view = await workspace.wait_for_view(user, lambda v: inputs(v) == {"reason"}, timeout=PATIENCE)
            sent = await workspace.submit(user, view, {"reason": "Not what it seems."})
            return self._told(sent, "deny", user, about)

        await self.insist(say_no, doing=f"{user} deny {about}")

    async def _shown(self, about: str, button: str) -> Message | None:
        """The card with the button, None where a card shows that it is too late."""

        def look() -> tuple[Message | None] | None:
            if (found := self.card(about, button=button)) is not None:
                return (found,)
            known = self.card(about)
            return (None,) if known is not None and state_of(known) in ENDED else None

        (card,) = await self.stage.workspace.wait_for(look, PATIENCE)
        return card

    async def see(self, about: str, *states: str) -> None:
        """Wait until a card of it shows one of these."""

        async def so() -> bool:
            def look() -> View | Message | None:
                card = self.card(about)
                return card if card is not None and state_of(card) in states else None

            await self.stage.workspace.wait_for(look, PATIENCE)
            return True

        await self.insist(so, doing=f"see {about} {states}")


ENDED = frozenset({"done", "failed", "denied", "withdrawn", "expired", "void", "lapsed", "superseded", "ratified"})
