"""Whether an instance is explained. A pure function of the instance, what the ledger knows and the policy."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.account import OWN_PRINCIPAL, Instance, owner_of
from bot.core.policy import GuardRules
from bot.core.request import EXPLAINING, Action, Request


class Because(StrEnum):
    """The reason of a verdict, in one word for the log; its sentence is in `bot.slack.sentences`."""

    REQUEST = "request"
    OWNER = "owner"
    REGISTERED = "registered"
    KNOWN = "known"
    REPLACES_EXPLAINED = "replaces_explained"
    STAFF = "staff"
    UNKNOWN_ACTOR = "unknown_actor"
    UNREGISTERED = "unregistered"
    OWN_WITHOUT_KEY = "own_without_key"
    KEY_USED = "key_used"
    LATE = "late"


PAGED = frozenset(
    {Because.UNKNOWN_ACTOR, Because.UNREGISTERED, Because.OWN_WITHOUT_KEY, Because.KEY_USED, Because.LATE}
)
"""Nobody known did it: somebody acted as us or as a system nobody registered, or the platform lost the actor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Explained or not, why, and by which request."""

    explained: bool
    because: Because
    request: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the ledger knows of an instance's account."""

    keyed: Request | None
    """The request whose operation key the instance bears."""
    restored_at: datetime | None
    """The latest restore of the account on record."""
    previous: "Previous | None"
    """The last verdict on record for the account."""
    told: bool = False
    """The feed told of it in an event of its own, after whatever is on record of the account."""
    stands: bool
    """A read shows the instance now; else only the feed tells of it, and it may be long over."""

    @property
    def of_key(self) -> Request:
        """The request of the key, once the first check has passed."""
        assert self.keyed is not None
        return self.keyed


@dataclass(frozen=True, kw_only=True, slots=True)
class Previous:
    """An earlier instance of the account and whether it was explained."""

    instance: Instance
    explained: bool


KeyCheck = Callable[[Instance, Facts], Because | None]


def key_known(instance: Instance, facts: Facts) -> Because | None:
    known = facts.keyed is not None and facts.keyed.operation == instance.operation
    return None if known else Because.OWN_WITHOUT_KEY


def key_for_this(instance: Instance, facts: Facts) -> Because | None:
    """The key was given out for this account's deactivation, and for nothing else."""
    request = facts.of_key
    same = request.action is Action.DEACTIVATE and request.subject.id == instance.account
    return None if same else Because.OWN_WITHOUT_KEY


def state_explains(instance: Instance, facts: Facts) -> Because | None:  # noqa: ARG001 - one signature a check
    return None if facts.of_key.state in EXPLAINING else Because.LATE


def first_instance(instance: Instance, facts: Facts) -> Because | None:
    """A key explains one instance: what bears it again is somebody else's, or a second effect."""
    first = facts.of_key.explains
    return None if first is None or first == instance else Because.KEY_USED


def not_restored_since(instance: Instance, facts: Facts) -> Because | None:
    over = _restored_since(instance, facts) and (facts.stands or facts.of_key.explains is None)
    return Because.KEY_USED if over else None


KEY_CHECKS: tuple[KeyCheck, ...] = (key_known, key_for_this, state_explains, first_instance, not_restored_since)
"""What an instance that bears our name must satisfy to be explained by the request whose key it bears."""


def judge(instance: Instance, facts: Facts, guard: GuardRules, *, checks: tuple[KeyCheck, ...] = KEY_CHECKS) -> Verdict:
    """Explained by a request, the owner, a registered principal or by replacing what was; else why not."""
    if instance.actor == OWN_PRINCIPAL:
        return _own(instance, facts, checks)
    if because := named(instance, guard):
        return Verdict(explained=True, because=because)
    if _replaces_explained(instance, facts):
        return Verdict(explained=True, because=Because.REPLACES_EXPLAINED)
    return Verdict(explained=False, because=_unexplained(instance.actor))


def _own(instance: Instance, facts: Facts, checks: tuple[KeyCheck, ...]) -> Verdict:
    for check in checks:
        if because := check(instance, facts):
            named = None if because is Because.OWN_WITHOUT_KEY else facts.of_key.id
            return Verdict(explained=False, because=because, request=named)
    return Verdict(explained=True, because=Because.REQUEST, request=facts.of_key.id)


def _restored_since(instance: Instance, facts: Facts) -> bool:
    return facts.restored_at is not None and (instance.at is None or facts.restored_at > instance.at)


def _replaces_explained(instance: Instance, facts: Facts) -> bool:
    """The account was rightly down and never came up between: relabelling it makes no incident.

    Of those not explained by their name a platform lets only its systems replace a deactivation that stands; by any
    other hand a new one proves that the account was up between, whatever the ledger heard of it.
    """
    previous = facts.previous
    if previous is None or not previous.explained or not _earlier(previous.instance, instance, told=facts.told):
        return False
    if instance.actor is None or not instance.actor.startswith("system:"):
        return False
    return facts.restored_at is None or (previous.instance.at is not None and facts.restored_at < previous.instance.at)


def _earlier(previous: Instance, instance: Instance, *, told: bool) -> bool:
    """One deactivation under another name in the feed is not one that replaces it.

    The feed's order says which came first; where it did not tell of both, only their times do.
    """
    if previous == instance:
        return False
    return told or previous.at is None or instance.at is None or previous.at < instance.at


def named(instance: Instance, guard: GuardRules) -> Because | None:
    """Why the actor's name alone explains the instance; None where it does not."""
    if instance.actor == owner_of(instance.account):
        return Because.OWNER
    return Because.REGISTERED if instance.actor in guard.explained_actors else None


def _unexplained(actor: str | None) -> Because:
    if actor is None or actor == "unknown":
        return Because.UNKNOWN_ACTOR
    if actor.startswith(("system:", "svc:")):
        return Because.UNREGISTERED
    return Because.STAFF
