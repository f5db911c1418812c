"""How large a world is searched: which moves there are, how often the world may disturb, and where it starts.

Everything at once does not end in a minute, so it is searched in pieces, each whole. What no piece has: changes of the
rules by request, a rogue beside an emergency, more than two disturbances at a
time, more than two requests of people. Time stands still while the bot has an answer to look at or an event to judge,
and where a scope is `prompt` also while a call of its is under way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.core.account import Account
from tests.core.search.people import ADA, CHANGES, MONA, MONA_TOO, OMAR, START, TESSA, WEIGHTY, House
from tests.core.search.world import Ledger, Platform, State


@dataclass(frozen=True, kw_only=True)
class Scope:
    """`may` says how often each disturbance happens at most, `most` how many of them all."""

    name: str
    start: tuple[State, ...]
    asks: int = 1
    """How many requests people file at most."""
    askers: tuple[str, ...]
    voters: tuple[str, ...]
    people: frozenset[str] = frozenset({"ask", "approve", "deny", "withdraw"})
    """What people do on Slack."""
    may: Mapping[str, int] = field(default_factory=dict)
    most: int = 1
    changes: tuple[tuple[str, str], ...] = ()
    """What may befall whom on the roster."""
    fine_clocks: bool = False
    """Whether the moment just before each clock's end counts too."""
    guarded: bool = True
    """Whether the guard follows; where nothing but the bot touches the platform it has nothing to find."""
    asks_first: bool = False
    """Whether people ask only before the world disturbs."""
    prompt: bool = False
    """Whether the clock stands while the bot has something under way: it takes no time for what it does."""
    house: House = field(default_factory=House)


def account(id: str = "acct_1", **changed: object) -> Account:
    """An active account of the tier `standard`."""
    return replace(
        Account(
            id=id,
            handle=f"handle_{id[-1]}",
            display_name="Maria",
            active=True,
            verified=False,
            followers=120,
            following=7,
            tags=(),
            etag="1",
            deactivation=None,
        ),
        **changed,
    )


def start(*accounts: Account) -> State:

    return State(now=START, ledger=Ledger(), platform=Platform(accounts=accounts or (account(),)))


STANDARD, PROTECTED = start(), start(account(tags=(WEIGHTY,)))
UNGUARDED = (replace(STANDARD, guarded=False), replace(PROTECTED, guarded=False))
CLICKS = frozenset({"approve", "deny", "withdraw"})
EVERYTHING = tuple((person, change) for person in ("ada", "mona", "omar", "tessa") for change in CHANGES)

ROSTER = Scope(
    name="one request, while people leave, move and are removed",
    start=UNGUARDED,
    askers=(ADA, MONA),
    voters=(ADA, MONA_TOO, OMAR, TESSA),
    people=CLICKS | {"ask"},
    may={"roster": 1},
    changes=EVERYTHING,
    prompt=True,
    guarded=False,
)
CLOCKS = Scope(
    name="one request, just before and at the end of each clock, however slow the bot",
    start=UNGUARDED,
    askers=(ADA, MONA),
    voters=(ADA, MONA_TOO, OMAR, TESSA),
    people=CLICKS | {"ask"},
    fine_clocks=True,
    guarded=False,
)
DRIFT = Scope(
    name="one request, while the account is renamed and tags come and go",
    start=UNGUARDED,
    askers=(ADA,),
    voters=(OMAR, TESSA),
    people=frozenset({"ask", "approve", "approve an old card"}),
    may={"tag": 2, "rename": 1},
    most=2,
    prompt=True,
    guarded=False,
)
PLATFORM = Scope(
    name="one request, while others act on the platform, calls go wrong and the bot crashes",
    start=(STANDARD,),
    askers=(ADA,),
    voters=(OMAR,),
    people=frozenset({"ask", "approve", "deny"}),
    may=dict.fromkeys(
        ("owner", "insider", "replayer", "staff restores", "fault", "lost event", "disorder", "rename", "crash"), 1
    ),
    most=2,
    asks_first=True,
    prompt=True,
)
RELABELLED = Scope(
    name="one request, while a system that nobody registered puts its name on what others did",
    start=(STANDARD,),
    askers=(ADA,),
    voters=(OMAR,),
    people=frozenset({"ask", "approve"}),
    may=dict.fromkeys(("owner", "system", "staff restores", "crash"), 1),
    most=2,
    asks_first=True,
    prompt=True,
)
EMERGENCY = Scope(
    name="one emergency, while calls go wrong and people are removed, however slow the bot",
    start=(STANDARD,),
    askers=(MONA,),
    voters=(OMAR,),
    people=frozenset({"ask at once", "approve", "deny"}),
    may=dict.fromkeys(("fault", "roster"), 1),
    changes=(("omar", "is removed"),),
    asks_first=True,
)
TAKEN_BACK = Scope(
    name="one emergency that is taken back or denied, while legal acts too",
    start=(STANDARD,),
    askers=(MONA,),
    voters=(MONA_TOO, OMAR),
    people=frozenset({"ask at once", "deny", "withdraw"}),
    may={"legal": 1},
    prompt=True,
)
ONE_ACCOUNT = Scope(
    name="two requests on one account, to deactivate and to restore it",
    start=(STANDARD,),
    asks=2,
    askers=(MONA,),
    voters=(OMAR,),
    people=frozenset({"ask", "ask back", "approve"}),
    may={"insider": 1, "owner": 1},
    prompt=True,
)
TWO_ACCOUNTS = Scope(
    name="two requests on two accounts, of which an hour may have one",
    start=(replace(start(account(), account("acct_2")), guarded=False),),
    asks=2,
    askers=(ADA,),
    voters=(OMAR,),
    people=frozenset({"ask", "approve"}),
    house=House(deactivations_per_hour=1),
    prompt=True,
    guarded=False,
)
SCOPES = (ROSTER, CLOCKS, DRIFT, PLATFORM, RELABELLED, EMERGENCY, TAKEN_BACK, ONE_ACCOUNT, TWO_ACCOUNTS)
