"""What the guard asks of many accounts, asked of the database once for all of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, select

from bot.core.account import Instance
from bot.core.incident import Incident, IncidentState
from bot.core.record import stamp, unstamp
from bot.core.request import IN_LANE, Action, Request
from bot.core.transition import ActorStands, Change, Judged
from bot.core.verdict import Previous
from storage.questions import IS_DOWN_BY_INCIDENT, is_an_instance, restores, sightings, verdicts
from storage.rows import incident_of, instance_key, judged_key, judged_of
from storage.tables import LIVE, table
from storage.view import ConnectionView, previous_of

R = TypeVar("R")
K = TypeVar("K", bound=Hashable)

requests = table("requests")
incidents = table("incidents")
others = verdicts.alias()

ACCOUNTS: BindParameter[Any] = bindparam("accounts", expanding=True)
LAST_PLACE = (
    select(func.max(others.c.place))
    .where(others.c.account == verdicts.c.account, is_an_instance(others))
    .scalar_subquery()
)
JUDGED = select(verdicts).where(verdicts.c.key.in_(bindparam("keys", expanding=True)))
PREVIOUS = select(verdicts).where(verdicts.c.account.in_(ACCOUNTS), verdicts.c.place == LAST_PLACE)
RESTORED = select(restores.c.account, restores.c.at).where(restores.c.account.in_(ACCOUNTS))
LIVE_REQUESTS = (
    select(requests).where(requests.c.account.in_(ACCOUNTS), LIVE).order_by(requests.c.by_policy, requests.c.filed_at)
)
KEYED = select(requests).where(requests.c.operation.in_(bindparam("operations", expanding=True)))
NOT_UNDONE = (
    select(incidents).where(incidents.c.account.in_(ACCOUNTS), IS_DOWN_BY_INCIDENT).order_by(incidents.c.seen_at)
)
SEEN = select(sightings).where(sightings.c.account.in_(ACCOUNTS))


class LedgerView(ConnectionView):
    """`bot.ports.View`, whole."""

    def about(self, instances: Collection[Instance]) -> "AboutView":
        return AboutView(self._connection, instances)


class AboutView(LedgerView):
    """The ledger as the transaction sees it at this moment; of these instances' accounts it is in memory."""

    def __init__(self, connection: Connection, instances: Collection[Instance]) -> None:
        super().__init__(connection)
        self._accounts = {instance.account for instance in instances}
        named: dict[str, Any] = {"accounts": list(self._accounts)}
        operations = [i.operation for i in instances if i.operation is not None]
        keys = [instance_key(instance) for instance in instances]
        self._mark = super().policy_mark()
        self._judged: dict[str, Judged | None] = dict.fromkeys(keys)
        self._judged |= _by(self._rows(JUDGED, keys=keys), lambda row: str(row["key"]), judged_of)
        self._previous = _by(self._rows(PREVIOUS, **named), _account, lambda row: previous_of(judged_of(row)))
        self._restored = _by(self._rows(RESTORED, **named), _account, lambda row: unstamp(row["at"]))
        keyed: Iterable[Request] = self._requests(KEYED, operations=operations) if operations else ()
        self._keyed = {request.operation: request for request in keyed}
        self._operations = set(operations)
        self._live = self._each(LIVE_REQUESTS, named)
        self._down: defaultdict[str, list[Incident]] = defaultdict(list)
        for row in self._rows(NOT_UNDONE, **named):
            self._down[row["account"]].append(incident_of(row))
        self._seen: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in self._rows(SEEN, **named):
            self._seen[row["account"]].append((row["tier"], row["at"]))

        self._noted: list[Instance] = []
        self._stands: dict[str, ActorStands] = {}
        self._unexplained: Counter[str | None] = Counter()

    def note(self, change: Change) -> None:
        for moved in change.transitions:
            if isinstance(moved.after, Request):
                self._keyed[moved.after.operation] = moved.after
        for verdict in change.verdicts:
            self._judged[judged_key(verdict)] = verdict
            self._noted.append(previous_of(verdict).instance)
        self._stands |= {stands.actor: stands for stands in change.actors}
        self._unexplained.update(verdict.actor for verdict in change.verdicts if not verdict.explained)

    def actor(self, actor: str) -> ActorStands | None:
        return self._stands.get(actor) or super().actor(actor)

    def unexplained_by(self, actor: str | None, since: datetime, *, account: str | None = None) -> int:
        noted = self._unexplained[actor] if account is None else 0  # of one account there is no second
        return super().unexplained_by(actor, since, account=account) + noted

    def _each(self, query: Select[Any], named: dict[str, Any]) -> Mapping[str, Sequence[Request]]:
        found: defaultdict[str, list[Request]] = defaultdict(list)
        for request in self._requests(query, **named):
            found[request.subject.id].append(request)
        return found

    def policy_mark(self) -> tuple[int, str] | None:
        return self._mark

    def judged(self, instance: Instance) -> Judged | None:
        key = instance_key(instance)
        return self._judged[key] if key in self._judged else super().judged(instance)

    def first_of_key(self, account: str, operation: str) -> Instance | None:
        found = super().first_of_key(account, operation)
        return found or next((i for i in self._noted if (i.account, i.operation) == (account, operation)), None)

    def previous(self, account: str) -> Previous | None:
        return self._previous.get(account) if account in self._accounts else super().previous(account)

    def restored_at(self, account: str) -> datetime | None:
        return self._restored.get(account) if account in self._accounts else super().restored_at(account)

    def keyed(self, operation: str) -> Request | None:
        return self._keyed.get(operation) if operation in self._operations else super().keyed(operation)

    def live_request(self, account: str, action: Action) -> Request | None:
        if account not in self._accounts:
            return super().live_request(account, action)
        return next((r for r in self._live.get(account, ()) if r.action is action), None)

    def lane(self, account: str) -> Request | None:
        if account not in self._accounts:
            return super().lane(account)
        return next((r for r in self._live.get(account, ()) if r.state in IN_LANE), None)

    def open_incident(self, account: str) -> Incident | None:
        if account not in self._accounts:
            return super().open_incident(account)
        return next((one for one in self._down.get(account, ()) if one.state is IncidentState.OPEN), None)

    def not_undone(self, account: str) -> Sequence[Incident]:
        return self._down.get(account, ()) if account in self._accounts else super().not_undone(account)

    def tiers_seen(self, account: str, since: datetime) -> frozenset[str]:
        if account not in self._accounts:
            return super().tiers_seen(account, since)
        return frozenset(tier for tier, at in self._seen.get(account, ()) if at >= stamp(since))


def _account(row: Mapping[str, Any]) -> str:
    return str(row["account"])


def _by(
    rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], K], made: Callable[[Mapping[str, Any]], R]
) -> dict[K, R]:
    return {key(row): made(row) for row in rows}
