"""Reads the ledger beside the bot, of whichever kind it is."""

import contextlib
import sqlite3
from typing import Any

import psycopg


class Onlooker:
    """Reads the ledger beside the bot; None while it is away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: Any = None

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]] | None:
        try:
            if self._open is None:
                self._open = self._connected()
            marked = question if isinstance(self._open, sqlite3.Connection) else question.replace("?", "%s")
            return list(self._open.execute(marked, list(values)).fetchall())
        except (psycopg.OperationalError, psycopg.InterfaceError, sqlite3.OperationalError):
            self.close()
            return None

    def _connected(self) -> Any:
        if self._url.startswith("sqlite"):
            return sqlite3.connect(f"file:{self._url.removeprefix('sqlite:///')}?mode=ro", uri=True)
        return psycopg.connect(self._url, autocommit=True, connect_timeout=1)

    def close(self) -> None:
        if self._open is not None:
            with contextlib.suppress(Exception):
                self._open.close()
            self._open = None
