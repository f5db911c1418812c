"""The command `backup`: a copy of the ledger, taken while the bot runs, and held against its own log."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from tqdm import tqdm

from bot.clock import SystemClock
from bot.core.errors import CountersignError, Misconfigured
from bot.printing import checked
from bot.settings import Part, Settings, load_settings
from bot.wiring import reader_of
from storage.backup import Progress, copy_of, schema_of
from storage.database import newest_schema

SQLITE = "sqlite:///"


def back_up(target: Path) -> None:
    """Write the copy, whole or not at all, and say in a sentence what it holds. Raises CountersignError."""
    settings = load_settings(needs={Part.LEDGER})
    if not settings.database_url.startswith(SQLITE):
        tool = "pg_dump --format=custom --file=FILE URL"
        raise Misconfigured(f"DATABASE_URL is PostgreSQL’s, which has a tool of its own for it: {tool}.")
    source, found = Path(settings.database_url.removeprefix(SQLITE)).resolve(), target.resolve()
    with _bar() as progress, copy_of(source, found, progress) as part:
        said = asyncio.run(_held_against_its_log(settings, part))
    click.echo(f"{target}: {said}")


async def _held_against_its_log(settings: Settings, part: Path) -> str:
    """What `audit verify` says of it; of another schema than its own this program only knows that it is whole."""
    schema = schema_of(part)
    if schema != newest_schema():
        return f"a whole copy, of another schema ({schema}) than this program’s, so its log was not replayed."
    async with reader_of(replace(settings, database_url=f"{SQLITE}{part}"), SystemClock()) as ledger:
        found = await checked(ledger)
    if found.wrong:
        wrong = f"entry {found.wrong.seq} of the log disagrees with the tables"
        raise CountersignError(f"No backup was made: {wrong}; see `countersign audit verify`.")
    return f"a whole copy; its {found.entries} entries agree with its {found.records} records."


@contextmanager
def _bar() -> Iterator[Progress]:
    """Pages on standard error, where that is a terminal."""
    with tqdm(desc="backup", unit=" pages", leave=False, disable=None) as bar:

        def progress(left: int, pages: int) -> None:
            bar.total = pages
            bar.update(pages - left - bar.n)

        yield progress
