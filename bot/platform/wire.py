"""One call of the platform's API over HTTP, and what each answer means for what to do next.

2xx is an answer, 412 says the world has moved, other 4xx refuse for good; whatever is left tells nothing and is
`PlatformAway`. The token stands in one header of the call and in no message, no log and no repr.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from yarl import URL

from bot.core.errors import PlatformAway, PlatformRefused, WorldMoved

CONNECT, ANSWER = 2.0, 5.0
"""Seconds to a connection and to the whole answer."""
RETRY_AT_MOST = 60.0
"""Seconds; a platform that asks for a longer pause is asked again all the same: somebody's account may be down."""
KEPT_ALIVE = 60.0
"""Seconds that an idle connection is kept: the guard's calls come after silence and must not wait for a handshake."""

OK, MULTIPLE_CHOICES, BAD_REQUEST, PRECONDITION_FAILED, INTERNAL_SERVER_ERROR = 200, 300, 400, 412, 500
_TRY_AGAIN = frozenset({408, 409, 412, 425, 429})
"""412 only where nothing was said of a state: with `If-Match` it is an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A 2xx: its headers and the JSON object of its body, None where there is no body."""

    headers: Mapping[str, str]
    body: dict[str, Any] | None

    @property
    def object(self) -> dict[str, Any]:
        """The body where one is needed. Raises PlatformAway."""
        if self.body is None:
            raise malformed("no body")
        return self.body


def malformed(what: str) -> PlatformAway:
    """The failure for a 2xx whose body is not what the API promises: nothing is known from it."""
    return PlatformAway(f"The platform sent an answer that cannot be read: {what}.")


class Wire:
    """The connections to one platform, shared by every call.

    `session` is one whose life is another's care; without it one is made at the first call and ended by `close`.
    `answer_within` are the seconds that a call may take.
    """

    def __init__(
        self, url: str, token: str, *, session: aiohttp.ClientSession | None = None, answer_within: float = ANSWER
    ) -> None:
        self._url = url.rstrip("/")
        self._answer_within = answer_within
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._session = session
        self._owns_session = session is None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"

    async def close(self) -> None:
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        named: bool = True,
        held: float = 0.0,
    ) -> Answer:
        """Make one call; `path` is escaped already.

        `named` tells who calls; `held` are the seconds that the platform is asked to hold the answer back.

        Raises PlatformAway, PlatformRefused and, where `headers` have an If-Match, WorldMoved.
        """
        url = URL(self._url + path, encoded=True)
        timeout = aiohttp.ClientTimeout(total=held + self._answer_within, sock_connect=CONNECT)
        try:
            async with self._open().request(
                method,
                url.with_query(query) if query else url,
                headers={**(headers or {}), **(self._authorization if named else {})},
                data=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
                timeout=timeout,
                allow_redirects=False,  # the token and the operation go where the settings say, nowhere else
            ) as response:
                raw = await response.read()
        except TimeoutError:
            raise PlatformAway("The platform did not answer in time.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise PlatformAway(f"The platform cannot be reached ({type(error).__name__}).") from None
        if OK <= response.status < MULTIPLE_CHOICES:
            return Answer(headers=response.headers, body=_parsed(raw))
        if response.status == PRECONDITION_FAILED and headers and "If-Match" in headers:
            raise WorldMoved("The account is no longer what was read.")
        raise _failure(response.status, response.headers)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_ALIVE), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _parsed(raw: bytes) -> dict[str, Any] | None:
    if not raw:
        return None
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise malformed("not JSON") from None
    if not isinstance(body, dict):
        raise malformed("not a JSON object")
    return body


def _failure(status: int, headers: Mapping[str, str]) -> PlatformAway | PlatformRefused:
    if BAD_REQUEST <= status < INTERNAL_SERVER_ERROR and status not in _TRY_AGAIN:
        return PlatformRefused(f"The platform refused with {status}.", status=status)
    return PlatformAway(f"The platform answered {status}.", retry_after=_retry_after(headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause asked for in seconds, at most `RETRY_AT_MOST`. A date counts from the answer's own clock."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text, re.ASCII):
        return min(float(text), RETRY_AT_MOST)
    try:
        pause = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(pause.total_seconds(), 0.0), RETRY_AT_MOST)
