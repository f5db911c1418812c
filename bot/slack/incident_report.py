"""An incident's report in words: what happened, what it came to, what is not known. For Slack and the command line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.incident import Baseline, Cause, Incident, IncidentKind, IncidentState
from bot.core.incident_report import Counts, Line, Report, Source, Step, Unknown
from bot.core.request import BOT
from bot.slack.language import N_, Language
from bot.slack.sentences import because
from bot.slack.text import Block, bold, moment, one_line, rich
from bot.slack.wording import LEFT, why_failed

ACTS = {
    IncidentKind.DEACTIVATED: N_("The account was deactivated"),
    IncidentKind.LATE: N_("The account was deactivated, for a request that had already ended"),
    IncidentKind.RESTORED: N_("The account was restored"),
    IncidentKind.DELETED: N_("The account was deleted"),
}
STEPS = {
    Step.SEEN: N_("The guard heard of it"),
    Step.DECIDED: N_("Judged: {why}"),
    Step.SENT: N_("The call that restores it was sent"),
    Step.UNANSWERED: N_("The platform gave no answer to the call; it is sent again until one comes"),
    Step.BACK: N_("The account was active again"),
    Step.WHOLE: N_("Its counts were whole"),
    Step.RECOUNT: N_("The platform was asked to count again"),
    Step.FELL: N_("Its counts fell again"),
    Step.LOST: N_("Its counts had not come back in the time they were watched"),
    Step.WATCHED: N_("Its counts were watched again"),
    Step.REINSTATED: N_("The actor was let in again"),
    Step.CONTAINED: N_("The actor was locked out on the platform"),
    Step.CLOSED: N_("Ended without a restore: {why}"),
    Step.ACKNOWLEDGED: N_("Acknowledged"),
    Step.ESTABLISHED: N_("The cause was set: {cause}"),
}
AWAITED = {
    Step.SENT: N_("that the call was sent"),
    Step.BACK: N_("that the account is active again"),
    Step.WHOLE: N_("that its counts are whole"),
    Step.ACKNOWLEDGED: N_("that somebody acknowledged it"),
    Step.ESTABLISHED: N_("what the cause was"),
}
SOURCES = {
    Source.FEED: N_("the platform's feed"),
    Source.RECORD: N_("the platform's record"),
    Source.LEDGER: N_("Countersign's log"),
    Source.PERSON: N_("a person"),
}
UNKNOWN = {
    Unknown.TIME: N_("When it was: the platform does not say."),
    Unknown.ACTOR: N_("Who did it: the platform does not say."),
    Unknown.BEHIND: N_("Who used the access that the platform names: its name is no proof of a person."),
    Unknown.MOTIVE: N_("Why it was done."),
    Unknown.AUDIENCE: N_("Who saw it, or missed the account, meanwhile."),
    Unknown.BESIDE: N_("What else the actor did: Countersign follows only whether accounts are active."),
    Unknown.BASELINE: N_("What the counts were before: no earlier figure is known."),
    Unknown.COUNTS: N_("What the counts are now: the platform hides them, or nobody has looked since."),
    Unknown.UNANNOUNCED: N_("Why the platform's feed did not tell of it: a sweep found it."),
}
CAUSES = {
    None: N_("under investigation"),
    Cause.HUMAN_ERROR: N_("human error"),
    Cause.DELIBERATE: N_("deliberate"),
    Cause.SYSTEM_FAULT: N_("system fault"),
}
BEFORE_FROM = {
    Baseline.SAMPLE: N_("The figures of before are those that the public saw last."),
    Baseline.EDGES: N_("The figures of before are what the platform itself counts: no earlier ones are known."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A line of the timeline in words; `who` is a name as the records have it and may hold anything."""

    at: datetime | None
    what: str
    who: str | None
    source: str


def timeline(lang: Language, report: Report) -> list[Told]:
    """A line a step, in order."""
    return [
        Told(at=line.at, what=_what(lang, report, line), who=_who(line.who), source=lang.say(SOURCES[line.source]))
        for line in report.timeline
    ]


def _what(lang: Language, report: Report, line: Line) -> str:
    match line.step:
        case Step.FIRST_CALL:
            return lang.say(ACTS[report.kind])
        case Step.DECIDED:
            return lang.say(STEPS[line.step], why=because(lang, report.why))
        case Step.CLOSED:
            return lang.say(STEPS[line.step], why=_closed(lang, report.closed_why))
        case Step.ESTABLISHED:
            return lang.say(STEPS[line.step], cause=lang.say(CAUSES[line.cause]))
        case _:
            return lang.say(STEPS[line.step])


def _closed(lang: Language, why: str | None) -> str:
    if why is None:
        return lang.say("a person has to look")
    return lang.say(LEFT[why]) if why in LEFT else why_failed(lang, why)


def _who(name: str | None) -> str | None:
    return "Countersign" if name == BOT else name


def awaited(lang: Language, report: Report) -> str | None:
    """What no record speaks of yet, in one sentence."""
    if not report.awaited:
        return None
    return lang.say("Not on record yet: {steps}.", steps=lang.list(lang.say(AWAITED[s]) for s in report.awaited))


def impact(lang: Language, report: Report) -> Iterable[str]:
    """What it came to, a sentence each."""
    found = report.impact
    if found.down_for is not None:
        yield lang.say("Down for {span}.", span=lang.span(found.down_for))
    elif found.down and report.at is not None:
        yield lang.say("Down since {when}; not active again, as far as is known.", when=lang.time(report.at))
    elif found.down:
        yield lang.say("Not active again, as far as is known.")
    elif report.restored_at is not None:
        yield lang.say("Active again; for how long it was down is not known.")
    else:
        yield lang.say("Nothing was taken down that could come back.")
    if report.again is not None:
        yield lang.say("Taken down again later: {incident}.", incident=report.again)
    if report.kind in {IncidentKind.RESTORED, IncidentKind.DELETED}:
        return
    yield lang.say("Followers: {counts}.", counts=_counts(lang, report, found.followers))
    if found.following.before is not None:
        yield lang.say("Following: {counts}.", counts=_counts(lang, report, found.following))
    if found.before_from is not None:
        yield lang.say(BEFORE_FROM[found.before_from])


def _counts(lang: Language, report: Report, counts: Counts) -> str:
    """Where the restore is whole, a difference is within what counts as the same: nothing is missing then."""
    unknown = lang.say("not known")
    before = lang.number(counts.before) if counts.before is not None else unknown
    now = lang.number(counts.now) if counts.now is not None else unknown
    if report.impact.before_from is None:
        return lang.say("{before} when it was found, {now} now", before=before, now=now)
    text = lang.say("{before} before, {now} now", before=before, now=now)
    if report.state is IncidentState.WHOLE or not counts.missing:
        return text
    return lang.say("{counts}; {missing} not back", counts=text, missing=counts.missing)


def unknown(lang: Language, report: Report) -> list[str]:
    """What is not known, a sentence each."""
    return [lang.say(UNKNOWN[what]) for what in report.unknown]


def cause_line(lang: Language, incident: Incident) -> list[Block]:
    """The cause on the incident's card, once somebody has set one, or taken it back."""
    if incident.established_by is None or incident.established_at is None:
        return []
    cause = bold(lang.say(CAUSES[incident.established]))
    by = bold(one_line(incident.established_by, most=100))
    text = N_("Cause: {cause}, says {who} · {when}")
    return [rich(*lang.line(text, cause=cause, who=by, when=moment(incident.established_at)))]
