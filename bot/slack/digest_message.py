"""The weekly digest as a message."""

from bot.core.digest import TWITTER_2017, Digest
from bot.core.record import stamp
from bot.slack.notices import Words
from bot.slack.text import Block, bold, context, moment, plain_text, rich, span, words


def digest_words(digest: Digest) -> Words:
    """The week in figures, beside the eleven minutes of 2017."""
    title = f"Countersign in week {digest.week}: {digest.filed} asked, {digest.incidents} incidents"
    fields = [
        f"Filed: {digest.filed}",
        f"Approved: {digest.approved}",
        f"Denied: {digest.denied}",
        f"Expired: {digest.expired}",
        f"Withdrawn: {digest.withdrawn}",
        f"Done: {digest.done}, failed: {digest.failed}",
        f"Median time to decision: {span(digest.median_to_decision) if digest.median_to_decision else '–'}",
        f"Refused clicks and requests: {digest.refused}",
    ]
    blocks: list[Block] = [
        {"type": "header", "text": plain_text(title, most=150)},
        {"type": "section", "fields": [plain_text(field) for field in fields]},
        rich(bold(f"Incidents: {digest.incidents}"), words(_restores(digest))),
    ]
    if digest.oldest_pending:
        oldest = digest.oldest_pending
        blocks.append(rich(words(f"Oldest pending: {oldest.request}, filed "), moment(oldest.filed_at)))
    else:
        blocks.append(context("Nothing waits for a decision."))
    if not digest.enforces:
        blocks.append(context("⚠ The guard only observes: what nobody approved is not put back."))
    if digest.policy_changes:
        blocks.append(context(f"The policy was changed {digest.policy_changes} times."))
    blocks.append(context(f"From {stamp(digest.starts)[:10]} to {stamp(digest.ends)[:10]}."))
    return Words(text=title, blocks=blocks)


def _restores(digest: Digest) -> str:
    if digest.median_to_restore is None or digest.worst_to_restore is None:
        return " · nothing had to be restored"
    median, worst = span(digest.median_to_restore), span(digest.worst_to_restore)
    open_ = f" · {digest.unrestored} not restored" if digest.unrestored else ""
    return f" · restored in {median} (median), {worst} (worst); {span(TWITTER_2017)} in 2017{open_}"
