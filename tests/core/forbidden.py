"""For each check of the rules one case that is forbidden by it alone: the success with one thing changed."""

from dataclasses import dataclass, replace
from typing import Any

from bot.core import (
    acknowledging,
    asking,
    claiming,
    emergency,
    establishing,
    filing,
    ruling,
    unlocking,
    verdict,
    voting,
    watching,
)  # fmt: skip
from bot.core import ratifying as ratification
from bot.core.account import OWN_PRINCIPAL
from bot.core.acknowledging import Acknowledging
from bot.core.claiming import Waits
from bot.core.emergency import EmergencyFiling
from bot.core.establishing import Establishing
from bot.core.incident import Cause, IncidentState
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.core.ratifying import Ratifying
from bot.core.refusal import Why
from bot.core.request import Action, Choice, State
from bot.core.ruling import Outlook, file_change
from bot.core.verdict import Because, Facts
from bot.core.voting import Voting, vote
from tests.core.build import (
    ADA,
    AT,
    DAY,
    DORA,
    DRAFT,
    EXPLAINED,
    HOUR,
    MINA,
    MINUTE,
    MONA,
    OMAR,
    ON_DUTY,
    POLICY,
    PROTECTED,
    SAM,
    SECOND,
    TESSA,
    URGENT,
    YESTERDAY,
    account,
    approved,
    at_once,
    ballot,
    down,
    drafted,
    guards_restore,
    instance,
    leaving,
    limits,
    moved,
    open_incident,
    pending,
    policy,
    provisional,
    ratifiable,
    ratifying,
    running,
)
from tests.core.build import (
    claiming as claim_of,
)
from tests.core.build import (
    filing as filing_of,
)
from tests.core.rules import FILE, NOBODY, OBSERVE, REMOVE_REX, RULED, change_due, change_filing, filed_change
from tests.core.unlocks import agreed, owned_by, unlock_due, wished
from tests.core.unlocks import unlocking as unlock_of


@dataclass(frozen=True, kw_only=True)
class Forbidden:
    """What a check forbids and how it says so; `also` are the checks behind it that would not let it through."""

    case: Any
    says: Any
    input: str | None = None
    also: tuple[Any, ...] = ()


PRESIDENT = account(tags=("head-of-state",))
PRESIDENTS = pending(filing_of(of=PRESIDENT, draft=replace(DRAFT, confirm_handle="maria")))


def hurried(**changed: Any) -> EmergencyFiling:
    """The emergency with something else typed."""
    return at_once(draft=replace(at_once().draft, **changed))


def slow(**changed: Any) -> Policy:
    return replace(ON_DUTY, limits=limits(**changed))


LAST_DAY = policy(leaving(ADA))

FILING: dict[Any, Forbidden] = {
    asking.rostered: Forbidden(case=filing_of(person=None), says=Why.NOT_ROSTERED),
    asking.not_gone: Forbidden(
        case=filing_of(person=leaving(ADA, YESTERDAY), policy=policy(leaving(ADA, YESTERDAY))), says=Why.PAST_LAST_DAY
    ),
    filing.among_askers: Forbidden(case=filing_of(person=SAM), says=Why.MAY_NOT_ASK),
    asking.no_open_incident: Forbidden(case=filing_of(unacknowledged="INC-A"), says=Why.OPEN_INCIDENT_OF_YOURS),
    filing.unrestricted: Forbidden(
        # without `different_teams` three places of two groups can be filled, so that only the leaver rule is left
        case=replace(
            filing_of(of=PRESIDENT, person=leaving(ADA), policy=LAST_DAY),
            tier=replace(LAST_DAY.tiers[0], from_different_teams=False, confirm_handle=False),
        ),
        says=Why.RESTRICTED_ON_PROTECTED,
        input="handle",
    ),
    filing.not_already_so: Forbidden(case=filing_of(of=down()), says=Why.ALREADY_SO, input="handle"),
    asking.no_live_twin: Forbidden(case=filing_of(live=pending(by=MONA)), says=Why.LIVE_REQUEST, input="handle"),
    filing.known_category: Forbidden(case=drafted(category="boredom"), says=Why.UNKNOWN_CATEGORY, input="category"),
    asking.reason_fits: Forbidden(case=drafted(reason="too short"), says=Why.REASON_LENGTH, input="reason"),
    asking.evidence_is_url: Forbidden(case=drafted(evidence="a photo"), says=Why.EVIDENCE_NO_URL, input="evidence"),
    filing.handle_confirmed: Forbidden(case=filing_of(of=PRESIDENT), says=Why.CONFIRM_HANDLE, input="confirm_handle"),
    asking.within_limit: Forbidden(
        case=filing_of(policy=policy(limits=limits(requests_per_person_hour=1)), filed_in_hour=(AT - MINUTE,)),
        says=Why.TOO_MANY_REQUESTS,
        input="reason",
    ),
    asking.quorum_reachable: Forbidden(
        case=filing_of(policy=policy(*(leaving(p, YESTERDAY) for p in (MONA, OMAR, MINA)))),
        says=Why.NOBODY_ELIGIBLE,
        input="handle",
    ),
}

