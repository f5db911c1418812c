"""Canaries in the place of every secret, and a long run with faults: where do they turn up?

Over the whole stack, by HTTP and by Socket Mode in turn, with every logger at DEBUG. A try is one act of a person or
of a rogue, most of them under a fault of Slack's or the platform's. Operation keys are sought too, but not where the
architecture says that they stand: in the database (whose library repeats at DEBUG what it writes there) and in the
export of the audit log.
"""

import asyncio
import contextlib
import json
import re
import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.core.audit import Line
from bot.core.errors import Misconfigured
from bot.sandbox.platform.principals import DEV_TOKENS
from bot.sandbox.platform.server import MockPlatform
from bot.sandbox.slack.server import Workspace
from bot.sandbox.stage import PEOPLE, sample_policy
from bot.settings import Settings, load_settings
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.loglines import every_line
from tests.campaign.rig import MEMORY
from tests.campaign.stage import fresh, wide
from tests.stories.scene import ADA, MONA, Scene, inputs, settings_of

OPERATION = re.compile(r"op-[0-9a-f]{32}")
ACTS_A_START = 40
WITHIN = 0.7
"""Seconds an act has. Under many a fault it never comes to its end."""
ECHO = "sqlalchemy."
"""At DEBUG the library repeats the rows it writes, and the keys stand in the database."""
SLACK_METHODS = ("chat.postMessage", "chat.update", "views.open", "views.update", "chat.postEphemeral", "users.info")
SLACK_FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 503}, {"error": "invalid_auth"}, {"error": "internal_error"}, {"drop": True},
    {"status": 429, "retry_after": 1}, {"error": "invalid_blocks"}, {"delay": 0.2},
)  # fmt: skip
PLATFORM_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "code": 500}, {"kind": "status", "code": 401}, {"kind": "status", "code": 403},
    {"kind": "status_after", "code": 502}, {"kind": "status", "code": 422}, {"kind": "timeout_after", "seconds": 0.3},
    {"kind": "feed_down"}, {"kind": "status", "code": 500, "on": "list"}, {"kind": "status", "code": 401, "on": "get"},
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """A word nobody else would write, for each secret of the environment."""

    bot_token: str
    app_token: str
    new_secret: str
    old_secret: str
    platform_token: str
    pager: str

    @classmethod
    def hatched(cls) -> "Canaries":
        def word() -> str:
            return f"canary{secrets.token_hex(12)}"

        return cls(
            bot_token=f"xoxb-{word()}",
            app_token=f"xapp-{word()}",
            new_secret=word(),
            old_secret=word(),
            platform_token=word(),
            pager=word(),
        )

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(vars(self).values())


class Search:
    """Counts the secrets found, by place; what was found is never repeated."""

    def __init__(self, canaries: Canaries) -> None:
        self._words = re.compile("|".join(re.escape(word) for word in canaries.all))
        self.found: Counter[str] = Counter()
        self.characters = 0

    def look(self, place: str, text: str, *, keys: bool = True) -> None:
        self.characters += len(text)
        if self._words.search(text):
            self.found[f"{place}: a secret of the environment"] += 1
        if keys and OPERATION.search(text):
            self.found[f"{place}: an operation key"] += 1


@asynccontextmanager
async def nest(folder: Path, canaries: Canaries) -> AsyncIterator[Scene]:
    """The stage of the stories with the canaries for its secrets; the pager's hook answers nobody."""
    tokens = folder / "tokens.json"
    table = {token: vars_of(actor) for token, actor in DEV_TOKENS.items() if token != "bot-dev-token"}
    tokens.write_text(json.dumps({**table, canaries.platform_token: {"id": "svc:countersign", "kind": "service"}}))
    async with AsyncExitStack() as stack:
        workspace = Workspace(
            people=PEOPLE,
            bot_token=canaries.bot_token,
            app_token=canaries.app_token,
            signing_secret=canaries.old_secret,
        )
        await stack.enter_async_context(workspace)
        platform = await stack.enter_async_context(MockPlatform(tokens=tokens))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        settings = replace(
            settings_of(folder, workspace, platform),
            slack_signing_secrets=(SecretStr(canaries.new_secret), SecretStr(canaries.old_secret)),
            platform_token=SecretStr(canaries.platform_token),
            pager_url=f"http://127.0.0.1:9/{canaries.pager}",
        )
        settings.policy_file.write_text(wide(sample_policy()))
        scene = Scene(folder, workspace, platform, session, settings, stack)
        stack.push_async_callback(scene.stop)
        yield scene


