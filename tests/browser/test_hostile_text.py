"""What people type is shown as text, whatever it looks like."""

from playwright.async_api import expect

from bot.sandbox.slack.server import SUPPORT
from bot.sandbox.stage import Stage
from tests.browser.visitor import ADA, Visitor

MARKUP = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
MENTION = "<!channel> <@U02MONA> <https://evil.example|good.example> *bold* &lt;b&gt;"
OVERRIDE = "seems \u202egnp.exe fine"
HOSTILE = f"{MARKUP} {MENTION} {OVERRIDE}"


async def test_hostile_text_in_the_form_and_on_the_card_is_text(visitor: Visitor, staged: Stage) -> None:
    await visitor.open()
    await visitor.type(f"/deactivate @maria_k {HOSTILE}")
    form = visitor.modal("submit_request")
    await form.locator('[name="category"]').select_option("spam")
    await form.locator('[data-focus="submit"]').click()
    quote = visitor.card("pending").locator("blockquote")
    await expect(quote).to_contain_text(MARKUP)
    await expect(quote).to_contain_text(MENTION)
    assert await quote.locator("img, script, a, .mention, strong").count() == 0
    assert await visitor.page.title() == "Countersign sandbox"
    await visitor.keep("hostile-card")
    await visitor.go("support")
    await visitor.type(f"/deactivate @{MARKUP}")
    await expect(visitor.modal("submit_request")).to_be_visible()
    assert await visitor.see("dialog img, dialog script").count() == 0
    assert staged.workspace.views(ADA)


async def test_hostile_messages_of_people_are_text(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    await visitor.go("support")
    await visitor.type(f"{MARKUP} <!channel> <@U02MONA>")
    said = visitor.see(".message .words")
    await expect(said).to_contain_text(f"{MARKUP} <!channel> <@U02MONA>")
    assert await said.locator("img, script, .mention").count() == 0
    empty_stage.workspace.say(ADA, SUPPORT, "<javascript:alert(1)|click me>")
    await expect(visitor.see(".message .words").last).to_have_text("click me")
    assert await visitor.see(".message a").count() == 0
