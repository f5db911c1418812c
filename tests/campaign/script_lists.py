"""The script of lists: very many accounts that are down, all of them known to the ledger but a few."""

from bisect import insort
from typing import Any

from tests.campaign.scripted import EXTENSION, OURS, now, written

DOWN_SINCE = "2020-01-01T00:00:00.000Z"
OWNER = "owner"


def account_of(number: int) -> str:
    return f"acct_{number:08}"


class Lists:
    """`known` accounts that went down long ago, each by its owner; what goes down later goes down silently."""

    def __init__(self, *, known: int) -> None:
        self._known = known
        self._later: dict[int, tuple[str, int]] = {}
        """Those that went down since: by whom and when."""
        self._order: list[int] = []
        self._back: dict[str, int] = {}
        self._version = 1

    def silently(self, *, by: str, count: int) -> list[str]:
        """So many more go down; their numbers come after all others."""
        first, at = self._known + len(self._later), now()
        for number in range(first, first + count):
            actor = f"owner:{account_of(number)}" if by == OWNER else by
            self._later[number] = (actor, at)
            insort(self._order, number)
        return [account_of(number) for number in range(first, first + count)]

    def user(self, account: str) -> str | None:
        return self._user(int(account.removeprefix("acct_")))

    def _user(self, number: int) -> str:
        account = account_of(number)
        if account in self._back:
            active, down = "true", "null"
        else:
            actor, at = self._later.get(number) or (f"owner:{account}", None)
            since = DOWN_SINCE if at is None else written(at)
            kind = actor.partition(":")[0]
            active = "false"
            down = (
                f'{{"actor":{{"id":"{actor}","kind":"{kind}"}},"at":"{since}",'
                f'"operation":null,"reason":null,"purgeAt":null}}'
            )
        return (
            f'{{"id":"{account}","userName":"{account}","displayName":"{account}","active":{active},'
            f'"{EXTENSION}":{{"followers":10,"following":3,"verified":false,"tags":[],"deactivation":{down}}},'
            f'"meta":{{"version":"W/\\"{int(account in self._back)}\\""}}}}'
        )

    def active(self, account: str) -> bool:
        return account in self._back

    def etag(self, account: str) -> str:
        return f'W/"{int(account in self._back)}"'

    def restore(self, account: str, *, operation: str | None) -> dict[str, Any]:
        self._back[account] = now()
        shown = {"id": account, "handle": account}
        return {
            "type": "account.restored",
            "account": shown,
            "actor": {"id": OURS, "kind": "service"},
            "at": written(self._back[account]),
            "operation": operation,
            "reason": None,
        }

    def following(self) -> list[dict[str, Any]]:
        return []

    def page(self, since: str | None, start: int, count: int) -> tuple[list[str], int]:
        """Whole pages are listed as they were: who has been restored stands in none."""
        later = [n for n in self._order if account_of(n) not in self._back]
        if since is not None:
            changed = [n for n in later if written(self._later[n][1]) > since]
            return [self._user(n) for n in changed[start - 1 : start - 1 + count]], len(changed)
        total = self._known + len(later)
        places = range(start - 1, min(start - 1 + count, total))
        return [self._user(p if p < self._known else later[p - self._known]) for p in places], total

    def told(self) -> dict[str, Any]:
        return {"restored": self._back}
