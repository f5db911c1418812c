"""What does not come from Slack does not come in; what comes twice has one effect."""

import asyncio
import json
import time

import pytest

from tests.stories.scene import ADA, MONA, NOT_RECORDED, Scene, state_of


async def post(scene: Scene, body: bytes, headers: dict[str, str]) -> int:
    async with scene.session.post(scene.workspace.events_url, data=body, headers=headers) as answer:
        assert await answer.text() == "unauthorized"
        return answer.status


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BAD = {
    "no signature": {},
    "no timestamp": {"X-Slack-Signature": "v0=" + "0" * 64},
    "a timestamp that is none": {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": "soon"},
    "a stale timestamp": {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": "1"},
    "another alphabet's digits": {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": "1²3"},
    "a wrong signature": {"X-Slack-Signature": "v0=" + "0" * 64},
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_request_is_a_plain_401(scene: Scene, case: str) -> None:
    headers = {**FORM, **BAD[case]}
    if case == "a wrong signature":
        headers["X-Slack-Request-Timestamp"] = str(int(time.time()))

    assert await post(scene, b"command=%2Fdeactivate", headers) == 401


async def test_ssl_check_and_url_verification_do_not_pass_unsigned(scene: Scene) -> None:
    assert await post(scene, b"ssl_check=1&token=x", FORM) == 401
    verification = b'{"type": "url_verification", "challenge": "c"}'
    assert await post(scene, verification, {"Content-Type": "application/json"}) == 401


async def test_a_signed_url_verification_is_answered(scene: Scene) -> None:
    first = await scene.workspace.command(ADA, "/countersign", "help")
    body = json.dumps({"type": "url_verification", "challenge": "the challenge"}).encode()

    sent = await scene.workspace.forged(
        first,
        secret=scene.workspace.signing_secret,
        body=body,
        headers={"Content-Type": "application/json"},
    )

    assert sent.status == 200
    assert "the challenge" in str(sent.body)


@pytest.mark.parametrize("offset", [-299, -30, 59])
async def test_a_signature_inside_the_window_is_believed(scene: Scene, offset: int) -> None:
    first = await scene.workspace.command(ADA, "/countersign", "help")

    sent = await scene.workspace.forged(first, secret=scene.workspace.signing_secret, at=time.time() + offset)

    assert sent.status == 200


@pytest.mark.parametrize("offset", [-302, 63])
async def test_a_signature_outside_the_window_is_not(scene: Scene, offset: int) -> None:
    first = await scene.workspace.command(ADA, "/countersign", "help")

    sent = await scene.workspace.forged(first, secret=scene.workspace.signing_secret, at=time.time() + offset)

    assert sent.status == 401


@pytest.mark.parametrize("body", [b"payload=%7Bnot+json", b"payload=[]", b"payload=" + b"[" * 5000])
async def test_signed_nonsense_is_a_401_too(scene: Scene, body: bytes) -> None:
    first = await scene.workspace.command(ADA, "/countersign", "help")

    sent = await scene.workspace.forged(first, secret=scene.workspace.signing_secret, body=body)

    assert sent.status == 401


async def test_a_body_too_long_is_a_401(scene: Scene) -> None:
    first = await scene.workspace.command(ADA, "/countersign", "help")

    sent = await scene.workspace.forged(first, secret=scene.workspace.signing_secret, body=b"a" * 1_000_001)

    assert sent.status == 401


async def test_a_replayed_click_is_a_401_and_one_vote(scene: Scene) -> None:
    card = await scene.ask("president")
    clicked = await scene.workspace.click(MONA, card, "approve")

    again = await scene.workspace.redeliver(clicked)

    assert (clicked.status, again.status) == (200, 401)
    assert len((await scene.request(card)).votes) == 1


async def test_a_replayed_submission_files_once_also_after_a_restart(scene: Scene) -> None:
    view = await scene.form(ADA, "@maria_k")
    sent = await scene.fill(ADA, view, "maria_k")
    assert sent.ok
    await scene.restart()

    again = await scene.workspace.redeliver(sent)

    assert again.status == 401
    assert len(await scene.world.ledger.read(lambda v: v.pending())) == 1


async def test_many_replays_at_once_have_one_effect(scene: Scene) -> None:
    card = await scene.ask("president")
    clicked = await scene.workspace.click(MONA, card, "approve")

    answers = await asyncio.gather(*(scene.workspace.redeliver(clicked) for _ in range(30)))

    # on a busy machine the ledger may be taken for away: then somebody is told so, and nothing is recorded
    doubted = [answer for answer in answers if answer.status != 401]
    await scene.until(lambda: sum(NOT_RECORDED in m.text for m in scene.workspace.ephemerals(MONA)) == len(doubted))
    assert {(await scene.workspace.redeliver(clicked)).status for _ in range(3)} == {401}
    assert len((await scene.request(card)).votes) == 1


async def test_a_click_from_another_channel_does_not_count(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    elsewhere = {"channel": {"id": "C0SUPPORT", "name": "support"}}

    await scene.workspace.click_raw(
        MONA, card, "approve", altered={**elsewhere, "container": {"type": "message", "channel_id": "C0SUPPORT"}}
    )

    assert (await scene.request(card)).votes == ()
    assert [e.facts["why"] for _, e in await scene.log() if e.kind == "refused"] == ["wrong_place"]


async def test_somebody_of_another_workspace_does_not_vote(scene: Scene) -> None:
    card = await scene.ask("maria_k")

    await scene.workspace.click_raw(
        MONA, card, "approve", altered={"user": {"id": MONA, "team_id": "T0STRANGE"}, "team": {"id": "T0STRANGE"}}
    )

    assert (await scene.request(card)).votes == ()


async def test_fifty_clicks_at_once_decide_once(scene: Scene) -> None:
    card = await scene.ask("maria_k")

    await asyncio.gather(*(scene.workspace.click_raw(MONA, card, "approve") for _ in range(25)),
                         *(scene.workspace.click_raw("U03OMAR", card, "approve") for _ in range(25)))  # fmt: skip

    done = await scene.card_becomes(card, "done")
    request = await scene.request(card)
    assert len({v.person for v in request.votes}) == len(request.votes)
    assert len(await scene.effects(request.subject.id)) == 1
    assert state_of(done) == "done"
