"""The running bot under attack: `countersign run` and the mock platform each in a process of its own, joined by HTTP.

What a campaign claims is held against the platform's own record (`/control/v1/state`), never against the bot's.
"""

import asyncio
import contextlib
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.sandbox.stage import Stage
from tests.bench.rig import Rig
from tests.bench.rig import rig as bench_rig
from tests.campaign.guard_truth import Fall, falls

SCIM = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LOOK_EVERY = 0.1
AT_ONCE = 40
"""Calls under way at a time, so that the platform's process is never the one that waits."""


@dataclass
class Attack:
    """What an attacker and an onlooker have at hand."""

    rig: Rig

    @property
    def stage(self) -> Stage:
        return self.rig.stage

    @property
    def control_url(self) -> str:
        return f"{self.stage.platform.control_url}/control/v1"

    # the platform's other side

    async def control(self, path: str, **body: Any) -> Any:
        async with self.stage.session.post(f"{self.control_url}/{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def fault(self, kind: str, **rule: Any) -> str:
        return str((await self.control("faults", kind=kind, **rule))["id"])

    async def faults(self) -> list[dict[str, Any]]:
        async with self.stage.session.get(f"{self.control_url}/faults") as answer:
            return list(await answer.json())

    async def mend(self) -> None:
        async with self.stage.session.delete(f"{self.control_url}/faults") as answer:
            answer.raise_for_status()

    async def accounts(self, count: int, **values: Any) -> list[str]:
        """Fresh accounts by id."""
        return list((await self.control("accounts", count=count, **values))["ids"]) if count else []

    async def state(self, *, account: str | None = None, after: int = 0) -> dict[str, Any]:
        query = {"after": str(after), **({"account": account} if account else {})}
        async with self.stage.session.get(f"{self.control_url}/state", params=query) as answer:
            return dict(await answer.json())

    async def falls(self, *, account: str | None = None, after: int = 0) -> list[Fall]:
        return falls((await self.state(account=account, after=after))["effects"])

    # those who act

    async def act(self, token: str, account: str, *, active: bool = False) -> int:
        """Somebody changes the account on the platform itself; the answer's status."""
        return await self.patch(token, account, active=active)

    async def patch(self, token: str, account: str, *, key: str | None = None, **values: object) -> int:
        operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
        url = f"{self.stage.platform.url}/scim/v2/Users/{account}"
        body = {"schemas": [SCIM], "Operations": operations}
        async with self.stage.session.patch(url, json=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def all_at_once(self, acts: Iterable[Any]) -> list[Any]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(act: Any) -> Any:
            async with gate:
                return await act

        return list(await asyncio.gather(*map(one, acts)))

    # the onlooker

    async def back(self, accounts: Collection[str], *, within: float) -> set[str]:
        """Wait until the feed has told that each is restored; those of whom it has not in time."""
        left = set(accounts)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while left:
                    page = await self.rig._events(self.rig.cursor)
                    self.rig.cursor = page["next"]
                    left -= {e["account"]["id"] for e in page["events"] if e["type"] == "account.restored"}
        return left

    async def made_good(self, *, within: float, since: float | None = None) -> float | None:
        """Seconds until nothing is down that nobody approved; None where it took longer."""
        since = time.monotonic() if since is None else since
        while time.monotonic() - since <= within:
            if not any(fall.missed for fall in await self.falls()):
                return time.monotonic() - since
            await asyncio.sleep(LOOK_EVERY)
        return None

    async def kill(self) -> None:
        """kill −9, by the process's own handle."""
        process = self.stage.process
        assert process is not None
        process.kill()
        await process.communicate()

    def told(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What the bot's file holds, for a claim about what it recorded."""
        with self.rig.ledger() as ledger:
            return list(ledger.execute(question, values))

    def change(self, statement: str) -> None:
        """Change the bot's file while the bot does not run."""
        path = self.stage.folder / "countersign.db"
        with contextlib.closing(sqlite3.connect(path)) as opened, opened:
            opened.execute(statement)


def guard(**keys: str) -> Callable[[str], str]:
    """The sample policy with other values in its table `[guard]`."""

    def change(text: str) -> str:
        for key, value in keys.items():
            text, made = re.subn(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", text)
            assert made == 1, key
        return text

    return change


@asynccontextmanager
async def under_attack(policy: Callable[[str], str] = str, *, bot: bool = True) -> AsyncIterator[Attack]:
    """Everything started and listening."""
    async with bench_rig(bot=bot, policy=policy) as rig:
        yield Attack(rig)
