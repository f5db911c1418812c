"""Home, history and languages, as the person sees them who opens Slack."""

from bot.sandbox.slack.records import Message, View
from bot.slack.home import SHOWN
from tests.stories.scene import ADA, MONA, OMAR, PRESIDENT, SAM, TESSA, Scene, elements_of, id_of, inputs, text_of

APPROVALS = "C0APPROVALS"
SUPPORT = "C0SUPPORT"


async def opened(scene: Scene, user: str) -> View:
    answer = await scene.workspace.open_home(user)
    assert answer.ok, answer
    return await scene.workspace.wait_for_home(user, lambda v: bool(v.blocks))


async def home_shows(scene: Scene, user: str, *, without: str = "", with_: str = "") -> View:
    return await scene.workspace.wait_for_home(
        user, lambda v: (not without or without not in text_of(v)) and with_ in text_of(v)
    )


async def answer_to(scene: Scene, user: str, text: str) -> Message:
    known = {m.ts for m in scene.workspace.ephemerals(user)}
    answer = await scene.workspace.command(user, "/countersign", text)
    assert answer.ok, answer
    return await scene.workspace.wait_for_ephemeral(user, lambda m: m.ts not in known)


def links(message: Message) -> dict[str, str]:
    """Every link of a message's rich text: its words and where it leads."""
    return {element["text"]: element["url"] for element in elements_of(message, "link")}


