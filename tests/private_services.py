"""PostgreSQL, Redis and nginx of the system's packages, each started privately: loopback, a free port, throw-away data.

    with PrivatePostgres(tmp_path) as postgres, PrivateRedis(tmp_path) as redis:
        RunningServer(tmp_path, env={"HEARTH_DATABASE_URL": postgres.new_database(), "HEARTH_REDIS_URL": redis.url})

Each can be killed, frozen and brought back on the same data and port, which is what the faults of docs/proof.md do.
As root they run as the ordinary user `nobody`, which PostgreSQL insists on. Durability is what the packages ship
(PostgreSQL with fsync), for acknowledgements are what is tested.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.running import free_port

_ORDINARY_USER = "nobody"
_PATIENCE_S = 60.0


class Missing(Exception):  # noqa: N818 - read as a sentence by whoever runs the tests
    """A program that the tests start is not installed."""


def program(name: str, *folders: str) -> str:
    """Where a program is. Raises Missing, naming what installs it."""
    found = shutil.which(name) or next((f for folder in folders if (f := shutil.which(name, path=folder))), None)
    if found is None:
        raise Missing(f"{name} is not installed. Run scripts/setup --test, which installs it.")
    return found


def _postgres_folder() -> str:
    """The newest PostgreSQL of Debian's packages: its server programs are not on PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return str(versions[-1].parent) if versions else ""


class PrivateService:
    """Owns one process, its folder and its port."""

    name = ""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        """Prepare to run in a new folder below `folder`; use `with`, or `start` and `stop`.

        For root the folder lies elsewhere, and is removed when Python ends: another run of pytest locks everybody else
        out of the folders above the given one.
        """
        self.folder = folder / f"{self.name}-{uuid.uuid4().hex[:8]}"
        if os.getuid() == 0:
            self.folder = Path(tempfile.mkdtemp(prefix=f"hearth-{self.name}-")) / "service"
            atexit.register(shutil.rmtree, self.folder.parent, ignore_errors=True)
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "output.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """Everything it has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def command(self) -> list[str]:
        """What is run."""
        raise AssertionError(f"{type(self).__name__} says what it runs")

    def prepare(self) -> None:
        """What is done once before the first start."""

    def is_up(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self) -> None:
        """Start it, or start it again on the same data; returns once it takes connections."""
        is_new = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        # Each time: another run of pytest closes the folder that theirs and ours are in.
        self._give_away()
        if is_new:
            self.prepare()
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self.as_ordinary(self.command()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
            )
        deadline = time.monotonic() + _PATIENCE_S
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.name} did not start:\n{self.log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; its data are as the moment left them."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it stand still, with its connections open."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
            process.wait(_PATIENCE_S)

    @staticmethod
    def as_ordinary(command: list[str]) -> list[str]:
        """The command as an ordinary user, where this process is root."""
        if os.getuid() != 0:
            return command
        return [program("setpriv"), f"--reuid={_ORDINARY_USER}", "--regid=nogroup", "--clear-groups", *command]

    def _give_away(self) -> None:
        """The folder is the ordinary user's, who must be let through the one above it."""
        if os.getuid() != 0:
            return
        account = pwd.getpwnam(_ORDINARY_USER)
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.folder.parent.chmod(0o755)


class PrivatePostgres(PrivateService):
    """A PostgreSQL cluster that trusts whoever connects over loopback."""

    name = "postgres"

    @property
    def address(self) -> str:
        """Without a database's name, for `postgresql+psycopg://` and for psycopg itself alike."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Make the cluster."""
        initdb = [program("initdb", _postgres_folder()), "--pgdata", str(self.folder / "data"), "--username", "hearth"]
        options = ["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"]
        made = subprocess.run(self.as_ordinary([*initdb, *options]), capture_output=True, check=False, cwd=self.folder)
        assert made.returncode == 0, made.stderr.decode()

    def command(self) -> list[str]:
        """Sockets in its own folder; room for several processes' pools."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": "300",
            "timezone": "UTC",
        }
        given = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [program("postgres", _postgres_folder()), "-D", str(self.folder / "data"), *given]

    def is_up(self) -> bool:
        """Whether it answers, which is later than that it listens."""
        ask = [program("pg_isready", _postgres_folder()), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ask, check=False).returncode == 0

    def new_database(self, name: str = "") -> str:
        """Create an empty database; its SQLAlchemy address."""
        name = name or f"hearth_{uuid.uuid4().hex[:12]}"
        self.run_sql(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://hearth@{self.address}/{name}"

    def run_sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the cluster's owner; what psql prints of it (tuples only)."""
        ask = [program("psql", _postgres_folder()), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "hearth", "-d", database, "-c", statement]
        ran = subprocess.run([*ask, *where], capture_output=True, check=False, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def stop(self) -> None:
        """A fast shutdown: open connections are ended."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the whole cluster at once (immediate shutdown): it recovers from its log at the next start."""
        self._end(signal.SIGQUIT)

    def _family(self, number: signal.Signals) -> None:
        """The server and its children, which do the work."""
        assert self.process is not None
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, check=False, text=True)
        for pid in [self.process.pid, *map(int, children.stdout.split())]:
            os.kill(pid, number)

    def freeze(self) -> None:
        """Let the server and all that it has started stand still."""
        self._family(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._family(signal.SIGCONT)


class PrivateRedis(PrivateService):
    """A Redis that keeps nothing on disk."""

    name = "redis"

    @property
    def url(self) -> str:
        """As HEARTH_REDIS_URL wants it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Nothing is persistent, for nothing of ours in it needs to be."""
        redis = [program("redis-server", "/usr/bin"), "--bind", "127.0.0.1", "--port", str(self.port)]
        return [*redis, "--save", "", "--appendonly", "no", "--dir", str(self.folder)]


class PrivateNginx(PrivateService):
    """nginx with a configuration of the caller's: `configure(folder, port)` returns the text of nginx.conf."""

    name = "nginx"

    def __init__(self, folder: Path, configure: Callable[[Path, int], str], *, port: int | None = None) -> None:
        super().__init__(folder, port=port)
        self._configure = configure

    @property
    def url(self) -> str:
        """Where it serves, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration."""
        (self.folder / "nginx.conf").write_text(self._configure(self.folder, self.port), encoding="utf-8")

    def command(self) -> list[str]:
        """In the foreground, with everything it writes in its own folder."""
        nginx = [program("nginx", "/usr/sbin"), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        return [*nginx, "-e", str(self.folder / "error.log"), "-g", "daemon off;"]

    def stop(self) -> None:
        """End it without waiting for the open sockets."""
        self._end(signal.SIGTERM)
