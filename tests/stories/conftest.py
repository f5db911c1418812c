from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.stories.scene import Scene, set_scene


@pytest.fixture
async def unstarted(tmp_path: Path, databases: Databases) -> AsyncIterator[Scene]:
    """A scene whose bot the story starts itself."""
    async with set_scene(tmp_path, database=databases.migrated()) as scene:
        yield scene


@pytest.fixture
async def scene(unstarted: Scene) -> Scene:
    """A scene with the bot running."""
    await unstarted.start()
    return unstarted
