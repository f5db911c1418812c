"""A person and several of several: chosen in a modal by mouse and by keyboard, and told as Slack tells it."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.records import User
from bot.sandbox.stage import Stage
from tests.browser.test_what_it_looks_like import violations
from tests.browser.visitor import ADA, OMAR, Visitor

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


GROUPS = [{"text": plain(name.capitalize()), "value": name} for name in ("agent", "manager", "duty")]
PLACEHOLDER = {"placeholder": plain("Whom?")}


def view(person: Json, groups: Json, *, optional: bool = False) -> Json:
    elements = {
        "person": {"type": "users_select", "action_id": "person", **person},
        "groups": {"type": "multi_static_select", "action_id": "groups", "options": GROUPS, **groups},
    }
    inputs = [
        {
            "type": "input",
            "block_id": name,
            "label": plain(name.capitalize()),
            "hint": plain(f"About the {name}"),
            "optional": optional,
            "element": element,
        }
        for name, element in elements.items()
    ]
    titles = {"title": plain("Add a person"), "submit": plain("Ask"), "close": plain("Cancel")}
    return {"type": "modal", "callback_id": "roster", **titles, "blocks": inputs}


@pytest_asyncio.fixture(loop_scope="session")
async def heard(empty_stage: Stage) -> AsyncIterator[list[Json]]:
    """What a bot gets to hear that acknowledges everything: the state of each form sent in."""
    states: list[Json] = []

    async def events(request: web.Request) -> web.Response:
        payload = json.loads(parse_qs(await request.text())["payload"][0])
        states.append(payload["view"]["state"]["values"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", events)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    empty_stage.workspace.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield states
    await runner.cleanup()


async def opened(stage: Stage, content: Json) -> None:
    """Open a modal before Ada by the Web API."""
    client = AsyncWebClient(token=stage.workspace.bot_token, base_url=stage.workspace.api_url)
    await client.views_open(trigger_id=stage.workspace._state.new_trigger(ADA), view=content)


@pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)
async def test_both_are_labelled_and_clean(visitor: Visitor, empty_stage: Stage, scheme: str) -> None:
    empty_stage.workspace.put_user(User(id="U0GONE", name="gone", deleted=True))
    await visitor.open()
    await opened(empty_stage, view(PLACEHOLDER, {}))
    form = visitor.modal("roster")
    person, groups = form.get_by_label("Person"), form.get_by_role("group", name="Groups")
    await expect(person).to_have_accessible_description("About the person")
    await expect(person.locator("option").first).to_have_text("Whom?")
    names = await person.locator("option").all_inner_texts()
    assert "Omar (manager, operations)" in names
    assert not {"gone", "countersign"} & set(names)
    await expect(groups.get_by_role("checkbox")).to_have_count(3)
    await form.locator('[data-focus="submit"]').click()
    await expect(form.locator(".error")).to_have_count(2)
    await expect(person).to_be_focused()
    await visitor.keep(f"choices-{scheme}")
    assert await violations(visitor) == []


async def test_what_is_chosen_is_sent_as_slack_sends_it(
    visitor: Visitor, empty_stage: Stage, heard: list[Json]
) -> None:
    await visitor.open()
    await opened(empty_stage, view({}, {}))
    form = visitor.modal("roster")
    await form.get_by_label("Person").select_option(OMAR)
    await form.get_by_label("Duty").check()
    await form.get_by_label("Agent").check()
    await form.locator('[data-focus="submit"]').click()
    await form.wait_for(state="detached")
    assert heard == [
        {
            "person": {"person": {"type": "users_select", "selected_user": OMAR}},
            "groups": {"groups": {"type": "multi_static_select", "selected_options": [GROUPS[0], GROUPS[2]]}},
        }
    ]


async def test_the_keyboard_alone_does(visitor: Visitor, empty_stage: Stage, heard: list[Json]) -> None:
    await visitor.open()
    await opened(empty_stage, view({}, {}))
    form = visitor.modal("roster")
    await expect(form.get_by_label("Person")).to_be_focused()
    await visitor.page.keyboard.type("Omar")
    await visitor.press("Tab", "Tab", "Space")
    await visitor.tab_to('[data-focus="submit"]')
    await visitor.press("Enter")
    await form.wait_for(state="detached")
    assert heard[0]["person"]["person"]["selected_user"] == OMAR
    assert heard[0]["groups"]["groups"]["selected_options"] == [GROUPS[1]]


async def test_what_was_chosen_before_stands_there_and_may_be_taken_back(
    visitor: Visitor, empty_stage: Stage, heard: list[Json]
) -> None:
    await visitor.open()
    await opened(empty_stage, view({"initial_user": OMAR}, {"initial_options": GROUPS[:2]}, optional=True))
    form = visitor.modal("roster")
    person = form.get_by_label("Person")
    await expect(person).to_have_value(OMAR)
    await expect(form.get_by_label("Manager")).to_be_checked()
    await expect(form.get_by_label("Duty")).not_to_be_checked()
    await person.select_option("")
    for name in ("Agent", "Manager"):
        await form.get_by_label(name).uncheck()
    await form.locator('[data-focus="submit"]').click()
    await form.wait_for(state="detached")
    assert heard[0]["person"]["person"]["selected_user"] is None
    assert heard[0]["groups"]["groups"]["selected_options"] == []


async def test_a_choice_refused_stays_and_says_why(visitor: Visitor, empty_stage: Stage, heard: list[Json]) -> None:
    await visitor.open()
    await opened(empty_stage, view({}, {"max_selected_items": 1}))
    form = visitor.modal("roster")
    await form.get_by_label("Person").select_option(OMAR)
    for name in ("Agent", "Duty"):
        await form.get_by_label(name).check()
    await form.locator('[data-focus="submit"]').click()
    await expect(form.locator(".error")).to_have_text("Please choose at most 1.")
    await expect(form.get_by_label("Person")).to_have_value(OMAR)
    for name in ("Agent", "Duty"):
        await expect(form.get_by_label(name)).to_be_checked()
    await form.get_by_label("Duty").uncheck()
    await form.locator('[data-focus="submit"]').click()
    await form.wait_for(state="detached")
    assert len(heard) == 1
