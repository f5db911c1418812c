"""Cards, buttons and forms altered on their way: signed as Slack signs, but not what the bot drew.

Over the whole stack. Whoever presses may approve, deny or ask; only what the button or form carries is not as drawn.
At the end every card is pressed as it stands, and its request must be carried out: it was refused for nothing else.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random

from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.records import Json, Message, View
from bot.sandbox.slack.server import SUPPORT
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.stage import fresh, stage, value_of
from tests.stories.scene import ADA, MONA, OMAR, REASON, Scene, id_of, inputs

CARDS = 6
GARBAGE = (
    "", " ", "REQ-", "null", "{}", "[]", "true", "0", "REQ-AAAAAAAAAA", "' or 1=1 --", "\u202e", "🎉" * 100, "A" * 2000,
    "REQ-ABCDEFGHJK " + "g" * 64, "%s%n", "../../etc/passwd", "\x00", "approve",
)  # fmt: skip
HEX = "0123456789abcdef"
LOOKS_LIKE = str.maketrans({"A": "А", "B": "В", "E": "Е", "H": "Н", "K": "К", "M": "М", "P": "Р", "T": "Т", "X": "Х"})
"""Cyrillic letters that nobody can tell from ours."""


@dataclass(frozen=True, kw_only=True)
class Deck:
    """Six cards that wait for a decision, one of which was drawn anew, and one whose request was denied."""

    scene: Scene
    cards: tuple[Message, ...]
    stale: Message
    """The first of the cards as it was before it was drawn anew."""
    ended: Message
    denial: View
    """An open form of a denial of the first card."""
    asking: View
    """An open form with the facts of `account`, which nobody has asked for yet."""
    account: str
    handle: str

    def two(self, dice: Random) -> tuple[tuple[str, str], tuple[str, str]]:
        """Id and digest of two different cards."""
        one, other = dice.sample(self.cards, 2)
        return named(one), named(other)


def named(card: Message) -> tuple[str, str]:
    id, _, digest = value_of(card).partition(" ")
    return id, digest


# what a button carries instead


def another_id(deck: Deck, dice: Random) -> str:
    (_, digest), (other, _) = deck.two(dice)
    return f"{other} {digest}"


def another_revision(deck: Deck, _: Random) -> str:
    return value_of(deck.stale)


def one_digit(deck: Deck, dice: Random) -> str:
    (id, digest), _ = deck.two(dice)
    place = dice.randrange(64)
    digit = dice.choice([d for d in HEX if d != digest[place]])
    return f"{id} {digest[:place]}{digit}{digest[place + 1 :]}"


def other_characters(deck: Deck, dice: Random) -> str:
    (id, digest), _ = deck.two(dice)
    changed = (id.lower(), f"{id}A", id[:-1], id.replace("-", "–"), f" {id}", f"{id} ", f"\u200b{id}", f"{id}\n")
    return f"{dice.choice(changed)} {dice.choice((digest, digest.upper() + ' '))}"


def look_alike(deck: Deck, dice: Random) -> str:
    (id, digest), _ = deck.two(dice)
    return f"{id.replace('REQ', 'RЕQ').translate(LOOKS_LIKE)} {digest}"


def garbage(_: Deck, dice: Random) -> str:
    return dice.choice((*GARBAGE, "".join(chr(dice.randint(1, 0x2FFF)) for _ in range(dice.randint(1, 80)))))


def of_an_ended_one(deck: Deck, _: Random) -> str:
    return f"{id_of(deck.ended)} {named(deck.stale)[1]}"


VALUES: tuple[Callable[[Deck, Random], str], ...] = (
    another_id, another_revision, one_digit, other_characters, look_alike, garbage, of_an_ended_one,
)  # fmt: skip


def other_value(deck: Deck, dice: Random) -> Awaitable[Outcome]:
    """Approve or deny, in the channel, with another value."""
    value, user = dice.choice(VALUES)(deck, dice), dice.choice((MONA, OMAR))
    return deck.scene.workspace.click_raw(user, dice.choice(deck.cards), dice.choice(("approve", "deny")), value=value)


PLACES: tuple[Json, ...] = (
    {"channel": {"id": SUPPORT}},
    {"channel": {"id": "D02MONA"}},
    {"channel": {"id": "C0APPROVAL"}},
    {"channel": {"id": "c0approvals"}},
    {"channel": {}, "container": {"type": "message", "channel_id": SUPPORT}},
    {"channel": None, "container": {"type": "view"}, "view": {"type": "modal", "id": "V1"}},
    {"channel": None, "container": {"type": "view"}},
    {"team": {"id": "T90OTHER"}, "user": {"id": MONA, "team_id": "T90OTHER"}},
    {"user": {"id": MONA, "team_id": ""}, "team": None},
    {"actions": []},
    {"actions": [{"type": "button", "action_id": "approve", "block_id": "x", "value": None}]},
)


def other_place(deck: Deck, dice: Random) -> Awaitable[Outcome]:
    """The card's own button, from where it does not stand."""
    altered = dice.choice(PLACES)
    return deck.scene.workspace.click_raw(MONA, dice.choice(deck.cards), "approve", altered=altered)


