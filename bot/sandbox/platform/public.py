"""What the public sees of an account, and the truth behind the counts."""

from bot.sandbox.platform.accounts import Account
from bot.sandbox.platform.moments import now, written
from bot.sandbox.platform.principals import SERVICE, STAFF, SYSTEM
from bot.sandbox.platform.wire import Answer, Call, RefusalError, said
from bot.sandbox.platform.world import World

COUNTING_TAKES = 0.15  # seconds; edges are counted one by one


def found(world: World, name: str, *, at: int) -> Account:
    """Return the account of an id or an @handle; 404 or 410."""
    if name.startswith("@"):
        account = world.accounts.named(name[1:])
        if account is None:
            raise RefusalError(404, f"There is no account {name}.")
        name = account.id
    return world.account(name, at=at)


async def read_public(world: World, call: Call) -> Answer:
    at = now()
    account = found(world, call.parts["id"], at=at)
    return said(
        {
            "id": account.id,
            "handle": account.handle,
            "display_name": account.display_name,
            "state": "active" if account.active else "deactivated",
            **world.public_counts(account, at=at),
            "verified": account.verified,
            "as_of": written(at),
        }
    )


async def count_edges(world: World, call: Call) -> Answer:
    await world.background.hang(COUNTING_TAKES)
    at = now()
    account = world.account(call.parts["id"], at=at)
    counts = {"followers": account.followers, "following": account.following}
    return said({"id": account.id, **counts, "as_of": written(at)})


async def recount(world: World, call: Call) -> Answer:
    world.who(call, kinds=(SERVICE, SYSTEM, STAFF))
    at = now()
    account = world.account(call.parts["id"], at=at)
    if call.fault != "no_op":
        world.recounted_at.setdefault(account.id, at)
    return said({"id": account.id, "asked_at": written(at)}, status=202)
