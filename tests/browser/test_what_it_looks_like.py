"""Readable for everyone: WCAG A and AA by axe-core in light and dark, and a phone never scrolls sideways."""

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import expect

from bot.sandbox.stage import Stage
from tests.browser.visitor import ADA, Visitor

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHECK = "levels => axe.run(document, {runOnly: {type: 'tag', values: levels}})"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
DOWNWARDS = "() => document.documentElement.scrollHeight - document.documentElement.clientHeight"
CUT_OFF = """() => [...document.querySelectorAll('.column *')].filter((node) =>
  node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX === 'auto'
  && !node.matches('.table')).map((node) => node.id || node.className)"""


async def violations(visitor: Visitor) -> list[str]:
    await visitor.page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = await visitor.page.evaluate(CHECK, LEVELS)
    return [
        f"{one['id']}: {node['html']} ({node['failureSummary']})"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)
async def test_no_violations_on_the_page_in_a_modal_and_at_home(visitor: Visitor, staged: Stage, scheme: str) -> None:
    await visitor.open(tour=True)
    await expect(visitor.see("#tour")).to_be_visible()
    assert await violations(visitor) == []
    await visitor.type("/deactivate @dailyledger Too short? No, long enough.")
    form = visitor.modal("submit_request")
    await form.locator('[data-focus="submit"]').click()
    await expect(form.locator(".error").first).to_be_visible()
    await visitor.keep(f"errors-{scheme}")
    assert await violations(visitor) == []
    await form.locator('[data-focus="close"]').click()
    await visitor.ask("maria_k")
    await expect(visitor.card("pending")).to_be_visible()
    await staged.act("staff-dev-token:rex", "acct_25073877", active=False)
    await expect(visitor.see('[data-kind="countersign_incident"][data-state="restored"]')).to_be_visible()
    await visitor.see("#misbehaviour summary").click()
    await visitor.account("president").locator(".account-head").click()
    assert await violations(visitor) == []
    await visitor.go("home")
    await expect(visitor.see('#home [data-action-id="withdraw"]')).to_be_visible()
    await visitor.keep(f"home-{scheme}")
    assert await violations(visitor) == []


async def test_the_page_itself_never_scrolls_on_a_desk(visitor: Visitor, staged: Stage) -> None:
    await visitor.open(tour=True)
    assert await visitor.page.evaluate(DOWNWARDS) == 0
    await visitor.ask("maria_k")
    for _ in range(40):
        staged.workspace.say(ADA, "C0APPROVALS", "one more line")
    await staged.act("staff-dev-token:rex", "acct_25073877", active=False)
    await expect(visitor.see('[data-kind="countersign_incident"][data-state="restored"]')).to_be_attached()
    await visitor.see("#misbehaviour summary").click()
    for head in await visitor.see(".account-head").all():
        await head.focus()
    assert await visitor.page.evaluate(DOWNWARDS) == 0
    await visitor.go("home")
    await expect(visitor.see("#home .block").first).to_be_visible()
    assert await visitor.page.evaluate(DOWNWARDS) == 0
    assert await visitor.page.evaluate("() => scrollY") == 0


async def test_at_twice_the_size_the_messages_keep_their_height(visitor: Visitor, staged: Stage) -> None:
    await visitor.page.set_viewport_size({"width": 640, "height": 400})
    await visitor.open(tour=True)
    await visitor.ask("maria_k")
    await expect(visitor.card("pending")).to_be_attached()
    await visitor.see("#composer-field").scroll_into_view_if_needed()
    await expect(visitor.see("#composer-field")).to_be_in_viewport(ratio=1)
    box = await visitor.see("#timeline").bounding_box()
    assert box is not None
    assert box["height"] >= 200
    for pane in ("left", "middle", "right"):
        await visitor.pane(pane)
        assert await visitor.page.evaluate(SIDEWAYS) == 0, pane
        await visitor.keep(f"low-{pane}")
    assert staged.process is not None


async def test_a_phone_never_scrolls_sideways(on_a_phone: Visitor, staged: Stage) -> None:
    visitor = on_a_phone
    await visitor.open(tour=True)
    long_name = "pres" + "і" * 180
    staged.workspace.say(ADA, "C0APPROVALS", long_name)
    await visitor.ask("maria_k", "x" * 400)
    await expect(visitor.card("pending")).to_be_visible()
    for pane in ("left", "middle", "right"):
        await visitor.pane(pane)
        assert await visitor.page.evaluate(SIDEWAYS) == 0, pane
        assert await visitor.page.evaluate(CUT_OFF) == [], pane
        await visitor.keep(f"phone-{pane}")
    await visitor.go("home")
    await expect(visitor.see("#home .block").first).to_be_visible()
    assert await visitor.page.evaluate(SIDEWAYS) == 0
    assert await violations(visitor) == []
