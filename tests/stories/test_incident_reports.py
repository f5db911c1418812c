"""An incident's report in Slack and on the command line: what is known, what is not, and what may be said."""

from typing import Any

from bot.report_printing import print_report
from bot.sandbox.slack.records import Message, View
from tests.stories.scene import OMAR, TOM, Scene, text_of


async def opened(scene: Scene, user: str, card: Message) -> View:
    clicked = await scene.workspace.click(user, card, "incident_report")
    assert clicked.ok, clicked
    return await scene.workspace.wait_for_view(user, lambda v: "Not known" in text_of(v), timeout=8)


async def test_look(scene: Scene, capsys: Any, monkeypatch: Any) -> None:
    await scene.act("staff-dev-token:rex", TOM, active=False)
    card = await scene.incident_card("restored")
    view = await opened(scene, OMAR, card)
    sent = await scene.workspace.submit(OMAR, view, {"cause": "human_error"})
    assert sent.ok, sent
    print(text_of(view))
    print(sent)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{scene.folder}/countersign.db")
    await print_report("latest", as_json=False)
    await print_report("latest", as_json=True)
    out = capsys.readouterr().out
    open("/tmp/h/wr-out.txt", "w").write(out)
