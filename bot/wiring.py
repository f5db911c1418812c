"""The only file that knows every part: builds them, joins them, and takes them down in order."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import SystemClock
from bot.core.errors import LedgerAway, Misconfigured
from bot.core.policy import Policy
from bot.core.transition import Change, TaskKind
from bot.flows.baseline import Watching, arm_baseline
from bot.flows.bring_into_force import bring_into_force
from bot.flows.carry_out import carry_out
from bot.flows.contain import contain
from bot.flows.digest import arm_digest, post_digest
from bot.flows.expire import expire
from bot.flows.judge_later import judge_backlog, judge_later
from bot.flows.keep_house import Housekeeping, arm_housekeeping
from bot.flows.near_purge import near_purge
from bot.flows.persist import AWAY, persist
from bot.flows.remind import remind
from bot.flows.sample import sample
from bot.flows.show import Drawing, call, page, remove, tell, thread, waiting
from bot.flows.stand_guard import stand_guard
from bot.flows.sweep import sweep
from bot.flows.take_over import take_over
from bot.flows.triage import triage
from bot.flows.turns import POSTS_EVERY, Turns
from bot.flows.world import World
from bot.listener import runner
from bot.log_lines import lines_of, pages_of
from bot.outage import Outage
from bot.pager import NoPager, WebhookPager
from bot.platform.scim import ScimPlatform
from bot.policy_book import Book
from bot.ports import Pager
from bot.settings import Settings
from bot.slack.app import SlackApp
from bot.slack.channel import UNREACHED, mind_channel
from bot.slack.desk import SlackDesk
from bot.slack.door import Door
from bot.slack.gate import Answer, Gate
from bot.slack.joining import SLACK_WITHIN, assert_bolt_is_new_enough, slack_client, who_we_are
from bot.slack.socket import Socket
from bot.slack.users import Users
from bot.turnstile import Turnstile
from bot.worker import Flow, Worker
from storage.database import Database, Schemas, check_may_be_made, is_made
from storage.ledger import SqlLedger

log = logging.getLogger(__name__)

JOINED_WITHIN = 2.0
"""Seconds that a request which comes before that is known is kept waiting; Slack waits three."""
DRAINED_WITHIN = 8.0
"""Seconds for what is under way at SIGTERM; supervisors commonly kill after ten."""
PAGES_KNOWN = 1_000
"""Keys of pages that the log has told of."""
LEFT_WITHIN = 2.0
"""Seconds to tell the others that this process stops."""
SLACK_IS_AWAY = (*AWAY, *UNREACHED)


def flows() -> dict[TaskKind, Flow]:
    """The one table of every kind of task and the flow that does it."""
    return {
        TaskKind.CARRY_OUT: carry_out,
        TaskKind.EXPIRE: expire,
        TaskKind.DRAW: Drawing().draw,
        TaskKind.TELL: tell,
        TaskKind.THREAD: thread,
        TaskKind.WAITING: waiting,
        TaskKind.REMIND: remind,
        TaskKind.REMOVE: remove,
        TaskKind.PAGE: page,
        TaskKind.CALL: call,
        TaskKind.JUDGE: judge_later,
        TaskKind.BACKLOG: judge_backlog,
        TaskKind.TRIAGE: triage,
        TaskKind.SWEEP: sweep,
        TaskKind.SAMPLE: sample,
        TaskKind.NEAR_PURGE: near_purge,
        TaskKind.BASELINE: Watching().baseline,
        TaskKind.CONTAIN: contain,
        TaskKind.DIGEST: post_digest,
        TaskKind.KEEP_HOUSE: Housekeeping().keep_house,
    }


@dataclass(slots=True)
class Bot:
    """A running bot. `port` is the one it listens on."""

    world: World
    worker: Worker
    book: Book
    port: int
    policy_file: Path
    failure: asyncio.Future[None]
    """Done, with the exception, when a part that must run as long as the bot has ended."""
    slack: SlackApp | None = None
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is known whose workspace this is."""

    def ended(self, part: asyncio.Task[None]) -> None:
        """Tell of a background part that ended by itself; none may die unseen."""
        if not part.cancelled() and (error := part.exception()) is not None and not self.failure.done():
            if not isinstance(error, Misconfigured):  # that is told at the end, by itself
                log.error("%s has ended: %s", part.get_name(), error)
            self.failure.set_exception(error)

    async def dispatch(self, text: str, headers: dict[str, str], door: Door) -> Answer:
        """Hand a signed request to Slack's handlers, once it is known whose workspace this is."""
        if self.slack is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.joined.wait(), JOINED_WITHIN)
        if self.slack is None or self.world.status.draining:
            return Answer(status=503, body="", headers={})
        return await self.slack.http(text, headers, door)


