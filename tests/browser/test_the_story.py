"""The whole story in a real browser: asked, approved by two, carried out, gone around, put back."""

import re

import pytest
from playwright.async_api import Locator, expect

from bot.sandbox.stage import Stage
from tests.browser.visitor import ADA, MONA, REX, TESSA, Visitor

RESTORED = '[data-kind="countersign_incident"][data-state="restored"]'


async def story(visitor: Visitor, name: str) -> None:
    await visitor.open()
    await visitor.keep(f"{name}-1-start")
    await visitor.become(ADA)
    await visitor.ask("dailyledger", confirm=True)
    await expect(visitor.card("pending")).to_be_visible()
    await visitor.keep(f"{name}-2-asked")
    await visitor.approve(MONA)
    await expect(visitor.see(".ephemeral")).to_be_visible()
    await visitor.keep(f"{name}-3-one-approval")
    await visitor.approve(TESSA)
    await expect(visitor.card("done")).to_be_visible()
    await visitor.keep(f"{name}-4-done")
    await expect(visitor.account("dailyledger", "deactivated")).to_have_count(1)
    await visitor.become(REX)
    await visitor.console("president", "worker")
    undone = visitor.see('#log [data-action="deactivate"][data-end="undone"]')
    await expect(undone).to_contain_text(re.compile(r"put back after [\d.]+ (ms|s|min)"))
    await expect(undone).to_contain_text("INC-")
    await expect(visitor.account("president", "active")).to_contain_text("41,700,000")
    await visitor.keep(f"{name}-5-put-back")
    await visitor.pane("middle")
    await expect(visitor.see(RESTORED)).to_be_visible()
    await visitor.see(RESTORED).evaluate("card => card.scrollIntoView()")  # it is drawn anew all the while
    await visitor.keep(f"{name}-6-incident")


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)
async def test_the_whole_story_by_clicks(visitor: Visitor, scheme: str) -> None:
    await story(visitor, f"desk-{scheme}")


@pytest.mark.usefixtures("staged")
async def test_the_whole_story_on_a_phone(on_a_phone: Visitor) -> None:
    await story(on_a_phone, "phone")


@pytest.mark.usefixtures("staged")
async def test_the_whole_story_by_keyboard_alone(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.tab_to("#composer-field")
    await visitor.page.keyboard.type("/dea")
    await expect(visitor.see("#commands [aria-selected=true]")).to_contain_text("/deactivate")
    await visitor.press("Enter")
    await visitor.page.keyboard.type("@dailyledger Somebody else writes there and asks for passwords.")
    await visitor.press("Enter")
    form = visitor.modal("submit_request")
    await expect(form).to_be_visible()
    await visitor.tab_to('[name="category"]')
    await visitor.page.keyboard.type("imp")
    await visitor.tab_to('[name="confirm_handle"]')
    await visitor.page.keyboard.type("dailyledger")
    await visitor.press("Enter")
    await expect(visitor.card("pending")).to_be_visible()
    await expect(visitor.see("#composer-field")).to_be_focused()

    await _approve_by_keyboard(visitor, downs=1)
    await expect(visitor.see(".ephemeral")).to_be_visible()
    await _approve_by_keyboard(visitor, downs=2)
    await expect(visitor.card("done")).to_be_visible()

    await visitor.tab_to('[data-handle="president"] .account-head')
    await visitor.press("Enter")
    await visitor.tab_to('[data-handle="president"] [data-as="worker"]')
    await visitor.press("Enter")
    await expect(visitor.see(RESTORED)).to_be_visible()
    await expect(visitor.account("president", "active")).to_have_count(1)
    await visitor.keep("keyboard-end")


async def _approve_by_keyboard(visitor: Visitor, *, downs: int) -> None:
    await visitor.tab_to('input[name="person"]', backwards=True)
    await visitor.press(*["ArrowDown"] * downs)
    await visitor.tab_to('[data-state="pending"] [data-action-id="approve"]')
    await visitor.press("Enter")
    confirm: Locator = visitor.see("dialog.confirm .primary")
    await expect(confirm).to_be_focused()
    await visitor.press("Enter")
    await expect(confirm).to_have_count(0)


async def test_the_tour_leads_through_it_and_ends(visitor: Visitor, staged: Stage) -> None:
    await visitor.open(tour=True)
    await visitor.see('[data-focus="tour-go"]').click()
    await visitor.see("#composer-field").press("Enter")
    form = visitor.modal("submit_request")
    await form.locator('[name="category"]').select_option("impersonation")
    await form.locator('[name="confirm_handle"]').fill("dailyledger")
    await form.locator('[data-focus="submit"]').click()
    for person in ("Mona", "Tessa"):
        await visitor.see('[data-focus="tour-go"]').filter(has_text=person).click()
        await visitor.card("pending").locator('[data-action-id="approve"]').click()
        await visitor.see("dialog.confirm .primary").click()
    await visitor.see('[data-focus="tour-next"]').click()
    await visitor.see('[data-focus="tour-go"]').click()
    assert (await staged.public("@president"))["state"] == "active", "the tour leaves the deed to the visitor"
    await visitor.press("Enter")
    await expect(visitor.see('[data-focus="tour-next"]')).to_be_visible()
    await visitor.see('[data-focus="tour-go"]').click()
    await expect(visitor.see(RESTORED)).to_be_in_viewport()
    await visitor.see('[data-focus="tour-next"]').click()
    await expect(visitor.see("#tour")).to_be_hidden()
    await expect(visitor.see("#restart-tour")).to_be_focused()
