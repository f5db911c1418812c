"""An incident's report in Slack and on the command line: what is known, what is not, and what may be said."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.incident import Incident
from bot.core.transition import Kind
from bot.sandbox.slack.people import Outcome
from bot.sandbox.slack.records import Message, View
from bot.sandbox.slack.server import APPROVALS
from tests.commands import Ran, countersign
from tests.slack.validators import check_view
from tests.stories.scene import ADA, MONA, OMAR, PINE, REX, SAM, TESSA, TOM, Scene, id_of, inputs, text_of

HOSTILE = "<!channel> *x* `|<https://evil.example|click>\u202e\x1b[31m"


async def opened(scene: Scene, user: str, card: Message) -> View:
    """Press the button and wait for the report."""
    clicked = await scene.workspace.click(user, card, "incident_report")
    assert clicked.ok, clicked
    return await scene.workspace.wait_for_view(user, lambda v: "Not known" in text_of(v), timeout=20)


async def set_to(scene: Scene, user: str, view: View, cause: str) -> Outcome:
    sent = await scene.workspace.submit(user, view, {"cause": cause})
    assert sent.ok, sent
    return sent


async def shown_to(scene: Scene, user: str, cause: str) -> View:
    """The report once it shows that cause."""
    return await scene.workspace.wait_for_view(user, lambda v: f"Cause: {cause}" in text_of(v), timeout=20)


async def printed(scene: Scene, *words: str) -> Ran:
    return await countersign("incident", *words, cwd=scene.folder, DATABASE_URL=scene.settings.database_url)


async def incident(scene: Scene, card: Message) -> Incident:
    found = await scene.world.ledger.read(lambda view: view.incident(id_of(card)))
    assert isinstance(found, Incident)
    return found


async def gone_rogue(scene: Scene, *, by: str = "rex") -> Message:
    await scene.act(f"staff-dev-token:{by}", TOM, active=False)
    return await scene.incident_card("restored")


async def test_a_rogue_act_is_reported_in_slack_with_what_is_known_and_what_is_not(scene: Scene) -> None:
    card = await gone_rogue(scene)

    view = await opened(scene, OMAR, card)

    told = text_of(view)
    check_view({**view.content, "type": "modal"})
    for step in ("The account was deactivated", "The guard heard of it", "The account was active again"):
        assert step in told
    assert "staff:rex" in told
    assert "Who used the access that the platform names" in told
    assert "The cause is under investigation." in told
    assert "La cause est en cours d’examen." in told
    assert inputs(view) == {"cause"}


async def test_the_same_report_is_printed_for_people_and_for_programs(scene: Scene) -> None:
    card = await gone_rogue(scene)

    latest, by_id = await printed(scene, "latest"), await printed(scene, id_of(card), "--format", "json")
    listed = await printed(scene)
    listed_json = await printed(scene, "--json")

    assert latest.code == by_id.code == listed.code == 0, latest.err + by_id.err + listed.err
    assert latest.out.startswith(f"# Incident report {id_of(card)}")
    read = json.loads(by_id.out)
    assert (read["id"], read["actor"], read["cause"]) == (id_of(card), "staff:rex", None)
    assert [line["step"] for line in read["timeline"]][:2] == ["first_call", "seen"]
    assert set(read["statements"]) == {"en", "fr"}
    assert listed.out.startswith(f"{id_of(card)}  ")
    assert [each["id"] for each in json.loads(listed_json.out)] == [id_of(card)]


async def test_a_drafts_words_are_the_same_wherever_it_is_read(scene: Scene) -> None:
    card = await gone_rogue(scene)

    told = text_of(await opened(scene, OMAR, card))
    read = json.loads((await printed(scene, "latest", "--json")).out)

    for draft in read["statements"].values():
        assert draft in told


async def test_neither_a_name_nor_a_key_is_in_a_draft(scene: Scene) -> None:
    card = await gone_rogue(scene)

    out = (await printed(scene, "latest", "--json")).out + (await printed(scene, "latest")).out

    found = await incident(scene, card)
    restore = await scene.world.ledger.read(lambda view: view.request(found.request))
    assert restore.operation not in out
    for draft in json.loads((await printed(scene, "latest", "--json")).out)["statements"].values():
        assert "rex" not in draft.lower()
        assert "staff" not in draft.lower()


async def test_a_cause_is_set_then_corrected_and_the_correction_is_drafted(scene: Scene) -> None:
    """2017: first “human error”, then not."""
    card = await gone_rogue(scene)

    await set_to(scene, OMAR, await opened(scene, OMAR, card), "human_error")
    first = text_of(await shown_to(scene, OMAR, "human error"))
    await set_to(scene, TESSA, await opened(scene, TESSA, card), "deliberate")
    then = text_of(await shown_to(scene, TESSA, "deliberate"))

    assert "The cause was a human error." in first
    assert "Earlier we said" not in first
    assert "It was done deliberately." in then
    assert "Earlier we said that the cause was a human error. That was wrong. It was done deliberately." in then
    assert "Nous avions dit que la cause était une erreur humaine. C’était inexact." in then
    assert "For use only if a statement that named the earlier cause was published." in then
    read = json.loads((await printed(scene, "latest", "--json")).out)
    assert (read["cause"], read["corrects"], set(read["corrections"])) == ("deliberate", "human_error", {"en", "fr"})
    kinds = [(e.by, e.facts["earlier"]) for _, e in await scene.log() if e.kind is Kind.ESTABLISHED]
    assert kinds == [("omar", None), ("tessa", "human_error")]
    redrawn = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == card.ts and "Cause: " in text_of(m) and "deliberate" in text_of(m), timeout=20
    )
    assert "tessa" in text_of(redrawn)
    await scene.log_agrees()


async def test_a_cause_that_is_taken_back_is_not_called_wrong(scene: Scene) -> None:
    card = await gone_rogue(scene)
    await set_to(scene, OMAR, await opened(scene, OMAR, card), "system_fault")

    await set_to(scene, OMAR, await shown_to(scene, OMAR, "system fault"), "under_investigation")

    told = text_of(await shown_to(scene, OMAR, "under investigation"))
    assert "We no longer say so. The cause is under investigation." in told


async def test_the_actor_reads_the_report_and_sets_nothing_acknowledged_or_not(scene: Scene) -> None:
    card = await gone_rogue(scene, by="mona")

    before = await opened(scene, MONA, card)
    await scene.workspace.click(ADA, card, "acknowledge")
    await scene.workspace.wait_for_message(APPROVALS, lambda m: "Acknowledged by" in text_of(m), timeout=20)
    after = await opened(scene, MONA, card)
    forged = await scene.workspace.submit_raw(MONA, await opened(scene, OMAR, card), {"cause": "human_error"})

    for view in (before, after):
        assert inputs(view) == set()
        assert "You acted in this incident yourself" in text_of(view)
    assert "You acted in this incident yourself" in str(forged.reply)
    assert (await incident(scene, card)).established is None


async def test_who_may_not_vote_on_the_rules_is_shown_no_choice(scene: Scene) -> None:
    card = await gone_rogue(scene)

    view = await opened(scene, ADA, card)
    forged = await scene.workspace.submit_raw(ADA, await opened(scene, OMAR, card), {"cause": "human_error"})

    assert inputs(view) == set()
    assert "may say what the cause was" in text_of(view)
    assert "may say what the cause was" in str(forged.reply)
    assert (await incident(scene, card)).established is None


async def test_two_who_set_it_at_once_do_not_overrule_each_other_unseen(scene: Scene) -> None:
    card = await gone_rogue(scene)
    of_omar, of_tessa = await opened(scene, OMAR, card), await opened(scene, TESSA, card)
    await set_to(scene, OMAR, of_omar, "human_error")

    late = await scene.workspace.submit(TESSA, of_tessa, {"cause": "deliberate"})

    assert "omar has changed the cause" in str(late.errors)
    assert (await incident(scene, card)).established == "human_error"


async def test_a_stranger_to_the_roster_is_told_nothing(scene: Scene) -> None:
    card = await gone_rogue(scene)

    clicked = await scene.workspace.click(SAM, card, "incident_report")

    assert clicked.ok
    await scene.workspace.wait_for_ephemeral(SAM, lambda m: "not on the roster" in m.text)


async def test_the_list_has_what_is_not_undone_first(scene: Scene) -> None:
    await scene.fault(kind="purged", on="patch", by="svc:countersign", times=1)
    await scene.act("staff-dev-token:rex", PINE, active=False)
    stuck = await scene.incident_card("stuck")
    restored = await gone_rogue(scene)

    await scene.workspace.command(OMAR, "/countersign", "incidents")

    answer = text_of(await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "Incidents" in m.text))
    assert answer.index(id_of(stuck)) < answer.index(id_of(restored))
    assert "@tom.reads" in answer
    assert "staff:rex" in answer
    assert "down for" in answer


async def test_without_incidents_the_list_says_so(scene: Scene) -> None:
    await scene.workspace.command(REX, "/countersign", "incidents")

    await scene.workspace.wait_for_ephemeral(REX, lambda m: "No incident is on record." in m.text)
    listed, latest = await printed(scene), await printed(scene, "latest")
    assert listed.out == "There are no incidents.\n"
    assert (latest.code, latest.err) == (1, "There is no incident yet.\n")


@pytest.mark.parametrize("words", [("INC-NOSUCHONE",), ("--format", "json", "x\x1b[31m")])
async def test_a_wrong_id_is_one_sentence(scene: Scene, words: tuple[str, ...]) -> None:
    ran = await printed(scene, *words)

    assert ran.code == 1
    assert ran.err.startswith("There is no incident “")
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.err


async def test_two_formats_at_once_are_wrong_usage(scene: Scene) -> None:
    ran = await printed(scene, "latest", "--json", "--format", "md")

    assert ran.code == 2
    assert "exclude each other" in ran.err


async def test_a_hostile_name_is_inert_in_every_report(scene: Scene) -> None:
    await renamed(scene, TOM, HOSTILE)
    card = await gone_rogue(scene)

    view = await opened(scene, OMAR, card)
    out = (await printed(scene, "latest")).out

    assert "mrkdwn" not in str(view.blocks)
    assert "<!channel>" in text_of(view)
    for line in (text_of(view), out):
        assert not {"\x1b", "\u202e"} & set(line)
    assert "`` <!channel> *x* `" in out


async def test_a_report_of_what_was_taken_down_again_leads_to_the_next(scene: Scene) -> None:
    first = id_of(await gone_rogue(scene))
    await scene.act("staff-dev-token:rex", TOM, active=False)

    async def twice() -> Sequence[Incident]:
        found: Sequence[Incident] = await scene.world.ledger.read(lambda view: view.incidents())
        return found if len(found) == 2 and all(i.state == "restored" for i in found) else ()

    second, _ = await scene.eventually(twice)

    earlier, later = await printed(scene, first, "--json"), await printed(scene, "latest", "--json")
    assert (json.loads(earlier.out)["again"], json.loads(later.out)["again"]) == (second.id, None)


async def test_the_figures_of_an_incident_are_told_to_prometheus(scene: Scene) -> None:
    await gone_rogue(scene)
    assert scene.bot is not None

    async with scene.session.get(f"http://127.0.0.1:{scene.bot.port}/metrics") as answer:
        told = await answer.text()

    for what in ("detect", "restore"):
        assert f"countersign_time_to_{what}_seconds_count 1.0" in told
    assert "countersign_open_incidents 0.0" in told


async def renamed(scene: Scene, account: str, name: str) -> None:
    operation: dict[str, Any] = {"op": "replace", "path": "displayName", "value": name}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    url, headers = (
        f"{scene.platform.url}/scim/v2/Users/{account}",
        {"Authorization": f"Bearer owner-dev-token:{account}"},
    )
    async with scene.session.patch(url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
