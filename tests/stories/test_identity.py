"""Only full members of the workspace act, wherever they act; who cannot be asked about does not weigh in on much."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from bot.core.refusal import Why
from bot.core.request import State
from bot.sandbox.slack.records import Message, User
from tests.stories.scene import ADA, MONA, OMAR, REASON, TESSA, Scene, id_of, inputs, text_of

MEMBER = "U5MEMBER"
OTHERS = {
    User(id="U5GUEST", name="guest", is_restricted=True): Why.GUEST,
    User(id="U5SINGLE", name="single", is_restricted=True, is_ultra_restricted=True): Why.GUEST,
    User(id="U5BOT", name="bot", is_bot=True): Why.NOT_A_PERSON,
    User(id="U5FLOW", name="flow", is_bot=True, is_workflow_bot=True): Why.NOT_A_PERSON,
    User(id="USLACKBOT", name="slackbot"): Why.NOT_A_PERSON,
    User(id="U5GONE", name="gone", deleted=True): Why.DEACTIVATED_USER,
    User(id="U5SHARED", name="shared", is_stranger=True): Why.NOT_A_MEMBER,
    User(id="U5OTHER", name="other", team_id="T0OTHER", is_stranger=True): Why.NOT_A_MEMBER,
}
PEOPLE = (User(id=MEMBER, name="member"), *OTHERS)


@pytest.fixture
async def scene(unstarted: Scene) -> AsyncIterator[Scene]:
    """With users of every kind, all of them on the roster as Mona's own."""
    for user in PEOPLE:
        unstarted.workspace.put_user(user)
    ids = ", ".join(f'"{user.id}"' for user in PEOPLE)
    unstarted.policy(lambda text: text.replace('"U02MONAALT"', f'"U02MONAALT", {ids}', 1))
    await unstarted.start()
    yield unstarted
    await unstarted.log_agrees()


Act = Callable[[str], Awaitable[Any]]


async def commanding(scene: Scene, command: str) -> Act:
    return lambda user: scene.workspace.command(user, command, "@maria_k")


async def short_cutting(scene: Scene) -> Act:
    said = scene.workspace.say(ADA, "C0SUPPORT", "please look at @maria_k")
    return lambda user: scene.workspace.shortcut(user, said, "request_deactivation")


async def sending_the_form_in(scene: Scene) -> Act:
    view = await scene.form(ADA, "@maria_k")
    values = {"handle": "maria_k", "category": "spam", "reason": REASON}
    return lambda user: scene.workspace.submit_raw(user, view, values)


async def sending_the_deny_in(scene: Scene) -> Act:
    card = await scene.ask("maria_k")
    await scene.workspace.click(OMAR, card, "deny")
    view = await scene.workspace.wait_for_view(OMAR, lambda v: inputs(v) == {"reason"})
    return lambda user: scene.workspace.submit_raw(user, view, {"reason": "Not what it seems."})


async def pressing(scene: Scene, button: str) -> Act:
    card = await scene.ask("maria_k")
    return lambda user: scene.workspace.click_raw(user, card, button)


async def pressing_on_an_incident(scene: Scene, button: str) -> Act:
    await scene.act("staff-dev-token:rex", "acct_61702458", active=False)
    card = await scene.incident_card("restored")
    return lambda user: scene.workspace.click_raw(user, card, button, value=f"{id_of(card)} {'0' * 64}")


async def looking_at_home(scene: Scene) -> Act:
    return scene.workspace.open_home


async def turning_a_page_of_home(scene: Scene) -> Act:
    await scene.workspace.open_home(ADA)
    home = await scene.workspace.wait_for_home(ADA)
    return lambda user: scene.workspace.click_raw(user, home, "home_on", value="own:1")


WAYS: dict[str, Callable[[Scene], Awaitable[Act]]] = {
    "/deactivate": lambda scene: commanding(scene, "/deactivate"),
    "/restore": lambda scene: commanding(scene, "/restore"),
    "/countersign": lambda scene: commanding(scene, "/countersign"),
    "shortcut": short_cutting,
    "form": sending_the_form_in,
    "deny form": sending_the_deny_in,
    **{name: lambda scene, name=name: pressing(scene, name) for name in ("approve", "deny", "withdraw", "ask_again")},
    "acknowledge": lambda scene: pressing_on_an_incident(scene, "acknowledge"),
    "restore": lambda scene: pressing_on_an_incident(scene, "restore"),
    "home": looking_at_home,
    "page of home": turning_a_page_of_home,
}


async def refused(scene: Scene, *, count: int = 0) -> list[str]:
    """Why somebody was refused, once there are so many; an event is acknowledged before its handler is done."""

    async def found() -> list[str] | None:
        why = [entry.facts["why"] for _, entry in await scene.log() if entry.kind == "refused"]
        return why if len(why) >= count else None

    return list(await scene.eventually(found)) if count else await found() or []


