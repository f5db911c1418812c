"""What must always hold (I1 to I9), computed from the votes and the world by code of its own.

Nothing here asks a check of the core, nor the policy: who people are is `people.HUMAN`, what they may is the roster as
the world has it, a quorum is found by trying every order, a digest by hashing what the card showed.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import permutations
from typing import Any
from urllib.parse import urlsplit

from bot.core.account import Account, EventType, Instance
from bot.core.audit import Line, replay
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.quorum import Quorum
from bot.core.record import dump
from bot.core.request import Action, Choice, Request
from bot.core.request import State as Standing
from bot.core.transition import Entry, Kind, Transition
from tests.core.search.cards import TIER, digest, shown, would_show
from tests.core.search.game import Game, Step
from tests.core.search.ledger import instance_of
from tests.core.search.people import HUMAN, LAST_DAYS, PEOPLE, START, WEIGHTY
from tests.core.search.world import State

S = Standing
OPEN = (S.PENDING, S.APPROVED)
LANE = (S.RUNNING, S.UNCERTAIN)
UNRATIFIED = (*LANE, S.PROVISIONAL)
UNDONE = (S.DENIED, S.WITHDRAWN, S.LAPSED)
LIVE = {*OPEN, *LANE}
EXPLAINS = {*LANE, S.DONE, S.PROVISIONAL, S.RATIFIED}
OPEN_MOVES = ((Kind.DENIED, S.DENIED), (Kind.WITHDRAWN, S.WITHDRAWN), (Kind.REVISED, S.PENDING))
OPEN_ENDS = ((Kind.EXPIRED, S.EXPIRED), (Kind.SUPERSEDED, S.SUPERSEDED))
EMERGENCY_ENDS = ((Kind.DENIED, S.DENIED), (Kind.WITHDRAWN, S.WITHDRAWN), (Kind.LAPSED, S.LAPSED))
MOVES = {
    (Kind.FILED, None, S.PENDING),
    (Kind.FILED, None, S.APPROVED),
    (Kind.APPROVED, S.PENDING, S.PENDING),
    (Kind.APPROVED, S.PENDING, S.APPROVED),
    *((kind, state, end) for kind, end in (*OPEN_MOVES, *OPEN_ENDS) for state in OPEN),
    (Kind.CLAIMED, S.APPROVED, S.RUNNING),
    (Kind.VOIDED, S.APPROVED, S.VOID),
    (Kind.WAITED, S.APPROVED, S.APPROVED),
    *((Kind.RELEASED, state, S.APPROVED) for state in LANE),
    *((Kind.SETTLED, state, end) for state in LANE for end in (S.DONE, S.FAILED)),
    (Kind.SETTLED, S.RUNNING, S.UNCERTAIN),
    *((Kind.EXPLAINED, state, state) for state in EXPLAINS),
}
"""Every move of a request: its entry, from where to where."""
EMERGENCY_MOVES = {
    (Kind.EMERGENCY, None, S.RUNNING),
    *((Kind.APPROVED, state, state) for state in UNRATIFIED),
    *((kind, state, end) for kind, end in EMERGENCY_ENDS for state in UNRATIFIED),
    *((Kind.SETTLED, state, end) for state in LANE for end in (S.PROVISIONAL, S.FAILED)),
    (Kind.SETTLED, S.RUNNING, S.UNCERTAIN),
    (Kind.RATIFIED, S.PROVISIONAL, S.RATIFIED),
    *((Kind.UNDONE, state, state) for state in UNDONE),
    *((Kind.EXPLAINED, state, state) for state in EXPLAINS),
}
"""And of an emergency."""
DEMANDS = {
    "protected": (("manager", "trust-safety"), True, timedelta(minutes=1)),
    "standard": (("manager",), False, timedelta(0)),
}
"""tier → the groups of its places, whether teams must differ, its cooling off."""


def wrong(before: State, step: Step, game: Game) -> str | None:
    """The first thing that does not hold of this step or of where it leads."""
    return next(_all(before, step, game), None)


def _all(before: State, step: Step, game: Game) -> Iterator[str]:
    if step.change is not None:
        for transition in step.change.transitions:
            if isinstance(transition.after, Request):
                yield from _moved(before, step, transition, game)
            elif transition.entry.kind is Kind.ACKNOWLEDGED:
                yield from _acknowledged(before, step, transition.before)
            if not game.once(_Same(transition), lambda t=transition: _agrees(t, game)):
                yield f"I9: replaying the entries of {transition.after.id} does not give its record"
        yield from _verdicts(before, step)
    yield from _effects(before, step)
    if step.after.ledger is not before.ledger:
        yield from _well_kept(step.after)


def _moved(before: State, step: Step, transition: Transition, game: Game) -> Iterator[str]:
    was, after = transition.before, transition.after
    assert isinstance(after, Request)
    kind, state = transition.entry.kind, was.state if isinstance(was, Request) else None
    if (kind, state, after.state) not in (EMERGENCY_MOVES if after.emergency else MOVES):
        yield f"no such move: {after.id} {kind} from {state} to {after.state}"
    if kind in {Kind.FILED, Kind.EMERGENCY} and not after.by_policy:
        yield from _filed(before, step, after, game)
    if kind is Kind.EMERGENCY:
        yield from _at_once(before, step, after, game)
    if not isinstance(was, Request):
        return
    yield from _undone(before, step, was, kind)
    if kind in {Kind.APPROVED, Kind.DENIED}:
        yield from _voted(before, step, was, after)
    if kind is Kind.WITHDRAWN and (HUMAN.get(step.by or "") != _asker(after) or gone(HUMAN.get(step.by or ""), before)):
        yield f"{after.id} is taken back by somebody who may not"
    if kind is Kind.CLAIMED and not after.by_policy:
        yield from _claimed(before, step, was, game)
    if kind is Kind.RATIFIED:
        yield from _ratified(before, was)
    # the feed has told of it before somebody put another name on it
    known = any(v.explained and v.operation == was.operation for v in before.ledger.verdicts)
    if kind is Kind.SETTLED and after.state in {S.DONE, S.PROVISIONAL} and not known and not _shows(step, after):
        yield f"I7: {after.id} is called {after.state}, and the platform shows nothing of it"


# who people are and what they may, as the world has it


@cache
def _person(name: str) -> tuple[frozenset[str], str | None]:
    return next((p.groups, p.team) for p in PEOPLE if p.id == name)


def groups(name: str | None, state: State) -> frozenset[str]:
    if name is None or (name, "moves") in state.roster:
        return frozenset()
    return _person(name)[0] | ({"duty"} if (name, "goes on duty") in state.roster else set())


def last_day(name: str | None, state: State) -> date | None:
    return next((day for what, day in LAST_DAYS.items() if (name, what) in state.roster), None)


def gone(name: str | None, state: State) -> bool:
    """Not on the roster, or past the last day."""
    day = last_day(name, state)
    return name is None or (name, "is removed") in state.roster or (day is not None and state.now.date() > day)


def suspect(name: str | None, state: State) -> bool:
    """Whether somebody's own hand is in an incident that nobody has acknowledged."""
    return any(i.actor == f"staff:{name}" and i.acknowledged_at is None for i in state.ledger.incidents)


