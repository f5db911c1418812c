"""The stories: a request, an emergency, an incident, a contained actor."""

import asyncio
from typing import ClassVar

from bot.core.request import NOT_YET_RATIFIED, State, Undo
from tests.campaign.faults_kinds import DEFINITE
from tests.campaign.faults_line import Call
from tests.campaign.faults_people import ENDS, TOO_MANY, Story
from tests.stories.scene import APPROVALS


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
        definite = self.step == "call" and self.fault is not None and self.fault.name in DEFINITE
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