@pytest.mark.parametrize("way", WAYS)
async def test_whoever_is_no_full_member_is_refused_whatever_they_do(scene: Scene, way: str) -> None:
    act = await WAYS[way](scene)
    before = [(seq, entry) for seq, entry in await scene.log() if entry.kind != "drawn"]

    for nth, user in enumerate(OTHERS, 1):
        outcome = await act(user.id)
        assert outcome.ok, outcome
        await refused(scene, count=nth)

    assert await refused(scene, count=len(OTHERS)) == [why.value for why in OTHERS.values()]
    after = [(seq, entry) for seq, entry in await scene.log() if entry.kind not in {"drawn", "refused"}]
    assert after == before
    assert not any(scene.workspace.views(user.id) for user in OTHERS)


@pytest.mark.parametrize("way", WAYS)
async def test_a_full_member_is_not(scene: Scene, way: str) -> None:
    act = await WAYS[way](scene)

    outcome = await act(MEMBER)

    assert outcome.ok, outcome
    assert not {why.value for why in OTHERS.values()} & set(await refused(scene))


async def test_a_guest_is_told_in_the_form_with_nothing_lost(scene: Scene) -> None:
    act = await sending_the_form_in(scene)

    outcome = await act("U5GUEST")

    assert "guest" in str(outcome.body)
    assert '"errors"' in str(outcome.body)


async def test_a_guest_sees_nothing_at_home_but_why(scene: Scene) -> None:
    await scene.ask("maria_k")

    await scene.workspace.open_home("U5GUEST")

    home = await scene.workspace.wait_for_home("U5GUEST")
    assert "guest" in text_of(home)
    assert "REQ-" not in text_of(home)


async def test_clicks_within_a_minute_cost_one_question(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    asked = len(scene.workspace.calls("users.info"))
    for _ in range(3):
        await scene.workspace.click_raw(TESSA, card, "approve")
    assert len(scene.workspace.calls("users.info")) == asked + 1


def silent(scene: Scene) -> None:
    scene.workspace.faults.add("users.info", times=None, error="internal_error")


async def approved(scene: Scene, user: str, card: Message) -> tuple[str, ...]:
    await scene.workspace.click(user, card, "approve")
    return tuple(vote.person for vote in (await scene.request(card)).votes)


async def test_with_slack_silent_nobody_approves_on_a_protected_account(scene: Scene) -> None:
    card = await scene.ask("president")
    silent(scene)

    assert await approved(scene, MONA, card) == ()

    assert await refused(scene) == ["identity_unknown"]
    said = await scene.workspace.wait_for_ephemeral(MONA, lambda m: "try again" in m.text)
    assert "Slack does not say who you are" in said.text


async def test_with_slack_answering_they_do(scene: Scene) -> None:
    card = await scene.ask("president")

    assert await approved(scene, MONA, card) == ("mona",)


async def test_with_slack_silent_a_standard_account_is_decided_on(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    silent(scene)

    assert await approved(scene, MONA, card) == ("mona",)


async def test_with_slack_silent_nobody_denies_on_a_protected_account_either(scene: Scene) -> None:
    card = await scene.ask("president")
    silent(scene)

    await scene.workspace.click(MONA, card, "deny")

    assert await refused(scene) == ["identity_unknown"]
    assert not scene.workspace.views(MONA)


async def test_a_deny_whose_form_comes_back_to_a_silent_slack_keeps_its_reason(scene: Scene) -> None:
    card = await scene.ask("president")
    await scene.workspace.click(OMAR, card, "deny")
    view = await scene.workspace.wait_for_view(OMAR, lambda v: inputs(v) == {"reason"})
    silent(scene)

    sent = await scene.insist(lambda: scene.workspace.submit_raw(MONA, view, {"reason": "Not what it seems."}))

    assert "Slack does not say who you are" in str(sent.body)
    assert (await scene.request(card)).state is State.PENDING


async def test_with_slack_silent_people_still_ask_and_withdraw(scene: Scene) -> None:
    silent(scene)

    card = await scene.ask("president")
    await scene.workspace.click(ADA, card, "withdraw")

    assert (await scene.request(card)).state is State.WITHDRAWN


async def test_what_slack_said_within_the_minute_is_enough_though_it_is_silent_now(scene: Scene) -> None:
    card = await scene.ask("president")
    await scene.workspace.command(MONA, "/countersign", "help")
    silent(scene)

    assert await approved(scene, MONA, card) == ("mona",)


async def test_a_slack_that_hangs_is_not_waited_for_beyond_its_time(scene: Scene) -> None:
    card = await scene.ask("president")
    scene.workspace.faults.add("users.info", times=None, hang=True)

    clicked = await scene.workspace.click(MONA, card, "approve")

    assert clicked.ok
    assert clicked.seconds < 1.5
    assert await refused(scene) == ["identity_unknown"]