def barred(name: str | None, tier: str, state: State) -> bool:
    """Whether somebody may neither ask nor vote on a tier, whatever the groups."""
    leaving = tier == "protected" and last_day(name, state) is not None
    return gone(name, state) or leaving or suspect(name, state)


def counts(name: str | None, state: State) -> bool:
    """Whether somebody counts as an approver by now."""
    return (name, "was just added") not in state.roster or state.now >= START + timedelta(days=1)


def weight(account: Account, state: State) -> str:
    """The weightiest tier of what the account is, what it was seen in and what any card has shown it in."""
    told = [tier for seen, tier in state.ledger.sightings if seen == account.id]
    told += [request.tier for request in state.ledger.requests if request.subject.id == account.id]
    told += [str(card[TIER]) for id, card, _ in state.cards if state.request(id).subject.id == account.id]
    seen = {*told, "protected" if WEIGHTY in account.tags else "standard"}
    return "protected" if "protected" in seen else "standard"


def demanded(tier: str, requester: str | None, state: State) -> Quorum:
    """The quorum a tier demands of somebody's request today."""
    places, apart, _ = DEMANDS[tier]
    extra = 1 if last_day(requester, state) is not None else 0
    return Quorum(groups=tuple((group, 1) for group in places), different_teams=apart, extra=extra)


