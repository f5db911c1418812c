"""The incident report as a modal: what is known and what is not, drafts to copy, and the cause to set."""

import json
from typing import Any

from bot.core.incident import Cause
from bot.core.incident_report import Report
from bot.core.refusal import Refusal
from bot.slack.incident_report import CAUSES, Told, awaited, impact, timeline, unknown
from bot.slack.language import LANGUAGES, Language, language
from bot.slack.modals import View, input_block
from bot.slack.sentences import refusal_sentence
from bot.slack.statements import correction, statement
from bot.slack.text import Block, Element, bold, code, context, moment, one_line, plain_text, rich, verbatim, words

UNDER_INVESTIGATION = "under_investigation"
"""What stands in the select for no cause."""
SHOWN = 60
"""Lines of the timeline; an incident that fell a hundred times is in the log."""


def opening(lang: Language) -> View:
    """What is opened at once, for a `trigger_id` lives three seconds."""
    return _modal(lang, [{"type": "section", "text": plain_text(lang.say("One moment …"))}])


def not_there(lang: Language, refusal: Refusal) -> View:
    """In place of a report that cannot be given."""
    return _modal(lang, [{"type": "section", "text": plain_text(refusal_sentence(lang, refusal))}])


def report_form(lang: Language, report: Report, *, against: Refusal | None) -> View:
    """The whole report; `against` is why the reader may not set the cause."""
    blocks = [
        rich(
            bold(one_line(report.display_name)),
            words(f"  @{one_line(report.handle, most=80)}  "),
            code(one_line(report.account, most=100)),
            words("  "),
            code(report.id),
        ),
        *_section(lang.say("Timeline"), [_line(lang, told) for told in _shortened(lang, timeline(lang, report))]),
        *([context(sentence)] if (sentence := awaited(lang, report)) else []),
        *_section(lang.say("Impact"), [[words(sentence)] for sentence in impact(lang, report)]),
        *_section(lang.say("Not known"), [[words(sentence)] for sentence in unknown(lang, report)]),
        *_drafts(lang, report),
        *_cause(lang, report, against),
    ]
    shown = _value(report.cause)
    more = {} if against else {"submit": plain_text(lang.say("Set the cause"))}
    metadata = json.dumps({"id": report.id, "shown": shown})
    return {**_modal(lang, blocks), **more, "callback_id": "incident_report", "private_metadata": metadata}


def cause_of(value: str | None) -> Cause | None:
    """The cause that an option stands for. Raises ValueError for what is none of them."""
    return None if value == UNDER_INVESTIGATION else Cause(str(value))


def _value(cause: Cause | None) -> str:
    return cause.value if cause is not None else UNDER_INVESTIGATION


def _modal(lang: Language, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": "reading",
        "title": plain_text(lang.say("Incident report")),
        "close": plain_text(lang.say("Close")),
        "blocks": blocks,
    }


def _section(title: str, lines: list[list[Element]]) -> list[Block]:
    return [rich(bold(title), *(part for line in lines for part in (words("\n"), *line)))]


def _shortened(lang: Language, lines: list[Told]) -> list[Told]:
    """Of a long life its beginning and its end."""
    left = len(lines) - SHOWN
    if left <= 0:
        return lines
    gap = lang.count("{n} line in between is in the log", "{n} lines in between are in the log", left)
    return [*lines[: SHOWN // 2], Told(at=None, what=gap, who=None, source=""), *lines[-SHOWN // 2 :]]


def _line(lang: Language, told: Told) -> list[Element]:
    """A time as Slack draws it is whole seconds, where milliseconds count: those stand behind it."""
    if not told.source:
        return [words(told.what)]
    when: list[Element] = [words(lang.say("no time given"))]
    if told.at is not None:
        when = [moment(told.at), words(f".{told.at.microsecond // 1000:03d}")]
    who = [words(" · "), bold(one_line(told.who, most=100))] if told.who else []
    return [*when, words(f" · {told.what}"), *who, words(f" · {told.source}")]


def _drafts(lang: Language, report: Report) -> list[Block]:
    """In each language that the bot speaks, whoever reads: the statement is for others."""
    blocks: list[Block] = [{"type": "divider"}, rich(bold(lang.say("Drafts of a public statement")))]
    blocks.append(context(lang.say("Only what is on record; nothing of it has been published by Countersign.")))
    blocks += [verbatim(statement(language(each), report)) for each in LANGUAGES]
    corrections = [text for each in LANGUAGES if (text := correction(language(each), report))]
    if corrections:
        blocks.append(rich(bold(lang.say("Drafts of a correction"))))
        blocks.append(context(lang.say("For use only if a statement that named the earlier cause was published.")))
        blocks += [verbatim(text) for text in corrections]
    return blocks


def _cause(lang: Language, report: Report, against: Refusal | None) -> list[Block]:
    now = lang.say("Cause: {cause}", cause=lang.say(CAUSES[report.cause]))
    blocks: list[Block] = [{"type": "divider"}, rich(bold(now))]
    if against is not None:
        return [*blocks, context(refusal_sentence(lang, against))]
    options = [_option(lang, cause) for cause in (None, *Cause)]
    chosen = next(option for option in options if option["value"] == _value(report.cause))
    element = {"type": "static_select", "action_id": "cause", "options": options, "initial_option": chosen}
    hint = lang.say("Only what is established. It goes into the drafts, and each change stays on record.")
    return [*blocks, input_block("cause", lang.say("Set the cause"), element, hint=hint)]


def _option(lang: Language, cause: Cause | None) -> dict[str, Any]:
    return {"text": plain_text(lang.say(CAUSES[cause]), most=75), "value": _value(cause)}
