"""Which language a person reads and whether they may act, asked of the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.policy_file import parse_policy
from bot.core.refusal import Why
from bot.sandbox.slack.records import User
from bot.sandbox.slack.server import Workspace
from bot.sandbox.stage import sample_policy
from bot.slack.users import ASKED_AGAIN, KEPT, KEPT_FOR, SLACKBOT, Standing, Users, _Told

ADA, MONA, BERND = "U01ADA", "U02MONA", "U03BERND"
PEOPLE = (
    User(id=ADA, name="ada", locale="fr-FR"),
    User(id=MONA, name="mona", locale="en-GB"),
    User(id=BERND, name="bernd", locale="de-DE"),
)

TEAM = "T0SANDBOX"
FULL_MEMBER = Standing(against=None, known=True)


class Book:
    policy = parse_policy(sample_policy())


class Time:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(PEOPLE) as running:
        yield running


@pytest.fixture
async def client(workspace: Workspace) -> AsyncIterator[AsyncWebClient]:
    async with ClientSession() as session:
        yield AsyncWebClient(workspace.bot_token, base_url=workspace.api_url, session=session)


def asked(workspace: Workspace) -> int:
    return len(workspace.calls("users.info"))


@pytest.mark.parametrize(("user", "code"), [(ADA, "fr"), (MONA, "en"), (BERND, "en")])
async def test_a_person_reads_the_own_language_where_the_bot_speaks_it(
    client: AsyncWebClient, user: str, code: str
) -> None:
    assert (await Users(client, Book()).language_of(user)).code == code


async def test_slack_is_asked_once_a_minute(client: AsyncWebClient, workspace: Workspace) -> None:
    time = Time()
    users = Users(client, Book(), clock=time)
    for _ in range(3):
        await users.language_of(ADA)
    assert asked(workspace) == 1
    workspace.choose_locale(ADA, "en-US")
    time.now += KEPT_FOR - 1
    assert (await users.language_of(ADA)).code == "fr"
    time.now += 1
    assert (await users.language_of(ADA)).code == "en"


@pytest.mark.parametrize("fault", [{"error": "user_not_found"}, {"status": 500}, {"hang": True}, {"drop": True}])
async def test_who_is_not_known_reads_the_channels_language_and_nobody_waits_long(
    client: AsyncWebClient, workspace: Workspace, fault: dict[str, object]
) -> None:
    met = workspace.faults.add("users.info", times=None, **fault)
    time = Time()
    users = Users(client, Book(), within=0.1, clock=time)
    assert (await users.language_of(ADA)).code == "en"
    hits = met.hits
    workspace.faults.clear()
    time.now += ASKED_AGAIN - 0.1
    assert (await users.language_of(ADA)).code == "en"
    assert (met.hits, asked(workspace)) == (hits, 0)
    time.now += 0.1
    assert (await users.language_of(ADA)).code == "fr"


async def test_an_answer_that_does_not_come_leaves_what_was_known(client: AsyncWebClient, workspace: Workspace) -> None:
    time = Time()
    users = Users(client, Book(), clock=time)
    await users.language_of(ADA)
    workspace.faults.add("users.info", times=None, status=500)
    time.now += KEPT_FOR
    assert (await users.language_of(ADA)).code == "fr"


async def test_a_bot_without_the_scope_speaks_the_channels_language() -> None:
    async with Workspace(PEOPLE, scopes=("chat:write",)) as workspace, ClientSession() as session:
        client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url, session=session)
        assert (await Users(client, Book()).language_of(ADA)).code == "en"


async def test_only_so_many_are_remembered(client: AsyncWebClient, workspace: Workspace) -> None:
    users = Users(client, Book())
    await users.language_of(ADA)
    for n in range(KEPT):
        users._remember(f"U{n}", _Told(team=TEAM, known=True), seconds=KEPT_FOR)
    before = asked(workspace)
    await users.language_of(ADA)
    assert asked(workspace) == before + 1


async def standing(users: Users, user: str = ADA, *, team: str = TEAM, within: float = 0.5) -> Standing:
    return await users.standing_of(user, team=team, within=within)


async def test_a_full_member_may_act(client: AsyncWebClient) -> None:
    assert await standing(Users(client, Book())) == FULL_MEMBER


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"is_restricted": True}, Why.GUEST),
        ({"is_restricted": True, "is_ultra_restricted": True}, Why.GUEST),
        ({"is_ultra_restricted": True}, Why.GUEST),
        ({"is_bot": True}, Why.NOT_A_PERSON),
        ({"is_bot": True, "is_workflow_bot": True}, Why.NOT_A_PERSON),
        ({"is_workflow_bot": True}, Why.NOT_A_PERSON),
        ({"deleted": True}, Why.DEACTIVATED_USER),
        ({"deleted": True, "is_bot": True}, Why.DEACTIVATED_USER),
        ({"is_stranger": True}, Why.NOT_A_MEMBER),
        ({"team_id": "T0OTHER"}, Why.NOT_A_MEMBER),
        ({"team_id": "T0OTHER", "is_stranger": True}, Why.NOT_A_MEMBER),
    ],
)
async def test_nobody_else_does(
    client: AsyncWebClient, workspace: Workspace, changed: dict[str, object], why: Why
) -> None:
    workspace.put_user(replace(PEOPLE[0], **changed))
    assert await standing(Users(client, Book())) == Standing(against=why, known=True)


async def test_slackbot_is_no_person_though_slack_does_not_say_so(client: AsyncWebClient, workspace: Workspace) -> None:
    workspace.put_user(User(id=SLACKBOT, name="slackbot"))
    assert (await standing(Users(client, Book()), SLACKBOT)).against is Why.NOT_A_PERSON
    assert asked(workspace) == 0


async def test_one_question_serves_the_language_and_the_standing(client: AsyncWebClient, workspace: Workspace) -> None:
    time = Time()
    users = Users(client, Book(), clock=time)
    for _ in range(3):
        assert await standing(users) == FULL_MEMBER
        assert (await users.language_of(ADA)).code == "fr"
    assert asked(workspace) == 1
    time.now += KEPT_FOR
    await standing(users)
    assert asked(workspace) == 2


@pytest.mark.parametrize("fault", [{"error": "user_not_found"}, {"status": 500}, {"hang": True}, {"drop": True}])
async def test_who_cannot_be_asked_about_is_not_known_and_soon_asked_about_again(
    client: AsyncWebClient, workspace: Workspace, fault: dict[str, object]
) -> None:
    met = workspace.faults.add("users.info", times=None, **fault)
    time = Time()
    users = Users(client, Book(), within=0.1, clock=time)
    assert await standing(users) == Standing(against=None, known=False)
    hits = met.hits
    assert await standing(users) == Standing(against=None, known=False)
    assert met.hits == hits
    workspace.faults.clear()
    time.now += ASKED_AGAIN
    assert await standing(users) == FULL_MEMBER


async def test_what_was_said_for_somebody_is_not_believed_longer_than_a_minute(
    client: AsyncWebClient, workspace: Workspace
) -> None:
    time = Time()
    users = Users(client, Book(), clock=time)
    assert await standing(users) == FULL_MEMBER
    workspace.faults.add("users.info", times=None, status=500)
    time.now += KEPT_FOR - 1
    assert await standing(users) == FULL_MEMBER
    time.now += 1
    assert await standing(users) == Standing(against=None, known=False)


async def test_what_was_said_against_somebody_stands_until_it_is_taken_back(
    client: AsyncWebClient, workspace: Workspace
) -> None:
    workspace.put_user(replace(PEOPLE[0], is_restricted=True))
    time = Time()
    users = Users(client, Book(), clock=time)
    await standing(users)
    workspace.put_user(PEOPLE[0])
    workspace.faults.add("users.info", status=500)
    time.now += KEPT_FOR
    assert await standing(users) == Standing(against=Why.GUEST, known=False)
    time.now += ASKED_AGAIN
    assert await standing(users) == FULL_MEMBER


async def test_who_has_no_time_left_to_ask_spoils_it_for_nobody(client: AsyncWebClient) -> None:
    users = Users(client, Book())
    assert await standing(users, within=0.0) == Standing(against=None, known=False)
    assert await standing(users) == FULL_MEMBER
