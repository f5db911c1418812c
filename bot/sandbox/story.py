"""The story that `demo --script` plays: six steps, each through HTTP as people and platforms would take them."""

import asyncio
import re
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from bot.sandbox.stage import PRESIDENT, Stage

ADA, MONA, OMAR, TESSA = "U01ADA", "U02MONA", "U03OMAR", "U05TESSA"
TWITTER_2017_SECONDS = 11 * 60
WITHIN = 10.0
LOOK_EVERY = 0.002
REASON = "Pretends to be the support desk and asks people for their passwords."


class Broken(Exception):
    """A step did not hold."""


@dataclass(frozen=True, slots=True)
class Told:
    """A step that held: what happened and how long it took, in seconds."""

    what: str
    seconds: float


Step = Callable[[Stage], Awaitable[Told]]


def _expect(*, holds: bool, or_else: str) -> None:
    if not holds:
        raise Broken(or_else)


async def _ask(stage: Stage, user: str, handle: str) -> Message:
    """Type the command, fill in the form as it is then drawn, send it, and find the card."""
    answer = await stage.workspace.command(user, "/deactivate", f"@{handle} {REASON}")
    _expect(holds=answer.ok, or_else=f"the command was answered {answer.status}")
    view = await stage.workspace.wait_for_view(user, lambda v: "reason" in _inputs(v.blocks), timeout=WITHIN)
    known = {m.ts for m in stage.workspace.messages(APPROVALS)}
    values = {"handle": handle, "category": "impersonation", "reason": REASON}
    if "confirm_handle" in _inputs(view.blocks):
        values["confirm_handle"] = handle
    sent = await stage.workspace.submit(user, view, values)
    _expect(holds=sent.ok and not sent.errors, or_else=f"the form was answered {sent.errors or sent.status}")
    return await stage.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts not in known and _state(m) == "pending", WITHIN
    )


def _inputs(blocks: list[dict[str, object]]) -> set[object]:
    return {block.get("block_id") for block in blocks if block.get("type") == "input"}


def _state(message: Message) -> object:
    return ((message.metadata or {}).get("event_payload") or {}).get("state")


async def _becomes(stage: Stage, card: Message, state: str) -> Message:
    return await stage.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == card.ts and _state(m) == state, timeout=WITHIN
    )


async def approved(stage: Stage) -> Told:
    card = await _ask(stage, ADA, "maria_k")
    began = time.perf_counter()
    clicked = await stage.workspace.click(MONA, card, "approve")
    _expect(holds=clicked.ok, or_else=f"the click was answered {clicked.status}")
    await _public_state(stage, "@maria_k", "deactivated")
    took = time.perf_counter() - began
    card = await _becomes(stage, card, "done")
    _expect(holds=not {"approve", "deny"} & set(card.action_ids), or_else="the ended card still has buttons")
    return Told("Ada asked, Mona approved: @maria_k is down, read back from the public view", took)


async def denied(stage: Stage) -> Told:
    card = await _ask(stage, ADA, "tom.reads")
    began = time.perf_counter()
    await stage.workspace.click(OMAR, card, "deny")
    view = await stage.workspace.wait_for_view(OMAR, lambda v: "reason" in _inputs(v.blocks), timeout=WITHIN)
    sent = await stage.workspace.submit(OMAR, view, {"reason": "A parody account, marked as one."})
    _expect(holds=sent.ok and not sent.errors, or_else=f"the deny was answered {sent.errors or sent.status}")
    await _becomes(stage, card, "denied")
    took = time.perf_counter() - began
    seen = await stage.public("@tom.reads")
    _expect(holds=seen["state"] == "active", or_else="a denied account is down")
    await stage.workspace.wait_for_dm(ADA, lambda m: "denied" in m.text.lower(), timeout=WITHIN)
    return Told("Ada asked, Omar denied: @tom.reads stays, and Ada was told why", took)


async def unanswered(stage: Stage) -> Told:
    """By a policy with `request_expires = "2s"` that comes into force on SIGHUP, not by moving a clock."""
    text = stage.policy.read_text()
    stage.policy.write_text(re.sub(r'request_expires = "\w+"', 'request_expires = "2s"', text))
    known = {m.ts for m in stage.workspace.messages(APPROVALS)}
    assert stage.process is not None
    stage.process.send_signal(signal.SIGHUP)
    await stage.workspace.wait_for_message(APPROVALS, lambda m: m.ts not in known, timeout=WITHIN)
    card = await _ask(stage, ADA, "tom.reads")
    began = time.perf_counter()
    card = await _becomes(stage, card, "expired")
    took = time.perf_counter() - began
    _expect(holds=not {"approve", "deny"} & set(card.action_ids), or_else="the expired card still has buttons")
    return Told("Ada asked, nobody answered: expired by the policy's two seconds", took)


async def rogue(stage: Stage) -> Told:
    began = time.perf_counter()
    await stage.act("staff-dev-token:rex", PRESIDENT, active=False)
    await _public_state(stage, PRESIDENT, "active")
    took = time.perf_counter() - began
    await stage.workspace.wait_for_message(APPROVALS, lambda m: _state(m) == "restored", timeout=WITHIN)
    seen = await stage.public(PRESIDENT)
    ratio = TWITTER_2017_SECONDS / took
    what = "Rex, on his last day, took @president down directly: restored and verified"
    return Told(f"{what}, {seen['followers']:,} followers; 11 minutes in 2017, {ratio:,.0f} times as long", took)


async def owner(stage: Stage) -> Told:
    seen = await stage.public("@leaving_soon")
    began = time.perf_counter()
    await stage.act(f"owner-dev-token:{seen['id']}", seen["id"], active=False)
    await asyncio.sleep(1.0)
    after = await stage.public("@leaving_soon")
    _expect(holds=after["state"] == "deactivated", or_else="the guard undid the owner's own deactivation")
    return Told("The owner of @leaving_soon took the account down: left alone", time.perf_counter() - began)


async def digest(stage: Stage) -> Told:
    began = time.perf_counter()
    known = {m.ts for m in stage.workspace.messages(APPROVALS)}
    printed = await stage.command("digest", "--post")
    card = await stage.workspace.wait_for_message(APPROVALS, lambda m: m.ts not in known, timeout=WITHIN)
    _expect(holds="3 filed" in printed, or_else=f"the digest counts otherwise:\n{printed}")
    return Told(f"The digest was posted: {card.text.splitlines()[0]}", time.perf_counter() - began)


async def _public_state(stage: Stage, account: str, state: str) -> None:
    async with asyncio.timeout(WITHIN):
        while (await stage.public(account))["state"] != state:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY)


STEPS: tuple[Step, ...] = (approved, denied, unanswered, rogue, owner, digest)
