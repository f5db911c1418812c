"""What `/countersign` answers. Names and handles stand in rich text, so that nobody's text becomes markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.errors import LedgerAway, PlatformAway, PlatformRefused
from bot.core.incident import Incident
from bot.core.refusal import Refusal, Why
from bot.core.request import Request
from bot.flows.world import World
from bot.slack.sentences import refusal_sentence
from bot.slack.text import escaped, one_line

HELP = (
    "/deactivate @handle reason: ask for an account to be deactivated",
    "/restore @handle reason: ask for an account to be restored",
    "/countersign pending: what waits for a decision",
    "/countersign status @handle: what was asked for and what happened to an account",
    "/countersign guard: whether the guard follows the platform",
    "/countersign help: this list",
)
SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An ephemeral answer."""

    text: str
    blocks: list[dict[str, Any]]


async def answer(world: World, word: str, rest: str) -> Answer:
    """Answer a subcommand; one that does not exist gets the list of those that do."""
    try:
        match word:
            case "pending":
                return await _pending(world)
            case "status":
                return await _status(world, rest)
            case "guard":
                return _guard(world)
            case "help" | "":
                return _lines("What Countersign understands", HELP)
            case _:
                return _lines("There is no such subcommand. These there are", HELP)
    except LedgerAway:
        return _lines(refusal_sentence(Refusal(why=Why.LEDGER_AWAY)), ())


async def _pending(world: World) -> Answer:
    waiting = await world.ledger.read(lambda view: view.pending(limit=SHOWN))
    return _lines("Waiting for a decision" if waiting else "Nothing waits for a decision.", [_line(r) for r in waiting])


async def _status(world: World, handle: str) -> Answer:
    try:
        account = await world.platform.find(handle) if handle else None
    except (PlatformAway, PlatformRefused):
        return _lines(refusal_sentence(Refusal(why=Why.PLATFORM_AWAY)), ())
    if account is None:
        return _lines(refusal_sentence(Refusal(why=Why.UNKNOWN_ACCOUNT, facts={"handle": handle})), ())
    id = account.id
    requests, incidents = await world.ledger.read(
        lambda view: (view.requests_of_account(id, limit=SHOWN), view.incidents(account=id, limit=SHOWN))
    )
    state = "active" if account.active else "deactivated"
    lines = [*(_line(r) for r in requests if not r.by_policy), *(_incident(i) for i in incidents)]
    return _lines(f"@{one_line(account.handle)} ({id}) is {state}", lines or ("Nothing is on record for it.",))


def _guard(world: World) -> Answer:
    status, now = world.status, world.clock.monotonic()
    mode = "enforces" if world.policy.guard.enforces else "only observes"
    lines = [f"The guard {mode}."]
    if status.feed_answered is None:
        lines.append("The platform's feed has not answered yet.")
    else:
        lines.append(f"The platform's feed answered {max(now - status.feed_answered, 0):.0f} s ago.")
    if status.platform_away:
        lines.append("The platform cannot be reached at the moment.")
    if status.swept is not None:
        lines.append(f"The last sweep ended {max(now - status.swept, 0):.0f} s ago.")
    return _lines("The guard", lines)


def _line(request: Request) -> str:
    subject = one_line(request.subject.handle)
    return f"{request.id}: {request.action.value} @{subject} ({request.subject.id}), {request.state.value}"


def _incident(incident: Incident) -> str:
    return f"{incident.id}: {incident.kind.value} by {one_line(incident.actor or 'unknown')}, {incident.state.value}"


def _lines(title: str, lines: Sequence[str]) -> Answer:
    text = [{"type": "text", "text": f"{title}\n", "style": {"bold": True}}]
    text += [{"type": "text", "text": f"{line}\n"} for line in lines]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": text}]}
    return Answer(text=escaped(title), blocks=[block])
