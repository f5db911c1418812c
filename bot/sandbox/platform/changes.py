"""What may become of an account, and by whom. Pure: an account and a wish give the next account, or a refusal."""

from dataclasses import dataclass, replace

from bot.sandbox.platform.accounts import Account, Actor, Deactivation
from bot.sandbox.platform.principals import OWNER, SERVICE, SYSTEM
from bot.sandbox.platform.wire import RefusalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The attributes a PATCH or PUT would set; None leaves one as it is, "" takes a name away."""

    active: bool | None = None
    handle: str | None = None
    display_name: str | None = None
    external_id: str | None = None
    followers: int | None = None
    following: int | None = None
    verified: bool | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The next state, and the action that its effect and event are named after."""

    after: Account
    action: str


def applied(
    account: Account, wish: Wish, *, by: Actor, at: int, operation: str | None, reason: str | None
) -> Change | None:
    """Return the change a wish makes, None where it makes none; 403 where the actor may not make it."""
    after = _with_attributes(account, wish)
    if after.counts() != account.counts() or (after.verified, after.tags) != (account.verified, account.tags):
        _refuse_attributes(by)
    action = "update"
    if wish.active is False and _takes_down(account, by=by):
        action = "deactivate"
        deactivation = Deactivation.made(by=by, at=at, operation=operation, reason=reason)
        after = replace(after, active=False, deactivation=deactivation)
    elif wish.active is True and not account.active:
        _refuse_restore(account, by=by)
        action = "restore"
        after = replace(after, active=True, deactivation=None)
    if after == account:
        return None
    moved = after.covered() != account.covered()
    return Change(after=replace(after, modified=at, version=account.version + moved), action=action)


def _with_attributes(account: Account, wish: Wish) -> Account:
    return replace(
        account,
        handle=account.handle if wish.handle is None else wish.handle,
        display_name=account.display_name if wish.display_name is None else wish.display_name or None,
        external_id=account.external_id if wish.external_id is None else wish.external_id or None,
        followers=account.followers if wish.followers is None else wish.followers,
        following=account.following if wish.following is None else wish.following,
        verified=account.verified if wish.verified is None else wish.verified,
        tags=account.tags if wish.tags is None else wish.tags,
    )


def _takes_down(account: Account, *, by: Actor) -> bool:
    """Whether `active: false` changes anything.

    On an account that is down only its owner and the platform's own systems take the deactivation over; a
    rogue cannot re-label an approved one.
    """
    if account.active:
        return True
    return by.kind in (OWNER, SYSTEM) and (account.deactivation is None or account.deactivation.actor != by)


def _refuse_restore(account: Account, *, by: Actor) -> None:
    if by.kind == OWNER and (account.deactivation is None or account.deactivation.actor != by):
        raise RefusalError(403, f"{by.id} did not deactivate {account.id} and cannot restore it.")


def _refuse_attributes(by: Actor) -> None:
    if by.kind not in (SERVICE, SYSTEM):
        raise RefusalError(403, f"{by.id} may not change counts, tags or the verification.")