async def test_an_approver_decides_in_the_home_and_sees_it_gone_at_once(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    request = id_of(card)
    home = await opened(scene, OMAR)
    assert request in text_of(home)

    await scene.workspace.click(OMAR, home, "approve", block_id=f"waiting:{request}")

    await home_shows(scene, OMAR, without=request)
    await scene.workspace.wait_for_dm(OMAR, lambda m: "Counted" in m.text)
    await scene.card_becomes(card, "done")


async def test_a_deny_in_the_home_asks_for_its_reason_and_leaves_the_home(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    home = await opened(scene, OMAR)
    await scene.workspace.click(OMAR, home, "deny", block_id=f"waiting:{id_of(card)}")
    view = await scene.workspace.wait_for_view(OMAR, lambda v: inputs(v) == {"reason"})

    await scene.workspace.submit(OMAR, view, {"reason": "It is a parody account."})

    await home_shows(scene, OMAR, without=id_of(card))
    await scene.card_becomes(card, "denied")


async def test_a_requester_withdraws_in_the_home(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    home = await opened(scene, ADA)

    await scene.workspace.click(ADA, home, "withdraw", block_id=f"own:{id_of(card)}")

    await home_shows(scene, ADA, without=id_of(card))
    await scene.card_becomes(card, "withdrawn")


async def test_a_long_home_is_paged(scene: Scene) -> None:
    url = f"{scene.platform.control_url}/control/v1/accounts"
    wish = {"count": SHOWN + 2, "prefix": "crowd", "followers": 10, "tags": [], "active": True}
    async with scene.session.post(url, json=wish) as answer:
        assert len((await answer.json())["ids"]) == SHOWN + 2
    cards = [await scene.ask(f"crowd{n}") for n in range(1, SHOWN + 3)]
    first = await opened(scene, OMAR)
    assert [id_of(card) in text_of(first) for card in cards] == [True] * SHOWN + [False] * 2

    await scene.workspace.click(OMAR, first, "home_on")

    second = await home_shows(scene, OMAR, with_=id_of(cards[-1]))
    assert [id_of(card) in text_of(second) for card in cards] == [False] * SHOWN + [True] * 2
    await scene.workspace.click(OMAR, second, "approve", block_id=f"waiting:{id_of(cards[-1])}")
    still = await home_shows(scene, OMAR, without=id_of(cards[-1]))
    assert id_of(cards[-2]) in text_of(still), "deciding turns no page"
    await scene.workspace.click(OMAR, still, "home_back")
    await home_shows(scene, OMAR, with_=id_of(cards[0]))


async def test_a_refusal_in_the_home_is_told_in_a_direct_message(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    home = await opened(scene, ADA)

    button = home.element("withdraw", f"own:{id_of(card)}")
    assert button is not None
    await scene.workspace.click_raw(ADA, home, "approve", value=button[1]["value"])

    await scene.workspace.wait_for_dm(ADA, lambda m: "your own request" in text_of(m))


async def test_the_history_of_an_account_leads_to_its_cards(scene: Scene) -> None:
    card = await scene.ask("president")
    await scene.deny(OMAR, card)
    await scene.card_becomes(card, "denied")
    await scene.act("staff-dev-token:rex", PRESIDENT, active=False)
    incident = await scene.incident_card("restored")
    await scene.eventually(lambda: scene.world.ledger.read(lambda view: view.card(id_of(incident))))

    told = await answer_to(scene, MONA, "status @president")

    said = text_of(told)
    for fact in ("@president", PRESIDENT, "Denied", "deactivate @president", "restored", "staff:rex"):
        assert fact in said
    ends = {name: url.rsplit("/", 2)[-2:] for name, url in links(told).items()}
    assert ends == {
        id_of(card): [APPROVALS, "p" + card.ts.replace(".", "")],
        id_of(incident): [APPROVALS, "p" + incident.ts.replace(".", "")],
    }


async def test_what_is_pending_leads_to_its_card_too(scene: Scene) -> None:
    card = await scene.ask("maria_k")

    async def linked() -> bool:
        """The place of a card is noted a moment after it stands."""
        return set(links(await answer_to(scene, OMAR, "pending"))) == {id_of(card)}

    await scene.eventually(linked)


async def test_a_wrong_subcommand_gets_the_list(scene: Scene) -> None:
    told = await answer_to(scene, MONA, "statsu @president")

    for command in ("/deactivate", "/restore", "pending", "status", "guard", "help"):
        assert command in text_of(told)


async def test_what_only_one_person_sees_is_in_that_persons_language(scene: Scene) -> None:
    for person in (ADA, TESSA, SAM):
        scene.workspace.choose_locale(person, "fr-FR")

    view = await scene.form(ADA, "@president")
    assert "Motif, pour ceux qui décident" in text_of(view)
    sent = await scene.fill(ADA, view, "president", reason="court")
    assert "Le motif a 5 caractères" in sent.errors["reason"]
    await scene.workspace.close(ADA, view)
    card = await scene.ask("president")
    assert "Waits for a decision" in text_of(card), "the channel reads English"
    await scene.workspace.wait_for_dm(ADA, lambda m: "Elle est déposée." in text_of(m))
    await scene.workspace.click(TESSA, card, "approve")
    await scene.workspace.wait_for_ephemeral(
        TESSA, lambda m: "Compté ; encore 1 approbation (responsables)" in _plain(m)
    )
    assert "Le gardien agit" in text_of(await opened(scene, TESSA))
    assert "Ce que Countersign comprend" in text_of(await answer_to(scene, TESSA, "help"))
    await scene.workspace.click(SAM, card, "approve")
    await scene.workspace.wait_for_ephemeral(SAM, lambda m: "pas au registre" in m.text)


def _plain(message: Message) -> str:
    return text_of(message).replace("\N{NO-BREAK SPACE}", " ")


async def test_the_channel_reads_the_language_of_the_policy(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('channel_language = "en"', 'channel_language = "fr"'))
    await unstarted.start()

    card = await unstarted.ask("maria_k")

    assert "Attend une décision" in text_of(card)
    await unstarted.workspace.click(MONA, card, "approve")
    done = await unstarted.card_becomes(card, "done")
    assert "Exécutée et vérifiée" in text_of(done)
    thread = await unstarted.workspace.wait_for_message(
        APPROVALS, lambda m: "Le déroulement" in text_of(m), thread_ts=done.ts
    )
    assert "déposée par" in text_of(thread)
    await unstarted.workspace.wait_for_dm(ADA, lambda m: "It is done and verified." in text_of(m))


async def test_the_home_offers_only_what_one_may_decide(scene: Scene) -> None:
    standard, protected = await scene.ask("maria_k"), await scene.ask("president")

    homes = {user: text_of(await opened(scene, user)) for user in (OMAR, TESSA, ADA, SAM)}

    assert [id_of(standard) in homes[user] for user in (OMAR, TESSA, SAM)] == [True, False, False]
    assert [id_of(protected) in homes[user] for user in (OMAR, TESSA, SAM)] == [True, True, False]
    assert "You are not on the roster" in homes[SAM]


async def test_the_home_offers_nothing_to_whoever_has_left(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('slack = ["U03OMAR"]', 'slack = ["U03OMAR"]\nlast_day = 2020-01-01', 1))
    await unstarted.start()
    card = await unstarted.ask("maria_k")

    assert id_of(card) not in text_of(await opened(unstarted, OMAR))


async def test_a_page_that_nobody_offered_is_refused_with_a_sentence(scene: Scene) -> None:
    home = await opened(scene, OMAR)

    await scene.workspace.click_raw(OMAR, home, "home_on", value="everything:1")

    await scene.workspace.wait_for_dm(OMAR, lambda m: "belongs to nothing" in text_of(m))


async def test_a_stranger_who_asks_again_gets_a_sentence_and_no_form(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.deny(OMAR, card)
    denied = await scene.card_becomes(card, "denied")

    await scene.workspace.click(SAM, denied, "ask_again")

    await scene.workspace.wait_for_ephemeral(SAM, lambda m: "not on the roster" in m.text)
    assert not scene.workspace.views(SAM)
    assert [e.by for _, e in await scene.log() if e.kind == "refused"] == [SAM]


async def test_a_history_without_a_handle_asks_for_one(scene: Scene) -> None:
    assert "Name an account" in text_of(await answer_to(scene, MONA, "status"))


async def test_the_history_says_why_the_guard_let_an_account_stay_down(scene: Scene) -> None:
    await scene.act("system-dev-token:legal", PRESIDENT, active=False)
    await scene.eventually(lambda: judged(scene))

    told = text_of(await answer_to(scene, MONA, "status @president"))

    assert "system:legal" in told
    assert "a registered principal did it" in told


async def judged(scene: Scene) -> bool:
    return any(entry.kind == "judged" for _, entry in await scene.log())


async def test_the_form_says_at_once_that_an_account_is_so_already(scene: Scene) -> None:
    view = await scene.form(ADA, "@president", command="/restore")

    assert "@president is active already; for the opposite use /deactivate." in text_of(view)


async def test_the_timeline_names_whoever_made_a_request_needless(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.act("owner-dev-token:acct_61702458", "acct_61702458", active=False)
    ended = await scene.card_becomes(card, "superseded")

    told = await scene.workspace.wait_for_message(APPROVALS, lambda m: "How it went" in text_of(m), thread_ts=ended.ts)

    assert "owner:acct_61702458" in text_of(told).split("How it went")[1]