@asynccontextmanager
async def ledger_of(settings: Settings, clock: SystemClock, *, exclusive: bool) -> AsyncIterator[SqlLedger]:
    """Open the database for writing; `exclusive` takes the file for this process. Raises Misconfigured."""
    database, owner = Database(settings.database_url), f"{os.getpid()}-{secrets.token_hex(4)}@{socket.gethostname()}"
    database.on_time(clock.steer)
    try:
        if exclusive:
            database.lock(owner)
        _say_schemas(database.name, database.migrate())
    except BaseException:
        database.close()
        raise
    if exclusive:  # who only starts, or asks once, has it in the sentence with which it ends
        database.watched_by(Outage("the ledger"))
    ledger = SqlLedger(database, clock=clock, owner=owner)
    try:
        clock.hold(await ledger.read(lambda view: view.last_time()))
        if exclusive:
            await persist(ledger.take_over, "the ledger")
        yield ledger
    finally:
        ledger.close()


def _say_schemas(name: str, schemas: Schemas) -> None:
    """There is no way back from a newer one but a copy from before: who looks for it has to know when that was."""
    if schemas.before is None:
        log.info("the database %s was empty and has its tables now (schema %s)", name, schemas.now)
    elif schemas.before != schemas.now:
        log.warning("the database %s was brought up from schema %s to %s", name, schemas.before, schemas.now)


def ledger_exists(url: str) -> bool:
    """Whether the first start has made the database. Raises Misconfigured where none could be."""
    if not url.startswith("sqlite:///"):
        return is_made(url)
    file = Path(url.removeprefix("sqlite:///"))
    if not file.absolute().parent.is_dir():
        raise Misconfigured(f"DATABASE_URL: the folder {file.parent} does not exist.")
    return file.exists()


def check_ledger_may_be_made(url: str) -> None:
    """Raises Misconfigured, LedgerAway where the first start could not; `ledger_exists` was asked before."""
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///")).absolute().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Misconfigured(f"DATABASE_URL: the folder {folder} cannot be written.")
        return
    check_may_be_made(url)


@asynccontextmanager
async def reader_of(settings: Settings, clock: SystemClock) -> AsyncIterator[SqlLedger]:
    """Open the database for reading alone. Raises Misconfigured where there is none."""
    ledger = SqlLedger(Database(settings.database_url, writable=False), clock=clock, owner="reader")
    try:
        yield ledger
    finally:
        ledger.close()


@asynccontextmanager
async def running(settings: Settings, policy: Policy, *, posts_every: float = POSTS_EVERY) -> AsyncIterator[Bot]:
    """The whole bot, from its settings to its end: ready when entered, drained when left."""
    assert_bolt_is_new_enough()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(ledger_of(settings, clock, exclusive=True))
        # the SDK leaves the time limit to a session that it is given
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(SLACK_WITHIN)))
        platform = ScimPlatform(settings.platform_url, settings.platform_token.get_secret_value())
        stack.push_async_callback(platform.close)
        client = slack_client(settings, session)
        book = Book(policy)
        users = Users(client, book)
        pager: Pager = WebhookPager(settings.pager_url, session=session) if settings.pager_url else NoPager()
        world = World(
            ledger=ledger,
            platform=platform,
            desk=SlackDesk(client, users, approvals_channel=settings.approvals_channel),
            pager=pager,
            clock=clock,
            book=book,
            channel=settings.approvals_channel,
            turns=Turns(every=posts_every),
        )
        worker = Worker(world, flows())
        ledger.on_commit(worker.take)
        ledger.on_change(_sayer())
        # another process may be at its longest move: a start is not ended by that
        await persist(lambda: bring_into_force(world, policy, by="file"), "the ledger")
        await persist(lambda: arm_digest(world), "the ledger")
        await persist(lambda: arm_baseline(world), "the ledger")
        await persist(lambda: arm_housekeeping(world), "the ledger")
        failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        bot = Bot(world=world, worker=worker, book=book, port=0, policy_file=settings.policy_file, failure=failure)
        await _start(bot, settings, client, users, stack)
        yield bot


