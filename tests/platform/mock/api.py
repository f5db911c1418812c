"""The mock platform as its callers see it: HTTP and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.sandbox.platform.server import MockPlatform

PRESIDENT = "acct_25073877"
CREATOR = "acct_30418265"
EXTENSION = "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

BOT = "bot-dev-token"
REX = "staff-dev-token:rex"
LEGAL = "system-dev-token:legal"
SHARED = "shared-dev-token"
OWNER = f"owner-dev-token:{PRESIDENT}"


class Api:
    """Calls of both ports, with the token by name."""

    def __init__(self, platform: MockPlatform, http: httpx.AsyncClient) -> None:
        self.platform = platform
        self.http = http

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = BOT,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return await self.http.request(method, self.platform.url + path, json=body, headers=sent, **options)

    async def get(self, account: str = PRESIDENT, *, token: str | None = BOT) -> httpx.Response:
        return await self.call("GET", f"/scim/v2/Users/{account}", token=token)

    async def patch(
        self,
        operations: dict[str, Any],
        *,
        account: str = PRESIDENT,
        token: str | None = BOT,
        key: str | None = None,
        reason: str | None = None,
        match: str | None = None,
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key, "X-Reason": reason, "If-Match": match}
        body = {
            "schemas": [PATCH],
            "Operations": [{"op": "replace", "path": path, "value": value} for path, value in operations.items()],
        }
        given = {name: value for name, value in headers.items() if value is not None}
        return await self.call("PATCH", f"/scim/v2/Users/{account}", token=token, body=body, headers=given)

    async def deactivate(self, account: str = PRESIDENT, **how: Any) -> httpx.Response:
        return await self.patch({"active": False}, account=account, **how)

    async def restore(self, account: str = PRESIDENT, **how: Any) -> httpx.Response:
        return await self.patch({"active": True}, account=account, **how)

    async def users(self, **query: Any) -> dict[str, Any]:
        response = await self.call("GET", "/scim/v2/Users", params=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def events(self, after: int | str = 0, *, token: str | None = BOT, **query: Any) -> httpx.Response:
        return await self.call("GET", "/audit/v1/events", token=token, params={"after": after, **query})

    async def told(self, after: int | str = 0, **query: Any) -> list[dict[str, Any]]:
        return (await self.events(after, **query)).json()["events"]

    async def public(self, account: str = PRESIDENT) -> dict[str, Any]:
        return (await self.call("GET", f"/public/v1/accounts/{account}", token=None)).json()

    async def control(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.http.request(method, f"{self.platform.control_url}/control/v1/{path}", json=body)

    async def fault(self, kind: str, **rule: Any) -> str:
        response = await self.control("POST", "faults", {"kind": kind, **rule})
        assert response.status_code == 201, response.text
        return response.json()["id"]

    async def hits(self) -> list[int]:
        return [rule["hits"] for rule in (await self.control("GET", "faults")).json()]

    async def truth(self, account: str = PRESIDENT) -> dict[str, Any]:
        return (await self.control("GET", f"state?account={account}")).json()["accounts"][0]

    async def effects(self) -> list[dict[str, Any]]:
        return (await self.control("GET", "state")).json()["effects"]

    async def actions(self) -> list[str]:
        return [effect["action"] for effect in await self.effects()]


@asynccontextmanager
async def api_of(platform: MockPlatform) -> AsyncIterator[Api]:
    # Plain HTTP: loading certificates would take longer than a test.
    async with platform, httpx.AsyncClient(timeout=10, verify=False) as http:  # noqa: S501
        yield Api(platform, http)