def filled(quorum: Quorum, names: frozenset[str], state: State) -> bool:
    """Whether these people fill the places, each one place: every order of them is tried."""
    named = [group for group, count in quorum.groups for _ in range(count)]
    places = [{group} for group in named] + [set(named)] * quorum.extra
    for order in permutations(sorted(names), len(places)):
        teams = [_person(name)[1] for name in order]
        apart = not quorum.different_teams or len(set(teams)) == len(teams)
        if apart and all(groups(name, state) & place for name, place in zip(order, places, strict=True)):
            return True
    return False


def _asker(request: Request) -> str | None:
    return HUMAN.get(request.requester_slack or "")


# the moves


def _filed(before: State, step: Step, request: Request, game: Game) -> Iterator[str]:
    name, form, account = HUMAN.get(step.by or ""), step.form, step.account
    assert account is not None
    tier = weight(account, before)
    if barred(name, tier, before) or "agent" not in groups(name, before):
        yield f"{request.id} is filed by somebody who may not ask: {step.by}"
    if request.tier != tier or request.quorum != demanded(tier, name, before):
        yield f"{request.id} is filed with another tier or quorum than it takes"
    if account.active is (request.action is Action.RESTORE):
        yield f"{request.id} asks for what is so already"
    if any(_twins(other, request) and other.state in LIVE for other in before.ledger.requests):
        yield f"{request.id} has a live twin"
    yield from _typed(request, form, tier)
    hour = before.now - timedelta(hours=1)
    mine = [r for r in before.ledger.requests if not r.by_policy and _asker(r) == name and r.filed_at > hour]
    if len(mine) >= game.scope.house.requests_per_person_hour:
        yield f"{request.id} is one more than a person may file in an hour"
    able = frozenset(p.id for p in PEOPLE if p.id != name and not _may_not_vote(p.id, tier, before))
    if not filled(request.quorum, able, before):
        yield f"{request.id} is filed though nobody can fill its quorum"


def _typed(request: Request, form: Any, tier: str) -> Iterator[str]:
    """What was typed makes a request that can be judged."""
    if request.category != "spam" or not 10 <= len(request.reason) <= 3000:
        yield f"{request.id} has no valid category or reason"
    if request.evidence is not None and urlsplit(request.evidence).scheme not in {"http", "https"}:
        yield f"{request.id} has evidence that is no link"
    if tier == "protected" and form.confirm_handle is not None:
        yield f"{request.id} is filed though the handle was not confirmed"
    if form.emergency is not request.emergency:
        yield f"{request.id} is not filed as what was asked for"


def _at_once(before: State, step: Step, request: Request, game: Game) -> Iterator[str]:
    """What acts before anybody has approved it needs more of who asks."""
    name, account = HUMAN.get(step.by or ""), step.account
    assert account is not None
    mine = [r for r in before.ledger.requests if r.emergency and _asker(r) == name]
    today = [r for r in mine if r.filed_at.date() == before.now.date() and r.state is not S.FAILED]
    if not step.identity_known:
        yield f"{request.id} acts at once, and nobody knows whether {step.by} is still the same person"
    if not step.form.identity_known:
        yield f"{request.id} acts at once, and nobody knows whether {step.by} is still the same person"
    if (
        "duty" not in groups(name, before)
        or request.tier not in game.scope.house.urgent
        or last_day(name, before) is not None
    ):
        yield f"I1: {request.id} acts at once for somebody who may not"
    if any(r.state in UNRATIFIED for r in mine):
        yield f"{request.id} acts at once, and an emergency of the same person is not ratified yet"
    if len(today) >= game.scope.house.emergencies_per_person_day:
        yield f"{request.id} is one more emergency than a person may have in a day"
    yield from _its_turn(before, request, game)


