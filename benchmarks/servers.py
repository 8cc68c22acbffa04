"""The measured servers: what each is started with, on a store of its own, on the core that the load leaves free."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import jwt

from benchmarks import machine
from benchmarks.lines import Person
from benchmarks.seeding import REFERENCE, Stock, postgres_script, seed_ours, seed_sqlite
from server.config import load_keys
from server.services.tokens import Access, TokenMint
from tests.private_services import PrivatePostgres, program

ROOT = Path(__file__).parents[1]
_START_S = 60.0
_STOP_S = 30.0


@dataclass(frozen=True)
class Pair:
    """Two people and their conversation; the first writes."""

    conversation_id: int
    writer: Person
    reader: Person


@dataclass(frozen=True)
class Served:
    """A running server: where it listens, what it may be asked for, and what it has used."""

    name: str
    port: int
    pid: int
    stock: Stock
    token: Callable[[int], str]
    database_pid: int | None

    @property
    def is_ours(self) -> bool:
        """Whether it speaks the contract; the references know rooms and no `sync`."""
        return self.name.startswith("hearth")

    def person(self, user_id: int) -> Person:
        """Somebody with a key."""
        return Person(user_id, self.token(user_id))

    def pairs(self, count: int | None = None) -> list[Pair]:
        """The first pairs, or all of them."""
        numbers = range(1, (count or self.stock.pairs) + 1)
        return [Pair(n, self.person(2 * n - 1), self.person(2 * n)) for n in numbers]

    def page_path(self, conversation_id: int, before: int | None = None) -> str:
        """Where a page of 50 is read. In conversation 1 of a store a position is also the reference's id."""
        end = "" if before is None else f"&before={before}"
        if self.is_ours:
            return f"/api/messages/{conversation_id}?limit=50{end}"
        return f"/api/messages?conversationId={conversation_id}&limit=50{end}"

    def cpu_s(self) -> float:
        """Seconds on a core that the server has used, its database not counted."""
        return machine.cpu_s(self.pid)

    def database_cpu_s(self) -> float:
        """The same of the database's processes, where it has its own."""
        return 0.0 if self.database_pid is None else machine.cpu_s(self.database_pid)


