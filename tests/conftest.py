"""What holds for every test."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres
from tests.databases import KINDS, Databases

# how long an example takes says something of the machine, which others use too, and nothing of the code
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SERVER = pytest.StashKey[postgres.Server]()


def pytest_configure(config: pytest.Config) -> None:
    """One PostgreSQL for all processes of the tests, from before the first until after the last."""
    if postgres.is_off() or postgres.AT in os.environ or config.option.collectonly:
        return
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgresql"):
        os.environ[postgres.AT] = given
        return
    server = postgres.started()
    config.stash[SERVER] = server
    os.environ[postgres.AT] = server.url


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: to look through it for garbage takes longer than a test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    if server := config.stash.get(SERVER, None):
        server.stop()
        del os.environ[postgres.AT]


def pytest_report_header() -> str:
    if postgres.is_off():
        return f"PostgreSQL: skipped, {postgres.OFF}=off"
    return "PostgreSQL: of DATABASE_URL" if os.environ.get("DATABASE_URL") else "PostgreSQL: one of its own"


@pytest.fixture(params=KINDS, scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """Each test that asks for a database runs on both; a module about one of them has a fixture `kind` of its own."""
    if request.param == "postgresql" and postgres.is_off():
        pytest.skip(f"{postgres.OFF}=off")
    return str(request.param)


@pytest.fixture
def databases(kind: str, tmp_path: Path) -> Iterator[Databases]:
    made = Databases(kind, tmp_path)
    yield made
    made.drop()
