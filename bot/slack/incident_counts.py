"""What an incident's card says of the counts: where they stand, and what they are held against."""

from math import floor

from bot.core.counts import share, within
from bot.core.incident import BACK, Baseline, Incident, IncidentState
from bot.core.watching import DOWN_AGAIN
from bot.slack.language import N_, Language
from bot.slack.text import Block, bold, context, rich, words

AFTERWARDS = {
    IncidentState.LOST: N_(
        "They were watched for as long as the policy says. Compare them on the platform and have them repaired "
        "there; “Watch again” then says whether that helped."
    ),
    IncidentState.WHOLE: N_(
        "The platform's true count of relationships says the same: people came and went while the account was down."
    ),
}


def counts(lang: Language, incident: Incident) -> list[Block]:
    """The lines about the counts, from the last sample where there is one."""
    if incident.sampled_at is None:
        return _at_the_restore(lang, incident)
    shown = words(counted(lang, incident))
    whole = incident.whole_after
    again = [bold(lang.say("Whole again after {span}", span=lang.span(whole))), words(" · ")] if whole else []
    lines = [rich(*again, shown), *_following(lang, incident), *_held_against(lang, incident)]
    if incident.state is IncidentState.LOST or (incident.state is IncidentState.WHOLE and _drifted(incident)):
        lines.append(context(lang.say(AFTERWARDS[incident.state])))
    return [*lines, *_ended(lang, incident)]


def counted(lang: Language, incident: Incident) -> str:
    """“Followers 5,400 of 41,700,000 · 0.01 %”."""
    now, before = incident.followers_now, incident.followers_before
    if before is None or incident.baseline_from is None:
        return lang.say("Followers {now}; what they were before is not known", now=lang.number(now))
    if now is None:
        return lang.say("The public sees no count of followers; before there were {before}", before=before)
    part = share(now, before)
    said = lang.say("Followers {now} of {before}", now=now, before=before)
    return f"{said} · {_percent(lang, part)}" if part is not None else said


def _percent(lang: Language, part: float) -> str:
    """Two places, cut and not rounded: what is not all is never 100 %."""
    return lang.per_cent(floor(part * 100) / 100)


def _at_the_restore(lang: Language, incident: Incident) -> list[Block]:
    before, after = incident.followers_before, incident.followers_after
    if before is None and after is None:
        return _ended(lang, incident)
    said = {"before": lang.number(before), "after": lang.number(after)}
    if incident.restored_at is None:
        return [context(lang.say("Followers: {before} before.", before=said["before"]))]
    return [context(lang.say("Followers: {before} before, {after} after.", **said)), *_ended(lang, incident)]


def _following(lang: Language, incident: Incident) -> list[Block]:
    now, before = incident.following_now, incident.following_before
    if before is None or incident.state not in BACK or (now is not None and now >= before):
        return []
    return [context(lang.say("Following: {before} before, {now} now.", before=before, now=lang.number(now)))]


def _held_against(lang: Language, incident: Incident) -> list[Block]:
    if incident.baseline_from is not Baseline.EDGES:
        return []
    text = N_("No earlier figure is known; the platform's true count of relationships stands in for it.")
    return [context(lang.say(text))]


def _drifted(incident: Incident) -> bool:
    now, before = incident.followers_now, incident.followers_before
    return now is not None and before is not None and not within(now, before)


def _ended(lang: Language, incident: Incident) -> list[Block]:
    if incident.cause != DOWN_AGAIN:
        return []
    return [context(lang.say("The account went down again before its counts were judged: see the later incident."))]
