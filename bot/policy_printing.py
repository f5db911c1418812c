"""What the commands `policy check` and `policy what-if` print."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from bot.clock import SystemClock
from bot.core.errors import CountersignError, Misconfigured
from bot.core.overlay import Overlaid, overlay_of
from bot.core.past import Past
from bot.core.policy import RULES, SEEN_FOR, Policy
from bot.core.policy_file import parse_policy
from bot.core.policy_table import TierRow, rows
from bot.core.record import dump, stamp
from bot.core.transition import PolicyRow
from bot.core.what_if import Compared, Difference, compare
from bot.digest_lines import account, inert
from bot.flows.bring_into_force import with_overlay
from bot.policy_book import read_policy
from bot.settings import Part, load_settings
from bot.wiring import ledger_exists, reader_of
from storage.view import ConnectionView

WEEK = timedelta(weeks=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """A file's policy as it would be in force, and what was changed in Slack."""

    policy: Policy
    overlay: tuple[Overlaid, ...]
    """All of it that is in force now; what the file makes needless is not in `policy`."""


async def print_policy(file: Path | None, *, as_json: bool) -> None:
    """The table of who may do what per tier, with what would surprise."""
    chosen = file or load_settings(needs={Part.POLICY}).policy_file
    offered = _offered(read_policy(chosen), await _in_force())
    policy, table = offered.policy, rows(offered.policy, SystemClock().now())
    kept = overlay_of(policy.text)
    if as_json:
        laid = [{**_overlaid(one), "kept": one in kept} for one in offered.overlay]
        told = {"digest": policy.digest, "overlay": laid, "tiers": [dump(row) for row in table]}
        click.echo(json.dumps(told, indent=2, default=str))
        return
    over = " with what was changed in Slack" if kept else ""
    click.echo(f"{chosen} is valid; its digest{over} is {policy.digest[:12]}.")
    for one in offered.overlay:
        _print_change(one, kept=one in kept)
    for row in table:
        _print_tier(row)
    if policy.tier(RULES) is None:
        click.echo("\n  There is no tier “rules”: what makes the rules looser changes by the file alone.")


async def _in_force() -> PolicyRow | None:
    """The policy in force in the ledger of DATABASE_URL; none where there is no ledger, or none to be read."""
    try:
        settings = load_settings(needs={Part.LEDGER})
        if not ledger_exists(settings.database_url):
            return None
        async with reader_of(settings, SystemClock()) as ledger:
            return await ledger.read(ConnectionView.policy_in_force)
    except CountersignError as error:
        click.echo(f"What was changed in Slack is not shown: {error}", err=True)
        return None


def _offered(policy: Policy, row: PolicyRow | None) -> Offered:
    """Raises Misconfigured where the file and the overlay cannot be together."""
    if row is None:
        return Offered(policy=policy, overlay=())
    return Offered(policy=with_overlay(policy, row, at=datetime.now(UTC)), overlay=overlay_of(row.text))


def _overlaid(one: Overlaid) -> dict[str, Any]:
    return {"change": one.change.line(), "at": stamp(one.at), "request": one.request}


def _print_change(one: Overlaid, *, kept: bool) -> None:
    not_needed = "" if kept else "; the file makes it needless, and it is dropped"
    click.echo(f"  changed in Slack: {one.change.line()} (since {stamp(one.at)} by {one.request}{not_needed})")


def _print_tier(row: TierRow) -> None:
    click.echo("")
    for name, value in dump(row).items():
        shown = _readable(value) if value or name != "conditions" else _without_conditions(row)
        click.echo(f"  {name.replace('_', ' '):<22} {shown}")


def _without_conditions(row: TierRow) -> str:
    return "the bot's own rules" if row.name == RULES else "everything else"


def _readable(value: Any) -> str:
    """A field of the table as people write it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return f"{value.total_seconds():.0f} s"
        case [str(), int()]:
            return f"{value[1]} of {value[0]}"
        case list() | tuple():
            items = [_readable(item) for item in value]
            return (" " if items and items[0].endswith(".") else ", ").join(items) or "–"
        case _:
            return str(value) or "–"


async def print_what_if(file: Path, *, weeks: int, as_json: bool) -> None:
    """Which requests of the last weeks would have ended otherwise under the policy of that file."""
    clock = SystemClock()
    now = clock.now()
    offered = read_policy(file)
    async with reader_of(load_settings(needs={Part.LEDGER}), clock) as ledger:
        filed = await ledger.read(partial(ConnectionView.of_people, since=now - weeks * WEEK), long=True)
        # those before are not replayed, but they are what had been asked of an account and in an hour
        earlier = partial(ConnectionView.of_people, since=now - weeks * WEEK - SEEN_FOR)
        known, came = await ledger.read(lambda view: (earlier(view), view.policies()), long=True)
    policy = _offered(offered, came[-1] if came else None).policy
    past = Past.of(known, _readable_policies(came) or [(now, policy)], now=now)
    found = compare(tqdm(filed, desc="requests", leave=False, disable=None), policy, past)
    if as_json:
        told = {"digest": policy.digest, "since": stamp(now - weeks * WEEK), "requests": len(filed)}
        differ = [_difference(one) for one in found.differ]
        click.echo(json.dumps({**told, "same": found.same, "unknown": found.unknown, "differ": differ}, indent=2))
        return
    _print_compared(found, len(filed), weeks=weeks)


def _readable_policies(came: Sequence[PolicyRow]) -> list[tuple[datetime, Policy]]:
    """Those that this program still reads. Of a request under another one nothing is said: it ends otherwise."""
    found = list[tuple[datetime, Policy]]()
    for row in came:
        try:
            found.append((row.since, parse_policy(row.text)))
        except Misconfigured:
            continue
    return found


def _difference(one: Difference) -> dict[str, Any]:
    request = one.request
    return {
        "id": request.id,
        "filed_at": stamp(request.filed_at),
        "requester": request.requester,
        "action": request.action.value,
        "account": request.subject.id,
        "handle": request.subject.handle,
        "was": one.was.value,
        "would": one.would.end.value,
        "why": one.would.why,
    }


def _print_compared(found: Compared, requests: int, *, weeks: int) -> None:
    for one in found.differ:
        request = one.request
        who = account(request.subject.handle, request.subject.id)
        click.echo(f"{request.id}  {stamp(request.filed_at)}  {request.requester}  {request.action.value} {who}")
        why = f": {inert(one.would.why)}" if one.would.why else ""
        click.echo(f"  was {one.was} → would be {one.would.end}{why}")
    last = f"the last {weeks} weeks" if weeks != 1 else "the last week"
    click.echo(
        f"Of {requests} requests of {last} {len(found.differ)} would have ended otherwise and {found.same} the same; "
        f"of {found.unknown} nothing can be said."
    )