def other_button(deck: Deck, dice: Random) -> Awaitable[Outcome]:
    """The card's own value on a button that the bot never drew, or on one of another record."""
    name = dice.choice(("approve ", "Approve", "approved", "carry_out", "claim", "acknowledge", "аpprove", "home_on"))
    value = value_of(dice.choice(deck.cards))
    return deck.scene.workspace.click_raw(MONA, dice.choice(deck.cards), name, value=value)


def somebody_elses(deck: Deck, dice: Random) -> Awaitable[Outcome]:
    """Withdraw what another person asked for."""
    card = dice.choice(deck.cards)
    return deck.scene.workspace.click_raw(dice.choice((MONA, OMAR)), card, "withdraw", value=value_of(card))


def carrying(view: View, metadata: str) -> View:
    return replace(view, content={**view.content, "private_metadata": metadata})


def other_denial(deck: Deck, dice: Random) -> Awaitable[Outcome]:
    """A denial's form that carries another request or digest."""
    kept = json.loads(deck.denial.private_metadata)
    id, _, digest = dice.choice(VALUES)(deck, dice).partition(" ")
    if digest == kept["digest"]:
        digest = digest[::-1]
    changed = dice.choice(
        (
            {**kept, "id": id, "digest": digest},
            {**kept, "digest": digest},
            {**kept, "digest": [kept["digest"]]},
            {"id": kept["id"]},
            {"digest": kept["digest"]},
            {**kept, "id": id_of(deck.ended)},
        )
    )
    metadata = dice.choice((json.dumps(changed), json.dumps(changed), dice.choice(GARBAGE)))
    form = carrying(deck.denial, metadata)
    return deck.scene.workspace.submit_raw(MONA, form, {"reason": "Not what it seems."})


def other_form(deck: Deck, dice: Random) -> Awaitable[Outcome]:
    """A form to ask with, that carries another account or action, or that holds what cannot be chosen in it."""
    kept, form = json.loads(deck.asking.private_metadata), deck.asking
    values = {"handle": deck.handle, "category": "spam", "reason": REASON}
    metadata: tuple[object, ...] = (
        {**kept, "id": id_of(dice.choice(deck.cards))}, {**kept, "id": "acct_25073877"}, {**kept, "id": None},
        {"action": kept["action"]}, {**kept, "action": "restore"}, {**kept, "action": "delete"}, {},
        {**kept, "action": ""}, {**kept, "action": None}, [], "x",
    )  # fmt: skip
    way = dice.randrange(4)
    if way == 0:
        return deck.scene.workspace.submit_raw(ADA, form, {**values, "handle": "president"})
    copy = carrying(form, json.dumps(dice.choice(metadata)) if way < 3 else dice.choice(GARBAGE))
    return deck.scene.workspace.submit_raw(ADA, copy, values)