PENDING = pending()
APPROVED = approved()
HALF_APPROVED = moved(vote(ballot(PRESIDENTS, TESSA)))
ON_PRESIDENT = replace(PENDING, tier="protected", quorum=replace(PENDING.quorum, groups=(("manager", 1),)))
EXPIRED_NOW = replace(PENDING, state=State.EXPIRED, ended_by="countersign")

OWNED = owned_by("omar")
JUST_ADDED = replace(OMAR, approves_from=AT + HOUR)

VOTES: dict[Any, Forbidden] = {
    voting.rostered: Forbidden(case=ballot(PENDING, None), says=Why.NOT_ROSTERED),
    voting.not_gone: Forbidden(
        case=ballot(PENDING, leaving(OMAR, YESTERDAY), policy=policy(leaving(OMAR, YESTERDAY))),
        says=Why.PAST_LAST_DAY,
        also=(voting.in_quorum,),
    ),
    voting.not_ended: Forbidden(case=ballot(EXPIRED_NOW), says=Why.ALREADY_DECIDED),
    voting.in_time: Forbidden(case=ballot(PENDING, at=AT + DAY), says=Why.EXPIRED),
    voting.not_own: Forbidden(case=ballot(pending(by=MONA), MONA), says=Why.OWN_REQUEST, also=(voting.in_quorum,)),
    voting.not_about_oneself: Forbidden(
        case=ballot(wished(), OWNED.people["omar"], policy=OWNED), says=Why.ABOUT_YOURSELF, also=(voting.in_quorum,)
    ),
    voting.no_open_incident: Forbidden(case=ballot(PENDING, unacknowledged="INC-A"), says=Why.OPEN_INCIDENT_OF_YOURS),
    voting.unrestricted: Forbidden(
        case=ballot(ON_PRESIDENT, leaving(OMAR), policy=policy(leaving(OMAR))),
        says=Why.RESTRICTED_ON_PROTECTED,
        also=(voting.in_quorum,),
    ),
    voting.approves_by_now: Forbidden(
        case=ballot(PENDING, JUST_ADDED, policy=policy(JUST_ADDED)),
        says=Why.NOT_YET_AN_APPROVER,
        also=(voting.in_quorum,),
    ),
    voting.in_quorum: Forbidden(case=ballot(PENDING, TESSA), says=Why.NOT_AN_APPROVER),
    voting.not_counted: Forbidden(case=ballot(HALF_APPROVED, TESSA), says=Why.ALREADY_VOTED),
    voting.identified: Forbidden(case=ballot(ON_PRESIDENT, identity_known=False), says=Why.IDENTITY_UNKNOWN),
    voting.not_yet_approved: Forbidden(case=ballot(APPROVED, MINA), says=Why.ALREADY_APPROVED),
    voting.shown_is_so: Forbidden(case=ballot(PENDING, digest="0" * 64), says=Why.CARD_CHANGED),
    voting.deny_says_why: Forbidden(
        case=ballot(PENDING, choice=Choice.DENY, reason="  "), says=Why.REASON_LENGTH, input="reason"
    ),
}

OF_DORA = leaving(DORA)
BARRED = policy(OF_DORA, tiers=ON_DUTY.tiers)

