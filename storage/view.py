"""`bot.ports.View` over one connection: every question the rules ask of the ledger."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    func,
    nulls_first,
    or_,
    select,
    text,
    type_coerce,
)

from bot.core.account import Instance
from bot.core.audit import canonical
from bot.core.incident import Incident
from bot.core.record import load, stamp, unstamp
from bot.core.request import NOT_YET_RATIFIED, Action, Request, State
from bot.core.tasks import draw_key
from bot.core.transition import ActorStands, Entry, Judged, Kind, Latch, PolicyRow, Sample, Standing, Task
from bot.core.verdict import Previous
from bot.ports import CardAt, Lease
from storage.driver import Question
from storage.questions import (
    ACTOR,
    AWAITING_JUDGEMENT,
    CARD,
    CLAIMED_SINCE,
    CURSOR,
    DENIED,
    DRAWINGS,
    FILED_SINCE,
    FIRST_OF_KEY,
    INCIDENT,
    JUDGED,
    KEYED,
    LANE,
    LAST_JUDGED,
    LAST_SAMPLE,
    LATCH,
    LEASE,
    LIVE_OF_KIND,
    NOT_UNDONE,
    OPEN_INCIDENT,
    POLICY,
    POLICY_MARK,
    PREVIOUS,
    REQUEST,
    RESTORED_AT,
    SEEN_AS,
    TASK,
    TIERS_SEEN,
    UNACKNOWLEDGED,
    UNACKNOWLEDGED_ACTORS,
    UNEXPLAINED,
    UNEXPLAINED_BY_NOBODY,
    VOTES,
    VOTES_OF,
    actors,
    audit,
    heads,
    incidents,
    policies,
    requests,
    samples,
    sightings,
    tasks,
    votes,
)
from storage.rows import (
    VOTE_FIELDS,
    entry_of,
    from_millis,
    incident_of,
    instance_key,
    judged_of,
    plain,
    request_as_indexed,
    request_of,
    task_of,
)

NAMED = 5_000
"""Ids in one statement: SQLite takes some 32,000."""
NOT_OVER = ["open", "stuck"]
"""Incidents that are not undone, or wait for a person."""
OF_INCIDENTS = [kind.value for kind in Kind if kind.value.startswith("incident_")]


def previous_of(judged: Judged) -> Previous:
    instance = Instance(account=judged.account, at=judged.at, actor=judged.actor, operation=judged.operation)
    return Previous(instance=instance, explained=judged.explained)


def _policy_of(row: Mapping[str, Any]) -> PolicyRow:
    return PolicyRow(digest=row["digest"], text=row["text"], since=unstamp(row["since"]), by=row["by"])


class ConnectionView:
    """The ledger as the transaction of `connection` sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _rows(self, query: Select[Any] | Question, **values: Any) -> Sequence[Mapping[str, Any]]:
        if isinstance(query, Question):
            return query.rows(self._connection, **values)
        return plain(self._connection.execute(query, values))

    def _row(self, query: Question, **values: Any) -> Mapping[str, Any] | None:
        return next(iter(query.rows(self._connection, **values)), None)

    def _value(self, query: Question, **values: Any) -> Any:
        return next(iter(query.firsts(self._connection, **values)), None)

    def _requests(self, query: Select[Any], **values: Any) -> list[Request]:
        rows = self._rows(query, **values)
        cast: dict[str, list[Mapping[str, Any]]] = {row["id"]: [] for row in rows}
        if cast:
            for vote in self._rows(VOTES, requests=list(cast)):
                cast[vote["request"]].append(vote)
        return [request_of(row, cast[row["id"]]) for row in rows]

    def requests(self, ids: Collection[str]) -> Mapping[str, Request]:
        wanted = list(ids)
        stretches = [wanted[start : start + NAMED] for start in range(0, len(wanted), NAMED)]
        return {r.id: r for some in stretches for r in self._requests(select(requests).where(requests.c.id.in_(some)))}

    def _request(self, query: Question, **values: Any) -> Request | None:
        row = self._row(query, **values)
        return None if row is None else request_of(row, self._rows(VOTES_OF, request=row["id"]))

    def request(self, id: str) -> Request | None:
        rows = self._rows(REQUEST, id=id)
        cast = [{name: row[f"vote_{name}"] for name in VOTE_FIELDS} for row in rows if row["vote_person"] is not None]
        return request_of(rows[0], cast) if rows else None

    def keyed(self, operation: str) -> Request | None:
        return self._request(KEYED, operation=operation)

    def live_request(self, account: str, action: Action) -> Request | None:
        return self._request(LIVE_OF_KIND, account=account, action=action.value)

    def lane(self, account: str) -> Request | None:
        return self._request(LANE, account=account)

    def _last(self, query: Question, most: int, **values: Any) -> tuple[datetime, ...]:
        """The last `most` times, the oldest first; none where there are fewer, which the database counts by itself."""
        if not most or self._value(query, **values, most=1, skipped=most - 1) is None:
            return ()
        newest = query.firsts(self._connection, **values, most=most, skipped=0)
        return tuple(unstamp(value) for value in reversed(newest))

    def filed_since(self, person: str, since: datetime, *, most: int) -> tuple[datetime, ...]:
        return self._last(FILED_SINCE, most, person=person, since=stamp(since))

    def deactivations_claimed_since(self, since: datetime, *, most: int) -> tuple[datetime, ...]:
        return self._last(CLAIMED_SINCE, most, since=stamp(since))

    def pending(self, *, limit: int = 100) -> Sequence[Request]:
        return self._requests(
            select(requests).where(requests.c.state == State.PENDING.value).order_by(requests.c.filed_at).limit(limit)
        )

    def unratified(self, *, person: str | None = None) -> Sequence[Request]:
        states = [state.value for state in NOT_YET_RATIFIED]
        query = select(requests).where(requests.c.emergency.is_(True), requests.c.state.in_(states))
        query = query.where(requests.c.requester == person) if person is not None else query
        return self._requests(query.order_by(requests.c.filed_at))

    def emergencies_filed(self, person: str, since: datetime) -> int:
        query = select(func.count()).where(
            requests.c.requester == person,
            requests.c.filed_at >= stamp(since),
            requests.c.emergency.is_(True),
            requests.c.state != State.FAILED.value,
        )
        return int(self._connection.execute(query).scalar_one())

    def denied(self, subject: str, action: Action, since: datetime) -> str | None:
        found: str | None = self._value(DENIED, account=subject, action=action.value, since=stamp(since))
        return found

    def in_state(self, states: Iterable[str], *, limit: int) -> Sequence[Request]:
        """Requests in any of the states, the newest first; all states where none is named."""
        query = select(requests).order_by(requests.c.filed_at.desc()).limit(limit)
        wanted = list(states)
        return self._requests(query.where(requests.c.state.in_(wanted)) if wanted else query)

    def requests_of_account(self, account: str, *, limit: int = 20) -> Sequence[Request]:
        by_account = select(requests).where(requests.c.account == account)
        return self._requests(by_account.order_by(requests.c.filed_at.desc()).limit(limit))

    def requests_of_person(self, person: str, *, states: Collection[State] = (), limit: int = 500) -> Sequence[Request]:
        query = select(requests).where(requests.c.requester == person).order_by(requests.c.filed_at).limit(limit)
        wanted = [state.value for state in states]
        return self._requests(query.where(requests.c.state.in_(wanted)) if wanted else query)

    def of_people(self, *, since: datetime) -> Sequence[Request]:
        """What people filed since, the oldest first."""
        filed = select(requests).where(requests.c.filed_at >= stamp(since), ~requests.c.by_policy)
        return self._requests(filed.order_by(requests.c.filed_at))

    def _incidents(self, query: Select[Any]) -> list[Incident]:
        return [incident_of(row) for row in self._rows(query)]

    def incident(self, id: str) -> Incident | None:
        row = self._row(INCIDENT, id=id)
        return incident_of(row) if row else None

    def open_incident(self, account: str) -> Incident | None:
        row = self._row(OPEN_INCIDENT, account=account)
        return incident_of(row) if row else None

    def open_incidents(self) -> int:
        query = select(func.count()).where(incidents.c.state.in_(NOT_OVER))
        return int(self._connection.execute(query).scalar_one())

    def not_undone(self, account: str) -> Sequence[Incident]:
        return [incident_of(row) for row in self._rows(NOT_UNDONE, account=account)]

    def unacknowledged_of(self, person: str) -> str | None:
        found: str | None = self._value(UNACKNOWLEDGED, person=person)
        return found

    def unacknowledged_actors(self) -> frozenset[str]:
        return frozenset(UNACKNOWLEDGED_ACTORS.firsts(self._connection))

    def incidents(
        self,
        *,
        account: str | None = None,
        actor: str | None = None,
        open_only: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 20,
    ) -> Sequence[Incident]:
        query = select(incidents).order_by(incidents.c.seen_at.desc()).limit(limit)
        if account is not None:
            query = query.where(incidents.c.account == account)
        if actor is not None:
            query = query.where(incidents.c.actor == actor)
        if open_only:
            query = query.where(incidents.c.state.in_(NOT_OVER))
        if since is not None:
            query = query.where(incidents.c.seen_at >= stamp(since))
        if until is not None:
            query = query.where(incidents.c.seen_at < stamp(until))
        return self._incidents(query)

    def tiers_seen(self, account: str, since: datetime) -> frozenset[str]:
        return frozenset(TIERS_SEEN.firsts(self._connection, account=account, since=stamp(since)))

    def samples(self, account: str, *, since: datetime, until: datetime) -> Sequence[Sample]:
        query = select(samples).where(
            samples.c.account == account, samples.c.at >= stamp(since), samples.c.at <= stamp(until)
        )
        return [load(Sample, row) for row in self._rows(query.order_by(samples.c.at))]

    def last_sample(self, account: str, *, before: datetime, since: datetime) -> Sample | None:
        row = self._row(LAST_SAMPLE, account=account, before=stamp(before), since=stamp(since))
        return load(Sample, row) if row else None

    def to_sample(
        self, tiers: Collection[str], *, seen_since: datetime, sampled_before: datetime, limit: int
    ) -> Sequence[str]:
        last = select(func.max(samples.c.at)).where(samples.c.account == sightings.c.account).scalar_subquery()
        query = (
            select(sightings.c.account, last.label("last"))
            .where(sightings.c.tier.in_(list(tiers)), sightings.c.at >= stamp(seen_since))
            .where(or_(last.is_(None), last < stamp(sampled_before)))
            .distinct()
            .order_by(nulls_first(text("last")), sightings.c.account)
            .limit(limit)
        )
        return [account for account, _ in self._connection.execute(query)]

    def actor(self, actor: str) -> ActorStands | None:
        row = self._row(ACTOR, actor=actor)
        return load(ActorStands, row) if row else None

    def actors(self, standings: Collection[Standing]) -> Sequence[ActorStands]:
        query = select(actors).where(actors.c.standing.in_([s.value for s in standings])).order_by(actors.c.since)
        return [load(ActorStands, row) for row in self._rows(query)]

    def latch(self, name: str) -> Latch | None:
        row = self._row(LATCH, name=name)
        found = load(Latch, row) if row else None
        return found if found is not None and found.since is not None else None

    def unexplained_by(self, actor: str | None, since: datetime, *, account: str | None = None) -> int:
        if account is not None:
            # its own few verdicts, by its index: an actor may have thousands of others
            rows = LAST_JUDGED.rows(self._connection, account=account)
            return sum(r["actor"] == actor and r["judged_at"] > stamp(since) and not r["explained"] for r in rows)
        if actor is None:
            return len(UNEXPLAINED_BY_NOBODY.firsts(self._connection, since=stamp(since)))
        return len(UNEXPLAINED.firsts(self._connection, actor=actor, since=stamp(since)))

    def restored_at(self, account: str) -> datetime | None:
        found = self._value(RESTORED_AT, account=account)
        return unstamp(found) if found else None

    def judged(self, instance: Instance) -> Judged | None:
        row = self._row(JUDGED, key=instance_key(instance))
        return judged_of(row) if row else None

    def first_of_key(self, account: str, operation: str) -> Instance | None:
        row = self._row(FIRST_OF_KEY, account=account, operation=operation)
        return previous_of(judged_of(row)).instance if row else None

    def previous(self, account: str) -> Previous | None:
        row = self._row(PREVIOUS, account=account)
        return previous_of(judged_of(row)) if row else None

    def entries(
        self,
        *,
        kinds: Iterable[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        request: str | None = None,
        incident: str | None = None,
    ) -> Sequence[Entry]:
        query, wanted = select(audit).order_by(audit.c.seq), list(kinds)
        if wanted:
            query = query.where(audit.c.kind.in_(wanted))
        if since is not None:
            query = query.where(audit.c.at >= stamp(since))
        if until is not None:
            query = query.where(audit.c.at < stamp(until))
        if request is not None:
            query = query.where(audit.c.request == request)
        if incident is not None:
            # the facts are canonical JSON: so stands the field there, and inside a text its quotes would be escaped
            field = f'"incident":{canonical(incident)}'
            query = query.where(
                audit.c.kind.in_(OF_INCIDENTS), type_coerce(audit.c.facts, Text).contains(field, autoescape=True)
            )
        return [entry_of(row) for row in self._rows(query)]

    def lines(self, *, after: int, limit: int) -> Sequence[tuple[int, Entry]]:
        """A stretch of the log: (sequence number, entry)."""
        query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
        return [(row["seq"], entry_of(row)) for row in self._rows(query)]

    def whole_log(self) -> Iterator[tuple[int, Entry]]:
        """Every line in order, fetched in stretches."""
        after = 0
        while found := self.lines(after=after, limit=5_000):
            yield from found
            after = found[-1][0]

    def of_handle(self, handle: str, *, limit: int) -> Sequence[Request]:
        """Requests of the accounts that bore this handle when asked about, the newest first."""
        by_handle = select(requests).where(requests.c.handle == handle.lower())
        return self._requests(by_handle.order_by(requests.c.filed_at.desc()).limit(limit))

    def head(self) -> int:
        """The last sequence number given out."""
        return int(self._connection.execute(select(heads.c.seq)).scalar_one())

    def all_requests(self) -> Sequence[Request]:
        """Every request, for the audit: what only the indexes hold is held against the log too."""
        cast: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for vote in self._rows(select(votes).order_by(votes.c.request, votes.c.place)):
            cast[vote["request"]].append(vote)
        return [request_as_indexed(row, cast[row["id"]]) for row in self._rows(select(requests))]

    def all_incidents(self) -> Sequence[Incident]:
        return self._incidents(select(incidents))

    def task(self, key: str) -> Task | None:
        """A task as it stands, done or not."""
        row = self._row(TASK, key=key)
        return task_of(row) if row else None

    def seen_as(self, tier: str, accounts: Collection[str], since: datetime) -> frozenset[str]:
        found = self._connection.execute(SEEN_AS, {"tier": tier, "accounts": list(accounts), "since": stamp(since)})
        return frozenset(account for (account,) in found)

    def awaiting_judgement(self) -> frozenset[str]:
        found: set[str] = set()
        for payload in self._connection.execute(AWAITING_JUDGEMENT).scalars():
            found.update(payload.get("accounts") or [payload["account"]])
        return frozenset(found)

    def unfinished(self, task: str) -> bool:
        found = select(tasks.c.key).where(tasks.c.key == task, tasks.c.state != "done")
        return self._connection.execute(found).first() is not None

    def policy_in_force(self) -> PolicyRow | None:
        row = self._row(POLICY)
        return _policy_of(row) if row is not None else None

    def policies(self) -> Sequence[PolicyRow]:
        """Every policy that came into force, in order."""
        return [_policy_of(row) for row in self._rows(select(policies).order_by(policies.c.place))]

    def policy_mark(self) -> tuple[int, str] | None:
        row = self._row(POLICY_MARK)
        return (row["place"], row["digest"]) if row is not None else None

    def cursor(self) -> int | None:
        found: int | None = self._value(CURSOR)
        return found

    def lease(self, name: str) -> Lease | None:
        row = self._row(LEASE, name=name)
        if row is None:
            return None
        until, since = from_millis(row["until"]), from_millis(row["since"])
        return Lease(owner=row["owner"], until=until, since=since, facts=row["facts"])

    def drawn_first(self, record: str, *, version: int) -> int | None:
        """By their keys: an index on what a task's payload says would cost every task of every kind."""
        older = {draw_key(record, n): n for n in range(max(1, version - DRAWINGS), version)}
        found = select(tasks.c.key).where(tasks.c.key.in_(list(older)), tasks.c.state != "done")
        return min((older[key] for key in self._connection.execute(found).scalars()), default=None)

    def card(self, record: str) -> CardAt | None:
        row = self._row(CARD, record=record)
        return CardAt(channel=row["channel"], ts=row["ts"], drawn=row["drawn"]) if row else None

    def last_time(self) -> datetime | None:
        """The time of the newest entry: the clock never gives an earlier one."""
        found = self._connection.execute(select(func.max(audit.c.at))).scalar_one_or_none()
        return unstamp(found) if found else None