def _ratified(before: State, request: Request) -> Iterator[str]:
    """The quorum of an emergency, as the card showed it, from those who still may."""
    asker, votes = _asker(request), request.votes
    voters = {HUMAN.get(v.slack_user) for v in votes if v.choice is Choice.APPROVE} - {asker, None}
    able = frozenset(n for n in voters if n is not None and not barred(n, request.tier, before) and counts(n, before))
    if not filled(request.quorum, able, before):
        yield f"I2: {request.id} is ratified without a quorum: of those who approved {sorted(able)} may still"
    if any(vote.choice is Choice.DENY for vote in votes):
        yield f"I2: {request.id} is ratified and was denied"
    restored = _restored(request.subject.id, before)
    if restored and request.explains and request.explains.at and restored > request.explains.at:
        yield f"I2: {request.id} is ratified, and the account was restored since"
    if before.now >= request.filed_at + timedelta(minutes=15):
        yield f"I2: {request.id} is ratified after its time"


def _undone(before: State, step: Step, was: Request, kind: Kind) -> Iterator[str]:
    """The restore of an emergency does not end because nothing has happened yet."""
    given_up = kind is Kind.SUPERSEDED and step.account is not None and step.account.active
    if given_up and was.undoes in dict(before.memory.calls) and was.undoes not in dict(before.platform.effects):
        yield f"I2: {was.undoes} is taken for undone, and its call is about to be sent"


def _twins(other: Request, request: Request) -> bool:
    return other.subject.id == request.subject.id and other.action is request.action and not other.by_policy


def _may_not_vote(name: str, tier: str, state: State) -> bool:
    """As a filing foresees it: an incident may be acknowledged by then."""
    return gone(name, state) or not counts(name, state) or (tier == "protected" and last_day(name, state) is not None)


def _voted(before: State, step: Step, was: Request, after: Request) -> Iterator[str]:
    name = HUMAN.get(step.by or "")
    cast = next((vote for vote in after.votes if vote not in was.votes), after.votes[-1])
    earlier = [v for v in was.votes if HUMAN.get(v.slack_user) == name and v.revision == was.revision]
    may = not barred(name, was.tier, before) and counts(name, before)
    if not may or not groups(name, before) & {group for group, _ in was.quorum.groups}:
        yield f"{step.by} votes on {was.id} and may not"
    if was.tier == "protected" and not step.identity_known:
        yield f"{step.by} votes on {was.id}, and nobody knows whether it is still the same person"
    if name == _asker(was):
        yield f"I1: {step.by} votes on the own request {was.id}"
    if any(v.choice is Choice.DENY or cast.choice is Choice.APPROVE for v in earlier):
        yield f"{step.by} votes on {was.id} twice"
    if step.card != shown(was) or cast.digest != digest(shown(was)):
        yield f"a vote on {was.id} is counted for a card that showed something else"
    limit = timedelta(minutes=15) if was.emergency else timedelta(hours=24)
    if was.state is not S.APPROVED and before.now >= was.filed_at + limit:
        yield f"a vote on {was.id} is counted after its time"
    if cast.choice is Choice.DENY and len(cast.reason or "") < 3:
        yield f"a deny of {was.id} says no reason"


def _acknowledged(before: State, step: Step, was: Any) -> Iterator[str]:
    name = HUMAN.get(step.by or "")
    if gone(name, before) or suspect(name, before):
        yield f"{was.id} is acknowledged by somebody who may not: {step.by}"
    if was.acknowledged_at is not None:
        yield f"{was.id} is acknowledged twice"


def _claimed(before: State, step: Step, request: Request, game: Game) -> Iterator[str]:
    account = step.account
    assert account is not None
    asker, tier = _asker(request), weight(account, before)
    quorum = demanded(tier, asker, before)
    votes = [v for v in request.votes if v.choice is Choice.APPROVE and v.revision == request.revision]
    voters = {HUMAN.get(v.slack_user) for v in votes} - {asker, None}
    able = frozenset(n for n in voters if n is not None and not barred(n, tier, before) and counts(n, before))
    if barred(asker, tier, before) or "agent" not in groups(asker, before):
        yield f"I1: {request.id} is claimed and its requester may not ask any more"
    if not filled(quorum, able, before):
        yield f"I1: {request.id} is claimed without a quorum: of those who approved {sorted(able)} may still"
    if any(v.choice is Choice.DENY for v in request.votes):
        yield f"I1: {request.id} is claimed and was denied"
    now_shown = would_show(request, account, tier, quorum)
    signed = {card for id, revision, _, card in before.signed if (id, revision) == (request.id, request.revision)}
    if signed - {now_shown} or any(v.digest != digest(now_shown) for v in votes):
        yield f"I1: {request.id} is claimed for something else than the card showed"
    yield from _in_time(before, request, tier, votes)
    if account.active is (request.action is Action.RESTORE):
        yield f"{request.id} is claimed though it is so already"
    yield from _its_turn(before, request, game)


