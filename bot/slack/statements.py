"""Drafts of a public statement about an incident: established facts alone, each with a record behind it.

No names of people, no principals and no guesses: what is not known is left out, and the cause is under investigation
until a person has set it.
"""

from collections.abc import Iterable

from bot.core.incident import Baseline, Cause, IncidentKind, IncidentState
from bot.core.incident_report import Report
from bot.slack.language import N_, Language
from bot.slack.text import one_line

HAPPENED_ON = {
    IncidentKind.DEACTIVATED: N_("On {when}, the account @{handle} was deactivated without approval."),
    IncidentKind.LATE: N_("On {when}, the account @{handle} was deactivated without approval."),
    IncidentKind.RESTORED: N_("On {when}, the account @{handle} was reactivated without approval."),
    IncidentKind.DELETED: N_("On {when}, the account @{handle} was deleted without approval."),
}
FOUND_ON = {
    IncidentKind.DEACTIVATED: N_("On {when}, we found the account @{handle} deactivated without approval."),
    IncidentKind.LATE: N_("On {when}, we found the account @{handle} deactivated without approval."),
    IncidentKind.RESTORED: N_("On {when}, we found the account @{handle} reactivated without approval."),
    IncidentKind.DELETED: N_("On {when}, we found the account @{handle} deleted without approval."),
}
"""Where the platform does not say when it was."""
CAUSES = {
    None: N_("The cause is under investigation."),
    Cause.HUMAN_ERROR: N_("The cause was a human error."),
    Cause.DELIBERATE: N_("It was done deliberately."),
    Cause.SYSTEM_FAULT: N_("The cause was a fault of a system."),
}
CORRECTED = {
    Cause.HUMAN_ERROR: N_("Earlier we said that the cause was a human error. That was wrong."),
    Cause.DELIBERATE: N_("Earlier we said that it was done deliberately. That was wrong."),
    Cause.SYSTEM_FAULT: N_("Earlier we said that the cause was a fault of a system. That was wrong."),
}
TAKEN_BACK = {
    Cause.HUMAN_ERROR: N_("Earlier we said that the cause was a human error. We no longer say so."),
    Cause.DELIBERATE: N_("Earlier we said that it was done deliberately. We no longer say so."),
    Cause.SYSTEM_FAULT: N_("Earlier we said that the cause was a fault of a system. We no longer say so."),
}
"""Where nothing was put in its place: that it was wrong is not established either."""


def statement(lang: Language, report: Report) -> str:
    """What may be said in public, as far as the record goes."""
    return " ".join([*_happened(lang, report), lang.say(CAUSES[report.cause])])


def correction(lang: Language, report: Report) -> str | None:
    """What takes an earlier statement back; None where no other cause was ever named."""
    if report.corrects is None:
        return None
    text = TAKEN_BACK[report.corrects] if report.cause is None else CORRECTED[report.corrects]
    handle = one_line(report.handle, most=80)
    about = lang.say("A correction to what we said about the account @{handle}.", handle=handle)
    return " ".join([about, lang.say(text), lang.say(CAUSES[report.cause])])


def _happened(lang: Language, report: Report) -> Iterable[str]:
    texts, when = (HAPPENED_ON, report.at) if report.at is not None else (FOUND_ON, report.seen_at)
    yield lang.say(texts[report.kind], when=lang.time(when), handle=one_line(report.handle, most=80))
    yield from _undone(lang, report)
    yield from _counts(lang, report)
    if report.again is not None:
        yield lang.say("It was deactivated again later, again without approval.")
    if report.contained:
        yield lang.say("The access that was used has been locked.")


def _undone(lang: Language, report: Report) -> Iterable[str]:
    impact = report.impact
    if impact.down_for is not None:
        yield lang.say("It was active again after {span}.", span=lang.span(impact.down_for))
    elif impact.down and report.state is IncidentState.OPEN:
        yield lang.say("It is being restored.")
    elif impact.down:
        yield lang.say("We have not restored it.")
    elif report.restored_at is not None:
        yield lang.say("It has been active again since {when}.", when=lang.time(report.restored_at))


def _counts(lang: Language, report: Report) -> Iterable[str]:
    """What the public sees of it, where there is a figure of before that it may be held against."""
    followers, known = report.impact.followers, report.impact.before_from is not None
    whole = report.state is IncidentState.WHOLE
    if whole and report.impact.before_from is Baseline.SAMPLE and not followers.missing:
        yield lang.say("Its follower counts are what they were before.")
    elif whole and report.impact.before_from is not Baseline.SAMPLE:
        yield lang.say("All of its followers that we have on record are shown again.")
    elif known and followers.missing and followers.now is not None and report.restored_at is not None:
        text = N_("Of its {before} followers {now} are shown again so far.")
        yield lang.say(text, before=followers.before, now=max(followers.now, 0))
