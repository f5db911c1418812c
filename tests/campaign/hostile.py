"""Hostile strings, alive nowhere: what Slack parses, what terminals obey, what splits a line of a log or of an export.

The strings and the drawing functions are those of `tests/slack/test_hostile_text.py`, in parts of five hundred; each
string goes through them as every field of requests, incidents, forms, notices and digests, and through what the
commands print and the audit log's export. One string in five hundred also goes through the whole stack, as an
account's handle and name on the platform, and as a request's reason: what the stand-in for Slack was sent, every line
logged at DEBUG and `/metrics` are looked at. There is no export for spreadsheets, so that formulas live nowhere.
"""

import io
import json
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace

from bot.core.approvers import Approvers, Overturned
from bot.core.audit import Line
from bot.core.record import dump
from bot.core.transition import Entry, Kind
from bot.digest_lines import digest_json, digest_lines
from bot.printing import _print_request
from bot.sandbox.slack.server import APPROVALS
from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.loglines import every_line
from tests.campaign.stage import stage
from tests.slack.examples import FILED, PENDING, RESTORED, WEEK, hostile, hostile_incident, life
from tests.slack.test_hostile_text import (
    ROUNDS,
    STRINGS,
    check,
    test_no_string_from_a_person_reaches_mrkdwn,
    test_nor_a_form_a_home_a_digest_or_a_refusal,
    texts,
)
from tests.stories.scene import ADA, MONA, Scene, state_of

PART = STRINGS // ROUNDS
DRAWN = (test_no_string_from_a_person_reaches_mrkdwn, test_nor_a_form_a_home_a_digest_or_a_refusal)
CONTROLS = frozenset(map(chr, (*range(32), *range(127, 160)))) | set("\u2028\u2029\u202a\u202b\u202d\u202e\u2066\u2067")


class Terminal(io.StringIO):
    """Standard output as a terminal: nothing is taken out for it on the way."""

    def isatty(self) -> bool:
        return True


def printed(text: str) -> list[str]:
    """The lines that the commands print of records that hold the string wherever somebody could have put it."""
    screen = Terminal()
    with redirect_stdout(screen):
        request = replace(hostile(PENDING, text), requester="ada", outcome=text)
        request = replace(request, subject=replace(request.subject, id=PENDING.subject.id))
        _print_request(request, life(text), whole=True)
    overturned = Overturned(request="REQ-1", restored_by="REQ-2", account="1000001", handle=text)
    incident = replace(hostile_incident(RESTORED, text), account="1000001")
    week = replace(WEEK, happened=(incident,), approvers=Approvers(overturned=(overturned,)))
    return screen.getvalue().split("\n") + digest_lines(week)


def exported(text: str) -> str:
    """A line of the audit log's export whose every field holds the string."""
    request = hostile(PENDING, text)
    entry = Entry(kind=Kind.FILED, at=FILED, by=text, request=text, facts={text: text, "changes": dump(request)})
    return json.dumps(Line(seq=1, entry=entry).as_json())


PLAIN_LINES = len(printed("plain"))


def alive(text: str) -> list[str]:
    """Where the string is more than text, outside Slack."""
    found = []
    lines = printed(text)
    if len(lines) != PLAIN_LINES or any(CONTROLS & set(line) for line in lines):
        found.append("command line")
    line = exported(text)
    if not (line.isascii() and line.isprintable()) or json.loads(line)["by"] != text:
        found.append("audit export")
    week = digest_json(replace(WEEK, happened=(hostile_incident(RESTORED, text),)))
    if any(CONTROLS & set(line) for line in week.split("\n")) or json.loads(week)["happened"][0]["actor"] != text:
        found.append("digest --json")
    return found


def in_slack(scene: Scene) -> list[str]:
    """What of all that the stand-in for Slack was sent is alive."""
    people = (ADA, MONA)
    messages = [*scene.cards(), *(m for user in people for m in scene.workspace.dms(user))]
    messages += [reply for card in scene.cards() for reply in scene.workspace.replies(card)]
    messages += [m for user in people for m in scene.workspace.ephemerals(user)]
    wrong = []
    for message in messages:
        try:
            check(list(message.blocks), message.text)
        except AssertionError:
            wrong.append(f"Slack: {message.text[:80]!r}")
    return wrong


async def created(scene: Scene, text: str, number: int) -> str:
    """An account of that handle, name and tag."""
    extension = "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account"
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", extension],
        "userName": f"{text}{number}",
        "displayName": text,
        extension: {"tags": [text], "followers": 12},
    }
    headers = {"Authorization": "Bearer system-dev-token:support"}
    async with scene.session.post(f"{scene.platform.url}/scim/v2/Users", json=body, headers=headers) as answer:
        answer.raise_for_status()
        return str((await answer.json(content_type=None))["id"])


async def through_everything(scene: Scene, text: str, number: int) -> list[str]:
    """The string as an account on the platform, as a reason and as a denial's reason; what is alive of it."""
    account = await created(scene, text, number)
    view = await scene.form(ADA, f"{account} {text}")
    sent = await scene.fill(ADA, view, account, reason=f"{text} and so on")
    assert sent.ok, sent
    card = await scene.workspace.wait_for_message(APPROVALS, lambda m: state_of(m) == "pending")
    await scene.deny(MONA, card, f"{text} denied")
    await scene.card_becomes(card, "denied")
    await scene.workspace.command(MONA, "/countersign", f"status {text}")
    await scene.act("staff-dev-token:rex", account, active=False)
    await scene.public_becomes(account, "active")
    return in_slack(scene)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """Whole parts of five hundred, the last one cut short in the count alone."""
    broke: Counter[str] = Counter()
    whole_stack = 0
    ours: list[str] = []

    def hear(logger: str, line: str) -> None:
        if logger.startswith(("bot.", "storage.")) and not logger.startswith("bot.sandbox"):
            ours.append(line)

    with every_line(hear):
        async with stage() as scene:
            for number in range(-(-count // PART)):
                part = seed + number
                broke.update(drawn(part))
                for place, text in enumerate(texts(part)):
                    if number * PART + place < count:
                        broke.update(alive(text))
                        tried()
                    if place == 0:
                        whole_stack += 1
                        broke.update(await through_everything(scene, text, number))
            assert scene.bot is not None
            async with scene.session.get(f"http://127.0.0.1:{scene.bot.port}/metrics") as answer:
                broke["/metrics"] += bool((CONTROLS - {"\n"}) & set(await answer.text()))
            exported_whole = [json.dumps(Line(seq=seq, entry=entry).as_json()) for seq, entry in await scene.log()]
            broke["audit export"] += sum(not line.isascii() or not line.isprintable() for line in exported_whole)
    broke["log"] += sum(bool(CONTROLS & set(line)) for line in ours)
    figures = {
        "through the whole stack": whole_stack,
        "lines logged": len(ours),
        "lines exported": len(exported_whole),
        "alive": {where: times for where, times in broke.items() if times},
    }
    return Counts(tried=count, broken=broke.total(), figures=figures)


def drawn(part: int) -> list[str]:
    """What of a part is alive in a message, a form or a Home."""
    found = []
    for draw in DRAWN:
        try:
            draw(part)
        except AssertionError as error:
            found.append(f"drawn: {str(error)[:80]}")
    return found


CAMPAIGN = Campaign(
    name="hostile",
    threat="T26",
    claim="a string alive in Slack, on a terminal, in a log line or in an export",
    smoke=500,
    full=50_000,
    run=run,
)
