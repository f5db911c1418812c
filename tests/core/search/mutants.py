"""Each control taken away by itself, and the smallest world in which that is seen.

A mutant is the rules of the game with one thing changed: a tuple of checks without one of its members, or a habit of
the bot's environment given up. Where another control stands behind one, so that nothing shows until both are gone, it
is named in `also`. A world is as small as it can be for the search to be short; nothing in it knows what is looked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bot.core import acknowledging, asking, claiming, emergency, filing, verdict, voting
from bot.core import ratifying as ratification
from tests.core.search.ledger import KEYS
from tests.core.search.people import ADA, MONA, MONA_TOO, OMAR, STRANGER, TESSA, WEIGHTY, House
from tests.core.search.rules import Rules
from tests.core.search.scopes import Scope, account, start


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One control gone, and where to look for what it lets through."""

    control: str
    rules: Rules
    scope: Scope
    also: str = ""
    """What stands behind it and is gone too."""
    behind: Rules | None = None
    """With only that gone nothing shows."""


PROTECTED = start(account(tags=(WEIGHTY,)))
TWO = start(account(), account("acct_2"))
_WORLD = Scope(name="", start=(start(),), askers=(ADA,), voters=(OMAR,), people=frozenset())


def world(*people: str, of: Any = None, most: int | None = None, may: str = "", **changed: Any) -> Scope:
    """A world where people do these things and each of the disturbances named may happen once."""
    disturbances = tuple(name for name in may.split(", ") if name)
    return replace(
        _WORLD,
        people=frozenset(people),
        start=(of,) if of else _WORLD.start,
        may={name: disturbances.count(name) for name in disturbances},
        most=len(disturbances) if most is None else most,
        **changed,
    )


def befalls(person: str, what: str) -> dict[str, Any]:
    return {"may": "roster", "changes": ((person, what),)}