EMERGENCIES: dict[Any, Forbidden] = {
    asking.rostered: Forbidden(case=at_once(person=None), says=Why.NOT_ROSTERED),
    asking.not_gone: Forbidden(
        case=at_once(person=leaving(DORA, YESTERDAY), policy=policy(leaving(DORA, YESTERDAY), tiers=ON_DUTY.tiers)),
        says=Why.PAST_LAST_DAY,
        also=(emergency.tier_allows,),
    ),
    filing.among_askers: Forbidden(
        case=at_once(
            person=replace(DORA, groups=frozenset({"duty"})),
            policy=policy(replace(DORA, groups=frozenset({"duty"})), tiers=ON_DUTY.tiers),
        ),
        says=Why.MAY_NOT_ASK,
    ),
    asking.no_open_incident: Forbidden(case=at_once(unacknowledged="INC-A"), says=Why.OPEN_INCIDENT_OF_YOURS),
    filing.unrestricted: Forbidden(
        case=at_once(
            person=OF_DORA,
            policy=BARRED,
            account=account(tags=("head-of-state",)),
            tier=replace(PROTECTED, emergency=("duty",), from_different_teams=False, confirm_handle=False),
        ),
        says=Why.RESTRICTED_ON_PROTECTED,
        input="handle",
        also=(emergency.tier_allows,),
    ),
    filing.not_already_so: Forbidden(case=at_once(account=down()), says=Why.ALREADY_SO, input="handle"),
    asking.no_live_twin: Forbidden(case=at_once(live=pending(by=MONA)), says=Why.LIVE_REQUEST, input="handle"),
    filing.known_category: Forbidden(case=hurried(category="boredom"), says=Why.UNKNOWN_CATEGORY, input="category"),
    asking.reason_fits: Forbidden(case=hurried(reason="too short"), says=Why.REASON_LENGTH, input="reason"),
    asking.evidence_is_url: Forbidden(case=hurried(evidence="a photo"), says=Why.EVIDENCE_NO_URL, input="evidence"),
    filing.handle_confirmed: Forbidden(
        case=at_once(tier=replace(URGENT, confirm_handle=True)), says=Why.CONFIRM_HANDLE, input="confirm_handle"
    ),
    emergency.identified: Forbidden(case=at_once(identity_known=False), says=Why.IDENTITY_UNKNOWN),
    emergency.tier_allows: Forbidden(case=at_once(person=ADA), says=Why.EMERGENCY_NOT_ALLOWED, input="emergency"),
    emergency.one_at_a_time: Forbidden(
        case=at_once(unratified=provisional()), says=Why.UNRATIFIED_EMERGENCY, input="emergency"
    ),
    emergency.within_the_day: Forbidden(
        case=at_once(emergencies_today=1), says=Why.TOO_MANY_EMERGENCIES, input="emergency"
    ),
    emergency.within_the_hour: Forbidden(
        case=at_once(policy=slow(deactivations_per_hour=1), claimed_in_hour=(AT,)),
        says=Why.TOO_MANY_DEACTIVATIONS,
        input="emergency",
    ),
    emergency.nothing_under_way: Forbidden(case=at_once(busy=True), says=Why.ACCOUNT_BUSY, input="handle"),
    asking.within_limit: Forbidden(
        case=at_once(policy=slow(requests_per_person_hour=1), filed_in_hour=(AT - MINUTE,)),
        says=Why.TOO_MANY_REQUESTS,
        input="reason",
    ),
    asking.quorum_reachable: Forbidden(
        case=at_once(policy=policy(DORA, *(leaving(p, YESTERDAY) for p in (MONA, OMAR, MINA)), tiers=ON_DUTY.tiers)),
        says=Why.NOBODY_ELIGIBLE,
        input="handle",
    ),
}

RATIFICATIONS: dict[Any, Ratifying] = {
    ratification.verified: ratifying(replace(ratifiable(), state=State.UNCERTAIN)),
    ratification.still_down: ratifying(restored_at=AT + MINUTE),
    ratification.undenied: ratifying(
        replace(
            ratifiable(), votes=(*ratifiable().votes, replace(ratifiable().votes[0], person="mina", choice=Choice.DENY))
        )
    ),
    ratification.in_time: ratifying(at=AT + HOUR),
    ratification.quorum_stands: ratifying(policy=policy(DORA, replace(OMAR, groups=frozenset({"agent"})))),
}


