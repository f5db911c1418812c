"""The weekly digest of what was just done in the browser, with its charts; and the pictures that README shows."""

import pytest
from playwright.async_api import expect

from tests.browser.visitor import ADA, MONA, OMAR, REX, TESSA, Visitor

PUT_BACK = '[data-kind="countersign_incident"][data-state="restored"]'
DIGEST = "li.message:has(.block-data_visualization)"


@pytest.mark.usefixtures("staged")
async def test_the_digest_is_drawn_with_its_charts(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.become(ADA)
    await visitor.ask("dailyledger", confirm=True)
    await visitor.approve(MONA)
    await expect(visitor.card("pending")).to_contain_text("1 of 2")
    await visitor.keep("card", of=visitor.card("pending"))
    await visitor.approve(TESSA)
    await expect(visitor.card("done")).to_have_count(1)
    await visitor.become(ADA)
    await visitor.ask("weekend_baker")
    await visitor.deny(OMAR, "The evidence is about another account.")
    await expect(visitor.card("denied")).to_have_count(1)
    for nth, handle in enumerate(("president", "nightowl_films", "city_of_arden"), start=1):
        await visitor.become(REX)
        await visitor.console(handle, "worker")
        await expect(visitor.see(PUT_BACK)).to_have_count(nth)
        await expect(visitor.see('#log [data-end="undone"]')).to_have_count(nth)
        if nth == 1:
            await visitor.keep("page")

    await visitor.pane("right")
    await visitor.see("#post-digest").click()

    digest = visitor.see(DIGEST)
    await expect(digest).to_be_visible()
    await expect(digest.locator("svg")).to_have_count(2)
    await expect(digest.locator("table").last).to_contain_text("@president")
    assert await digest.locator(".table").last.evaluate("node => node.scrollWidth - node.clientWidth") == 0
    await visitor.page.set_viewport_size({"width": 1280, "height": 2000})
    await visitor.page.evaluate("document.querySelector('#toasts').replaceChildren()")  # they would go by themselves
    await visitor.keep("digest", of=digest)
