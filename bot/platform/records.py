"""The platform's JSON to typed values: behind this file nobody sees a dictionary of the platform's.

Each reader raises PlatformAway where something that a decision rests on is missing or of another type. What
only informs (counts, reasons) becomes None instead.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.core.account import OWN_PRINCIPAL, Account, Deactivation, Event, EventType, PublicView
from bot.core.characters import indexable, storable
from bot.core.errors import PlatformAway
from bot.platform.wire import malformed

KNOWN_TYPES = frozenset(EventType) - {EventType.OTHER}
LARGEST = 2**63 - 1
"""What a database's whole number holds; a platform that counts further has broken, and is counted as that."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Days and weeks are reckoned from a time: one near the ends of the calendar becomes one that they can be."""
EXTENSION = "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account"


def account_of(user: Any, *, etag: str | None = None) -> Account:
    """The account that a SCIM user shows. `etag` is the answer's header; in a list the user's own version stands."""
    user = _object(user, "a user")
    extension = _maybe(user.get(EXTENSION))
    down = extension.get("deactivation")
    return Account(
        id=_text(user, "id"),
        handle=indexable(_text(user, "userName")),
        display_name=_said(user.get("displayName")) or "",
        active=_flag(user, "active"),
        verified=extension.get("verified") is True,
        followers=_count(extension.get("followers")),
        following=_count(extension.get("following")),
        tags=_tags(extension.get("tags")),
        etag=_sendable(etag) or _sendable(_maybe(user.get("meta")).get("version")),
        deactivation=None if down is None else _deactivation(_object(down, "a deactivation")),
        created=_maybe_moment(_maybe(user.get("meta")), "created"),
    )


def public_of(view: Mapping[str, Any]) -> PublicView:
    state = view.get("state")
    if state not in {"active", "deactivated"}:
        raise malformed("state is neither active nor deactivated")
    return PublicView(
        active=state == "active",
        followers=_count(view.get("followers")),
        following=_count(view.get("following")),
        as_of=_moment(view, "as_of"),
    )


def event_of(event: Any) -> Event:
    """The event; of a type this program knows nothing of no more than its number. What befell staff names who."""
    event = _object(event, "an event")
    told = _text(event, "type")
    kind = EventType(told) if told in KNOWN_TYPES else EventType.OTHER
    account, handle = ("", "") if kind is EventType.OTHER else _whom(event, kind)
    return Event(
        seq=_whole(event, "seq"),
        type=kind,
        account=account,
        handle=handle,
        actor=_named(_maybe(event.get("actor")).get("id")),
        at=_moment(event, "at"),
        operation=_named(event.get("operation")),
    )


def page_of(body: Mapping[str, Any]) -> tuple[list[Account], int]:
    """A page of a SCIM list and how many there are in all; a page without anybody may leave its list out."""
    users = body.get("Resources") or []
    if not isinstance(users, list):
        raise malformed("Resources is no list")
    return [account_of(user) for user in users], _whole(body, "totalResults")


def cursor_of(body: Mapping[str, Any]) -> int:
    return _whole(body, "next")


def count_of(body: Mapping[str, Any]) -> int:
    """The true number of followers."""
    return _whole(body, "followers")


def _whom(event: Mapping[str, Any], kind: EventType) -> tuple[str, str]:
    if kind in {EventType.SUSPENDED, EventType.REINSTATED}:
        name = indexable(_text(_object(event.get("staff"), "staff"), "name"))
        return f"staff:{name}", name
    account = _object(event.get("account"), "an account")
    return _text(account, "id"), _named(account.get("handle")) or ""


def _deactivation(down: Mapping[str, Any]) -> Deactivation:
    actor = _named(_maybe(down.get("actor")).get("id"))
    return Deactivation(
        actor=actor,
        at=_since(down, actor),
        operation=_named(down.get("operation")),
        reason=_said(down.get("reason")),
        purge_at=_maybe_moment(down, "purgeAt"),
    )


def _since(down: Mapping[str, Any], actor: str | None) -> datetime | None:
    """A time that is none costs no account its restore.

    But a key explains one deactivation, and the time tells which: of what bears our name nothing is known then.
    """
    at = _maybe_moment(down, "at")
    if at is None and down.get("at") is not None and actor == OWN_PRINCIPAL:
        raise malformed("at is no time")
    return at


def _maybe_moment(of: Mapping[str, Any], key: str) -> datetime | None:
    """A time that cannot be read is as one that is hidden: an age weighs more then, and stops nothing."""
    try:
        return _moment(of, key)
    except PlatformAway:
        return None


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise malformed(f"{what} is no object")
    return value


def _maybe(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(of: Mapping[str, Any], key: str) -> str:
    value = of.get(key)
    if not isinstance(value, str) or not value:
        raise malformed(f"{key} is missing")
    return storable(value)


def _said(value: Any) -> str | None:
    return storable(value) if isinstance(value, str) and value else None


def _named(value: Any) -> str | None:
    """What others chose, and an index of the ledger's has to take whatever its length: nobody's jams the feed."""
    said = _said(value)
    return None if said is None else indexable(said)


def _flag(of: Mapping[str, Any], key: str) -> bool:
    """A state is never guessed: a missing one is neither up nor down."""
    value = of.get(key)
    if not isinstance(value, bool):
        raise malformed(f"{key} is neither true nor false")
    return value


def _whole(of: Mapping[str, Any], key: str) -> int:
    value = of.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise malformed(f"{key} is no whole number")
    return value


def _count(value: Any) -> int | None:
    """A count as far as it can be one: absent, hidden and negative ones are None.

    One too large to be stored becomes the largest that can: a tier is weighed by it, so it must not become nothing.
    """
    return min(value, LARGEST) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _tags(value: Any) -> tuple[str, ...]:
    """Tags decide the tier: a list that is none is not taken for an empty one."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise malformed("tags is no list of texts")
    return tuple(storable(tag) for tag in value)


def _sendable(value: Any) -> str | None:
    """An ETag that can stand in a header again."""
    return value if isinstance(value, str) and value and value.isascii() and value.isprintable() else None


def _moment(of: Mapping[str, Any], key: str) -> datetime:
    """UTC in whole milliseconds, as the ledger writes it: the same instance from the feed and from a read is equal."""
    try:
        at = datetime.fromisoformat(_text(of, key))
    except ValueError:
        raise malformed(f"{key} is no time") from None
    if at.tzinfo is None:
        raise malformed(f"{key} names no time zone")
    at = min(max(at, EARLIEST), LATEST).astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