def unlike(of: Policy = RULED, **people: str) -> Policy:
    """The rules' policy with something else in a person's table."""
    text = FILE
    for name, line in people.items():
        text = text.replace(f"[people.{name}]\n", f"[people.{name}]\n{line}\n")
    return replace(parse_policy(text), digest=of.digest)


LEFT = unlike(ada="last_day = 2026-11-15")
NO_RULES = replace(RULED, tiers=tuple(tier for tier in RULED.tiers if tier.name != "rules"))
MADE = moved(file_change(change_filing(REMOVE_REX), id="REQ-C", operation="op-c", slack_user="U01ADA"))
VOTED = moved(
    vote(
        ballot(
            moved(vote(ballot(filed_change(OBSERVE), RULED.people["omar"], policy=RULED))),
            RULED.people["tessa"],
            policy=RULED,
        )
    )
)
DENIED = replace(VOTED, votes=(*VOTED.votes, replace(VOTED.votes[0], person="mona", choice=Choice.DENY)))

CHANGES: dict[Any, Forbidden] = {
    asking.rostered: Forbidden(case=change_filing(REMOVE_REX, person=None), says=Why.NOT_ROSTERED),
    asking.not_gone: Forbidden(case=change_filing(REMOVE_REX, policy=LEFT), says=Why.PAST_LAST_DAY),
    ruling.rules_in_slack: Forbidden(
        case=replace(change_filing(REMOVE_REX), policy=NO_RULES), says=Why.RULES_NOT_IN_SLACK
    ),
    ruling.identified: Forbidden(case=change_filing(REMOVE_REX, identity_known=False), says=Why.IDENTITY_UNKNOWN),
    asking.no_open_incident: Forbidden(
        case=change_filing(REMOVE_REX, unacknowledged="INC-A"), says=Why.OPEN_INCIDENT_OF_YOURS
    ),
    ruling.possible: Forbidden(
        case=change_filing(REMOVE_REX, outlook=Outlook(changes=True, stricter=True, problems=("no",))),
        says=Why.RULES_IMPOSSIBLE,
        input="handle",
    ),
    ruling.changes_something: Forbidden(
        case=change_filing(REMOVE_REX, outlook=NOBODY), says=Why.RULES_ALREADY_SO, input="handle"
    ),
    asking.no_live_twin: Forbidden(case=change_filing(REMOVE_REX, live=MADE), says=Why.LIVE_REQUEST, input="handle"),
    asking.reason_fits: Forbidden(
        case=change_filing(REMOVE_REX, reason="short"), says=Why.REASON_LENGTH, input="reason"
    ),
    asking.evidence_is_url: Forbidden(
        case=change_filing(REMOVE_REX, evidence="a photo"), says=Why.EVIDENCE_NO_URL, input="evidence"
    ),
    asking.within_limit: Forbidden(
        case=change_filing(
            REMOVE_REX,
            policy=replace(RULED, limits=limits(requests_per_person_hour=1)),
            filed_in_hour=(AT - MINUTE,),
        ),
        says=Why.TOO_MANY_REQUESTS,
        input="reason",
    ),
    asking.quorum_reachable: Forbidden(
        case=change_filing(OBSERVE, policy=unlike(tessa="last_day = 2026-11-15")),
        says=Why.NOBODY_ELIGIBLE,
        input="handle",
    ),
}

RULE_CLAIMS: dict[Any, Forbidden] = {
    claiming.no_deny: Forbidden(
        case=change_due(DENIED, OBSERVE),
        says=(State.VOID, "denied"),
    ),
    claiming.in_time: Forbidden(case=change_due(VOTED, OBSERVE, at=AT + HOUR), says=(State.EXPIRED, "not_carried_out")),
    ruling.rules_still_in_slack: Forbidden(
        case=change_due(VOTED, OBSERVE, policy=NO_RULES), says=(State.VOID, "rules_not_in_slack")
    ),
    ruling.requester_rostered: Forbidden(
        case=change_due(VOTED, OBSERVE, unacknowledged=frozenset({"ada"})), says=(State.VOID, "requester_in_incident")
    ),
    ruling.demands_as_shown: Forbidden(
        case=change_due(VOTED, OBSERVE, outlook=Outlook(changes=True, stricter=True)), says=(State.PENDING, "quorum")
    ),
    claiming.quorum_stands: Forbidden(
        case=change_due(VOTED, OBSERVE, unacknowledged=frozenset({"omar"})), says=(State.VOID, "no_quorum")
    ),
    claiming.cooled_off: Forbidden(
        case=change_due(replace(VOTED, not_before=AT + 3 * MINUTE), OBSERVE), says=Waits.COOLING_OFF
    ),
    ruling.still_possible: Forbidden(
        case=change_due(VOTED, OBSERVE, outlook=Outlook(changes=True, stricter=False, problems=("no",))),
        says=(State.VOID, "rules_impossible"),
    ),
    ruling.not_yet_so: Forbidden(
        case=change_due(VOTED, OBSERVE, outlook=Outlook(changes=False, stricter=False)),
        says=(State.SUPERSEDED, None),
    ),
}

