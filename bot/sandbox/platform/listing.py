"""`GET /Users`: the filters it knows, and its page."""

import json
import re
from typing import Any

from bot.sandbox.platform.accounts import Account
from bot.sandbox.platform.moments import now, read
from bot.sandbox.platform.schema import ACCOUNT_SCHEMA, LARGEST_PAGE, drawn
from bot.sandbox.platform.wire import SCIM_TYPE, Answer, Call, RefusalError, said
from bot.sandbox.platform.world import World

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

_BY_NAME = re.compile(r'\s*userName\s+eq\s+("(?:[^"\\]|\\.)*")\s*', re.IGNORECASE)
_INACTIVE = re.compile(r'\s*active\s+eq\s+false(?:\s+and\s+meta\.lastModified\s+gt\s+"([^"]*)")?\s*', re.IGNORECASE)


async def list_users(world: World, call: Call) -> Answer:
    world.who(call)
    start = max(call.whole_number("startIndex", 1), 1) - 1
    count = min(max(call.whole_number("count", LARGEST_PAGE), 0), LARGEST_PAGE)
    if call.fault == "impossible_list":
        total, page = _impossible_page(world, call, start=start, count=count)
    else:
        total, accounts = _page(world, call.query.get("filter"), start=start, count=count)
        page = [drawn(account, base_url=world.base_url) for account in accounts]
    if call.fault == "partial_list" and call.rule is not None:
        # The total is cut with the page: a failed sync looks whole.
        page = page[: int(len(page) * (call.rule.keep or 0.0))]
        total = start + len(page)
    return said(
        {
            "schemas": [LIST_SCHEMA],
            "totalResults": total,
            "startIndex": start + 1,
            "itemsPerPage": len(page),
            "Resources": [selected(call, user) for user in page],
        },
        content_type=SCIM_TYPE,
    )


def _page(world: World, wanted: str | None, *, start: int, count: int) -> tuple[int, list[Account]]:
    at = now()
    if wanted is None:
        return world.accounts.page(start=start, count=count, at=at)
    if match := _BY_NAME.fullmatch(wanted):
        found = world.accounts.named(_text(match[1]))
        alone = [] if found is None or world.accounts.is_purged(found.id, at=at) else [found]
        return len(alone), alone[start : start + count]
    if (match := _INACTIVE.fullmatch(wanted)) is None:
        raise RefusalError(400, f"This filter is not known here: {wanted}", scim_type="invalidFilter")
    if match[1] is None:
        return world.accounts.inactive_page(start=start, count=count, at=at)
    try:
        since = read(match[1])
    except ValueError as error:
        raise RefusalError(400, f"{match[1]!r} is no RFC 3339 time.", scim_type="invalidFilter") from error
    return world.accounts.inactive_changed_after(since, start=start, count=count, at=at)


def _text(literal: str) -> str:
    """Return the text of a JSON literal in a filter."""
    try:
        return str(json.loads(literal))
    except ValueError as error:
        raise RefusalError(400, f"{literal} is no JSON text.", scim_type="invalidFilter") from error


def _impossible_page(world: World, call: Call, *, start: int, count: int) -> tuple[int, list[dict[str, Any]]]:
    """Return a page of a broken replica, in which every account is down and nobody did it."""
    wanted = call.query.get("filter")
    by_name = wanted is not None and _BY_NAME.fullmatch(wanted)
    total, accounts = _page(world, wanted if by_name else None, start=start, count=count)
    return total, [impossible(drawn(account, base_url=world.base_url)) for account in accounts]


def impossible(user: dict[str, Any]) -> dict[str, Any]:
    return {**user, "active": False, ACCOUNT_SCHEMA: {**user[ACCOUNT_SCHEMA], "deactivation": None}}


def selected(call: Call, user: dict[str, Any]) -> dict[str, Any]:
    """Return of a user what `attributes` and `excludedAttributes` ask for; `id` and `schemas` always."""
    wanted, unwanted = call.query.get("attributes"), call.query.get("excludedAttributes")
    if wanted is None and unwanted is None:
        return user
    names = {name.strip().lower() for name in (unwanted if wanted is None else wanted).split(",")}  # type: ignore[union-attr]

    def kept(name: str) -> bool:
        return (name.lower() in names) == (wanted is not None)

    extension = user[ACCOUNT_SCHEMA]
    if not kept(ACCOUNT_SCHEMA) or wanted is None:
        extension = {key: value for key, value in extension.items() if kept(f"{ACCOUNT_SCHEMA}:{key}")}
    chosen = {key: value for key, value in user.items() if key in ("id", "schemas") or kept(key)}
    chosen.pop(ACCOUNT_SCHEMA, None)
    if extension and (wanted is not None or kept(ACCOUNT_SCHEMA)):
        chosen[ACCOUNT_SCHEMA] = extension
    return chosen
