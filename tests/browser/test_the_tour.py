"""The tour keeps to itself: skipped it stays away, asked for it comes back, and it covers nothing."""

from playwright.async_api import expect

from tests.browser.visitor import Visitor


async def test_a_skipped_tour_stays_away_and_can_be_taken_again(visitor: Visitor) -> None:
    await visitor.open(tour=True)
    await visitor.tab_to('[data-focus="tour-skip"]')
    await visitor.press("Enter")
    await expect(visitor.see("#tour")).to_be_hidden()
    await visitor.page.reload()
    await expect(visitor.see("#restart-tour")).to_be_visible()
    await expect(visitor.see("#tour")).to_be_hidden()
    await visitor.tab_to("#restart-tour")
    await visitor.press("Enter")
    await expect(visitor.see("#tour")).to_be_visible()
    await expect(visitor.see("#tour")).to_be_focused()


async def test_a_step_does_not_advance_by_being_looked_at(visitor: Visitor) -> None:
    await visitor.open(tour=True)
    title = await visitor.see("#tour h2").inner_text()
    await visitor.see('[data-focus="tour-go"]').click()
    await expect(visitor.see("#composer-field")).to_be_focused()
    await expect(visitor.see("#tour h2")).to_have_text(title)


async def test_the_strip_covers_nothing(visitor: Visitor) -> None:
    await visitor.open(tour=True)
    strip = await visitor.see("#tour").bounding_box()
    pointed = await visitor.see(".pointed").bounding_box()
    assert strip is not None
    assert pointed is not None
    assert strip["y"] + strip["height"] <= pointed["y"]