OF_ADA = replace(owned_by("ada"), digest=RULED.digest)
LONELY = owned_by("tessa")
AGREED = agreed()

UNLOCKINGS: dict[Any, Forbidden] = {
    asking.rostered: Forbidden(case=unlock_of(person=None), says=Why.NOT_ROSTERED),
    asking.not_gone: Forbidden(case=unlock_of(policy=LEFT), says=Why.PAST_LAST_DAY),
    unlocking.not_about_oneself: Forbidden(case=unlock_of(policy=OF_ADA), says=Why.ABOUT_YOURSELF),
    asking.identified: Forbidden(case=unlock_of(identity_known=False), says=Why.IDENTITY_UNKNOWN),
    asking.no_open_incident: Forbidden(case=unlock_of(unacknowledged="INC-A"), says=Why.OPEN_INCIDENT_OF_YOURS),
    unlocking.is_locked: Forbidden(case=unlock_of(locked=False), says=Why.NOT_CONTAINED),
    asking.no_live_twin: Forbidden(case=unlock_of(live=AGREED), says=Why.LIVE_REQUEST, input="handle"),
    asking.reason_fits: Forbidden(case=unlock_of(reason="short"), says=Why.REASON_LENGTH, input="reason"),
    asking.evidence_is_url: Forbidden(case=unlock_of(evidence="a photo"), says=Why.EVIDENCE_NO_URL, input="evidence"),
    asking.within_limit: Forbidden(
        case=unlock_of(policy=replace(RULED, limits=limits(requests_per_person_hour=1)), filed_in_hour=(AT - MINUTE,)),
        says=Why.TOO_MANY_REQUESTS,
        input="reason",
    ),
    unlocking.quorum_reachable: Forbidden(case=unlock_of(policy=LONELY), says=Why.NOBODY_ELIGIBLE),
}

UNLOCK_CLAIMS: dict[Any, Forbidden] = {
    claiming.no_deny: Forbidden(
        case=unlock_due(
            replace(AGREED, votes=(*AGREED.votes, replace(AGREED.votes[0], person="mona", choice=Choice.DENY)))
        ),
        says=(State.VOID, "denied"),
    ),
    claiming.in_time: Forbidden(case=unlock_due(at=AT + HOUR), says=(State.EXPIRED, "not_carried_out")),
    ruling.requester_rostered: Forbidden(
        case=unlock_due(unacknowledged=frozenset({"ada"})), says=(State.VOID, "requester_in_incident")
    ),
    unlocking.requester_not_concerned: Forbidden(case=unlock_due(policy=OF_ADA), says=(State.VOID, "about_requester")),
    unlocking.demands_as_shown: Forbidden(case=unlock_due(policy=NO_RULES), says=(State.PENDING, "tier")),
    claiming.quorum_stands: Forbidden(
        case=unlock_due(unacknowledged=frozenset({"omar"})), says=(State.VOID, "no_quorum")
    ),
    claiming.cooled_off: Forbidden(
        case=unlock_due(replace(AGREED, not_before=AT + 3 * MINUTE)), says=Waits.COOLING_OFF
    ),
    unlocking.still_locked: Forbidden(case=unlock_due(locked=False), says=(State.SUPERSEDED, None)),
}

