"""Audit entries as the moves make them, and the digest of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.claiming import claim
from bot.core.digest import Digest, Week, summarise
from bot.core.filing import file
from bot.core.guarding import opened
from bot.core.incident import Incident, IncidentState
from bot.core.request import Choice, Request, State
from bot.core.transition import Entry, Kind, Transition, move
from bot.core.voting import revise, vote
from tests.core.build import AT, POLICY, SECOND, ballot, claiming, filing, open_incident

W47 = Week(2026, 47)
UTC = ZoneInfo("UTC")


class Log:
    """Entries as the moves make them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.incidents: list[Incident] = []
        self.records: dict[str, Request] = {}

    def put(self, transition: object) -> Any:
        assert isinstance(transition, Transition), transition
        self.entries.append(transition.entry)
        if isinstance(transition.after, Request):
            self.records[transition.after.id] = transition.after
        return transition.after

    def file(self, at: datetime = AT, **changed: Any) -> Request:
        case = filing(at=at, **changed)
        request: Request = self.put(file(case, id=f"REQ-{len(self.entries)}", operation="op-a", slack_user="U01ADA"))
        return request

    def vote(self, request: Request, at: datetime, **changed: Any) -> Request:
        after: Request = self.put(vote(ballot(request, at=at, **changed)))
        return after

    def deny(self, request: Request, at: datetime) -> Request:
        return self.vote(request, at, choice=Choice.DENY, reason="not so")

    def revise(self, request: Request, at: datetime) -> Request:
        shown, requester = replace(request.subject, handle="maria2"), POLICY.people[request.requester]
        tier = POLICY.tier_of(request.subject, at=AT)
        asked = POLICY.quorum_of(tier, requester=requester, at=at)
        moved = revise(request, subject=shown, tier=tier.name, quorum=asked, why=["handle"], policy=POLICY, at=at)
        after: Request = self.put(moved)
        return after

    def claim(self, request: Request, at: datetime) -> Request:
        after: Request = self.put(claim(claiming(request, at=at)))
        return after

    def put_running(self, request: Request, at: datetime) -> Request:
        """Claimed, whatever the account is; the claim has tests of its own."""
        running = replace(request, state=State.RUNNING, claimed_at=at, if_match='W/"1"')
        after: Request = self.put(move(request, running, kind=Kind.CLAIMED, by="countersign", at=at))
        return after

    def incident(self, seen_at: datetime, down_for: timedelta | None, **changed: Any) -> None:
        found = open_incident(version=0, seen_at=seen_at, at=seen_at - SECOND, **changed)
        self.put(opened(found, at=seen_at))
        if down_for is not None:
            found = replace(found, state=IncidentState.RESTORED, restored_at=seen_at - SECOND + down_for)
        self.incidents.append(found)

    def sums(self, week: Week = W47, zone: ZoneInfo = UTC, *, enforces: bool = True, **changed: Any) -> Digest:
        return summarise(
            week,
            zone,
            entries=self.entries,
            incidents=self.incidents,
            requests=self.records,
            pending=changed.get("pending"),
            enforces=enforces,
        )
