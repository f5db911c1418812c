"""Who may call the stand-in: its own page, and programs on this machine that name it as it is.

The control face asks for no token, so any site that a browser on this machine looks at could use it: by a form that
posts here (its `Origin` tells), or by a name of its own that resolves to 127.0.0.1 (its `Host` tells).
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

NAMES = ("127.0.0.1", "localhost", "[::1]")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def own_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a foreign `Host` or `Origin`. Programs send no `Origin`; browsers send it with every post."""
    port = _port(request)
    hosts = {f"{name}:{port}" for name in NAMES}
    origin = request.headers.get("Origin")
    if request.headers.get("Host") not in hosts:
        return web.json_response({"error": "this address is not served under that name"}, status=403)
    if origin is not None and origin.removeprefix("http://") not in hosts:
        return web.json_response({"error": "other sites may not call the sandbox"}, status=403)
    return await handler(request)


def _port(request: web.Request) -> int:
    """The port that the connection came in on, whatever the headers say."""
    bound = None if request.transport is None else request.transport.get_extra_info("sockname")
    return int(bound[1]) if bound else 0