CLAIMS: dict[Any, Forbidden] = {
    claiming.no_deny: Forbidden(
        case=claim_of(
            replace(APPROVED, votes=(*APPROVED.votes, replace(APPROVED.votes[0], person="mina", choice=Choice.DENY)))
        ),
        says=(State.VOID, "denied"),
    ),
    claiming.in_time: Forbidden(case=claim_of(at=AT + HOUR), says=(State.EXPIRED, "not_carried_out")),
    claiming.requester_entitled: Forbidden(
        case=claim_of(policy=policy(replace(ADA, groups=frozenset()))), says=(State.VOID, "requester_may_not_ask")
    ),
    claiming.shown_is_so: Forbidden(case=claim_of(account=account(handle="maria2")), says=(State.PENDING, "handle")),
    claiming.quorum_stands: Forbidden(
        case=claim_of(policy=policy(replace(OMAR, groups=frozenset({"agent"})))), says=(State.VOID, "no_quorum")
    ),
    claiming.cooled_off: Forbidden(
        case=claim_of(replace(APPROVED, not_before=AT + 3 * MINUTE)), says=Waits.COOLING_OFF
    ),
    claiming.not_already_so: Forbidden(
        case=claim_of(account=down(actor="owner:acct_1"), verdict=EXPLAINED),
        says=(State.SUPERSEDED, "owner:acct_1"),
    ),
    claiming.lane_free: Forbidden(case=claim_of(lane=running()), says=Waits.LANE),
    claiming.no_open_incident: Forbidden(case=claim_of(incident="INC-A"), says=Waits.INCIDENT),
    claiming.within_limit: Forbidden(
        case=claim_of(policy=policy(limits=limits(deactivations_per_hour=1)), claimed_in_hour=(AT,)), says=Waits.LIMIT
    ),
}

POLICY_CLAIMS: dict[Any, Forbidden] = {
    claiming.nothing_may_land: Forbidden(
        case=claim_of(guards_restore(), account=account(), may_yet_land=True),
        says=Waits.LANE,
        also=(claiming.still_unexplained,),
    ),
    claiming.still_unexplained: Forbidden(
        case=claim_of(guards_restore(), account=down(actor="owner:acct_1"), verdict=EXPLAINED),
        says=(State.SUPERSEDED, "owner:acct_1"),
    ),
    claiming.lane_free: Forbidden(case=claim_of(guards_restore(), account=down(), lane=running()), says=Waits.LANE),
}


def withdrawal(**changed: Any) -> Voting:
    return replace(Voting(request=PENDING, person=ADA, policy=POLICY, at=AT + MINUTE), **changed)


WITHDRAWALS: dict[Any, Forbidden] = {
    voting.rostered: Forbidden(case=withdrawal(person=None), says=Why.NOT_ROSTERED),
    voting.not_gone: Forbidden(
        case=withdrawal(person=leaving(ADA, YESTERDAY), policy=policy(leaving(ADA, YESTERDAY))),
        says=Why.PAST_LAST_DAY,
    ),
    voting.by_requester: Forbidden(case=withdrawal(person=MONA), says=Why.NOT_THE_REQUESTER),
    voting.not_ended: Forbidden(case=withdrawal(request=EXPIRED_NOW), says=Why.ALREADY_DECIDED),
}


def reading(**changed: Any) -> Acknowledging:
    values = {"incident": open_incident(), "person": ADA, "policy": POLICY, "at": AT + MINUTE, "unacknowledged": None}
    return Acknowledging(**{**values, **changed})


ACKNOWLEDGEMENTS: dict[Any, Forbidden] = {
    acknowledging.rostered: Forbidden(case=reading(person=None), says=Why.NOT_ROSTERED),
    acknowledging.not_gone: Forbidden(
        case=reading(person=leaving(ADA, YESTERDAY), policy=policy(leaving(ADA, YESTERDAY))), says=Why.PAST_LAST_DAY
    ),
    acknowledging.known: Forbidden(case=reading(incident=None), says=Why.UNKNOWN_INCIDENT),
    acknowledging.not_yet: Forbidden(
        case=reading(incident=open_incident(acknowledged_by="mona")), says=Why.ALREADY_ACKNOWLEDGED
    ),
    acknowledging.not_the_actor: Forbidden(case=reading(unacknowledged="INC-A"), says=Why.OPEN_INCIDENT_OF_YOURS),
}

LOST = open_incident(state=IncidentState.LOST)


def watching_on(**changed: Any) -> Acknowledging:
    return reading(**{"incident": LOST, **changed})