def vars_of(actor: Any) -> dict[str, str]:
    return {"id": actor.id, "kind": actor.kind}


# what people and rogues do; each may fail under its fault, which is no matter here


async def approved(scene: Scene, prefix: str) -> None:
    _, handle = await fresh(scene, prefix)
    card = await scene.ask(handle)
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "done", within=WITHIN)


async def denied(scene: Scene, prefix: str) -> None:
    _, handle = await fresh(scene, prefix)
    card = await scene.ask(handle)
    await scene.deny(MONA, card)
    await scene.workspace.open_home(MONA)


async def withdrawn(scene: Scene, prefix: str) -> None:
    _, handle = await fresh(scene, prefix)
    card = await scene.ask(handle)
    await scene.workspace.click(ADA, card, "withdraw")
    await scene.workspace.command(ADA, "/countersign", "pending")


async def attacked(scene: Scene, prefix: str) -> None:
    account, _ = await fresh(scene, prefix)
    await scene.act("staff-dev-token:rex", account, active=False)
    await scene.public_becomes(account, "active", within=WITHIN)


async def forged(scene: Scene, prefix: str) -> None:
    """A signature by a secret nobody knows, none at all, bytes sent again, and a body that is none."""
    sent = await scene.workspace.command(ADA, "/countersign", f"status @{prefix}")
    if sent.sent is not None and sent.sent.envelope is None:
        await scene.workspace.forged(sent, secret="another")
        await scene.workspace.unsigned(sent)
        await scene.workspace.redeliver(sent)
        await scene.workspace.forged(sent, body=b"payload=%7B%22type%22%3A%22block_actions%22%7D")


async def mistaken(scene: Scene, prefix: str) -> None:
    """What is refused: an unknown account, a reason too short for the bot, an altered card."""
    view = await scene.form(ADA, f"@nobody_{prefix} {prefix}")
    await scene.fill(ADA, view, f"nobody_{prefix}")
    for card in scene.cards()[-1:]:
        await scene.workspace.click_raw(MONA, card, "approve", value=f"REQ-ABCDEFGHJK {'0' * 64}")
    assert inputs(view)


ACTS: tuple[Callable[[Scene, str], Awaitable[None]], ...] = (
    approved, denied, withdrawn, attacked, forged, mistaken,
)  # fmt: skip


async def act(scene: Scene, number: int, dice: Random) -> None:
    """One act, most often under a fault; whatever comes of it, it has an end."""
    if dice.random() < 0.4:
        scene.workspace.faults.add(dice.choice(SLACK_METHODS), **dice.choice(SLACK_FAULTS))
    if dice.random() < 0.4:
        await scene.fault(**dice.choice(PLATFORM_FAULTS), times=dice.randint(1, 2), by="svc:countersign")
    with contextlib.suppress(TimeoutError, AssertionError, LookupError, aiohttp.ClientError):
        async with asyncio.timeout(WITHIN):
            await ACTS[number % len(ACTS)](scene, f"act{number}_")
    await scene.mend()
    scene.workspace.faults.clear()
    scene.workspace._state.stacks.clear()


# where they are looked for


async def answers(scene: Scene) -> AsyncIterator[tuple[str, str]]:
    """What the bot answers over HTTP to anybody."""
    assert scene.bot is not None
    for path in ("healthz", "readyz", "guardz", "metrics", "slack/events", "nothing"):
        async with scene.session.get(f"http://127.0.0.1:{scene.bot.port}/{path}") as answer:
            yield f"GET /{path}", str(dict(answer.headers)) + await answer.text()


