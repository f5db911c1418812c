"""What `countersign incident` prints: the report of an incident as Markdown or JSON, or a line for each incident.

Names and handles are somebody's text. In Markdown each stands in a code span of its own, where nothing is markup, a
link or a mention; a draft stands in a fenced block, to be copied as it is.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import click

from bot.clock import SystemClock
from bot.core.errors import CountersignError
from bot.core.incident import Incident
from bot.core.incident_report import Report
from bot.core.record import dump, stamp
from bot.digest_lines import account
from bot.flows.report import listed, report_of
from bot.settings import Part, load_settings
from bot.slack.incident_report import CAUSES, Told, awaited, impact, timeline, unknown
from bot.slack.language import LANGUAGES, Language, language
from bot.slack.sentences import because
from bot.slack.statements import correction, statement
from bot.slack.text import one_line
from bot.slack.wording import KINDS, STANDS
from bot.wiring import reader_of
from storage.about import LedgerView

PRINTED = 1_000
"""Incidents that are listed at most."""
LATEST = "latest"
_TICKS = re.compile("`+")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_OWN_NAMES = {"en": "English", "fr": "Français"}


async def print_incidents(*, as_json: bool) -> None:
    """A line each: those that are not undone first, then the latest."""
    async with reader_of(load_settings(needs={Part.LEDGER}), SystemClock()) as ledger:
        found = await ledger.read(lambda view: listed(view, limit=PRINTED))
    if as_json:
        click.echo(json.dumps([_without_key(incident) for incident in found], indent=2))
        return
    for incident in found:
        click.echo(_listed(incident))
    if len(found) == PRINTED:
        click.echo("… and more; name one by its id.")
    if not found:
        click.echo("There are no incidents.")


async def print_report(which: str, *, as_json: bool) -> None:
    """The report of one, by its id, or of the latest."""
    async with reader_of(load_settings(needs={Part.LEDGER}), SystemClock()) as ledger:
        found = await ledger.read(lambda view: _report(view, which))
    if found is None:
        raise CountersignError(
            "There is no incident yet." if which == LATEST else f"There is no incident “{one_line(which)}”."
        )
    click.echo(report_json(found) if as_json else report_markdown(found))


def _report(view: LedgerView, which: str) -> Report | None:
    latest = next(iter(view.incidents(limit=1)), None) if which == LATEST else None
    return report_of(view, latest.id if latest is not None else which)


def _without_key(incident: Incident) -> dict[str, Any]:
    """Whoever may read a list need not be trusted with an operation key."""
    return {name: value for name, value in dump(incident).items() if name != "operation"}


def _listed(incident: Incident) -> str:
    lang = language("en")
    down = f", down for {lang.span(incident.down_for)}" if incident.down_for is not None else ""
    actor = one_line(incident.actor or "unknown", most=100)
    who = account(one_line(incident.handle, most=80), one_line(incident.account, most=100))
    when = stamp(incident.at or incident.seen_at)
    return f"{incident.id}  {when}  {incident.state.value:<8}  {incident.kind.value:<11}  {who} by {actor}{down}"


def report_json(report: Report) -> str:
    """The report for a program: codes, figures, times, and both drafts in each language."""
    found = dump(report)
    found["impact"]["down_for"] = report.impact.down_for.total_seconds() if report.impact.down_for else None
    drafts = {lang.code: statement(lang, report) for lang in _languages()}
    corrections = {lang.code: text for lang in _languages() if (text := correction(lang, report))}
    return json.dumps({**found, "statements": drafts, "corrections": corrections}, indent=2)


def report_markdown(report: Report) -> str:
    """The report for people."""
    lang = language("en")
    return "\n".join([*_head(lang, report), *_findings(lang, report), *_drafts(report)])


def _head(lang: Language, report: Report) -> Iterable[str]:
    actor = report.actor or lang.say("unknown")
    person = f" ({code_span(report.person)})" if report.person else ""
    yield f"# Incident report {report.id}"
    yield ""
    name, handle = code_span(report.display_name), code_span("@" + report.handle)
    yield f"- Account: {name} {handle}, id {code_span(report.account)}"
    yield f"- What: {lang.say(KINDS[report.kind])} by {code_span(actor)}{person}"
    yield f"- Why it is one: {escaped(because(lang, report.why))}"
    yield f"- State: {lang.say(STANDS[report.state])}"
    yield f"- Cause: {lang.say(CAUSES[report.cause])}"


def _findings(lang: Language, report: Report) -> Iterable[str]:
    yield from ("", "## Timeline (UTC)", "", "| when | what | who | source |", "|---|---|---|---|")
    yield from (_row(told) for told in timeline(lang, report))
    if (missing := awaited(lang, report)) is not None:
        yield from ("", escaped(missing))
    yield from ("", "## Impact", "", *_bullets(impact(lang, report)))
    yield from ("", "## Not known", "", *_bullets(unknown(lang, report)))


def _row(told: Told) -> str:
    when = stamp(told.at) if told.at is not None else "no time given"
    who = code_span(told.who).replace("|", r"\|") if told.who else "–"  # a table's cells end before code spans begin
    return f"| {when} | {escaped(told.what)} | {who} | {escaped(told.source)} |"


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [f"- {escaped(sentence)}" for sentence in sentences]


def _drafts(report: Report) -> Iterable[str]:
    yield from ("", "## Drafts of a public statement", "")
    yield "Only what is on record; nothing of it has been published by Countersign."
    yield from _fenced((lang, statement(lang, report)) for lang in _languages())
    corrections = [(lang, text) for lang in _languages() if (text := correction(lang, report))]
    if corrections:
        yield from ("", "## Drafts of a correction", "")
        yield "For use only if a statement that named the earlier cause was published."
        yield from _fenced(corrections)


def _fenced(drafts: Iterable[tuple[Language, str]]) -> Iterable[str]:
    for lang, text in drafts:
        fence = "`" * max(3, _longest_run(text) + 1)
        yield from ("", f"{_OWN_NAMES[lang.code]}:", "", f"{fence}text", text, fence)


def _languages() -> Sequence[Language]:
    return [language(code) for code in LANGUAGES]


def code_span(text: str) -> str:
    """Somebody's text in one line, as code: inert in Markdown."""
    shown = one_line(text, most=200)
    ticks = "`" * (_longest_run(shown) + 1)
    return f"{ticks} {shown} {ticks}" if "`" in shown else f"{ticks}{shown}{ticks}"


def escaped(text: str) -> str:
    """A sentence of ours, in which a word or two may be somebody's, as Markdown shows it and obeys nothing of it."""
    return _MARKUP.sub(r"\\\1", one_line(text, most=1000))


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