WATCHES: dict[Any, Forbidden] = {
    acknowledging.rostered: Forbidden(case=watching_on(person=None), says=Why.NOT_ROSTERED),
    acknowledging.not_gone: Forbidden(
        case=watching_on(person=leaving(ADA, YESTERDAY), policy=policy(leaving(ADA, YESTERDAY))),
        says=Why.PAST_LAST_DAY,
    ),
    acknowledging.known: Forbidden(case=watching_on(incident=None), says=Why.UNKNOWN_INCIDENT),
    watching.lost: Forbidden(case=watching_on(incident=open_incident()), says=Why.NOT_LOST),
    acknowledging.not_the_actor: Forbidden(case=watching_on(unacknowledged="INC-B"), says=Why.OPEN_INCIDENT_OF_YOURS),
    watching.another_acted: Forbidden(
        case=watching_on(incident=replace(LOST, person="ada")), says=Why.OPEN_INCIDENT_OF_YOURS
    ),
}


def saying(**changed: Any) -> Establishing:
    values = {
        "incident": open_incident(), "person": OMAR, "cause": Cause.DELIBERATE, "shown": None, "policy": POLICY,
        "at": AT + MINUTE, "unacknowledged": None,
    }  # fmt: skip
    return Establishing(**{**values, **changed})


LATE_OMAR = replace(OMAR, approves_from=AT + HOUR)
ESTABLISHED = {"established": Cause.HUMAN_ERROR, "established_by": "mina"}
CAUSES: dict[Any, Forbidden] = {
    establishing.rostered: Forbidden(case=saying(person=None), says=Why.NOT_ROSTERED),
    establishing.not_gone: Forbidden(
        case=saying(person=leaving(OMAR, YESTERDAY), policy=policy(leaving(OMAR, YESTERDAY))), says=Why.PAST_LAST_DAY
    ),
    establishing.known: Forbidden(case=saying(incident=None), says=Why.UNKNOWN_INCIDENT),
    establishing.not_the_actor: Forbidden(
        case=saying(incident=open_incident(person="omar", acknowledged_by="ada")), says=Why.OWN_INCIDENT
    ),
    establishing.not_in_an_incident: Forbidden(case=saying(unacknowledged="INC-B"), says=Why.OPEN_INCIDENT_OF_YOURS),
    establishing.may_say: Forbidden(case=saying(person=ADA), says=Why.MAY_NOT_ESTABLISH),
    establishing.counts_by_now: Forbidden(
        case=saying(person=LATE_OMAR, policy=policy(LATE_OMAR)), says=Why.NOT_YET_AN_APPROVER
    ),
    establishing.as_shown: Forbidden(
        case=saying(incident=open_incident(**ESTABLISHED)), says=Why.CAUSE_CHANGED, input="cause"
    ),
    establishing.another: Forbidden(
        case=saying(incident=open_incident(**ESTABLISHED), shown=Cause.HUMAN_ERROR, cause=Cause.HUMAN_ERROR),
        says=Why.CAUSE_ALREADY_SO,
        input="cause",
    ),
}

OURS = instance(actor=OWN_PRINCIPAL, operation="op-a")
RUNNING = running()


def of_key(keyed: Any = RUNNING, **changed: Any) -> tuple[Any, Facts]:
    """An instance that bears our name and a key, and what the ledger knows of it."""
    return OURS, replace(Facts(keyed=keyed, restored_at=None, previous=None, stands=True), **changed)


KEYS: dict[Any, Forbidden] = {
    verdict.key_known: Forbidden(case=of_key(replace(RUNNING, operation="op-b")), says=Because.OWN_WITHOUT_KEY),
    verdict.key_for_this: Forbidden(case=of_key(replace(RUNNING, action=Action.RESTORE)), says=Because.OWN_WITHOUT_KEY),
    verdict.state_explains: Forbidden(case=of_key(EXPIRED_NOW), says=Because.LATE),
    verdict.first_instance: Forbidden(
        case=of_key(replace(RUNNING, explains=replace(OURS, at=AT - MINUTE))), says=Because.KEY_USED
    ),
    verdict.not_restored_since: Forbidden(case=of_key(restored_at=AT + SECOND), says=Because.KEY_USED),
}