def _sayer() -> Callable[[Change], None]:
    """Tells the log of changes. A page that is asked for again and again, as a silent feed's is, is told once."""
    pages: dict[str, None] = {}

    def say(change: Change) -> None:
        for line in lines_of(change, told=pages):
            log.info("%s", line)
        pages.update((page.key, None) for page in pages_of(change))
        while len(pages) > PAGES_KNOWN:
            del pages[next(iter(pages))]

    return say


async def _start(bot: Bot, settings: Settings, client: AsyncWebClient, users: Users, stack: AsyncExitStack) -> None:
    """Start what runs until the end; what the stack takes down first is pushed last."""
    world = bot.world
    background = [asyncio.create_task(stand_guard(world), name="guard")]
    background.append(asyncio.create_task(bot.worker.poll(), name="worker"))
    background.append(asyncio.create_task(take_over(world), name="succession"))
    background.append(asyncio.create_task(mind_channel(world, client, bot.joined), name="channel"))
    stack.push_async_callback(_drain, bot, background)
    background.append(asyncio.create_task(_join_slack(bot, settings, client, users, stack), name="slack"))
    for part in background:
        part.add_done_callback(bot.ended)
    bot.port = await _listen(bot, settings, stack)
    # a refused token ends the start with a sentence; Slack being away does not, for the guard needs no Slack
    await asyncio.wait({background[-1], bot.failure}, timeout=SLACK_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    if bot.failure.done():
        bot.failure.result()


async def _listen(bot: Bot, settings: Settings, stack: AsyncExitStack) -> int:
    """Open the listener. Raises Misconfigured when the address is taken."""
    events = None
    if not settings.socket_mode:
        secrets_ = [secret.get_secret_value() for secret in settings.slack_signing_secrets]
        gate = Gate(secrets=secrets_, ledger=bot.world.ledger, clock=bot.world.clock, dispatch=bot.dispatch)
        events = gate.handle
    serving = runner(bot.world, events=events)
    await serving.setup()
    stack.push_async_callback(serving.cleanup)
    assert serving.server is not None
    door = Turnstile(serving.server)
    stack.push_async_callback(door.close)
    try:
        return await door.open(settings.host, settings.port)
    except OSError as error:
        raise Misconfigured(
            f"HOST and PORT: cannot listen on {settings.host}:{settings.port} ({error.strerror})."
        ) from None


async def _join_slack(
    bot: Bot, settings: Settings, client: AsyncWebClient, users: Users, stack: AsyncExitStack
) -> None:
    """Learn whose workspace this is, as often as it takes, and open the socket where that is the way."""
    workspace = await persist(lambda: who_we_are(client, settings), "Slack", despite=SLACK_IS_AWAY)
    slack = SlackApp(world=bot.world, client=client, workspace=workspace, users=users)
    if settings.slack_app_token is not None:
        ear = Socket(
            app=slack,
            client=client,
            app_token=settings.slack_app_token.get_secret_value(),
            ledger=bot.world.ledger,
            clock=bot.world.clock,
        )
        await persist(ear.connect, "Slack's socket", despite=SLACK_IS_AWAY)
        stack.push_async_callback(ear.close)
    bot.slack = slack
    bot.joined.set()


async def _drain(bot: Bot, background: list[asyncio.Task[None]]) -> None:
    """Nothing acknowledged is lost: handlers end, then tasks, then those who would start more of them."""
    bot.world.status.draining = True
    if bot.slack is not None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(bot.slack.until_idle(), DRAINED_WITHIN)
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    bot.failure.cancel()
    # another may be the guard while this one finishes what it has; where it cannot be told, it finds out by itself
    with contextlib.suppress(LedgerAway, TimeoutError):
        await asyncio.wait_for(bot.world.ledger.step_down(), LEFT_WITHIN)
    await bot.worker.drain(within=DRAINED_WITHIN)
    with contextlib.suppress(LedgerAway, TimeoutError):
        await asyncio.wait_for(bot.world.ledger.leave(), LEFT_WITHIN)
