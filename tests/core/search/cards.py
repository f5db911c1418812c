"""What a card shows, in words of our own, and the digest of it: the oracle compares this, never the core's digest."""

import hashlib
import json
from functools import cache

from bot.core.account import Account
from bot.core.quorum import Quorum
from bot.core.request import Request
from tests.core.search.world import Shown

_NAMES = (
    "request",
    "revision",
    "action",
    "id",
    "handle",
    "display_name",
    "verified",
    "tags",
    "tier",
    "places",
    "different_teams",
    "extra",
    "emergency",
    "category",
    "reason",
    "evidence",
)
TIER = _NAMES.index("tier")


def shown(request: Request) -> Shown:
    """All that the card of the request as it stands shows and the digest binds."""
    of = request.subject
    subject = (of.id, of.handle, of.display_name, of.verified, tuple(of.tags))
    return _all(request, subject, request.tier, request.quorum)


def would_show(request: Request, account: Account, tier: str, quorum: Quorum) -> Shown:
    """What it would show of the account as it is now."""
    subject = (account.id, account.handle, account.display_name, account.verified, tuple(sorted(account.tags)))
    return _all(request, subject, tier, quorum)


def _all(request: Request, subject: tuple[object, ...], tier: str, quorum: Quorum) -> Shown:
    demanded = (tier, tuple(sorted(quorum.groups)), quorum.different_teams, quorum.extra)
    told = (request.emergency, request.category, request.reason, request.evidence)
    return (request.id, request.revision, request.action.value, *subject, *demanded, *told)


@cache
def digest(card: Shown) -> str:
    """SHA-256 of the canonical JSON of what the card shows."""
    by_name = dict(zip(_NAMES, card, strict=True))
    subject = {name: by_name[name] for name in ("id", "handle", "display_name", "verified", "tags")}
    quorum = {
        "groups": dict(by_name["places"]),
        "different_teams": by_name["different_teams"],
        "extra": by_name["extra"],
    }
    rest = ("request", "revision", "action", "tier", "emergency", "category", "reason", "evidence")
    value = {**{name: by_name[name] for name in rest}, "subject": subject, "quorum": quorum}
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
