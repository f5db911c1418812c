"""One person tries to be two: every pair of twelve kinds of identity, one asking and one approving.

Over the whole stack, for who somebody is comes from Slack's payloads. Behind ten of the kinds stands Mona, on the
roster or not; the other two are people of their own, who stand in for her or for another manager. A real second person
approves at the end of each refused try and it must be carried out then, so that it was refused for no other reason.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.request import State
from bot.sandbox.slack.records import Message, User, View
from bot.sandbox.slack.server import APPROVALS, SUPPORT
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.stage import fresh, latest, stage, taken_down, value_of, wide
from tests.stories.scene import MONA, MONA_ALT, OMAR, REASON, SAM, Scene, inputs, state_of

FAR, GUEST, ROBOT, FORMER, NAMESAKE, DORA, LENA = (
    "U90MONA", "U91GUEST", "U92ROBOT", "U93FORMER", "U94MONA", "U95DORA", "U96LENA",
)  # fmt: skip
USERS = (
    User(id=FAR, name="mona", team_id="T90OTHER", is_stranger=True),
    User(id=GUEST, name="mona.guest", is_restricted=True),
    User(id=ROBOT, name="robot", is_bot=True),
    User(id=FORMER, name="mona.old", deleted=True),
    User(id=NAMESAKE, name="mona", real_name="Mona (manager, support)"),
    User(id=DORA, name="dora"),
    User(id=LENA, name="lena"),
)
KINDS = {
    "her Slack id": MONA,
    "her second Slack id": MONA_ALT,
    "her Home": MONA,
    "her direct message": MONA,
    "an id of hers in another workspace": FAR,
    "a guest": GUEST,
    "a bot": ROBOT,
    "a deactivated user": FORMER,
    "a user of no roster": SAM,
    "a user of her name": NAMESAKE,
    "her delegate": DORA,
    "a delegate of another manager": LENA,
}
ROSTERED = {MONA: "mona", MONA_ALT: "mona", DORA: "dora", LENA: "lena"}
PAIRS = [(asks, approves) for asks in KINDS for approves in KINDS]


def with_them(text: str) -> str:
    """Mona's id of another workspace is written down too: the pinned workspace is what refuses it."""
    today = datetime.now(UTC).date()
    since, until = today - timedelta(days=1), today + timedelta(days=1)
    text = wide(text).replace('"U02MONAALT"]', f'"U02MONAALT", "{FAR}"]')
    mona = '{ to = "omar", from = 2026-12-20, until = 2027-01-03 }'
    assert mona in text
    text = text.replace(mona, f'{{ to = "dora", from = {since}, until = {until} }}')
    lent = f'delegate = {{ to = "lena", from = {since}, until = {until} }}'
    text = text.replace('platform = ["staff:omar"]', f'platform = ["staff:omar"]\n{lent}')
    return text + "".join(
        f'\n[people.{name}]\nslack = ["{id}"]\ngroups = ["agent"]\nteam = "support"\n'
        for name, id in (("dora", DORA), ("lena", LENA))
    )


def two_people(asks: str, approves: str) -> bool:
    """Whether it is a quorum of two: both known, not the same, and not by groups the requester has lent."""
    one, other = ROSTERED.get(KINDS[asks]), ROSTERED.get(KINDS[approves])
    if one is None or other is None or approves == "her direct message":
        return False
    return one != other and (one, other) != ("mona", "dora")


async def filed_by(scene: Scene, kind: str, handle: str) -> Message | None:
    """The card of the request, where that identity may ask."""
    user, known = KINDS[kind], {m.ts for m in scene.cards()}
    channel = f"D{user[1:]}" if kind == "her direct message" else SUPPORT
    answer = await scene.workspace.command(user, "/deactivate", f"@{handle} {REASON}", channel=channel)
    assert answer.ok, answer
    if answer.body:
        return None
    view = await scene.workspace.wait_for_view(user, lambda v: "reason" in inputs(v))
    sent = await scene.fill(user, view, handle)
    assert sent.ok, sent
    return await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts not in known and state_of(m) == "pending", timeout=8.0
    )


async def click(scene: Scene, kind: str, card: Message) -> None:
    """Approve as that identity does; a button that is not on the screen is pressed all the same."""
    user = KINDS[kind]
    source: Message | View = card
    if kind == "her Home":
        await scene.workspace.open_home(user)
        source = await scene.workspace.wait_for_home(user)
    if kind == "her direct message":
        source = replace(card, channel=f"D{user[1:]}")
    outcome = await scene.workspace.click_raw(user, source, "approve", value=value_of(card))
    assert outcome.status == 200, outcome


async def attempt(scene: Scene, pair: tuple[str, str], number: int) -> str:
    """What came of it: refused at asking, refused at the vote, or two people; `BROKEN` where it was one."""
    account, handle = await fresh(scene, f"pair{number}_")
    asks, approves = pair
    card = await filed_by(scene, asks, handle)
    if (card is not None) is not (KINDS[asks] in ROSTERED):
        return "BROKEN"
    if card is None:
        return "refused at asking" if await latest(scene, account) is None else "BROKEN"
    await click(scene, approves, card)
    lawful = two_people(asks, approves)
    if not lawful:
        request = await scene.request(card)
        if request.votes or request.state is not State.PENDING or await taken_down(scene, account):
            return "BROKEN"
        await scene.workspace.click(OMAR, card, "approve")
    await scene.card_becomes(card, "done")
    return "carried out by two people" if lawful else "refused at the vote"


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ends: Counter[str] = Counter()
    order = list(PAIRS)
    dice_of(seed, 0).shuffle(order)
    async with stage(with_them) as scene:
        for user in USERS:
            scene.workspace.put_user(user)
        for id in KINDS.values():
            scene.workspace._state.dm(id)
        for number in range(count):
            ends[await attempt(scene, order[number % len(order)], number)] += 1
            tried()
    figures = {"ended": dict(ends.most_common()), "kinds of identity": list(KINDS)}
    return Counts(tried=count, broken=ends["BROKEN"], figures=figures)


CAMPAIGN = Campaign(
    name="identities",
    threat="T3",
    claim="a quorum of one person, or a person of no roster who asks",
    smoke=24,
    full=144 * 5,
    run=run,
)
