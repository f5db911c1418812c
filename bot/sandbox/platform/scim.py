"""`/scim/v2`: accounts one by one, and what the service says of itself.

Order of checks of every write: 401/403, the stored answer of the same operation, 404/410, If-Match (412), effect.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.sandbox.platform import schema, wishes
from bot.sandbox.platform.accounts import Account, Actor, Deactivation, HandleTakenError
from bot.sandbox.platform.changes import Change, Wish, applied
from bot.sandbox.platform.listing import LIST_SCHEMA, impossible, selected
from bot.sandbox.platform.moments import now
from bot.sandbox.platform.principals import SERVICE, SYSTEM
from bot.sandbox.platform.wire import SCIM_TYPE, Answer, Call, RefusalError, said
from bot.sandbox.platform.world import Effect, Handler, World, may_touch

NO_CONTENT = 204


async def read_user(world: World, call: Call) -> Answer:
    world.who(call)
    account = world.account(call.parts["id"], at=now())
    user = schema.drawn(account, base_url=world.base_url)
    if call.fault == "impossible_list":
        user = impossible(user)
    return said(selected(call, user), content_type=SCIM_TYPE, ETag=account.etag)


async def create_user(world: World, call: Call) -> Answer:
    by = world.who(call, kinds=(SERVICE, SYSTEM))
    wish, at = wishes.of_resource(call.body), now()
    account = _made(world, wish, by=by, at=at, call=call)
    if call.fault != "no_op":
        effect = _effect(account, action="create", by=by, at=at, call=call)
        try:
            world.commit(effect, after=account, rule=call.rule)
        except HandleTakenError as error:
            raise _taken(account.handle) from error
    return _resource(world, account, status=201, Location=f"{world.base_url}/scim/v2/Users/{account.id}")


def _made(world: World, wish: Wish, *, by: Actor, at: int, call: Call) -> Account:
    down = wish.active is False
    deactivation = Deactivation.made(by=by, at=at, operation=call.operation, reason=call.reason) if down else None
    return Account(
        id=world.accounts.new_id(),
        handle=wish.handle or "",
        display_name=wish.display_name or None,
        external_id=wish.external_id or None,
        followers=wish.followers or 0,
        following=wish.following or 0,
        verified=wish.verified or False,
        tags=wish.tags or (),
        active=not down,
        deactivation=deactivation,
        created=at,
        modified=at,
    )


async def replace_user(world: World, call: Call) -> Answer:
    by = _who_may_touch(world, call)
    account = _found_unmoved(world, call)
    change = _carried_out(world, call, account, wishes.of_resource(call.body), by=by)
    return _resource(world, account if change is None else change.after)


async def patch_user(world: World, call: Call) -> Answer:
    by = _who_may_touch(world, call)
    if call.operation is None:
        return _patched(world, call, by=by)
    key, digest = (by.id, call.method, call.path, call.operation), _digest(call)
    if (stored := world.answers.get(key)) is not None:
        if stored[0] != digest:
            raise RefusalError(422, f"The key {call.operation} was used with another body.")
        return stored[1]
    answer = _patched(world, call, by=by)
    if call.fault != "no_op":  # a fault that does nothing does not remember either; a refusal never gets here
        world.answers[key] = (digest, answer)
    return answer


def _patched(world: World, call: Call, *, by: Actor) -> Answer:
    account = _found_unmoved(world, call)
    change = _carried_out(world, call, account, wishes.of_patch(call.body), by=by)
    if change is None:
        return Answer(NO_CONTENT, content_type=SCIM_TYPE, headers={"ETag": account.etag})
    return _resource(world, change.after)


async def delete_user(world: World, call: Call) -> Answer:
    by = _who_may_touch(world, call)
    account = _found_unmoved(world, call)
    if call.fault != "no_op":
        world.commit(_effect(account, action="delete", by=by, at=now(), call=call), rule=call.rule)
    return Answer(NO_CONTENT, content_type=SCIM_TYPE)


def _who_may_touch(world: World, call: Call) -> Actor:
    by = world.who(call)
    if not may_touch(by, call.parts["id"]):
        raise RefusalError(403, f"{by.id} may change the own account alone.")
    return by


def _found_unmoved(world: World, call: Call) -> Account:
    """Return the account; 404, 410, or 412 where `If-Match` names another state of it."""
    account = world.account(call.parts["id"], at=now())
    if call.fault == "purged" and not account.active:
        raise RefusalError(410, f"The account {account.id} was purged.")
    wanted = call.headers.get("If-Match")
    if wanted is not None and wanted.strip() != "*":
        known = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        if account.etag.removeprefix("W/") not in known:
            raise RefusalError(412, f"{account.id} has moved on: it is {account.etag} now.")
    return account


def _carried_out(world: World, call: Call, account: Account, wish: Wish, *, by: Actor) -> Change | None:
    """Let a wish become an effect; return the change, None where there was nothing to change."""
    at = now()
    change = applied(account, wish, by=by, at=at, operation=call.operation, reason=call.reason)
    if change is None:
        return None
    other = world.accounts.named(change.after.handle)
    if other is not None and other.id != account.id:
        raise _taken(change.after.handle)
    if call.fault == "no_op":
        return change
    world.commit(
        _effect(change.after, action=change.action, by=by, at=at, call=call), after=change.after, rule=call.rule
    )
    return replace(change, after=world.account(account.id, at=at))


def _effect(account: Account, *, action: str, by: Actor, at: int, call: Call) -> Effect:
    return Effect(
        at=at,
        account=account.id,
        handle=account.handle,
        action=action,
        actor=by,
        operation=call.operation,
        reason=call.reason,
    )


def _digest(call: Call) -> str:
    """Return the same for bodies that say the same, however they are written."""
    return hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest()


def _taken(handle: str) -> RefusalError:
    return RefusalError(409, f"The handle {handle} is taken.", scim_type="uniqueness")


def _resource(world: World, account: Account, *, status: int = 200, **headers: str) -> Answer:
    user = schema.drawn(account, base_url=world.base_url)
    return said(user, status=status, content_type=SCIM_TYPE, ETag=account.etag, **headers)


async def search(world: World, call: Call) -> Answer:
    world.who(call)
    raise RefusalError(501, "Searching by POST is not offered; GET /Users takes filters.")


def told(resource: Mapping[str, object]) -> Handler:
    """Return the handler of a resource that never changes."""

    async def tell(world: World, call: Call) -> Answer:
        world.who(call)
        return said(resource, content_type=SCIM_TYPE)

    return tell


def listed(resources: Sequence[Mapping[str, object]]) -> Handler:
    """Return the handler of a list that never changes, and of its single members."""

    async def tell(world: World, call: Call) -> Answer:
        world.who(call)
        if (wanted := call.parts.get("id")) is None:
            counts = {"totalResults": len(resources), "startIndex": 1, "itemsPerPage": len(resources)}
            body = {"schemas": [LIST_SCHEMA], **counts, "Resources": resources}
            return said(body, content_type=SCIM_TYPE)
        for resource in resources:
            if str(resource.get("id", "")).lower() == wanted.lower():
                return said(resource, content_type=SCIM_TYPE)
        raise RefusalError(404, f"There is no {wanted} here.")

    return tell
