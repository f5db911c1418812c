"""The stage of the stories for campaigns that act in Slack: workspace, platform and bot, joined by HTTP."""

import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.core.request import Request
from tests.campaign.rig import MEMORY
from tests.stories.scene import Scene, set_scene


def wide(text: str) -> str:
    """The sample policy with limits that no campaign is about out of the way."""
    limits = r"(requests_per_person_hour|deactivations_per_hour) = \d+"
    return re.sub(limits, r"\1 = 1_000_000", text)


@asynccontextmanager
async def stage(policy: Callable[[str], str] = wide, *, start: bool = True) -> AsyncIterator[Scene]:
    """Everything started, on a policy made of the sample; the bot is the campaign's to start where `start` is false."""
    with tempfile.TemporaryDirectory(prefix="countersign-campaign-", dir=MEMORY) as folder:
        async with set_scene(Path(folder)) as scene:
            scene.policy(policy)
            if start:
                await scene.start()
            yield scene


async def fresh(scene: Scene, prefix: str, **values: Any) -> tuple[str, str]:
    """An account of its own for one try: its id and its handle. The prefix must be new."""
    url = f"{scene.platform.control_url}/control/v1/accounts"
    async with scene.session.post(url, json={"count": 1, "prefix": prefix, **values}) as answer:
        answer.raise_for_status()
        return (await answer.json())["ids"][0], f"{prefix}1"


async def latest(scene: Scene, account: str) -> Request | None:
    """The account's last request."""
    found = await scene.world.ledger.read(lambda view: list(view.requests_of_account(account)))
    return max(found, key=lambda request: request.filed_at, default=None)


async def taken_down(scene: Scene, account: str) -> int:
    """How often the bot has taken the account down."""
    found = await scene.effects(account)
    return sum(e["action"] == "deactivate" and e["actor"]["id"] == "svc:countersign" for e in found)


def value_of(card: Any, action: str = "approve") -> str:
    """What the card's button carries."""
    _, element = card.element(action)
    return str(element["value"])