FILE: dict[Any, Scope] = {
    asking.rostered: world("ask", askers=(STRANGER,)),
    asking.not_gone: world("ask", **befalls("ada", "leaves")),
    filing.among_askers: world("ask", askers=(OMAR,)),
    asking.no_open_incident: world("ask", askers=(MONA,), may="insider"),
    filing.unrestricted: world("ask", of=PROTECTED, **befalls("ada", "leaves")),
    filing.not_already_so: world("ask", may="owner"),
    asking.no_live_twin: world("ask", asks=2),
    filing.known_category: world("ask of no category"),
    asking.reason_fits: world("ask for no reason"),
    asking.evidence_is_url: world("ask without evidence"),
    filing.handle_confirmed: world("ask for another", of=PROTECTED),
    asking.within_limit: world("ask", of=TWO, asks=2, house=House(requests_per_person_hour=1)),
    asking.quorum_reachable: world("ask", askers=(MONA,), **befalls("omar", "is removed")),
}
BUSY, URGENT = House(emergencies_per_person_day=2), House(urgent=("protected", "standard"))
EMERGENCY: dict[Any, Scope] = {
    asking.rostered: world("ask at once", askers=(STRANGER,)),
    asking.not_gone: world("ask at once", askers=(MONA,), **befalls("mona", "left")),
    filing.among_askers: world("ask at once", askers=(OMAR,)),
    asking.no_open_incident: world("ask at once", askers=(MONA,), may="insider"),
    filing.unrestricted: world("ask at once", of=PROTECTED, askers=(MONA,), house=URGENT, **befalls("mona", "leaves")),
    filing.not_already_so: world("ask at once", askers=(MONA,), may="owner"),
    asking.no_live_twin: world("ask", "ask at once", askers=(MONA,), asks=2),
    filing.known_category: world("ask of no category at once", askers=(MONA,)),
    asking.reason_fits: world("ask for no reason at once", askers=(MONA,)),
    asking.evidence_is_url: world("ask without evidence at once", askers=(MONA,)),
    filing.handle_confirmed: world("ask for another at once", of=PROTECTED, askers=(MONA,), house=URGENT),
    emergency.tier_allows: world("ask at once"),
    emergency.identified: world("ask unseen at once", askers=(MONA,)),
    emergency.one_at_a_time: world("ask at once", of=TWO, askers=(MONA,), asks=2, house=BUSY),
    emergency.within_the_day: world("ask at once", "approve", of=TWO, askers=(MONA,), asks=2),
    emergency.within_the_hour: world(
        "ask at once", "approve", of=TWO, askers=(MONA,), asks=2, house=replace(BUSY, deactivations_per_hour=1)
    ),
    emergency.nothing_under_way: world("ask at once", askers=(MONA,), may="thief"),
    asking.within_limit: world(
        "ask at once", "approve", of=TWO, askers=(MONA,), asks=2, house=replace(BUSY, requests_per_person_hour=1)
    ),
    asking.quorum_reachable: world("ask at once", askers=(MONA,), **befalls("omar", "is removed")),
}
VOTE: dict[Any, Scope] = {
    voting.rostered: world("ask", "approve", voters=(STRANGER,)),
    voting.not_gone: world("ask", "approve", **befalls("omar", "leaves")),
    voting.approves_by_now: world("ask", "approve", **befalls("omar", "was just added")),
    voting.not_ended: world("ask", "approve", "deny"),
    voting.in_time: world("ask", "approve"),
    voting.not_own: world("ask", "approve", askers=(MONA,), voters=(MONA,)),
    voting.no_open_incident: world("ask", "approve", voters=(MONA,), may="insider"),
    voting.unrestricted: world("ask", "approve", of=PROTECTED, **befalls("omar", "leaves")),
    voting.in_quorum: world("ask", "approve", voters=(TESSA,)),
    voting.identified: world("ask", "approve unseen", of=PROTECTED),
    voting.not_counted: world("ask", "approve", of=PROTECTED),
    voting.not_yet_approved: world("ask", "approve", voters=(MONA, OMAR)),
    voting.shown_is_so: world("ask", "approve", "approve an old card", may="rename"),
    voting.deny_says_why: world("ask", "deny for no reason"),
}
WITHDRAW: dict[Any, Scope] = {
    voting.rostered: world("ask", "withdraw", voters=(STRANGER,)),
    voting.not_gone: world("ask", "withdraw", voters=(ADA,), **befalls("ada", "leaves")),
    voting.by_requester: world("ask", "withdraw"),
    voting.not_ended: world("ask", "deny", "withdraw", voters=(ADA, OMAR)),
}
ACKNOWLEDGE: dict[Any, Scope] = {
    acknowledging.rostered: world("acknowledge", voters=(STRANGER,), may="insider"),
    acknowledging.not_gone: world("ask", "acknowledge", may="insider, roster", changes=(("omar", "leaves"),)),
    acknowledging.known: world("acknowledge", may="insider"),
    acknowledging.not_yet: world("acknowledge", may="insider"),
    acknowledging.not_the_actor: world("acknowledge", voters=(MONA,), may="insider"),
}
CLAIM: dict[Any, Scope] = {
    claiming.no_deny: world("ask", "approve", "deny", voters=(MONA, OMAR)),
    claiming.in_time: world("ask", "approve"),
    claiming.requester_entitled: world("ask", "approve", **befalls("ada", "moves")),
    claiming.shown_is_so: world("ask", "approve", may="rename"),
    claiming.quorum_stands: world("ask", "approve", **befalls("omar", "moves")),
    claiming.cooled_off: world("ask", "approve", of=PROTECTED, voters=(OMAR, TESSA)),
    claiming.not_already_so: world("ask", "approve", may="legal"),
    claiming.lane_free: world("ask", "ask back", "approve", askers=(MONA,), asks=2),
    claiming.no_open_incident: world("ask", "approve", may="thief, staff restores"),
    claiming.within_limit: world("ask", "approve", of=TWO, asks=2, house=House(deactivations_per_hour=1)),
}
POLICY_CLAIM: dict[Any, Scope] = {
    claiming.nothing_may_land: world("ask at once", "deny", askers=(MONA,)),
    claiming.still_unexplained: world(may="insider, owner"),
    claiming.lane_free: world("ask", "approve", may="insider"),
}
KEY: dict[Any, Scope] = {
    verdict.key_known: world(may="thief"),
    verdict.key_for_this: world(may="insider, replayer"),
    verdict.state_explains: world("ask at once", "deny", askers=(MONA,), may="fault"),
    verdict.first_instance: world("ask", "approve", may="staff restores, replayer"),
}
RATIFY: dict[Any, Scope] = {
    ratification.verified: world("ask at once", "approve", askers=(MONA,)),
    ratification.still_down: world("ask at once", "approve", askers=(MONA,), may="staff restores"),
    ratification.undenied: world(
        "ask at once", "approve", "deny", voters=(MONA, OMAR), **befalls("ada", "goes on duty")
    ),
    ratification.in_time: world("ask at once", "approve", askers=(MONA,)),
    ratification.quorum_stands: world("ask at once", askers=(MONA,)),
}
TUPLES: dict[str, dict[Any, Scope]] = {
    "file": FILE,
    "emergency": EMERGENCY,
    "vote": VOTE,
    "withdraw": WITHDRAW,
    "acknowledge": ACKNOWLEDGE,
    "claim": CLAIM,
    "policy_claim": POLICY_CLAIM,
    "key": KEY,
    "ratify": RATIFY,
}
"""For each tuple of `Rules` its members, each with the world in which its absence shows."""

