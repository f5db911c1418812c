"""Bots with one thing left out, for the crash's own test: a campaign that cannot break says nothing."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.core.refusal import Refusal
from bot.platform.scim import ScimPlatform
from storage.ledger import SqlLedger
from storage.tasks import Tasks

LATER = 0.2
"""Seconds by which the first mutant records what it has acknowledged."""


def acknowledges_first() -> None:
    """What a person did is answered before it is on disk."""
    decide = SqlLedger.decide
    later: set[asyncio.Task[Any]] = set()

    async def decided(self: SqlLedger, propose: Any, *, replay: str | None = None, **more: Any) -> Any:
        if replay is None:
            return await decide(self, propose, **more)
        outcome = await self.read(propose)
        if isinstance(outcome, Refusal):
            return outcome

        async def record() -> None:
            await asyncio.sleep(LATER)
            await decide(self, lambda _: outcome, replay=replay, **more)

        later.add(asyncio.create_task(record()))
        return outcome

    SqlLedger.decide = decided  # type: ignore[method-assign]


def guesses_a_key() -> None:
    """Each call on the platform bears a key of its own."""
    set_active = ScimPlatform.set_active

    async def sent(self: ScimPlatform, request: Any, **more: Any) -> Any:
        return await set_active(self, replace(request, operation=f"{request.operation}x"), **more)

    ScimPlatform.set_active = sent  # type: ignore[method-assign]


def forgets_to_tell() -> None:
    """What there is to draw and to say is not filed with the change that makes it necessary."""
    file = Tasks.file

    def filed(self: Tasks, writes: Any, tasks: Sequence[Any], **more: Any) -> Any:
        return file(self, writes, [task for task in tasks if task.kind not in {"draw", "thread"}], **more)

    Tasks.file = filed  # type: ignore[method-assign, assignment]


MUTANTS: dict[str, Callable[[], None]] = {
    made.__name__: made for made in (acknowledges_first, guesses_a_key, forgets_to_tell)
}