class Kind(Protocol):
    """One of the servers that can be measured."""

    @property
    def name(self) -> str:
        """As the table calls it."""

    def prepare(self, folder: Path, stock: Stock) -> None:
        """Make the store in an empty folder, to be copied for each round."""

    def copy(self, prepared: Path, folder: Path) -> None:
        """A round's own store."""

    def command(self, port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
        """What is run, and what is added to its environment."""

    def tokens(self, folder: Path) -> Callable[[int], str]:
        """What makes the keys of people."""

    def database_pid(self) -> int | None:
        """The database's own process, where there is one."""

    def drop(self, folder: Path) -> None:
        """A round is over."""


class Cluster:
    """One PostgreSQL for a run, started when it is first asked for.

    It may use every core, for the load leaves most of its own idle while a database works: that favours its servers.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._postgres: PrivatePostgres | None = None

    @property
    def postgres(self) -> PrivatePostgres:
        """The running cluster."""
        if self._postgres is None:
            with machine.on_cores(machine.CORES):
                self._postgres = self._stack.enter_context(PrivatePostgres(self._folder))
        return self._postgres

    def make(self, name: str, script: str) -> None:
        """A database out of a script."""
        self.postgres.new_database(name)
        self.postgres.run_sql(script, name)

    def copy(self, template: str, name: str) -> None:
        """A copy of a database nobody is connected to."""
        self.postgres.run_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self, name: str) -> None:
        """Forget a database."""
        self.postgres.run_sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    @property
    def version(self) -> str:
        """PostgreSQL's, as it was started; empty where no row has needed it."""
        return self._postgres.run_sql("SHOW server_version") if self._postgres else ""

    @property
    def pid(self) -> int:
        """The process that all of its others descend from."""
        process = self.postgres.process
        assert process is not None
        return process.pid


class Hearth:
    """Ours, on SQLite as it is shipped, or on PostgreSQL."""

    def __init__(self, cluster: Cluster | None = None, settings: dict[str, str] | None = None) -> None:
        """`settings` are HEARTH_* on top of those that a benchmark needs."""
        self.name = "hearth" if cluster is None else "hearth-pg"
        self._cluster = cluster
        self._settings = settings or {}

    def prepare(self, folder: Path, stock: Stock) -> None:
        """Through our own storage."""
        seed_ours(folder / "data", stock, self._cluster.postgres.new_database(_named(folder)) if self._cluster else "")

    def copy(self, prepared: Path, folder: Path) -> None:
        """The data directory, and the database."""
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
        if self._cluster:
            self._cluster.copy(_named(prepared), _named(folder))

    def command(self, port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
        """As an operator starts it; without limits by rate, which would be measured instead."""
        served = [sys.executable, "-m", "server", "serve", "--port", str(port), "--data-dir", str(folder / "data")]
        settings = {"HEARTH_RATE_LIMITS": "off", "HEARTH_LOG_LEVEL": "warning", **self._settings}
        if self._cluster:
            settings["HEARTH_DATABASE_URL"] = (
                f"postgresql+psycopg://hearth@{self._cluster.postgres.address}/{_named(folder)}"
            )
        return served, settings

    def tokens(self, folder: Path) -> Callable[[int], str]:
        """Access tokens as a log-in gives them."""
        mint = TokenMint(load_keys(folder / "data"))

        def token(user_id: int) -> str:
            return mint.access(Access(user_id=user_id, session_id=user_id, counter=0), int(time.time() * 1000))

        return token

    def database_pid(self) -> int | None:
        """PostgreSQL's."""
        return self._cluster.pid if self._cluster else None

    def drop(self, folder: Path) -> None:
        """The copy of the database."""
        if self._cluster:
            self._cluster.drop(_named(folder))


@dataclass
class Node:
    """A reference on Node: `seed` and `pg` on PostgreSQL, `sqlite`, `echo` without a database."""

    storage: str
    cluster: Cluster
    secret: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def name(self) -> str:
        """As performance.md calls it."""
        return f"node-{self.storage}"

    @property
    def _on_postgres(self) -> bool:
        return self.storage in {"seed", "pg"}

    def prepare(self, folder: Path, stock: Stock) -> None:
        """The tables of the documents."""
        folder.mkdir(parents=True, exist_ok=True)
        if self._on_postgres:
            self.cluster.make(_named(folder), postgres_script(stock))
        elif self.storage == "sqlite":
            seed_sqlite(folder / "reference.sqlite", stock)

    def copy(self, prepared: Path, folder: Path) -> None:
        """The file or the database."""
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
        if self._on_postgres:
            self.cluster.copy(_named(prepared), _named(folder))

    def command(self, port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
        """As document A starts it."""
        database = str(folder / "reference.sqlite")
        if self._on_postgres:
            database = f"postgresql://hearth@{self.cluster.postgres.address}/{_named(folder)}"
        served = ["node", str(REFERENCE / "server.mjs"), self.storage, str(port), database]
        return served, {"JWT_SECRET": self.secret, "NODE_ENV": "production"}

    def tokens(self, folder: Path) -> Callable[[int], str]:  # noqa: ARG002 - the secret is given, not stored
        """Signed as the documents ask for."""
        return lambda user_id: jwt.encode({"userId": user_id}, self.secret, algorithm="HS256")

    def database_pid(self) -> int | None:
        """PostgreSQL's."""
        return self.cluster.pid if self._on_postgres else None

    def drop(self, folder: Path) -> None:
        """The copy of the database."""
        if self._on_postgres:
            self.cluster.drop(_named(folder))


def _named(folder: Path) -> str:
    """The database that belongs to a folder."""
    return folder.name.replace(".", "_")


class Servers:
    """Starts servers on copies of stores that are made once a run. Owns the stores' folder."""

    def __init__(self, folder: Path) -> None:
        """Use as a context: PostgreSQL ends with it."""
        self._folder = folder
        self._stack = ExitStack()
        self._count = 0
        self._cluster = cluster = Cluster(folder, self._stack)
        references: list[Kind] = [Node(storage, cluster) for storage in ("seed", "pg", "sqlite", "echo")]
        kinds: list[Kind] = [Hearth(), Hearth(cluster), *references]
        self.kinds = {kind.name: kind for kind in kinds}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def versions(self) -> dict[str, str]:
        """Of what the references stand on."""
        locked = json.loads((REFERENCE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        names = ("express", "socket.io", "prisma", "pg", "better-sqlite3")
        node = subprocess.run([program("node"), "--version"], capture_output=True, check=True, text=True).stdout.strip()
        told = [f"{name} {locked[f'node_modules/{name}']['version']}" for name in names]
        return {"references": ", ".join([f"Node {node}", *told]), "PostgreSQL": self._cluster.version}

    @contextmanager
    def serving(self, name: str, stock: Stock, settings: dict[str, str] | None = None) -> Iterator[Served]:
        """A fresh server on a fresh copy of the store. Raises RuntimeError with its log when it does not come up."""
        kind = Hearth(settings=settings) if settings else self.kinds[name]
        folder = self._copied(kind, stock)
        port = _free_port()
        command, environment = kind.command(port, folder)
        with (folder / "server.log").open("wb") as log, machine.on_cores({machine.SERVER_CORE}):
            process = subprocess.Popen(command, cwd=ROOT, env=_environment(environment), stdout=log, stderr=log)
        try:
            _await(process, port)
            yield Served(name, port, process.pid, stock, kind.tokens(folder), kind.database_pid())
        except Exception as error:
            error.add_note(f"{name} has logged:\n{_end_of(folder / 'server.log')}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            kind.drop(folder)
            shutil.rmtree(folder, ignore_errors=True)

    def _copied(self, kind: Kind, stock: Stock) -> Path:
        """A round's own folder."""
        prepared = self._folder / f"{kind.name}.{stock.written}"
        if not prepared.exists():
            kind.prepare(prepared, stock)
        self._count += 1
        folder = self._folder / f"round-{self._count}.{kind.name}"
        kind.copy(prepared, folder)
        # A copy that is still being written would slow the first commits of whoever is measured.
        os.sync()
        return folder


def _environment(added: dict[str, str]) -> dict[str, str]:
    """This process's, without anybody's HEARTH_* settings."""
    plain: dict[str, Any] = {key: value for key, value in os.environ.items() if not key.startswith("HEARTH_")}
    return {**plain, **added}


def _free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once the server takes connections."""
    deadline = time.monotonic() + _START_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the server did not come up")
        time.sleep(0.05)


def _end_of(log: Path) -> str:
    """The last that a server has said."""
    return log.read_text(encoding="utf-8", errors="replace")[-4_000:]
