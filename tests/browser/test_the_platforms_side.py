"""The right column: consoles, counters, faults and the log; and the left one's language."""

import re

from playwright.async_api import expect

from bot.sandbox.slack.server import SUPPORT
from bot.sandbox.stage import Stage
from tests.browser.visitor import ADA, Visitor


async def test_the_owners_own_deactivation_stands(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.console("leaving_soon", "owner")
    await expect(visitor.account("leaving_soon", "deactivated")).to_have_count(1)
    await expect(visitor.see('#log [data-end="stands"]')).to_contain_text("The owner")
    await visitor.account("leaving_soon").locator('[data-active="true"]').click()
    await expect(visitor.account("leaving_soon", "active")).to_have_count(1)
    assert (await staged.public("@leaving_soon"))["state"] == "active"


async def test_counters_come_back_as_the_switch_says(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.account("president").locator(".account-head").click()
    await visitor.account("president").locator("select").select_option("cold_cache")
    await expect(visitor.account("president").locator("option:checked")).to_contain_text("5,400")
    await staged.act("staff-dev-token:rex", "acct_25073877", active=False)
    await expect(visitor.account("president", "active").locator(".followers")).to_contain_text("5,400")
    await expect(visitor.account("president").locator(".followers")).to_contain_text("41,700,000", timeout=8000)


async def test_faults_are_shown_while_they_act_and_cleared_together(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.see("#misbehaviour summary").click()
    await visitor.see('[data-fault="status"]').click()
    await visitor.see('[data-fault="duplicate"]').click()
    await expect(visitor.see("#active-faults li")).to_have_count(2)
    await visitor.console("president", "worker")
    await expect(visitor.see("#active-faults li").first).to_contain_text(re.compile("[1-5] of 5|used up"))
    await visitor.keep("faults")
    await visitor.see("#clear-faults").click()
    await expect(visitor.see("#active-faults li")).to_have_count(0)
    await expect(visitor.see('#log [data-end="undone"]')).to_have_count(1, timeout=15_000)
    assert (await staged.public("@president"))["state"] == "active"


async def test_a_fault_that_is_used_up_counts_no_more(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.see("#misbehaviour summary").click()
    await visitor.see('[data-fault="drop"]').click()
    await visitor.see('[data-fault="no_op"]').click()
    await expect(visitor.see("#fault-count")).to_have_text("2")
    await staged.act("bot-dev-token", "acct_25073877", active=False)
    await expect(visitor.see('[data-used-up="true"]')).to_contain_text("used up")
    await expect(visitor.see("#fault-count")).to_have_text("1")


async def test_without_a_bot_nobody_has_judged_it(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    for role, handle in (("worker", "president"), ("owner", "leaving_soon")):
        await visitor.console(handle, role)
        await expect(visitor.account(handle, "deactivated")).to_have_count(1)
    ends = visitor.see('#log [data-end="unjudged"]')
    await expect(ends).to_have_count(2)
    await expect(ends.first).to_contain_text("nobody has judged it yet")
    assert empty_stage.process is None


async def test_look_alikes_are_told_apart_by_their_ids(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    heads = visitor.see(".account:has(.id)")
    assert {"acct_25073877"} < set(await heads.evaluate_all("nodes => nodes.map(node => node.dataset.account)"))
    await expect(visitor.account("dailyledger").locator(".id")).to_have_count(0)
    await empty_stage.act("staff-dev-token:rex", "acct_25073877", active=False)
    await expect(visitor.see("#log .entry").first).to_contain_text("acct_25073877")


async def test_the_console_offers_what_changes_something(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.account("leaving_soon").locator(".account-head").click()
    await expect(visitor.account("leaving_soon").locator(".console-title")).to_have_text("Deactivate, around the bot")
    await visitor.console("leaving_soon", "owner")
    await expect(visitor.account("leaving_soon").locator(".console-title")).to_have_text("Restore, around the bot")
    assert staged.process is not None


async def test_a_person_chooses_the_language_of_slack(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    await visitor.go("support")
    empty_stage.workspace.say(ADA, SUPPORT, "<!date^1511663100^{date_long}|then>")
    await expect(visitor.see(".words time")).to_contain_text("November")
    await visitor.see("#language").select_option("fr-FR")
    await expect(visitor.see(".words time")).to_contain_text("novembre")
    await visitor.become("U02MONA")
    await expect(visitor.see("#language")).to_have_value("en-US")


async def test_a_message_bears_the_shortcut(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.go("support")
    staged.workspace.say("U09SAM", SUPPORT, "look at @maria_k, please")
    await visitor.see(".message").hover()
    await visitor.see('[aria-haspopup="menu"]').click()
    await visitor.see('[data-shortcut="request_deactivation"]').click()
    await expect(visitor.modal("submit_request").locator('[name="handle"]')).to_have_value(re.compile("maria_k"))
    await visitor.press("Escape")
    await expect(visitor.see("dialog")).to_have_count(0)
    await expect(visitor.see('[aria-haspopup="menu"]')).to_be_focused()
