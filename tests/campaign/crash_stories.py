"""The main stories, each on an account of its own with people of its own, and how each may end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.records import User
from tests.campaign.crash_people import People
from tests.campaign.crash_stage import Stage, agent, chief, policy, safe
from tests.campaign.guard_stage import SCIM

DOWN, UP = "deactivate", "restore"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a story may end. `about` is what its card names; empty where it has no request of people."""

    about: str
    states: frozenset[str] = frozenset()
    account: str = ""
    ours: frozenset[tuple[str, ...]] | None = None
    """What the bot may have done to the account, in order; None where a restore must answer each blow."""
    active: bool = True


Story = Callable[[Stage, People, int, int], Awaitable[Ending]]


async def account(stage: Stage, prefix: str, **more: Any) -> tuple[str, str]:
    """A fresh account: id and handle."""
    (id,) = (await stage.control("accounts", count=1, prefix=prefix, **more))["ids"]
    return id, f"{prefix}1"


async def act(stage: Stage, token: str, id: str, *, active: bool) -> None:
    """Somebody changes the account on the platform itself."""
    body = {"schemas": [SCIM], "Operations": [{"op": "replace", "path": "active", "value": active}]}
    url = f"{stage.platform.url}/scim/v2/Users/{id}"
    async with stage.session.patch(url, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
        answer.raise_for_status()


def after(about: str, id: str, states: str, *ours: tuple[str, ...], active: bool) -> Ending:
    return Ending(about=about, states=frozenset(states.split()), account=id, ours=frozenset(ours), active=active)


# requests


async def approved(stage: Stage, people: People, cast: int, n: int) -> Ending:
    id, handle = await account(stage, f"approved{n}_")
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle)
    await people.press(chief(cast), "approve", about=handle)
    return after(handle, id, "done", (DOWN,), active=False)


async def by_two(stage: Stage, people: People, cast: int, n: int) -> Ending:
    id, handle = await account(stage, f"bytwo{n}_", tags=["head-of-state"])
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle)
    await asyncio.gather(*(people.press(who, "approve", about=handle) for who in (chief(cast), safe(cast))))
    return after(handle, id, "done", (DOWN,), active=False)


async def denied(stage: Stage, people: People, cast: int, n: int) -> Ending:
    id, handle = await account(stage, f"denied{n}_")
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle)
    await people.deny(chief(cast), about=handle)
    return after(handle, id, "denied", (), active=True)


async def withdrawn(stage: Stage, people: People, cast: int, n: int) -> Ending:
    id, handle = await account(stage, f"withdrawn{n}_")
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle)
    await people.press(agent(cast), "withdraw", about=handle)
    return after(handle, id, "withdrawn", (), active=True)


async def brought_back(stage: Stage, people: People, cast: int, n: int) -> Ending:
    """Legal took it down, which stands until people agree that it comes back."""
    id, handle = await account(stage, f"back{n}_")
    await act(stage, "system-dev-token:legal", id, active=False)
    await people.file(agent(cast), "/restore", f"@{handle}", about=handle)
    await people.press(chief(cast), "approve", about=handle)
    return after(handle, id, "done", (UP,), active=True)


# emergencies


async def ratified(stage: Stage, people: People, cast: int, n: int) -> Ending:
    id, handle = await account(stage, f"ratified{n}_")
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle, emergency=True)
    await people.press(chief(cast), "approve", about=handle)
    return after(handle, id, "ratified", (DOWN,), active=False)


async def denied_later(stage: Stage, people: People, cast: int, n: int) -> Ending:
    """Whoever denies before the call was made has nothing to undo."""
    id, handle = await account(stage, f"undone{n}_")
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle, emergency=True)
    await people.see(handle, "provisional", "denied")
    await people.deny(chief(cast), about=handle)
    return after(handle, id, "denied", (DOWN, UP), active=True)


async def lapsed(stage: Stage, people: People, cast: int, n: int) -> Ending:
    """Dead until its deadline, the bot makes no call at all."""
    id, handle = await account(stage, f"lapsed{n}_")
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle, emergency=True)
    return after(handle, id, "lapsed", (DOWN, UP), (), active=True)


async def expired(stage: Stage, people: People, cast: int, n: int) -> Ending:
    id, handle = await account(stage, f"expired{n}_")
    await people.file(agent(cast), "/deactivate", f"@{handle}", about=handle)
    return after(handle, id, "expired", (), active=True)


# the guard


async def rogue(stage: Stage, people: People, cast: int, n: int) -> Ending:  # noqa: ARG001 - a story's signature
    id, _ = await account(stage, f"rogue{n}_", followers=50)
    await act(stage, f"staff-dev-token:rogue{n}", id, active=False)
    return Ending(about="", account=id, ours=frozenset({(UP,)}))


async def rogue_on_protected(stage: Stage, people: People, cast: int, n: int) -> Ending:  # noqa: ARG001 - as above
    id, _ = await account(stage, f"weighty{n}_", tags=["head-of-state"], followers=5_000_000)
    await act(stage, f"staff-dev-token:bold{n}", id, active=False)
    return Ending(about="", account=id, ours=frozenset({(UP,)}))


async def owners(stage: Stage, people: People, cast: int, n: int) -> Ending:  # noqa: ARG001 - as above
    id, _ = await account(stage, f"owned{n}_")
    await act(stage, f"owner-dev-token:{id}", id, active=False)
    return Ending(about="", account=id, ours=frozenset({()}), active=False)


async def war(stage: Stage, people: People, cast: int, n: int) -> Ending:  # noqa: ARG001 - as above
    """Who strikes again and again is locked out; until then each blow is answered."""
    id, _ = await account(stage, f"war{n}_")
    await stage.control("faults", kind="reattack", account=id, actor=f"staff:war{n}", every=0.02, times=6)
    await act(stage, f"staff-dev-token:war{n}", id, active=False)
    return Ending(about="", account=id)


# the rules


async def protected(stage: Stage, people: People, cast: int, n: int) -> Ending:
    """Stricter: done as it is sent."""
    _, handle = await account(stage, f"tobe{n}_")
    await people.file(agent(cast), "/countersign", f"protect @{handle}", about=handle)
    return Ending(about=handle, states=frozenset({"done"}))


async def added(stage: Stage, people: People, cast: int, n: int) -> Ending:
    """Looser: two have to agree."""
    name, slack = f"newcomer{n}x", f"U8NEW{n}"
    stage.workspace.put_user(User(id=slack, name=name))
    given = {"slack_user": slack, "groups": ["manager"], "team": "operations"}
    await people.file(agent(cast), "/countersign", f"roster add @{name}", about=name, **given)
    await asyncio.gather(*(people.press(who, "approve", about=name) for who in (chief(cast), safe(cast))))
    return Ending(about=name, states=frozenset({"done"}))


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Stories that are played at once, under one policy."""

    name: str
    stories: tuple[Story, ...]
    policy: Callable[[], str] = policy


CHAPTERS = (
    Chapter(name="requests", stories=(approved, by_two, denied, withdrawn, brought_back)),
    Chapter(name="guard", stories=(rogue, rogue_on_protected, owners, war)),
    Chapter(name="emergencies", stories=(ratified, denied_later)),
    Chapter(
        name="deadlines",
        stories=(expired, lapsed),
        policy=lambda: policy(request_expires="400ms", ratify_within="400ms"),
    ),
    Chapter(name="rules", stories=(protected, added)),
)
