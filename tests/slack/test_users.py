"""Which language a person reads, asked of the stand-in."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.policy_file import parse_policy
from bot.sandbox.slack.records import User
from bot.sandbox.slack.server import Workspace
from bot.sandbox.stage import sample_policy
from bot.slack.users import KEPT, KEPT_FOR, Users

ADA, MONA, BERND = "U01ADA", "U02MONA", "U03BERND"
PEOPLE = (
    User(id=ADA, name="ada", locale="fr-FR"),
    User(id=MONA, name="mona", locale="en-GB"),
    User(id=BERND, name="bernd", locale="de-DE"),
)


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
    workspace.faults.add("users.info", times=None, **fault)
    time = Time()
    users = Users(client, Book(), within=0.1, clock=time)
    assert (await users.language_of(ADA)).code == "en"
    time.now += KEPT_FOR - 1
    assert (await users.language_of(ADA)).code == "en"
    workspace.faults.clear()
    time.now += 1
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
        users._remember(f"U{n}", users.channel_language)
    before = asked(workspace)
    await users.language_of(ADA)
    assert asked(workspace) == before + 1
