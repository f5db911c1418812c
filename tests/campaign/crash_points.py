"""The points at which a bot may be killed: before and after every call outside and every commit, counted as they come.

Nothing of the product knows of them: they are put around aiohttp's request, SQLAlchemy's commit and libpq's COMMIT in
the process that is to be killed, before the bot is built there. That process kills itself, at the very point.
"""

import mmap
import os
import re
import signal
import struct
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from sqlalchemy.engine.default import DefaultDialect

NEVER = 0
_NUMBERS = struct.Struct("<QQQ")
_NAME = slice(_NUMBERS.size, _NUMBERS.size + 120)
_OF_ONE = re.compile(r"acct_\w+|@[\w.]+")
ON_ITS_WAY = 0.002
"""Seconds for the server to have got, and perhaps done, a COMMIT whose answer nobody reads."""


class Points:
    """The count, shared by a file: whoever arms it is another process."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(bytes(mmap.PAGESIZE))
        with file.open("r+b") as opened:
            self._page = mmap.mmap(opened.fileno(), mmap.PAGESIZE)
        self._lock = threading.Lock()

    def arm(self, at: int) -> None:
        """Count from one again; kill at that point, at none where it is `NEVER`."""
        self._page[_NAME] = bytes(120)
        _NUMBERS.pack_into(self._page, 0, 0, at, 0)

    @property
    def count(self) -> int:
        return int(_NUMBERS.unpack_from(self._page)[0])

    @property
    def killed_at(self) -> str:
        """The name of the point at which the process killed itself; empty where it lives."""
        return bytes(self._page[_NAME]).rstrip(b"\0").decode()

    def reached(self, name: str) -> None:
        if self.is_next(name):
            os.kill(os.getpid(), signal.SIGKILL)

    def is_next(self, name: str) -> bool:
        """Count one more; whether it is the one."""
        with self._lock:
            count, at, _ = _NUMBERS.unpack_from(self._page)
            _NUMBERS.pack_into(self._page, 0, count + 1, at, 0)
            if count + 1 != at:
                return False
            self._page[_NAME] = name.encode()[:120].ljust(120, b"\0")
            return True


def watch(points: Points) -> None:
    """From here on every call outside and every commit of this process is a point."""
    _watch_calls(points)
    _watch_commits(points)


def _watch_calls(points: Points) -> None:
    request = aiohttp.ClientSession._request

    async def counted(session: aiohttp.ClientSession, method: str, url: Any, **given: Any) -> aiohttp.ClientResponse:
        name = _named(method, str(url))
        points.reached(f"before {name}")
        answer = await request(session, method, url, **given)
        await answer.read()  # the whole answer is here, and nobody has used it
        points.reached(f"after {name}")
        return answer

    aiohttp.ClientSession._request = counted  # type: ignore[method-assign, assignment]


def _named(method: str, url: str) -> str:
    return f"{method} {_OF_ONE.sub('…', urlsplit(url).path)}".replace("POST /api/", "Slack ")


def _watch_commits(points: Points) -> None:
    def counted(self: DefaultDialect, dbapi_connection: Any) -> None:
        points.reached("before commit")
        if self.name == "postgresql" and points.is_next("commit sent, no answer"):
            wire = dbapi_connection.pgconn
            wire.send_query(b"commit")
            wire.flush()
            time.sleep(ON_ITS_WAY)
            os.kill(os.getpid(), signal.SIGKILL)
        dbapi_connection.commit()
        points.reached("after commit")

    DefaultDialect.do_commit = counted  # type: ignore[method-assign]
