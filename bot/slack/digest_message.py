"""The weekly digest as a message."""

from bot.core.approvers import QUICK
from bot.core.digest import TWITTER_2017, Digest
from bot.slack.charts import decisions_chart, in_words, incidents_table, restores_chart
from bot.slack.language import N_, Language
from bot.slack.notices import Words
from bot.slack.text import Block, bold, context, cut, header, moment, one_line, plain_text, rich, words

NAMED = 5
"""Votes, pairs or requests named in a line; the log has all."""
LINES = 60
TEXT_MOST = 3900
"""Characters of what readers of screens hear; Slack takes 4,000."""


def digest_words(lang: Language, digest: Digest, *, pictures: bool = True) -> Words:
    """The week in figures, beside the eleven minutes of 2017; without `pictures` what these show is said in words."""
    title = _title(lang, digest)
    lines = in_words(lang, digest)
    blocks: list[Block] = [
        header(title),
        {"type": "section", "fields": [plain_text(field) for field in _figures(lang, digest)]},
        rich(bold(lang.say("Restores:")), words(" " + _restores(lang, digest))),
        _oldest(lang, digest),
        *_rules(lang, digest),
        *(_pictures(lang, digest) if pictures else _said(lines)),
        *_approvers(lang, digest),
        context(_span_of_the_week(lang, digest)),
    ]
    text = cut("\n".join([title, _restores(lang, digest), *lines]), TEXT_MOST)
    return Words(text=text, blocks=blocks)


def _title(lang: Language, digest: Digest) -> str:
    asked = lang.count("{n} request", "{n} requests", digest.filed)
    incidents = lang.count("{n} incident", "{n} incidents", digest.incidents)
    text = N_("Countersign in week {week}: {requests}, {incidents}")
    return lang.say(text, week=str(digest.week), requests=asked, incidents=incidents)


def _figures(lang: Language, digest: Digest) -> list[str]:
    decision = digest.median_to_decision
    figures = {
        lang.say("Requests"): lang.number(digest.filed),
        lang.say("Approvals"): lang.number(digest.approved),
        lang.say("Denials"): lang.number(digest.denied),
        lang.say("Expired requests"): lang.number(digest.expired),
        lang.say("Withdrawals"): lang.number(digest.withdrawn),
        lang.say("Carried out"): lang.number(digest.done),
        lang.say("Failures"): lang.number(digest.failed),
        lang.say("Refused clicks and requests"): lang.number(digest.refused),
        lang.say("Median time to decision"): lang.span(decision) if decision is not None else "–",
        lang.say("Incidents"): lang.number(digest.incidents),
    }
    return [f"{name}\n{figure}" for name, figure in figures.items()]


def _restores(lang: Language, digest: Digest) -> str:
    median, worst = digest.median_to_restore, digest.worst_to_restore
    if median is None or worst is None:
        said = lang.say("Nothing was restored; there was nothing to measure.")
    else:
        text = N_("In {median} (median), {worst} (worst). In 2017 it took {then}.")
        said = lang.say(text, median=lang.span(median), worst=lang.span(worst), then=lang.span(TWITTER_2017))
    if digest.unrestored:
        said += " " + lang.count("{n} is not restored.", "{n} are not restored.", digest.unrestored)
    return said


def _oldest(lang: Language, digest: Digest) -> Block:
    oldest = digest.oldest_pending
    if oldest is None:
        return context(lang.say("Nothing waits for a decision."))
    text = N_("{label} {request}, filed {when}")
    label = bold(lang.say("Oldest pending:"))
    return rich(*lang.line(text, label=label, request=oldest.request, when=moment(oldest.filed_at)))


def _rules(lang: Language, digest: Digest) -> list[Block]:
    lines = []
    if not digest.enforces:
        lines.append(lang.say("⚠ The guard only observes: what nobody approved is not put back."))
    if digest.policy_changes:
        times = digest.policy_changes
        lines.append(lang.count("The policy was changed once.", "The policy was changed {n} times.", times))
    return [context(line) for line in lines]


def _pictures(lang: Language, digest: Digest) -> list[Block]:
    decided = any(day.approved or day.denied for day in digest.days)
    return [
        *([decisions_chart(lang, digest.days)] if decided else []),
        *restores_chart(lang, digest.happened),
        *incidents_table(lang, digest),
    ]


def _said(lines: list[str]) -> list[Block]:
    return [rich(words("\n".join(lines[:LINES])))] if lines else []


def _approvers(lang: Language, digest: Digest) -> list[Block]:
    """How people approved; silent where there is nothing to say."""
    found = [*_quick(lang, digest), *_pairs(lang, digest), *_load(lang, digest), *_others(lang, digest)]
    if not found:
        return []
    title = bold(lang.say("How it was decided"))
    return [rich(title, words("\n" + "\n".join(f"• {line}" for line in found)))]


def _quick(lang: Language, digest: Digest) -> list[str]:
    quick = digest.approvers.quick
    if not quick:
        return []
    votes = [
        lang.say("{request} by {person} in {span}", request=v.request, person=_name(v.person), span=lang.span(v.took))
        for v in quick[:NAMED]
    ]
    return [
        lang.count(
            "{n} vote in less than {span}: {votes}",
            "{n} votes in less than {span}: {votes}",
            len(quick),
            span=lang.span(QUICK),
            votes="; ".join(votes),
        )
    ]


def _pairs(lang: Language, digest: Digest) -> list[str]:
    return [
        lang.count(
            "{people} approve only each other ({n} approval)",
            "{people} approve only each other ({n} approvals)",
            pair.approvals,
            people=lang.list(map(_name, pair.people)),
        )
        for pair in digest.approvers.pairs[:NAMED]
    ]


def _load(lang: Language, digest: Digest) -> list[str]:
    load = digest.approvers.load
    if not load:
        return []
    votes = sum(found.votes for found in load)
    carried = [
        lang.say(
            "{person} {votes} ({share})",
            person=_name(found.person),
            votes=found.votes,
            share=lang.percent(found.votes / votes),
        )
        for found in load[:NAMED]
    ]
    return [
        lang.count(
            "Who carried the load of {n} vote: {people}",
            "Who carried the load of {n} votes: {people}",
            votes,
            people=", ".join(carried),
        )
    ]


def _others(lang: Language, digest: Digest) -> list[str]:
    found = []
    if digest.emergencies or digest.ratified or digest.undone:
        text = N_("Emergencies: {filed} filed, {ratified} ratified, {undone} undone")
        counts = {"filed": digest.emergencies, "ratified": digest.ratified, "undone": digest.undone}
        found.append(lang.say(text, **{name: lang.number(count) for name, count in counts.items()}))
    if overturned := digest.approvers.overturned:
        found.append(
            lang.count(
                "{n} deactivation was overturned: {requests}",
                "{n} deactivations were overturned: {requests}",
                len(overturned),
                requests=", ".join(f"{o.request} → {o.restored_by}" for o in overturned[:NAMED]),
            )
        )
    return found


def _name(person: str) -> str:
    return one_line(person, most=60)


def _span_of_the_week(lang: Language, digest: Digest) -> str:
    return lang.say("From {starts} to {ends}.", starts=lang.time(digest.starts), ends=lang.time(digest.ends))
