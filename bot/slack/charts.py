"""The digest's pictures: Slack's native charts and its table, and the same in words.

`slack_sdk` has no models for these blocks, so they are plain dictionaries. The limits are the stricter of Slack's
reference and what builders of others enforce: labels of 20 characters, 20 categories, titles of 50.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.core.digest import TWITTER_2017, Day, Digest
from bot.core.incident import Incident
from bot.slack.language import Language
from bot.slack.text import Block, cut, one_line
from bot.slack.wording import KINDS, STANDS

LABEL, TITLE = 20, 50
BARS = 19
"""Incidents of a chart, which takes 20 categories; of more the longest are drawn."""
ROWS = 40
"""Incidents in the table: with more of them the message would be too long for Slack."""
CELL = 60


def decisions_chart(lang: Language, days: Sequence[Day]) -> Block:
    """Approved and denied, a pair of bars a day."""
    labels = [cut(lang.day(day.date), LABEL) for day in days]
    series = {
        lang.say("Approvals"): [day.approved for day in days],
        lang.say("Denials"): [day.denied for day in days],
    }
    return _bars(lang.say("Decisions a day"), labels, series, x=lang.say("Day"), y=lang.say("Decisions"))


def restores_chart(lang: Language, incidents: Sequence[Incident]) -> list[Block]:
    """How long each account was down, and last of all the eleven minutes of 2017; none where nothing was."""
    down = [(i, i.down_for) for i in incidents if i.down_for is not None]
    if not down:
        return []
    longest = sorted(down, key=lambda found: found[1], reverse=True)[:BARS]
    drawn = [found for found in down if found in longest]
    labels = [*(cut(incident.id, LABEL) for incident, _ in drawn), lang.say("In 2017")]
    series = {lang.say("Down for"): [*(_seconds(span) for _, span in drawn), _seconds(TWITTER_2017)]}
    title, unit = lang.say("Time to restore"), lang.say("Seconds")
    return [_bars(title, labels, series, x=lang.say("Incident"), y=unit)]


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 3)


def _bars(title: str, labels: list[str], series: Mapping[str, Sequence[float]], *, x: str, y: str) -> Block:
    drawn = [
        {
            "name": cut(name, LABEL),
            "data": [{"label": label, "value": value} for label, value in zip(labels, values, strict=True)],
        }
        for name, values in series.items()
    ]
    axis = {"categories": labels, "x_label": cut(x, TITLE), "y_label": cut(y, TITLE)}
    chart = {"type": "bar", "series": drawn, "axis_config": axis}
    return {"type": "data_visualization", "title": cut(title, TITLE), "chart": chart}


def incidents_table(lang: Language, digest: Digest) -> list[Block]:
    """A row an incident, the latest of the week; none where there was none."""
    if not digest.happened:
        return []
    about = [lang.say("Incident"), lang.say("Account"), lang.say("What"), lang.say("By")]
    rows = [[*about, lang.say("When"), lang.say("Down for"), lang.say("Now")]]
    rows += [_row(lang, digest, incident) for incident in digest.happened[-ROWS:]]
    cells = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]
    return [
        {
            "type": "data_table",
            "caption": lang.say("Incidents of week {week}", week=str(digest.week)),
            "rows": cells,
            "page_size": 10,
        }
    ]


def _row(lang: Language, digest: Digest, incident: Incident) -> list[str]:
    when = (incident.at or incident.seen_at).astimezone(digest.starts.tzinfo)
    return [
        incident.id,
        f"@{one_line(incident.handle, most=CELL)}",
        lang.say(KINDS[incident.kind]),
        one_line(incident.actor or lang.say("unknown"), most=CELL),
        lang.minute(when),
        lang.span(incident.down_for) if incident.down_for is not None else "–",
        lang.say(STANDS[incident.state]),
    ]


def in_words(lang: Language, digest: Digest) -> list[str]:
    """What the pictures show, for readers of screens and where Slack takes no pictures: a line each."""
    found = [
        lang.say(
            "{day}: {approved}, {denied}",
            day=lang.day(day.date),
            approved=lang.count("{n} approval", "{n} approvals", day.approved),
            denied=lang.count("{n} denial", "{n} denials", day.denied),
        )
        for day in digest.days
        if day.approved or day.denied
    ]
    found += [_in_words(lang, incident) for incident in digest.happened[-BARS:]]
    return found


def _in_words(lang: Language, incident: Incident) -> str:
    facts: dict[str, Any] = {"incident": incident.id, "what": lang.say(KINDS[incident.kind])}
    if incident.down_for is None:
        return lang.say("{incident}: {what}, {now}", now=lang.say(STANDS[incident.state]), **facts)
    return lang.say("{incident}: {what}, down for {span}", span=lang.span(incident.down_for), **facts)
