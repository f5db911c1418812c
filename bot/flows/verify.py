"""Read the account back: the only judge of success."""

import asyncio
from dataclasses import dataclass

from bot.core.account import Account, PublicView
from bot.core.request import Request
from bot.flows.world import World

SHOWN_WITHIN = 2.0
"""Seconds in which a read must show what a 2xx promised; after them the answer was a lie."""
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.4, 0.4, 0.45)
"""Between the reads; together `SHOWN_WITHIN`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What the platform's own record and the public view show."""

    account: Account | None
    public: PublicView | None

    def shows(self, request: Request) -> bool:
        """Whether both show the request's own effect."""
        if self.account is None or self.public is None:
            return False
        return request.carried_out(self.account) and self.public.active is request.rule.makes_active

    def recorded(self, request: Request) -> bool:
        """Whether the platform's own record shows the request's effect, whatever the public sees."""
        return self.account is not None and request.carried_out(self.account)

    def overtaken(self, request: Request) -> bool:
        """A restore had its effect and somebody took the account down again since: a new instance, judged anew."""
        return (
            self.account is not None
            and request.rule.makes_active is True
            and not self.account.active
            and self.account.etag != request.if_match
        )


async def look(world: World, request: Request) -> Finding:
    """One look. Raises PlatformAway, PlatformRefused."""
    account, public = await asyncio.gather(
        world.platform.account(request.subject.id), world.platform.public(request.subject.id)
    )
    return Finding(account=account, public=public)


async def look_until_shown(world: World, request: Request) -> Finding:
    """Look at once and again until the effect shows or `SHOWN_WITHIN` is over; the last look decides."""
    finding = await look(world, request)
    for pause in PAUSES:
        if finding.shows(request) or finding.overtaken(request):
            break
        await asyncio.sleep(pause)
        finding = await look(world, request)
    return finding
