"""Read an account that may have to be put back."""

from bot.core.account import Account
from bot.core.errors import PlatformAway
from bot.flows.world import World


async def read(world: World, id: str) -> Account | None:
    """The account as the platform's record has it. Raises PlatformAway, PlatformRefused.

    A record that says it is down and neither since when nor by whom is doubted: where the public sees the account
    active nothing is known, as if the platform had not answered.
    """
    account = await world.platform.account(id)
    if account is None or account.active or account.deactivation is not None:
        return account
    public = await world.platform.public(id)
    if public is not None and public.active:
        raise PlatformAway(f"The platform's record of {id} says that it is down, and the public sees it active.")
    return account
