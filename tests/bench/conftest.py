from collections.abc import Iterator

import pytest

from tests.commands import lent


@pytest.fixture(autouse=True)
def _forked() -> Iterator[None]:
    """A smoke is not about how long Python takes to import the bot, nor about a post a second."""
    with lent():
        yield