def _in_time(before: State, request: Request, tier: str, votes: list[object]) -> Iterator[str]:
    quorate = max((v.at for v in votes), default=before.now)
    starts = quorate + DEMANDS[tier][2]
    if quorate >= request.filed_at + timedelta(hours=24):
        yield f"I1: the quorum of {request.id} came after its time"
    if before.now < starts:
        yield f"I1: {request.id} is claimed before it has cooled off"
    stood_still = request.waits_since if request.waits_for in {"incident", "limit"} else None
    ends = starts + timedelta(minutes=10)
    if request.execute_by is not None and request.execute_by > ends:
        ends = request.execute_by  # its clock had stood still before
    if stood_still is not None:
        ends += before.now - stood_still
    if before.now >= ends:
        yield f"I1: {request.id} is claimed after its time"


def _its_turn(before: State, request: Request, game: Game) -> Iterator[str]:
    if any(r.state in LANE and r.subject.id == request.subject.id for r in before.ledger.requests):
        yield f"I5: {request.id} is claimed while another request is at work on the account"
    if request.action is not Action.DEACTIVATE:
        return
    if any(_open(i) and i.account == request.subject.id for i in before.ledger.incidents):
        yield f"{request.id} is claimed while an incident of the account is open"
    hour = before.now - timedelta(hours=1)
    claimed = [
        r for r in before.ledger.requests if r.action is Action.DEACTIVATE and r.claimed_at and r.claimed_at > hour
    ]
    if len(claimed) >= game.scope.house.deactivations_per_hour:
        yield f"{request.id} is one more deactivation than an hour may have"


def _open(incident: Incident) -> bool:
    return incident.state is IncidentState.OPEN and incident.kind in {IncidentKind.DEACTIVATED, IncidentKind.LATE}


def _shows(step: Step, request: Request) -> bool:
    """Whether the read that settled it showed this request's own effect."""
    account = step.account
    assert account is not None
    if request.action is Action.RESTORE:
        return account.active or account.etag != request.if_match
    return not account.active and step.after.platform.cause(account.id) == f"request:{request.id}"


# the platform


def _effects(before: State, step: Step) -> Iterator[str]:
    was, now = dict(before.platform.effects), dict(step.after.platform.effects)
    for id in [id for id in now if now[id] != was.get(id)]:
        request = before.request(id)
        account = before.platform.account(request.subject.id)
        if now[id] > 1:
            yield f"I5: {id} has a second effect"
        if request.claimed_at is None:
            yield f"I1: {id} has an effect without a claim"
        if request.by_policy and rightly_down(account.id, before):
            yield f"I4: {id} undoes what was rightly down: {before.platform.cause(account.id)}"
        if (
            request.action is Action.DEACTIVATE
            and shown(request)[3:8] != would_show(request, account, request.tier, request.quorum)[3:8]
        ):
            yield f"I1: {id} is carried out on something else than its card showed"


def rightly_down(account: str, state: State) -> bool:
    """Whether what stands on the platform has a cause that explains it: the world's truth, not the ledger's."""
    cause = state.platform.cause(account) or ""
    if cause.startswith("request:"):
        return state.request(cause.removeprefix("request:")).state in EXPLAINS
    return cause in {"owner", "legal"}


def _verdicts(before: State, step: Step) -> Iterator[str]:
    assert step.change is not None
    for verdict in step.change.verdicts:
        instance = instance_of(verdict)
        if (verdict.operation or "").startswith(("restored:", "deleted:")):
            continue  # the mark of an event that is no deactivation
        stands = step.account is not None and step.account.instance == instance
        if verdict.explained is not _explained(instance, before, _restored(instance.account, before), stands=stands):
            said = "explained" if verdict.explained else "unexplained"
            yield f"{'I3' if verdict.explained else 'I4'}: a deactivation by {verdict.actor} is called {said}"


