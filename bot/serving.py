"""The command `run`: the bot until a signal ends it."""

import asyncio
import gc
import logging
import signal
import sys
from datetime import UTC, datetime

import click

from bot.core.errors import Misconfigured
from bot.core.policy import Policy
from bot.core.record import stamp
from bot.policy_book import read_policy
from bot.settings import Part, Settings, load_settings
from bot.slack.app import BOLT_LOG
from bot.slack.joining import CLIENT_LOG
from bot.wiring import Bot, running

log = logging.getLogger(__name__)

SWITCHED_EVERY = 0.001
"""Seconds after which a thread that waits for the interpreter has it. The ledger's threads want it back after each
answer of the database: with Python's own 5 ms a transaction of ten statements took twice as long under load."""


async def serve() -> None:
    """Run until SIGTERM or SIGINT, then drain; SIGHUP offers the policy file again."""
    sys.setswitchinterval(SWITCHED_EVERY)
    _set_up_logging()
    ended, bots = asyncio.Event(), list[Bot]()
    _heed_signals(ended, bots)
    settings, policy = read_all()
    async with running(settings, policy) as bot:
        bots.append(bot)
        gc.freeze()  # what was imported stays: no collection need walk through it while an account is down
        bot.failure.add_done_callback(lambda _: ended.set())
        way = "over Socket Mode" if settings.socket_mode else f"on http://{settings.host}:{bot.port}/slack/events"
        heard = "hears" if bot.slack is not None else "will hear, once Slack answers,"
        click.echo(f"Countersign {heard} Slack {way}; health is on http://{settings.host}:{bot.port}/readyz.")
        await ended.wait()
        click.echo("Draining: what was acknowledged is finished first.")
        if bot.failure.done():
            bot.failure.result()
    log.info("stopped; what was acknowledged is finished, or on record for whoever goes on")


def read_all() -> tuple[Settings, Policy]:
    """Settings and policy, read once. Raises Misconfigured with what is wrong in either."""
    sentences: list[str] = []
    try:
        settings = load_settings()
    except Misconfigured as wrong:
        sentences.extend(wrong.sentences)
    try:
        policy = read_policy(load_settings(needs={Part.POLICY}).policy_file)
    except Misconfigured as wrong:
        sentences.extend(wrong.sentences)
    if sentences:
        raise Misconfigured(*sentences)
    return settings, policy


def _set_up_logging() -> None:
    """To standard error, the times like those of the audit log; of libraries what somebody should look at."""
    to_errors = logging.StreamHandler(sys.stderr)
    to_errors.setFormatter(Stamped("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_errors])
    for library in ("alembic", "slack_sdk", CLIENT_LOG):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of what follows from an error that it raises
    logging.getLogger(BOLT_LOG).setLevel(logging.ERROR)  # it warns of our own `authorize`, which is meant


class Stamped(logging.Formatter):
    """Times as RFC 3339 in UTC with milliseconds: one zone for the log, the audit log and the database.

    A message is one line, and nothing in it is for a terminal to obey, whoever chose an account's id.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = "".join(c if c.isprintable() else "�" for c in " ".join(record.message.splitlines()))
        return super().formatMessage(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's signature
        return stamp(datetime.fromtimestamp(record.created, UTC))


def _heed_signals(ended: asyncio.Event, bots: list[Bot]) -> None:
    """From the first moment: a start is broken off, a running bot drained; SIGHUP offers the policy file again."""
    loop, starting = asyncio.get_running_loop(), asyncio.current_task()
    reloads: set[asyncio.Task[None]] = set()

    def end() -> None:
        ended.set()
        if not bots and starting is not None:
            starting.cancel()

    def reload() -> None:
        for bot in bots:
            task = asyncio.create_task(bot.book.reload(bot.world, bot.policy_file))
            reloads.add(task)
            task.add_done_callback(reloads.discard)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