def shown(scene: Scene) -> Iterator[tuple[str, str]]:
    """All that Slack was given to show: messages in all versions, forms, Homes, and the arguments of each call."""
    picture = scene.workspace.snapshot()
    for what in ("messages", "ephemerals", "views", "homes"):
        yield f"Slack's {what}", json.dumps(picture[what], default=str)
    for call in scene.workspace.calls():
        yield f"call of {call.method}", json.dumps(call.args, default=str)


def reprs(scene: Scene) -> Iterator[tuple[str, str]]:
    """What a debugger or a crash report would write of whatever holds a secret."""
    assert scene.bot is not None
    world = scene.bot.world
    for what in (scene.settings, scene.bot, world, world.platform, world.desk, world.pager, world.ledger):
        yield f"repr of {type(what).__name__}", repr(what) + str(what)
        with contextlib.suppress(TypeError):
            yield (
                f"fields of {type(what).__name__}",
                repr({k: v for k, v in vars(what).items() if not k.startswith("_")}),
            )


def refusals(canaries: Canaries, folder: Path) -> Iterator[tuple[str, str]]:
    """What is said of settings that hold a secret in the wrong place, or a damaged one."""
    names = (
        "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_API_URL", "SLACK_TEAM_ID", "DATABASE_URL",
        "APPROVALS_CHANNEL", "PLATFORM_URL", "PLATFORM_TOKEN", "PAGER_URL", "HOST", "PORT",
    )  # fmt: skip
    for word in canaries.all:
        for damaged in (word, f"'{word}'", f"{word} {word}", f"{word},{word},{word}"):
            env = folder / "wrong.env"
            env.write_text("\n".join(f'{name}="{damaged}"' for name in names))
            try:
                yield "settings", repr(load_settings(env))
            except Misconfigured as wrong:
                yield "refused settings", "\n".join(wrong.sentences)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    canaries = Canaries.hatched()
    search = Search(canaries)
    lines = 0

    def hear(logger: str, line: str) -> None:
        nonlocal lines
        lines += not logger.startswith("bot.sandbox")
        search.look(f"log of {logger}", line, keys=not logger.startswith(ECHO))

    with tempfile.TemporaryDirectory(prefix="countersign-campaign-", dir=MEMORY) as folder, every_line(hear):
        async with nest(Path(folder), canaries) as scene:
            for number in range(count):
                if number % ACTS_A_START == 0:
                    await started(scene, canaries, socket=number // ACTS_A_START % 2 == 1)
                await act(scene, number, dice_of(seed, number))
                tried()
                if number % ACTS_A_START == ACTS_A_START - 1 or number == count - 1:
                    await look_around(scene, search)
            exported = await scene.log()
            for seq, entry in exported:
                search.look("audit export", json.dumps(Line(seq=seq, entry=entry).as_json()), keys=False)
        for place, text in refusals(canaries, Path(folder)):
            search.look(place, text)
    figures = {
        "lines logged": f"{lines:,}",
        "characters looked through": f"{search.characters:,}",
        "entries exported": len(exported),
        "found": dict(search.found),
    }
    return Counts(tried=count, broken=search.found.total(), figures=figures)


async def started(scene: Scene, canaries: Canaries, *, socket: bool) -> None:
    """Start the bot, or start it anew the other way."""
    if scene.bot is not None:
        await scene.stop()
    app = SecretStr(canaries.app_token) if socket else None
    scene.settings = with_app_token(scene.settings, app)
    await scene.start()
    if socket:
        await scene.until(lambda: scene.workspace.sockets)


def with_app_token(settings: Settings, token: SecretStr | None) -> Settings:
    return replace(settings, slack_app_token=token)


async def look_around(scene: Scene, search: Search) -> None:
    async for place, text in answers(scene):
        search.look(place, text)
    for place, text in (*shown(scene), *reprs(scene)):
        search.look(place, text)


CAMPAIGN = Campaign(
    name="secrets",
    threat="T25",
    claim="a token, signing secret or operation key in a log, a repr, an error, a card or an answer",
    smoke=18,
    full=500,
    run=run,
)