def _restored(account: str, state: State) -> datetime | None:
    """The last restore that the bot has heard of: on record, or in the batch that the guard holds."""
    batch = state.memory.found.batch if state.memory.found else ()
    told = [e.at for e in state.platform.feed if e.seq in batch and e.type is EventType.RESTORED]
    known = dict(state.ledger.restores).get(account)
    return max([*told, *([known] if known else [])], default=None)


def _explained(instance: Instance, state: State, restored: datetime | None, *, stands: bool) -> bool:
    """By the words of the design, from the ledger as it was."""
    if instance.actor in {f"owner:{instance.account}", "system:legal"}:
        return True
    if instance.actor == "svc:countersign":
        return any(_explains(r, instance, restored, stands=stands) for r in state.ledger.requests)
    if instance.actor != "system:cleaner":
        return False
    judged = [(instance_of(v), v.explained) for v in state.ledger.verdicts if v.account == instance.account]
    shown = [(r.explains, r.state in EXPLAINS) for r in state.ledger.requests if r.explains is not None]
    last, rightly = max((*judged, *shown), key=lambda found: found[0].at or state.now, default=(None, False))
    over = restored is not None and last is not None and last.at is not None and restored >= last.at
    replaced = last is not None and (last.at is None or instance.at is None or last.at < instance.at)
    return rightly and replaced and not over


def _explains(request: Request, instance: Instance, restored: datetime | None, *, stands: bool) -> bool:
    fits = (request.operation, request.action, request.subject.id) == (
        instance.operation,
        Action.DEACTIVATE,
        instance.account,
    )
    first = request.explains is None or request.explains == instance
    over = restored is not None and instance.at is not None and restored > instance.at
    seen = request.explains == instance and not stands
    return fits and first and request.state in EXPLAINS and (not over or seen)


# the ledger


def _well_kept(state: State) -> Iterator[str]:
    requests = state.ledger.requests
    for request in requests:
        cast = [(v.revision, HUMAN.get(v.slack_user)) for v in request.votes]
        if len(set(cast)) < len(cast):
            yield f"{request.id} has two votes of one person"
    lanes = [r.subject.id for r in requests if r.state in LANE]
    if len(set(lanes)) < len(lanes):
        yield "I5: two requests are at work on one account"
    open_ = [i.account for i in state.ledger.incidents if _open(i)]
    if len(set(open_)) < len(open_):
        yield "an account has two open incidents"


class _Same:
    """A transition as the key of what is known of it: the same object, not only an equal one."""

    def __init__(self, of: Transition) -> None:
        self.of = of

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.of is other.of


def _agrees(transition: Transition, game: Game) -> bool:
    """Whether the log, replayed, gives the record as it is now."""
    before, after = transition.before, transition.after
    lines = [Line(seq=2, entry=transition.entry)]
    if before is not None:
        told = {"changes": _plain(before, game)} | ({"incident": before.id} if isinstance(before, Incident) else {})
        entry = Entry(kind=Kind.FILED, at=transition.entry.at, by="", request=before.id, facts=told)
        lines.insert(0, Line(seq=1, entry=entry))
    return replay(lines)[after.id][1] == _plain(after, game)


def _plain(record: Request | Incident, game: Game) -> dict[str, object]:
    return game.once(("plain", game.number(record)), lambda: dump(record))


def stuck(state: State) -> str | None:
    """What is not so in a state in which the bot has nothing left to do, however long it waits."""
    for request in state.ledger.requests:
        if request.state in LIVE | {S.PROVISIONAL}:
            return f"I8: {request.id} is {request.state} for ever"
    for account in state.platform.accounts:
        if not account.active and not rightly_down(account.id, state):
            return f"I2, I3: {account.id} stays down, by {state.platform.cause(account.id)}"
    for incident in state.ledger.incidents:
        if _open(incident):
            return f"{incident.id} is open for ever"
    return None
