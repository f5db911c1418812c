"""The weekly digest as a message."""

from bot.core.digest import TWITTER_2017, Digest
from bot.slack.notices import Words
from bot.slack.text import Block, bold, context, header, moment, plain_text, rich, span, words


def digest_words(digest: Digest) -> Words:
    """The week in figures, beside the eleven minutes of 2017."""
    incidents = "1 incident" if digest.incidents == 1 else f"{digest.incidents:,} incidents"
    title = f"Countersign in week {digest.week}: {digest.filed:,} asked, {incidents}"
    fields = [
        f"Filed\n{digest.filed:,}",
        f"Approved\n{digest.approved:,}",
        f"Denied\n{digest.denied:,}",
        f"Expired\n{digest.expired:,}",
        f"Withdrawn\n{digest.withdrawn:,}",
        f"Done\n{digest.done:,}",
        f"Failed\n{digest.failed:,}",
        f"Refused clicks and requests\n{digest.refused:,}",
        f"Median time to decision\n{span(digest.median_to_decision) if digest.median_to_decision else '–'}",
        f"Incidents\n{digest.incidents:,}",
    ]
    blocks: list[Block] = [
        header(title),
        {"type": "section", "fields": [plain_text(field) for field in fields]},
        rich(bold("Restored "), words(_restores(digest))),
        _oldest(digest),
        *_rules(digest),
        context(f"From {digest.starts:%Y-%m-%d %H:%M} to {digest.ends:%Y-%m-%d %H:%M} ({digest.starts.tzname()})."),
    ]
    return Words(text=title, blocks=blocks)


def _restores(digest: Digest) -> str:
    open_ = f" {digest.unrestored:,} not restored." if digest.unrestored else ""
    if digest.median_to_restore is None or digest.worst_to_restore is None:
        return f"nothing; there was nothing to measure.{open_}"
    median, worst = span(digest.median_to_restore), span(digest.worst_to_restore)
    return f"in {median} (median), {worst} (worst). In 2017 it took {span(TWITTER_2017)}.{open_}"


def _oldest(digest: Digest) -> Block:
    oldest = digest.oldest_pending
    if oldest is None:
        return context("Nothing waits for a decision.")
    return rich(bold("Oldest pending "), words(f"{oldest.request}, filed "), moment(oldest.filed_at))


def _rules(digest: Digest) -> list[Block]:
    lines = [] if digest.enforces else ["⚠ The guard only observes: what nobody approved is not put back."]
    if digest.policy_changes:
        times = "once" if digest.policy_changes == 1 else f"{digest.policy_changes:,} times"
        lines.append(f"The policy was changed {times}.")
    return [context(line) for line in lines]
