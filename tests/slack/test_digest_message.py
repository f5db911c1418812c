from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from inline_snapshot import snapshot

from bot.core.digest import Digest
from bot.slack.charts import BARS, ROWS
from bot.slack.digest_message import digest_words
from bot.slack.language import Language
from tests.slack.examples import BUSY_WEEK, EN, FR, HOSTILE, LONG, QUIET_WEEK, RESTORED, WEEK, endless_week
from tests.slack.validators import check_message, shown, strings


def charts(digest: Digest, lang: Language = EN) -> dict[str, dict[str, Any]]:
    blocks = digest_words(lang, digest).blocks
    return {block["title"]: block["chart"] for block in blocks if block["type"] == "data_visualization"}


def points(chart: dict[str, Any]) -> dict[str, list[float]]:
    return {series["name"]: [point["value"] for point in series["data"]] for series in chart["series"]}


@pytest.mark.parametrize("digest", [WEEK, BUSY_WEEK, QUIET_WEEK, *map(endless_week, ["plain", LONG, *HOSTILE])])
@pytest.mark.parametrize("pictures", ["pictures", ""])
def test_the_digest_is_a_message_that_slack_takes(lang: Language, digest: Digest, pictures: str) -> None:
    words = digest_words(lang, digest, pictures=bool(pictures))
    check_message(words.blocks, words.text)
    assert "mrkdwn" not in str(words.blocks)
    assert not set("<>&*`~\u202e\u200b\x00") & set(words.text)
    for line in strings(words.blocks):
        assert not set("\u202e\u200b\u2066\x00\x1b\u2028\r") & set(line)


def test_it_stands_beside_the_eleven_minutes_of_2017() -> None:
    words = digest_words(EN, WEEK)
    said = shown(words.blocks)
    for fact in ("In 840 ms (median), 12.3 s (worst). In 2017 it took 11 min.", "REQ-ABCDEFGH23", "changed once"):
        assert fact in said
    assert words.text == snapshot(
        """\
Countersign in week 2026-W46: 12 requests, 2 incidents
In 840 ms (median), 12.3 s (worst). In 2017 it took 11 min.\
"""
    )


def test_a_quiet_week_says_what_there_is_to_say() -> None:
    said = shown(digest_words(EN, QUIET_WEEK).blocks)
    for fact in ("nothing to measure. 1 is not restored.", "Nothing waits for a decision.", "only observes"):
        assert fact in said
    assert charts(QUIET_WEEK) == {}


def test_the_decisions_of_each_day_are_drawn() -> None:
    chart = charts(BUSY_WEEK)["Decisions a day"]
    assert chart["axis_config"]["categories"][0] == "Mon 9"
    assert points(chart) == {"Approvals": [0, 1, 2, 0, 1, 2, 0], "Denials": [0, 1, 0, 1, 0, 1, 0]}


def test_the_restore_of_each_incident_is_drawn_beside_2017() -> None:
    chart = charts(BUSY_WEEK)["Time to restore"]
    assert chart["axis_config"]["categories"] == [RESTORED.id, "In 2017"]
    assert points(chart) == {"Down for": [0.84, 660.0]}


def test_of_many_restores_the_longest_are_drawn_in_their_order() -> None:
    slow = [replace(RESTORED, id=f"INC-{n:03}", restored_at=RESTORED.seen_at + timedelta(seconds=n)) for n in range(50)]
    chart = charts(replace(BUSY_WEEK, happened=tuple(slow)))["Time to restore"]
    assert chart["axis_config"]["categories"] == [*(f"INC-{n:03}" for n in range(50 - BARS, 50)), "In 2017"]


def test_the_incidents_stand_in_a_table_with_a_head() -> None:
    blocks = digest_words(EN, BUSY_WEEK).blocks
    (table,) = [block for block in blocks if block["type"] == "data_table"]
    head, *rows = [[cell["text"] for cell in row] for row in table["rows"]]
    assert head == ["Incident", "Account", "What", "By", "When", "Down for", "Now"]
    assert rows[1] == [
        "INC-ABCDEFGH23", "@president", "deactivated", "staff:rex", "16 Nov, 09:30", "840 ms", "restored",
    ]  # fmt: skip
    (longest,) = [b for b in digest_words(EN, endless_week("x")).blocks if b["type"] == "data_table"]
    assert len(longest["rows"]) == 1 + ROWS


def test_what_the_pictures_show_is_said_in_words_for_readers_of_screens() -> None:
    words = digest_words(FR, BUSY_WEEK)
    assert "mar. 10\xa0: 1 approbation, 1 refus" in words.text
    assert "INC-ABCDEFGH23\xa0: désactivé, hors ligne pendant 840 ms" in words.text
    plain = digest_words(FR, BUSY_WEEK, pictures=False)
    assert not {"data_visualization", "data_table"} & {block["type"] for block in plain.blocks}
    assert "INC-ABCDEFGH23\xa0: désactivé, hors ligne pendant 840 ms" in shown(plain.blocks)


def test_it_looks_at_the_approvers() -> None:
    said = shown(digest_words(EN, BUSY_WEEK).blocks)
    for fact in (
        "1 vote in less than 10 s: REQ-ABCDEFGH23 by mona in 4.1 s",
        "mona and omar approve only each other (4 approvals)",
        "Who carried the load of 20 votes: mona 12 (60%), omar 8 (40%)",
        "Emergencies: 1 filed, 1 ratified, 0 undone",
        "1 deactivation was overturned: REQ-ABCDEFGH23 → REQ-ABCDEFGH24",
    ):
        assert fact in said
    assert "How it was decided" not in shown(digest_words(EN, WEEK).blocks)
