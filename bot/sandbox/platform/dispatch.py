"""From an HTTP request to a handler and back, with the fault that applies in between.

A request is read to its end first. From then on the call no longer needs its caller: it is processed in a
task of its own, whether or not someone waits for the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal

from aiohttp import web

from bot.sandbox.platform.faults import Rule
from bot.sandbox.platform.feed import cursor_of
from bot.sandbox.platform.wire import Answer, Call, RefusalError, refused
from bot.sandbox.platform.wishes import of_patch, of_resource
from bot.sandbox.platform.world import Handler, World

Place = Literal["patch", "get", "list", "feed", "public", "staff", "any"]

_HANGS = ("timeout", "timeout_after", "late")


def exposed(
    world: World, handler: Handler, *, place: Place | None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the aiohttp handler of a handler. Without a place no fault applies: so on the control port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        call = Call(
            method=request.method,
            path=request.path,
            parts=request.match_info,
            query=request.query,
            headers=request.headers,
            raw=await request.read(),
        )
        rule = None if place is None else _rule_for(world, call, place)
        if rule is not None and rule.kind in _HANGS:
            # Shielded, because aiohttp may cancel a handler whose caller has gone.
            given = await asyncio.shield(world.background.begin(_hung(world, handler, call, rule)))
        else:
            given = await _processed(world, handler, call, rule)
        return _response(given)

    return answer


async def _processed(world: World, handler: Handler, call: Call, rule: Rule | None) -> Answer:
    """Process a call under a fault that does not make it wait."""
    if rule is None:
        return await _handled(world, handler, call)
    if rule.kind == "status":
        return _injected(rule)
    answer = await _handled(world, handler, replace(call, rule=rule))
    return _injected(rule) if rule.kind == "status_after" else answer


async def _hung(world: World, handler: Handler, call: Call, rule: Rule) -> Answer:
    """Process a call that hangs: never, before or after it."""
    seconds = rule.seconds or 0.0
    if rule.kind == "timeout_after":
        await _handled(world, handler, call)
    passed = await world.background.hang(seconds)
    if rule.kind == "late" and passed:
        return await _handled(world, handler, call)
    return refused(504, "The answer took too long.")


async def _handled(world: World, handler: Handler, call: Call) -> Answer:
    try:
        return await handler(world, call)
    except RefusalError as refusal:
        return refused(refusal.status, refusal.detail, scim_type=refusal.scim_type)


def _injected(rule: Rule) -> Answer:
    assert rule.code is not None
    return refused(rule.code, "A fault was asked for.", retry_after=rule.retry_after)


def _rule_for(world: World, call: Call, place: Place) -> Rule | None:
    """Return the fault that takes this call. A call that makes no sense has no account and restores nothing."""
    if not world.faults.in_force:
        return None
    name = call.parts.get("id")
    if name is not None and name.startswith("@"):
        named = world.accounts.named(name[1:])
        name = None if named is None else named.id
    by = world.principals.of(call.headers.get("Authorization"))
    try:
        cursor = cursor_of(call) if place == "feed" else None
    except RefusalError:
        cursor = None
    return world.faults.for_call(
        place,
        account=name,
        by=None if by is None else by.id,
        restores=place == "patch" and _restores(call),
        cursor=cursor,
    )


def _restores(call: Call) -> bool:
    try:
        wish = of_patch(call.body) if call.method == "PATCH" else of_resource(call.body)
    except RefusalError:
        return False
    return wish.active is True


def _response(answer: Answer) -> web.Response:
    if answer.status == web.HTTPNoContent.status_code:
        return web.Response(status=answer.status, headers=answer.headers)
    return web.Response(
        status=answer.status, body=answer.body, content_type=answer.content_type, headers=answer.headers
    )


@web.middleware
async def as_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let aiohttp's own refusals (404, 405, 413) have the shape of all others."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        response = _response(refused(error.status, f"{request.method} {request.path}: {error.reason}."))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
