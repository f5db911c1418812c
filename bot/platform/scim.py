"""The platform as the flows see it: accounts over SCIM 2.0, what the public sees, and the audit feed."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Self
from urllib.parse import quote

import aiohttp

from bot.core.account import Account, Event, PublicView
from bot.core.errors import PlatformRefused
from bot.core.record import stamp
from bot.core.request import Request
from bot.platform import feed
from bot.platform.records import account_of, count_of, page_of, public_of
from bot.platform.wire import ANSWER, Answer, Wire, malformed

USERS = "/scim/v2/Users"
RELATIONSHIPS = "/relationships/v1/accounts"
STAFF = "/staff/v1"
SCIM_TYPE = "application/scim+json"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
REASON_LENGTH = 200
_NO_SUCH = 404
_GONE = frozenset({_NO_SUCH, 410})
_PLAIN = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"
"""What stands unescaped in a header beside letters and digits; of printable ASCII only `%`, `"` and `\\` do not."""


class ScimPlatform:
    """Implements `bot.ports.Platform`. `url` is the API's base, the rest is as `Wire` takes it."""

    def __init__(
        self, url: str, token: str, *, session: aiohttp.ClientSession | None = None, answer_within: float = ANSWER
    ) -> None:
        self._wire = Wire(url, token, session=session, answer_within=answer_within)

    def __repr__(self) -> str:
        return f"ScimPlatform({self._wire!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._wire.close()

    async def account(self, id: str) -> Account | None:
        if not _speakable(id):
            return None
        answer = await self._unless_gone(_path(USERS, id))
        if answer is None:
            return None
        account = account_of(answer.object, etag=answer.headers.get("ETag"))
        if account.id != id:
            raise malformed("it is of another account")
        return account

    async def find(self, handle_or_id: str) -> Account | None:
        """A handle first, for people type handles; an id where no account has that handle."""
        handle = handle_or_id.removeprefix("@")
        if not _speakable(handle):
            return None
        wanted = {"filter": f"userName eq {json.dumps(handle, ensure_ascii=False)}"}
        answer = await self._wire.call("GET", USERS, query=wanted)
        found, _ = page_of(answer.object)
        named = next((account for account in found if account.handle.casefold() == handle.casefold()), None)
        if named is not None or handle_or_id.startswith("@"):
            return named
        return await self.account(handle_or_id)

    async def set_active(self, request: Request, *, active: bool, reason: str) -> None:
        headers = {
            "Content-Type": SCIM_TYPE,
            "Idempotency-Key": request.operation,
            **({"If-Match": request.if_match} if request.if_match else {}),
            **({"X-Reason": said} if (said := header_safe(reason)) else {}),
        }
        operation = {"op": "replace", "path": "active", "value": active}
        body = {"schemas": [PATCH_OP], "Operations": [operation]}
        await self._wire.call("PATCH", _path(USERS, request.subject.id), headers=headers, body=body)

    async def public(self, id: str) -> PublicView | None:
        """What anybody sees, asked for as anybody: without the token."""
        answer = await self._unless_gone(_path("/public/v1/accounts", id), named=False) if _speakable(id) else None
        return None if answer is None else public_of(answer.object)

    async def edges(self, id: str) -> int | None:
        answer = await self._unless_gone(f"{_path(RELATIONSHIPS, id)}/count") if _speakable(id) else None
        return None if answer is None else count_of(answer.object)

    async def recount(self, id: str) -> None:
        await self._wire.call("POST", f"{_path(RELATIONSHIPS, id)}/recount")

    async def suspend(self, actor: str) -> None:
        await self._wire.call("POST", f"{_path(STAFF, _staff(actor))}/suspend")

    async def reinstate(self, actor: str) -> None:
        await self._wire.call("POST", f"{_path(STAFF, _staff(actor))}/reinstate")

    async def events(self, *, after: int, wait: float) -> tuple[Sequence[Event], int]:
        return await feed.events(self._wire, after=after, wait=wait)

    async def latest_cursor(self) -> int:
        return await feed.latest_cursor(self._wire)

    async def inactive(
        self, *, since: datetime | None = None, start: int = 1, count: int = 1000
    ) -> tuple[Sequence[Account], int]:
        changed = f' and meta.lastModified gt "{stamp(since)}"' if since else ""
        query = {"filter": f"active eq false{changed}", "startIndex": str(start), "count": str(count)}
        return page_of((await self._wire.call("GET", USERS, query=query)).object)

    async def listed(self, *, start: int, count: int) -> tuple[Sequence[Account], int]:
        query = {"startIndex": str(start), "count": str(count)}
        return page_of((await self._wire.call("GET", USERS, query=query)).object)

    async def ready(self) -> None:
        """Ask for a list of one: some platforms describe themselves to anybody, accounts they show to a token."""
        await self._wire.call("GET", USERS, query={"count": "1"})

    async def _unless_gone(self, path: str, *, named: bool = True) -> Answer | None:
        try:
            return await self._wire.call("GET", path, named=named)
        except PlatformRefused as refused:
            if refused.status in _GONE:
                return None
            raise


def _path(parent: str, id: str) -> str:
    return f"{parent}/{quote(id, safe='')}"


def _staff(actor: str) -> str:
    """The name under which the platform knows a member of staff. Raises PlatformRefused for any other actor."""
    kind, _, name = actor.partition(":")
    if kind != "staff" or not _speakable(name):
        raise PlatformRefused(f"{actor} is no member of staff whom the platform could lock out.", status=_NO_SUCH)
    return name


def _speakable(name: str) -> bool:
    """Whether an account could bear it: no blanks, no controls, nothing that a path would take for a step up."""
    return name.isprintable() and not any(c.isspace() for c in name) and name not in {"", ".", ".."}


def header_safe(reason: str) -> str:
    """The reason as a header can carry it: one line of ASCII, everything else percent-encoded, cut at 200."""
    said = ""
    for character in " ".join(reason.split()):
        escaped = quote(character, safe=_PLAIN) if character.isprintable() else ""
        if len(said) + len(escaped) > REASON_LENGTH:
            break
        said += escaped
    return said.strip()
