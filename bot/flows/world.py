"""What a flow has at hand."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.digest import Digest
from bot.core.policy import Policy
from bot.core.transition import Change
from bot.flows.docket import Docket
from bot.flows.kept import Kept
from bot.flows.status import Status
from bot.flows.turns import Turns
from bot.ports import Clock, Desk, Ledger, Pager, Platform, PolicyBook, View


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """The ports, joined by wiring and handed to every flow; `channel` is the approvals channel's id."""

    ledger: Ledger
    platform: Platform
    desk: Desk
    pager: Pager
    clock: Clock
    book: PolicyBook
    channel: str
    status: Status = field(default_factory=Status)
    docket: Docket[Any, Any] = field(default_factory=Docket)
    """The instances that wait to be judged."""
    turns: Turns = field(default_factory=Turns)
    """Who says something in Slack next."""
    week: Kept[Digest] = field(default_factory=Kept)
    """The sums of the week that runs, which every Home shows."""

    @property
    def policy(self) -> Policy:
        """The newest that was seen: for what is shown. What decides asks `policy_in`."""
        return self.book.policy

    def policy_in(self, view: View) -> Policy:
        """The policy in force in this transaction: a change of the rules and a vote have an order."""
        return self.book.policy_in(view)

    def now(self) -> datetime:
        return self.clock.now()


class Finished:
    """A flow's word that its task was finished in the transaction of what it did."""


FINISHED = Finished()
Result = datetime | Change | Finished | None
"""What a task's flow answers: look again then; what is to be recorded with its end; finished already; or just done."""
