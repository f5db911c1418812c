import pytest

from bot.slack.language import LANGUAGES, Language, language


@pytest.fixture(params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> Language:
    """Every language that the bot speaks: what holds in one has to hold in all."""
    return language(request.param)
