"""NUL characters, halves of surrogate pairs and impossible figures: nobody is kept from their account by them."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox.platform.accounts import Deactivation
from bot.sandbox.platform.principals import Actor
from tests.stories.scene import ADA, MARIA, MONA, PINE, REASON, Scene, event_of, id_of, state_of, text_of

LONG = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(100))
"""Longer than an index of PostgreSQL's takes, and not to be made shorter by packing it."""
EVIL = "\u0000\ud800"


def renamed(scene: Scene, account: str, **changed: Any) -> None:
    """The platform's own record holds it, however it came there; no call of the API would take it."""
    accounts = scene.platform._world.accounts
    found = accounts.get(account)
    assert found is not None
    accounts.put(replace(found, version=found.version + 1, **changed))


async def test_a_rogue_takes_down_an_account_whose_every_text_is_evil_and_it_is_restored(scene: Scene) -> None:
    renamed(
        scene, MARIA, display_name=f"Ma{EVIL}ria", tags=("press", f"p{EVIL}"), handle=f"maria{EVIL}",
        followers=2**63 + 1, following=2**200,
    )  # fmt: skip
    await scene.fault(kind="actor", actor={"id": f"staff:{EVIL}", "kind": "staff"}, on="feed")
    await scene.act("staff-dev-token:rex", MARIA, active=False)

    card = await scene.incident_card("restored")

    assert (await scene.public(MARIA))["state"] == "active"
    assert "maria��" in text_of(card)
    await scene.log_agrees()


IMPOSSIBLE = [
    {"seq": 2**63},
    {"seq": -1},
    {"at": "9999-12-31T23:59:59.999-23:00"},
    {"at": "0001-01-01T00:00:00+23:00"},
    {"account": {"id": EVIL, "handle": EVIL}, "operation": EVIL},
    {"operation": LONG},
    {"actor": {"id": f"staff:{LONG}", "kind": "staff"}},
]


async def test_what_the_feed_tells_impossibly_holds_nobody_up(scene: Scene) -> None:
    told = {
        "type": "account.deactivated", "account": {"id": PINE, "handle": "pine"}, "at": "2026-11-21T10:00:00.000Z",
        "actor": {"id": "staff:rex", "kind": "staff"}, "operation": None,
    }  # fmt: skip
    for part in IMPOSSIBLE:
        scene.platform._world.feed.publish({**told, **part})

    await scene.act("staff-dev-token:rex", MARIA, active=False)

    await scene.incident_card("restored")
    assert (await scene.public(PINE))["state"] == "active"
    await scene.log_agrees()


LATER = 253_402_300_799_999
"""Milliseconds: the last that the calendar has."""
TIMES = ["9999-12-31T23:59:59.999Z", "1000-01-01T00:00:00.000Z"]


@pytest.mark.parametrize("at", TIMES)
async def test_what_went_down_at_an_impossible_time_is_restored(scene: Scene, at: str) -> None:
    moment = int((datetime.fromisoformat(at) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    down = Deactivation(
        actor=Actor(f"staff:{EVIL}", "staff"), at=moment, operation=EVIL, reason=EVIL, purge_at=LATER,
    )  # fmt: skip
    renamed(scene, MARIA, active=False, deactivation=down)
    event = {"type": "account.deactivated", "account": {"id": MARIA, "handle": "maria_k"}, "at": at, "actor": None}
    scene.platform._world.feed.publish(event)

    await scene.incident_card("restored")

    assert (await scene.public(MARIA))["state"] == "active"
    await scene.log_agrees()


async def test_a_request_about_an_account_with_an_evil_name_is_filed_approved_and_done(scene: Scene) -> None:
    renamed(scene, MARIA, display_name=f"Ma{EVIL}ria", tags=(f"p{EVIL}",))

    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")

    done = await scene.card_becomes(card, "done")
    assert "Ma��ria" in text_of(done)
    await scene.log_agrees()


async def test_evil_text_that_people_type_is_filed_as_far_as_it_can_be_held(scene: Scene) -> None:
    answer = await scene.workspace.command(ADA, "/deactivate", f"@maria_k {REASON}\0")
    assert answer.ok
    view = await scene.form(ADA, f"@maria_k {REASON}")
    sent = await scene.fill(ADA, view, "maria_k", reason=f"{REASON}{EVIL}")
    assert sent.ok, sent
    assert not sent.errors
    card = await scene.workspace.wait_for_message("C0APPROVALS", lambda m: state_of(m) == "pending", timeout=20)
    assert event_of(card) == "countersign_request"
    assert (await scene.request(card)).reason == f"{REASON}��"

    await scene.deny(MONA, card, f"Not so{EVIL}.")
    denied = await scene.card_becomes(card, "denied")
    assert id_of(denied) == id_of(card)
    (vote,) = (await scene.request(card)).votes
    assert vote.reason == "Not so��."
    await scene.log_agrees()