NO_LANE_KEY = {"keys": tuple(key for key in KEYS if key != "lane")}
NO_TWIN_KEY = {"keys": tuple(key for key in KEYS if key != "twin")}
LEAVERS_WAIT = "nobody whom the leaver rule binds acts first, and one approval more is demanded of what they ask"
BEHIND: dict[tuple[str, Any], tuple[Any, ...]] = {
    ("file", filing.unrestricted): (
        "that three people of different teams are there to approve",
        asking.quorum_reachable,
    ),
    ("file", asking.no_live_twin): ("the ledger's key", NO_TWIN_KEY),
    ("emergency", asking.no_live_twin): ("the ledger's key", NO_TWIN_KEY),
    ("emergency", asking.not_gone): (LEAVERS_WAIT, emergency.tier_allows, asking.quorum_reachable),
    ("emergency", filing.unrestricted): (LEAVERS_WAIT, emergency.tier_allows, asking.quorum_reachable),
    ("emergency", emergency.nothing_under_way): ("the ledger's key", NO_LANE_KEY),
    ("vote", voting.not_gone): ("who is gone is in no quorum", voting.in_quorum),
    ("vote", voting.approves_by_now): ("who was just added is in no quorum", voting.in_quorum),
    ("vote", voting.not_own): ("the requester is in no quorum of the own request", voting.in_quorum),
    ("vote", voting.unrestricted): ("whom the leaver rule binds is in no quorum", voting.in_quorum),
    ("claim", claiming.no_deny): ("a deny ends the request", {"deny_ends": False}),
    ("claim", claiming.lane_free): ("the ledger's key", NO_LANE_KEY),
    ("policy_claim", claiming.lane_free): ("the ledger's key", NO_LANE_KEY),
    ("ratify", ratification.undenied): ("a deny ends the emergency", {"deny_ends": False}),
}
"""What stands behind a check: a member of the same tuple, or a habit of the environment."""

HABITS: dict[str, tuple[Rules, Scope]] = {
    "a Slack account is a person's": (
        Rules(aliases_known=False),
        world("ask", "approve", askers=(MONA,), voters=(MONA_TOO,)),
    ),
    "the intent is on disk before the call": (Rules(claims_first=False), world("ask", "approve")),
    "a call names what was read": (Rules(sends_if_match=False), world("ask", "approve", may="rename")),
    "a call sent again bears the same key": (Rules(same_key=False), world("ask", "approve", may="fault")),
    "done is what a read shows": (Rules(looks=False), world("ask", "approve", may="fault")),
    "an emergency's end and its restore are one commit": (
        Rules(undoes_at_once=False),
        world("ask at once", askers=(MONA,)),
    ),
    "a restore is on record before anything is judged": (
        Rules(records_restores=False),
        world("ask", "approve", may="staff restores, system"),
    ),
    "what stands is judged, not what was told": (Rules(guard_reads=False), world(may="insider, owner, disorder")),
}


def of_tuples() -> Iterator[Mutant]:
    """One for each member of each tuple."""
    for name, members in TUPLES.items():
        checks = getattr(Rules(), name)
        for check, scope in members.items():
            said, *behind = BEHIND.get((name, check), ("",))
            habits = {key: value for gone in behind if isinstance(gone, dict) for key, value in gone.items()}
            still = tuple(other for other in checks if other not in behind)
            left = tuple(other for other in still if other is not check)
            yield Mutant(
                control=f"{name}: {check.__name__}",
                rules=replace(Rules(), **{name: left}, **habits),
                scope=scope,
                also=said,
                behind=replace(Rules(), **{name: still}, **habits) if behind else None,
            )


MUTANTS = (
    *of_tuples(),
    *(Mutant(control=control, rules=rules, scope=scope) for control, (rules, scope) in HABITS.items()),
)
