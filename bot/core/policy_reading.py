"""One pass through what TOML made of a policy: every table and key to a value, every problem noted with its place."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from bot.core import policy_keys as keys
from bot.core.overlay import Overlaid, rendered
from bot.core.overlay_effect import laid
from bot.core.policy import Delegate, DigestRules, GuardRules, Limits, Match, Person, Policy, Reminders, Tier
from bot.core.policy_keys import Keys
from bot.core.policy_values import Read, Wrong, listed, named, whole
from bot.core.toml_lines import Path

MAY_ASK = ("agent",)
CATEGORIES = ("impersonation", "spam", "compromised", "legal", "other")
SAMPLES = tuple(timedelta(seconds=s) for s in (1, 2, 5, 10, 30, 60, 300, 900, 3600))
"""When the public counts of a restored account are looked at, counted from the restore."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One pass through the file. What cannot be read is noted and left out, so that the rest is read too."""

    problems: list[tuple[Path, str]] = field(default_factory=list)

    def note(self, path: Path, sentence: str) -> None:
        self.problems.append((path, sentence))

    def noted_in(self, table: str) -> bool:
        return any(path[:1] == (table,) for path, _ in self.problems)

    def known(self, value: Any, at: Path, of: Keys, *, needed: tuple[str, ...] = ()) -> dict[str, Any]:
        """The values of a table's known keys."""
        found: dict[str, Any] = {}
        for name, given in self.items(value, at):
            if name in of:
                self._read(found, name, given, of[name], at)
            else:
                nearest = get_close_matches(name, of, n=1, cutoff=0)[0]
                self.note((*at, name), f"is not known; the nearest key is “{nearest}”")
        if isinstance(value, dict):
            for name in needed:
                if name not in value:
                    self.note((*at, name), "is missing")
        return found

    def _read(self, found: dict[str, Any], name: str, given: Any, read: Read, at: Path) -> None:
        try:
            found[name] = read(given)
        except Wrong as wrong:
            self.note((*at, name), str(wrong))

    def items(self, value: Any, at: Path) -> list[tuple[str, Any]]:
        if not isinstance(value, dict):
            self.note(at, "must be a table")
            return []
        return list(value.items())

    def policy(self, top: Mapping[str, Any], text: str) -> Policy:
        found = self.known(top, (), keys.TOP, needed=("version",))
        if "version" in found and (type(found["version"]), found["version"]) != (int, 1):
            self.note(("version",), "must be 1, the only one this program reads")

        def table(name: str, of: Keys) -> dict[str, Any]:
            return self.known(found.get(name, {}), (name,), of)

        requests, leavers = table("requests", keys.REQUESTS), table("leavers", keys.LEAVERS)
        notify = table("notify", keys.NOTIFY)
        policy = Policy(
            text=text,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            timezone=found.get("timezone") or ZoneInfo("UTC"),
            channel_language=found.get("channel_language", "en"),
            people=self._people(found.get("people", {})),
            may_ask=frozenset(requests.get("may_ask", MAY_ASK)),
            categories=requests.get("categories", CATEGORIES),
            tiers=self._tiers(found.get("tier", [])),
            leaver_window=leavers.get("window", timedelta(days=14)),
            newcomers=leavers.get("newcomers", timedelta(0)),
            contractors_as_leavers=leavers.get("contractors", True),
            limits=Limits(**table("limits", keys.LIMITS)),
            guard=_guard(table("guard", keys.GUARD)),
            digest_rules=DigestRules(**table("digest", keys.DIGEST)),
            reminders=self._reminders(table("reminders", keys.REMINDERS)),
            security_channel=notify.get("security", ""),
            on_call=notify.get("on_call", ""),
        )
        return self._overlaid(policy, found.get("overlay", []))

    def _overlaid(self, policy: Policy, value: Any) -> Policy:
        """Each change on what the ones before it made; one that cannot be made is left out."""
        overlay: list[Overlaid] = []
        for number, given in enumerate(value if isinstance(value, list) else [value]):
            at: Path = ("overlay", number)
            found = self.known(given, at, keys.OVERLAY, needed=tuple(keys.OVERLAY))
            if found.keys() != keys.OVERLAY.keys():
                continue
            overlay.append(Overlaid(**found))
            made = laid(policy, overlay[-1])
            if isinstance(made, str):
                self.note((*at, "change"), f"says “{overlay[-1].change.line()}”, {made}")
            else:
                policy = made
        if not self.noted_in("overlay") and not policy.text.endswith(rendered(overlay)):
            self.note(("overlay",), "must stand at the end of the text as the bot writes it")
        return policy

    def _people(self, value: Any) -> dict[str, Person]:
        return {id: self._person(id, given, ("people", id)) for id, given in self.items(value, ("people",))}

    def _person(self, id: str, value: Any, at: Path) -> Person:
        try:
            named(id)
        except Wrong as wrong:
            self.note(at, str(wrong))
        found = self.known(value, at, keys.PERSON)
        if {"joined", "last_day"} <= found.keys() and found["last_day"] < found["joined"]:
            self.note((*at, "last_day"), "must not be before joined")
        found["groups"] = frozenset(found.get("groups", ()))
        if "delegate" in found:
            found["delegate"] = self._delegate(found["delegate"], (*at, "delegate"))
        return Person(id=id, **found)

    def _delegate(self, value: Any, at: Path) -> Delegate | None:
        found = self.known(value, at, keys.DELEGATE, needed=tuple(keys.DELEGATE))
        if found.keys() != keys.DELEGATE.keys():
            return None
        if found["until"] < found["from"]:
            self.note((*at, "until"), "must not be before from")
        return Delegate(to=found["to"], since=found["from"], until=found["until"])

    def _tiers(self, value: Any) -> tuple[Tier, ...]:
        if not isinstance(value, list):
            self.note(("tier",), "must be written [[tier]], once for each")
            return ()
        return tuple(self._tier(given, ("tier", number)) for number, given in enumerate(value))

    def _tier(self, value: Any, at: Path) -> Tier:
        found = self.known(value, at, keys.TIER, needed=("name", "approvals"))
        for name in ("any", "all"):
            if name in found:
                found[name] = self._match(found[name], (*at, name))
        found["approvals"] = self._approvals(found["approvals"], (*at, "approvals")) if "approvals" in found else ()
        return Tier(**{"name": "", **found})

    def _match(self, value: Any, at: Path) -> Match:
        found = self.known(value, at, keys.MATCH)
        if value == {}:
            self.note(at, f"must hold a condition: one of {listed(keys.MATCH)}")
        if "tags" in found:
            found["tags"] = frozenset(found["tags"])
        return Match(**found)

    def _approvals(self, value: Any, at: Path) -> tuple[tuple[str, int], ...]:
        """Sorted, as a quorum read back from the ledger is: two equal quorums are equal values."""
        groups = {name: whole(1, keys.MOST_PLACES) for name in value} if isinstance(value, dict) else {}
        found = self.known(value, at, groups)
        if value == {}:
            self.note(at, "must demand at least one approval")
        if sum(found.values()) > keys.MOST_PLACES:
            self.note(at, f"must demand no more than {keys.MOST_PLACES} approvals in all")
        return tuple(sorted(found.items()))

    def _reminders(self, found: dict[str, Any]) -> Reminders:
        """Each time later than the one before; the escalation, where there is one, is the last of them."""
        after = found.get("after", Reminders().after)
        if any(earlier >= later for earlier, later in pairwise(after)):
            self.note(("reminders", "after"), "must grow: each time longer than the one before it")
        reminders = Reminders(**found)
        spoken_of = "escalate_after" in found or reminders.escalate_to
        if spoken_of and after and reminders.escalate_after <= max(after):
            self.note(("reminders", "escalate_after"), "must be longer than every time in after")
        return reminders


def _guard(found: dict[str, Any]) -> GuardRules:
    renamed = {"mode": "enforces", "unknown_actor": "restores_unknown_actor"}
    values = {renamed.get(name, name): value for name, value in found.items()}
    values["explained_actors"] = frozenset(found.get("explained_actors", ()))
    values["samples"] = tuple(sorted(found.get("samples", SAMPLES)))
    return GuardRules(**values)
