"""The policy in force, as the ledger has it, and the file that is offered at the start and again on SIGHUP."""

import hashlib
import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path

from bot.core.errors import Misconfigured
from bot.core.offering import parse_offered
from bot.core.overlay import file_of
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.core.record import stamp
from bot.core.transition import PolicyRow
from bot.flows.bring_into_force import bring_into_force
from bot.flows.persist import persist
from bot.flows.world import World
from bot.ports import View

log = logging.getLogger(__name__)

KEPT = 8
"""Policies that stay parsed: that in force, and those that a reader's older snapshot still holds."""

DIFFERS_FOR = timedelta(minutes=5)
"""What a rolling change of the file may take, from replica to replica, before somebody is woken for it."""


class Book:
    """Implements `bot.ports.PolicyBook`; transactions on several threads ask it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._file: str | None = policy.text
        """As it was last read; None where that was no policy."""
        self._read_at: datetime | None = None
        """When it was read again."""
        self._differs: tuple[str | None, str, datetime] | None = None
        """This process's file and that in force, the last time they were compared, and since when they were these."""
        self._parsed = {policy.digest: policy}
        self._newest = 0
        self._lock = threading.Lock()

    def policy_in(self, view: View) -> Policy:
        mark = view.policy_mark()
        if mark is None:
            return self.policy
        _, digest = mark
        return self._parsed.get(digest) or self._parse(view)

    def take_up(self, view: View) -> None:
        mark = view.policy_mark()
        if mark is None or mark[0] <= self._newest:
            return
        found = self.policy_in(view)
        with self._lock:
            self.policy, self._newest = found, mark[0]

    def stands(self, row: PolicyRow | None, *, at: datetime) -> tuple[bool, str]:
        """Whether the rules in force are those of this process's file, or may differ still; and which are meant."""
        ours = file_mark(self._file) if self._file is not None else None
        if row is None:
            return False, "no rules are in force yet"
        known, since = file_mark(file_of(row.text)), max(filter(None, (row.since, self._read_at)))
        if self._differs is not None and self._differs[:2] == (ours, known):
            since = min(since, self._differs[2])  # neither a reload nor a change made in Slack made them differ
        self._differs = (ours, known, since)
        if ours == known:
            return True, f"the rules of this process's file ({ours}) are in force"
        mine = f"another file ({ours})" if ours else "a file that is no valid policy"
        said = f"in force are the rules of the file {known}; this process has read {mine}, since {stamp(since)}"
        return at - since <= DIFFERS_FOR, f"{said}: give every replica the file that is meant, then SIGHUP"

    def _parse(self, view: View) -> Policy:
        row = view.policy_in_force()
        assert row is not None
        found = parse_policy(row.text)
        with self._lock:
            self._parsed[found.digest] = found
            while len(self._parsed) > KEPT:
                del self._parsed[next(iter(self._parsed))]
        return found

    async def reload(self, world: World, file: Path) -> None:
        """SIGHUP: take the file if it is valid; the old policy stays otherwise, and the log says why."""
        self._file, self._read_at = None, world.now()
        try:
            offered = read_policy(file)
            self._file = offered.text
            changed = await persist(lambda: bring_into_force(world, offered, by="file"), "the ledger")
        except Misconfigured as wrong:
            log.warning("the policy stays as it is: %s", wrong)
            return
        if changed:
            log.info("the policy %s is in force", world.policy.digest[:12])


def file_mark(text: str) -> str:
    """As `countersign doctor` names a file."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_policy(file: Path) -> Policy:
    """Raises Misconfigured with every sentence, each naming the file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"POLICY_FILE: {file} cannot be read ({type(error).__name__}).") from None
    try:
        return parse_offered(text)
    except Misconfigured as wrong:
        raise Misconfigured(*(f"{file}: {sentence}" for sentence in wrong.sentences)) from None
