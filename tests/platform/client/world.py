"""The mock platform over real HTTP, the client under test, and hands that act on the platform beside it."""

from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bot.core.quorum import Quorum
from bot.core.request import Action, Request, State, Subject
from bot.platform.scim import ScimPlatform
from bot.sandbox.platform.server import MockPlatform

PRESIDENT = "acct_25073877"
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """One mock platform with the client under test."""

    mock: MockPlatform
    client: ScimPlatform
    hands: aiohttp.ClientSession

    async def fault(self, kind: str, **rule: Any) -> None:
        await self._control("POST", "faults", {"kind": kind, **rule})

    async def clear(self) -> None:
        await self._control("DELETE", "faults")

    async def counters(self, **rule: Any) -> None:
        await self._control("POST", "counters", rule)

    async def accounts(self, count: int) -> list[str]:
        """Make so many accounts more; their ids."""
        ids: list[str] = (await self._control("POST", "accounts", {"count": count, "prefix": "extra"}))["ids"]
        return ids

    async def effects(self) -> list[dict[str, Any]]:
        """What really happened on the platform."""
        found: list[dict[str, Any]] = (await self._control("GET", "state"))["effects"]
        return found

    async def takes_down(self, token: str, account: str = PRESIDENT) -> None:
        await self._patch(token, account, {"active": False})

    async def changes(self, account: str = PRESIDENT, **values: Any) -> None:
        await self._patch("system-dev-token:sync", account, values)

    async def _patch(self, token: str, account: str, values: dict[str, Any]) -> None:
        operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
        headers = {"Authorization": f"Bearer {token}"}
        async with self.hands.patch(f"{self.mock.url}/scim/v2/Users/{account}", json=body, headers=headers) as answer:
            assert answer.ok, await answer.text()

    async def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self.hands.request(method, f"{self.mock.control_url}/control/v1/{path}", json=body) as answer:
            assert answer.ok, await answer.text()
            return await answer.json() if answer.content_type == "application/json" else None


def asked(
    action: Action = Action.DEACTIVATE, *, account: str = PRESIDENT, etag: str | None = None, key: str = "op_key"
) -> Request:
    """A running request as `set_active` needs one."""
    subject = Subject(id=account, handle="president", display_name="", verified=True, tags=(), followers=None)
    nothing: dict[str, Any] = dict.fromkeys(
        field.name for field in fields(Request) if field.default is MISSING and "None" in str(field.type)
    )
    return Request(
        id="req_1",
        version=1,
        revision=1,
        action=action,
        subject=subject,
        tier="protected",
        quorum=Quorum(groups=(("manager", 1),)),
        emergency=False,
        category="other",
        reason="a reason of ten characters",
        requester="ada",
        by_policy=False,
        state=State.RUNNING,
        operation=key,
        policy="",
        filed_at=AT,
        **{**nothing, "claimed_at": AT, "if_match": etag},
    )
