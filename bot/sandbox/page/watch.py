"""What the page shows of the platform: accounts as the public sees them, what happened, what misbehaves."""

import asyncio

from bot.sandbox.page.console import LEGAL, Console, Json

SHOWN = 40
"""Accounts drawn; the sandbox starts with a dozen."""
EFFECTS = 200
BOT = "svc:countersign"


class Watch:
    """Looks at the platform for one open page. An account's public view is read until it agrees with the truth."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._public: dict[str, Json | None] = {}
        self._truths: dict[str, Json] = {}
        self._events: list[Json] = []
        self._cursor = 0
        self._last: Json | None = None

    async def look(self) -> Json | None:
        """The whole picture; None where nothing changed since the last look."""
        truth = await self._console.read("/control/v1/state", control=True)
        faults = await self._console.read("/control/v1/faults", control=True)
        heard = await self._console.read("/control/v1/heard", control=True)
        if truth is None or faults is None or heard is None:
            return None
        accounts = sorted(truth["accounts"], key=lambda account: -int(account["followers"]))[:SHOWN]
        await asyncio.gather(*(self._read(account) for account in accounts if self._unsettled(account)))
        await self._listen()
        picture = {
            "accounts": [self._drawn(account) for account in accounts],
            "effects": truth["effects"][-EFFECTS:],
            "events": self._events[-EFFECTS:],
            "suspended": truth["suspended"],
            "faults": faults,
            "heard": heard.get(BOT, 0),
        }
        if picture == self._last:
            return None
        self._last = picture
        return picture

    def _unsettled(self, account: Json) -> bool:
        seen = self._public.get(account["id"])
        if seen is None or self._truths.get(account["id"]) != account:
            return True
        followers = account["followers"] if account["active"] else 0
        return bool((seen["state"] == "active") != account["active"] or seen.get("followers") != followers)

    async def _read(self, account: Json) -> None:
        self._public[account["id"]] = await self._console.read(f"/public/v1/accounts/{account['id']}")
        self._truths[account["id"]] = account

    async def _listen(self) -> None:
        """What the feed says, which need not be what happened."""
        told = await self._console.read(f"/audit/v1/events?after={self._cursor}&limit=1000", token=LEGAL)
        if told is not None:
            self._events += told["events"]
            self._cursor = told["next"]

    def _drawn(self, account: Json) -> Json:
        seen = self._public.get(account["id"])
        return {
            "id": account["id"],
            "handle": account["handle"],
            "display_name": account["display_name"],
            "verified": account["verified"],
            "tags": account["tags"],
            "state": None if seen is None else seen["state"],
            "followers": None if seen is None else seen.get("followers"),
            "curve": self._console.curves.get(account["id"], "instant"),
        }