def other_callback(deck: Deck, dice: Random) -> Awaitable[Outcome]:
    """One form sent in as the other."""
    if dice.random() < 0.5:
        form = replace(deck.asking, content={**deck.asking.content, "callback_id": "deny_request"})
        return deck.scene.workspace.submit_raw(ADA, form, {"handle": deck.handle, "category": "spam", "reason": REASON})
    form = replace(deck.denial, content={**deck.denial.content, "callback_id": "submit_request"})
    return deck.scene.workspace.submit_raw(MONA, form, {"reason": "Not what it seems."})


ALTERED: tuple[Callable[[Deck, Random], Awaitable[Outcome]], ...] = (
    other_value, other_value, other_value, other_place, other_button, somebody_elses, other_denial, other_form,
    other_callback,
)  # fmt: skip


async def dealt(scene: Scene) -> Deck:
    """Everything that an altered card may be mistaken for."""
    cards = []
    for number in range(CARDS + 1):
        _, handle = await fresh(scene, f"card{number}_")
        cards.append(await scene.ask(handle))
    *waiting, ended = cards
    await scene.deny(MONA, ended)
    redrawn = await drawn_anew(scene, waiting[0])
    await scene.workspace.click(MONA, redrawn, "deny")
    denial = await scene.workspace.wait_for_view(MONA, lambda v: inputs(v) == {"reason"})
    account, handle = await fresh(scene, "asked_for_")
    asking = await scene.form(ADA, f"@{handle} {REASON}")
    return Deck(
        scene=scene,
        cards=(redrawn, *waiting[1:]),
        stale=waiting[0],
        ended=ended,
        denial=denial,
        asking=asking,
        account=account,
        handle=handle,
    )


async def drawn_anew(scene: Scene, card: Message) -> Message:
    """The card of the next revision: the account is renamed before the claim."""
    before = value_of(card)
    account = (await scene.request(card)).subject.id
    url, token = f"{scene.platform.url}/scim/v2/Users/{account}", "system-dev-token:support"
    operations = [{"op": "replace", "path": "userName", "value": f"renamed_{account}"}]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
    async with scene.session.patch(url, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
        answer.raise_for_status()
    await scene.workspace.click(OMAR, card, "approve")
    return await scene.workspace.wait_for_message(
        card.channel, lambda m: m.ts == card.ts and "approve" in m.action_ids and value_of(m) != before, timeout=8.0
    )


async def standing(scene: Scene) -> tuple[object, object]:
    """All requests with their votes, and all that was ever done on the platform."""
    requests = await scene.world.ledger.read(
        lambda view: sorted((r.id, r.version, r.votes) for r in view.all_requests())
    )
    async with scene.session.get(f"{scene.platform.control_url}/control/v1/state") as answer:
        return requests, (await answer.json())["effects"]


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    kinds: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    broke: Counter[str] = Counter()
    async with stage() as scene:
        deck = await dealt(scene)
        before = await standing(scene)
        for number in range(count):
            dice = dice_of(seed, number)
            altered = ALTERED[number % len(ALTERED)]
            outcome = await altered(deck, dice)
            held = await standing(scene) == before and 200 <= outcome.status < 500
            kinds[altered.__name__] += 1
            statuses[outcome.status] += 1
            broke[altered.__name__] += not held
            before = before if held else await standing(scene)
            tried()
        as_drawn = await pressed_as_they_stand(deck)
    figures = {
        "altered": dict(kinds),
        "broke": {name: times for name, times in broke.items() if times},
        "answers of HTTP": dict(statuses),
        "pressed as drawn afterwards, carried out": f"{as_drawn} of {CARDS}",
    }
    return Counts(tried=count, broken=broke.total() + (CARDS - as_drawn), figures=figures)


async def pressed_as_they_stand(deck: Deck) -> int:
    """How many of the requests are carried out when their cards are pressed as the bot drew them."""
    done = 0
    for card in deck.cards:
        await deck.scene.workspace.click_raw(MONA, card, "approve")
        with contextlib.suppress(TimeoutError):
            done += bool(await deck.scene.card_becomes(card, "done"))
    return done


CAMPAIGN = Campaign(
    name="altered_cards",
    threat="T7",
    claim="an altered card, button or form that was counted as a vote, filed a request or had an effect",
    smoke=90,
    full=5_000,
    run=run,
)
