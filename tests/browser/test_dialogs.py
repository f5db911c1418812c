"""Modals and confirmations keep the keyboard inside, what was typed, and give the place back."""

import pytest
from playwright.async_api import expect

from tests.browser.visitor import MONA, OMAR, Visitor

OUTSIDE = "() => document.activeElement !== document.body && !document.activeElement.closest('dialog')"


@pytest.mark.usefixtures("staged")
async def test_a_modal_keeps_the_focus_and_gives_it_back(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.type("/deactivate @maria_k")
    await expect(visitor.modal("submit_request").locator('[name="category"]')).to_be_focused()
    for _ in range(20):
        await visitor.press("Tab")
        assert not await visitor.page.evaluate(OUTSIDE)
    await visitor.press("Escape")
    await expect(visitor.see("dialog")).to_have_count(0)
    await expect(visitor.see("#composer-field")).to_be_focused()


@pytest.mark.usefixtures("staged")
async def test_a_refused_field_says_so_and_the_rest_stays(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.type("/deactivate @maria_k")
    form = visitor.modal("submit_request")
    await form.locator('[name="category"]').select_option("legal")
    await form.locator('[name="reason"]').fill("short")
    await form.locator('[data-focus="submit"]').click()
    reason = form.locator('[name="reason"]')
    await expect(reason).to_have_attribute("aria-invalid", "true")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_value("short")
    await expect(form.locator('[name="category"]')).to_have_value("legal")
    described = await reason.get_attribute("aria-describedby")
    assert any(error.startswith("error-") for error in str(described).split())


@pytest.mark.usefixtures("staged")
async def test_the_sentence_at_the_last_field_is_seen(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.type("/deactivate @dailyledger A reason that is long enough.")
    form = visitor.modal("submit_request")
    await form.locator('[name="category"]').select_option("legal")
    await form.locator('[name="confirm_handle"]').fill("somebody_else")
    await form.locator('[data-focus="submit"]').click()
    await expect(form.locator(".error")).to_be_in_viewport(ratio=1)
    error, end = await form.locator(".error").bounding_box(), await form.locator(".dialog-end").bounding_box()
    assert error is not None
    assert end is not None
    assert error["y"] + error["height"] <= end["y"]


@pytest.mark.usefixtures("staged")
async def test_a_handle_changed_in_the_form_draws_it_anew(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.type("/deactivate @maria_k A reason that is long enough.")
    form = visitor.modal("submit_request")
    await form.locator('[name="category"]').select_option("legal")
    await form.locator('[name="handle"]').fill("dailyledger")
    await form.locator('[data-focus="submit"]').click()
    await expect(form.locator('[name="confirm_handle"]')).to_be_focused()
    await expect(form.locator('[name="category"]')).to_have_value("legal")


@pytest.mark.usefixtures("staged")
async def test_one_may_step_back_from_an_approval_and_deny_with_a_reason(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.ask("maria_k")
    await visitor.become(MONA)
    await visitor.card("pending").locator('[data-action-id="approve"]').click()
    await visitor.see("dialog.confirm .button").first.click()
    await expect(visitor.card("pending").locator('[data-action-id="approve"]')).to_be_focused()
    await visitor.become(OMAR)
    await visitor.card("pending").locator('[data-action-id="deny"]').click()
    form = visitor.modal("deny_request")
    await form.locator('[name="reason"]').fill("A parody account, marked as one.")
    await form.locator('[data-focus="submit"]').click()
    await expect(visitor.card("denied")).to_contain_text("A parody account")
