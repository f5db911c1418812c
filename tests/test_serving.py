"""What `run` writes on standard error."""

import logging
from collections.abc import Iterator

import pytest

from bot.serving import _set_up_logging


@pytest.fixture
def loggers() -> Iterator[None]:
    """Set up as `run` does, and put back."""
    before = {name: logging.getLogger(name).level for name in logging.getLogger().manager.loggerDict}
    _set_up_logging()
    yield
    for name in [*logging.getLogger().manager.loggerDict]:
        logging.getLogger(name).setLevel(before.get(name, logging.NOTSET))


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize(("library", "least"), [("slack_sdk", "WARNING"), ("psycopg", "ERROR")])
def test_of_a_library_only_what_somebody_should_look_at_is_told(library: str, least: str) -> None:
    assert logging.getLevelName(logging.getLogger(library).getEffectiveLevel()) == least
