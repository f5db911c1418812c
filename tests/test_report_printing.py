"""A report in Markdown, read by a parser of Markdown: whatever the names hold, nothing of it is markup."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.core.incident import Incident
from bot.core.incident_report import Report, report
from bot.core.record import dump
from bot.report_printing import code_span, report_json, report_markdown
from bot.slack.text import one_line
from tests.slack.examples import FILED, HOSTILE, INCIDENT, LONG, RESTORED, hostile_incident

MARKDOWN = (
    *HOSTILE, LONG, "``` a ```", "`", "``", "a|b|c", "| --- |", "# x", "- x", "[x](https://evil.example)",
    "![x](https://evil.example/a.png)", "<img src=x onerror=alert(1)>", "<https://evil.example>", "https://evil.example",
    "@everyone", "\\`", "`a``b```", "~~~", "&lt;b&gt;", "***", "a\n# b", " `x` ",
)  # fmt: skip
OURS = {
    "bullet_list_open", "bullet_list_close", "code_inline", "fence", "heading_close", "heading_open", "inline",
    "list_item_close", "list_item_open", "paragraph_close", "paragraph_open", "table_close", "table_open",
    "tbody_close", "tbody_open", "td_close", "td_open", "text", "th_close", "th_open", "thead_close", "thead_open",
    "tr_close", "tr_open", "softbreak",
}  # fmt: skip
"""What a report is made of; a link, an image, emphasis or HTML is none of it."""


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


def of(found: Incident) -> Report:
    return report(found, log=(), samples=(), actor=None)


def everywhere(text: str) -> Incident:
    found = hostile_incident(RESTORED, text)
    return replace(found, why=text, acknowledged_by=text, acknowledged_at=FILED, operation="op-secret")


@pytest.mark.parametrize("text", MARKDOWN)
def test_somebodys_text_is_no_markup_wherever_it_stands(text: str) -> None:
    printed = report_markdown(of(everywhere(text)))
    plain = report_markdown(of(everywhere("plain")))
    assert {token.type for token in tokens(printed)} <= OURS
    assert [t.type for t in tokens(printed) if t.type.endswith("_open")] == [
        t.type for t in tokens(plain) if t.type.endswith("_open")
    ]
    assert not {"\x1b", "\x00", "\u202e", "\u200b", "\r"} & set(printed)


@pytest.mark.parametrize("text", MARKDOWN)
def test_a_name_is_shown_as_it_is(text: str) -> None:
    (shown, *_) = (t.content for t in tokens(f"- {code_span(text)}") if t.type == "code_inline")
    assert shown.strip() == one_line(text, most=200).strip()


@pytest.mark.parametrize("text", MARKDOWN)
def test_a_name_is_one_cell_of_the_timeline(text: str) -> None:
    found = [t.type for t in tokens(report_markdown(of(everywhere(text))))]
    assert found.count("td_open") == 4 * (found.count("tr_open") - 1)
    names = [t.content for t in tokens(report_markdown(of(everywhere(text)))) if t.type == "code_inline"]
    assert names.count(one_line(text, most=200)) >= 3 or "`" in text or not text.strip()


def test_a_report_holds_no_operation_key() -> None:
    found = of(everywhere("x"))
    assert "op-secret" not in report_markdown(found) + report_json(found)


def test_json_has_the_whole_report_with_lengths_in_seconds_and_every_draft() -> None:
    read = json.loads(report_json(of(RESTORED)))
    assert set(read) == {*Report.__dataclass_fields__, "statements", "corrections"}
    assert (read["impact"]["down_for"], json.loads(report_json(of(INCIDENT)))["impact"]["down_for"]) == (0.84, None)
    assert read["impact"]["followers"] == dump(of(RESTORED).impact.followers)
    assert (set(read["statements"]), read["corrections"]) == ({"en", "fr"}, {})


def test_a_step_without_a_time_says_so() -> None:
    assert "| no time given | The account was deactivated |" in report_markdown(of(replace(INCIDENT, at=None)))
