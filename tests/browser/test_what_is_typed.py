"""What was typed is not lost when the bot is gone, when the demo is, or when another one comes in its place."""

from playwright.async_api import expect

from bot.sandbox.stage import Stage, stage
from tests.browser.visitor import Visitor

OFFLINE = ("ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
LINE = "/deactivate @maria_k A reason that took some time to write."


def expected(visitor: Visitor) -> None:
    """The browser itself notes in its console that a server is gone."""
    visitor.complaints[:] = [one for one in visitor.complaints if not any(name in one for name in OFFLINE)]


async def test_without_a_bot_the_line_stays(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await staged.stop_bot()
    await visitor.type(LINE)
    await expect(visitor.see(".toast")).to_contain_text("could not be reached")
    await expect(visitor.see("#composer-field")).to_have_value(LINE)
    await visitor.see("#post-digest").click()
    await expect(visitor.see(".toast").last).to_contain_text("not running")
    visitor.complaints[:] = [one for one in visitor.complaints if "502" not in one]


async def test_without_a_server_the_line_stays_and_the_page_says_so(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    await expect(visitor.see("#lost")).to_be_hidden()
    await empty_stage.workspace.stop()
    await expect(visitor.see("#lost")).to_contain_text("not running any more")
    await visitor.type("a message")
    await expect(visitor.see(".toast")).to_contain_text("Nobody answered")
    await expect(visitor.see("#composer-field")).to_have_value("a message")
    await visitor.keep("gone")
    expected(visitor)


async def test_a_form_stays_when_another_demo_comes(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.type(LINE)
    form = visitor.modal("submit_request")
    await form.locator('[name="evidence"]').fill("https://example.com/it")
    await staged.workspace.stop()
    async with stage(port=int(visitor.url.rsplit(":", 1)[1])):
        await expect(form.locator(".stranded")).to_contain_text("Copy what you need", timeout=20_000)
        await expect(form.locator('[name="evidence"]')).to_have_value("https://example.com/it")
        await expect(visitor.see("#lost")).to_be_hidden()
        await visitor.keep("stranded")
        await form.locator('[data-focus="close"]').click()
        await expect(visitor.see("dialog")).to_have_count(0)
    await visitor.page.close()
    expected(visitor)


async def test_a_form_is_closed_though_nobody_answers(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.type(LINE)
    form = visitor.modal("submit_request")
    await form.locator('[name="category"]').select_option("legal")
    await staged.workspace.stop()
    await form.locator('[data-focus="submit"]').click()
    await expect(form.locator('[name="category"]')).to_have_value("legal")
    await form.locator('[data-focus="close"]').click()
    await expect(visitor.see("dialog")).to_have_count(0)
    expected(visitor)
