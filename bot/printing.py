"""What the read-only commands print: requests, digests and the log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from bot.clock import SystemClock
from bot.core.audit import Disagreement, Line, compare, gaps, replay
from bot.core.digest import Week
from bot.core.errors import CountersignError
from bot.core.record import dump, stamp
from bot.core.request import Request, State
from bot.core.settling import Failed
from bot.core.tasks import digest_on_demand
from bot.core.transition import Entry
from bot.digest_lines import account, digest_json, digest_lines, inert
from bot.flows.digest import digest_of
from bot.policy_book import read_policy
from bot.settings import Part, Settings, load_settings
from bot.wiring import ledger_of, reader_of
from storage.database import Database
from storage.ledger import SqlLedger
from storage.view import ConnectionView

NEWEST = 20
SAID = {
    Failed.NO_EFFECT: "The platform said yes and nothing happened.",
    Failed.REFUSED: "The platform refused with {words}.",
    Failed.NO_ANSWER: "The platform gave no answer and nothing shows yet.",
}


def print_migration() -> None:
    """Make the tables or change older ones, and say which it was. Raises Misconfigured, LedgerAway."""
    database = Database(load_settings(needs={Part.LEDGER}).database_url)
    try:
        schemas = database.migrate(asked=True)
    finally:
        database.close()
    if schemas.before == schemas.now:
        did = "is up to date"
    elif schemas.before is None:
        did = "was empty and has its tables now"
    else:
        did = f"was brought up from schema {schemas.before}"
    click.echo(f"The database {database.name} {did} (schema {schemas.now}).")


async def print_requests(which: str | None, state: str | None, *, as_json: bool) -> None:
    """One request whole, or a line each."""
    if state is not None and state not in {s.value for s in State}:
        raise click.UsageError(f"There is no state “{state}”; there are {', '.join(s.value for s in State)}.")
    async with reader_of(load_settings(needs={Part.LEDGER}), SystemClock()) as ledger:
        found = await ledger.read(lambda view: _found(view, which, state))
        logs = {r.id: await ledger.read(partial(ConnectionView.entries, request=r.id)) for r in found}
    if which is not None and not found:
        raise CountersignError(f"There is no request “{which}”.")
    if as_json:
        click.echo(json.dumps([{**dump(r), "digest": r.digest} for r in found], indent=2))
        return
    for request in found:
        _print_request(request, logs[request.id], whole=which is not None)
    if not found:
        click.echo("There are no requests.")


def _found(view: ConnectionView, which: str | None, state: str | None) -> list[Request]:
    if which is None:
        return list(view.in_state([state] if state else [], limit=NEWEST))
    if which.startswith("@"):
        return list(view.of_handle(which.removeprefix("@"), limit=NEWEST))
    one = view.request(which)
    return [one] if one else list(view.requests_of_account(which, limit=NEWEST))


def _print_request(request: Request, log: Sequence[Entry], *, whole: bool) -> None:
    subject = request.subject
    named = request.of_an_account or request.of_the_rules
    who = account(subject.handle, subject.id) if named else inert(subject.id)
    click.echo(f"{request.id}  {request.state.value:<10} {request.action.value} {who} by {request.requester}")
    if not whole:
        return
    click.echo(f"  tier {request.tier}, revision {request.revision}, needs {_needs(request)}")
    click.echo(f"  reason: {inert(request.reason)}")
    if request.outcome is not None:
        click.echo(f"  outcome: {_outcome(request.state, request.outcome)}")
    for vote in request.votes:
        click.echo(f"  {stamp(vote.at)}  {vote.person} {vote.choice.value} (revision {vote.revision})")
    for entry in log:
        click.echo(f"  {stamp(entry.at)}  {entry.kind.value} by {inert(entry.by)}")


def _outcome(state: State, outcome: str) -> str:
    """What a call came to, as a sentence; of any other end, what whoever ended it gave for it."""
    code, _, words = outcome.partition(": ")
    if state in {State.FAILED, State.UNCERTAIN} and code in set(Failed):
        return SAID[Failed(code)].format(words=inert(words))
    return inert(outcome)


def _needs(request: Request) -> str:
    return " + ".join(f"{count} {group}" for group, count in request.quorum.groups) or "nobody: policy approved it"


async def print_digest(week: str | None, *, post: bool, as_json: bool) -> None:
    """The digest in lines; `post` files a task that the running bot carries out."""
    settings, clock = load_settings(needs={Part.LEDGER, Part.POLICY}), SystemClock()
    policy = read_policy(settings.policy_file)
    try:
        wanted = Week.parse(week) if week else Week.of(policy.today(clock.now()))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    async with reader_of(settings, clock) as ledger:
        digest = await ledger.read(lambda view: digest_of(view, wanted, policy, at=clock.now()))
    if post:
        await _file_post(settings, clock, wanted)
        click.echo("Filed: the bot posts it as soon as it runs.", err=True)
    click.echo(digest_json(digest) if as_json else "\n".join(digest_lines(digest)))


async def _file_post(settings: Settings, clock: SystemClock, week: Week) -> None:
    async with ledger_of(settings, clock, exclusive=False) as ledger:
        await ledger.hand_over(digest_on_demand(week, due=clock.now()))


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The log held against the tables: how much there was of both, and the first entry that disagrees."""

    entries: int
    records: int
    wrong: Disagreement | None


async def checked(ledger: SqlLedger) -> Checked:
    """Replay the log. Raises LedgerAway."""
    lines, head, stored = await ledger.read(_everything)
    wrong = sorted([*gaps(lines, head), *compare(replay(lines), stored)], key=lambda d: d.seq)
    return Checked(entries=len(lines), records=len(stored), wrong=wrong[0] if wrong else None)


async def verify_log(*, as_json: bool) -> int:
    """Exit code 0 when log and tables agree; else the first entry that disagrees."""
    async with reader_of(load_settings(needs={Part.LEDGER}), SystemClock()) as ledger:
        found = await checked(ledger)
    wrong = found.wrong
    if as_json:
        first = dump(wrong) if wrong else None
        said = {"entries": found.entries, "records": found.records, "ok": wrong is None, "first": first}
        click.echo(json.dumps(said))
    elif wrong:
        click.echo(f"Entry {wrong.seq} disagrees: {wrong.record} {wrong.what}.".replace("  ", " "))
    else:
        click.echo(f"{found.entries} entries agree with {found.records} records.")
    return 1 if wrong else 0


def _everything(view: ConnectionView) -> tuple[list[Line], int, dict[str, Any]]:
    lines = [Line(seq=seq, entry=entry) for seq, entry in view.whole_log()]
    stored: dict[str, Any] = {request.id: request for request in view.all_requests()}
    stored |= {incident.id: incident for incident in view.all_incidents()}
    return lines, view.head(), stored


async def export_log() -> None:
    """JSON Lines, in order."""
    async with reader_of(load_settings(needs={Part.LEDGER}), SystemClock()) as ledger:
        after = 0
        while found := await ledger.read(partial(ConnectionView.lines, after=after, limit=5_000)):
            for seq, entry in found:
                click.echo(json.dumps(Line(seq=seq, entry=entry).as_json()))
            after = found[-1][0]
