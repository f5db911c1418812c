"""What became of an incident's actor: on its card, and to those who have to hear of it."""

from typing import Any

from bot.core.incident import Incident
from bot.slack.language import N_, Language
from bot.slack.latch_notice import Said
from bot.slack.text import Block, Element, bold, button, moment, one_line, rich, words
from bot.slack.wording import HAPPENED


def actor_lines(lang: Language, incident: Incident) -> list[Block]:
    """That the platform keeps the actor out, or did."""
    if incident.contained_at is None:
        return []
    actor, since = bold(_actor(lang, incident)), moment(incident.contained_at)
    if incident.reinstated_at is None:
        return [rich(*lang.line("{actor} is locked out on the platform since {when}", actor=actor, when=since))]
    text = N_("{actor} was locked out on the platform {when}, and let in again {then}")
    return [rich(*lang.line(text, actor=actor, when=since, then=moment(incident.reinstated_at)))]


def actor_buttons(lang: Language, incident: Incident, value: str) -> list[dict[str, Any]]:
    """Letting the actor in again is asked for; the quorum decides."""
    if incident.contained_at is None or incident.reinstated_at is not None:
        return []
    return [button("reinstate", lang.say("Reinstate"), value)]


def contained_words(lang: Language, incident: Incident) -> Said:
    """For security and the actor's manager: who was locked out, whose principal it is, and why."""
    actor = bold(_actor(lang, incident))
    text = lang.say("The guard had an actor locked out on the platform.")
    who: list[Element] = [actor]
    if incident.person is not None:
        who = lang.line("{actor} ({person})", actor=actor, person=bold(one_line(incident.person, most=100)))
    more = N_("{who} is locked out on the platform. The last of it: {what}. Find out why.")
    what = lang.say(HAPPENED[incident.kind], account=f"@{one_line(incident.handle, most=80)}")
    again = lang.say("In the approvals channel the card of {incident} has “Reinstate”.", incident=incident.id)
    return Said(text=text, blocks=[rich(*lang.line(more, who=who, what=what), words(" " + again))])


def _actor(lang: Language, incident: Incident) -> str:
    return one_line(incident.actor, most=100) if incident.actor else lang.say("unknown")
