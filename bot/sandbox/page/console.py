"""The page's way to the mock platform: a fixed list of calls, with the tokens kept on this side."""

import json
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

Json = dict[str, Any]

WORKER = "staff-dev-token:rex"
LEGAL = "system-dev-token:legal"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
AWAY = 502
UNREADABLE = (ValueError, KeyError, TypeError, RecursionError)  # the last of JSON that is nested too deep
NO_ANSWER = aiohttp.ClientTimeout(total=15)


class Console:
    """`POST /platform/act`, `/platform/counters`, `/platform/faults`; `DELETE /platform/faults`.

    `act` takes `{"account": id, "as": "worker" | "owner" | "legal", "active": bool}`; the others are the control
    port's own. `curves` is what the page set of them, for the control port does not tell.
    """

    def __init__(self, session: Callable[[], aiohttp.ClientSession], *, platform_url: str, control_url: str) -> None:
        self._session = session
        self._platform = platform_url
        self._control = control_url
        self.curves: dict[str, str] = {}

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/platform/act", self._act)
        app.router.add_post("/platform/counters", self._counters)
        app.router.add_post("/platform/faults", self._faults)
        app.router.add_delete("/platform/faults", self._faults)

    async def _act(self, request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
            account, active = str(wanted["account"]), bool(wanted["active"])
            token = {"worker": WORKER, "owner": f"owner-dev-token:{account}", "legal": LEGAL}[wanted["as"]]
        except UNREADABLE:
            return _said(400, {"detail": "`account`, `as` (worker, owner or legal) and `active` are needed."})
        operation = {"op": "replace", "path": "active", "value": active}
        body = {"schemas": [PATCH_OP], "Operations": [operation]}
        headers = {"Authorization": f"Bearer {token}"}
        return await self._passed("PATCH", f"{self._platform}/scim/v2/Users/{account}", body, headers)

    async def _counters(self, request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
            account, curve = str(wanted["account"]), str(wanted["curve"])
        except UNREADABLE:
            return _said(400, {"detail": "`account` and `curve` are needed."})
        answer = await self._passed("POST", f"{self._control}/control/v1/counters", wanted)
        if answer.status == web.HTTPOk.status_code:
            self.curves[account] = curve
        return answer

    async def _faults(self, request: web.Request) -> web.Response:
        url = f"{self._control}/control/v1/faults"
        if request.method == "DELETE":
            return await self._passed("DELETE", url)
        try:
            rule = json.loads(await request.read())
        except UNREADABLE:
            return _said(400, {"detail": "The body is not JSON."})
        return await self._passed("POST", url, rule)

    async def read(self, path: str, *, control: bool = False, token: str | None = None) -> Json | None:
        """What the platform (or its control port) answers to a GET; None where it does not answer well."""
        url = f"{self._control if control else self._platform}{path}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            async with self._session().get(url, headers=headers, timeout=NO_ANSWER) as answer:
                return await answer.json() if answer.ok else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def _passed(self, method: str, url: str, body: Any = None, headers: Json | None = None) -> web.Response:
        try:
            async with self._session().request(method, url, json=body, headers=headers, timeout=NO_ANSWER) as answer:
                text = await answer.text()
                return _said(answer.status, json.loads(text) if text else {})
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return _said(AWAY, {"detail": "The platform does not answer."})


def _said(status: int, body: Any) -> web.Response:
    """The platform's answer under its own status; 204 becomes 200, for the page reads a body."""
    return web.json_response(body, status=200 if status == web.HTTPNoContent.status_code else status)
