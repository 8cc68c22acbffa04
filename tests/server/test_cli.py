"""The operator's commands as real processes, most of them beside a running server."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from server.cli import main
from server.storage import schema
from server.storage.unit import Database
from tests.running import PASSWORD, ROOT, RunningServer
from tests.server.conftest import ServerFactory


def _register(server: RunningServer, name: str, invite: str | None) -> int:
    """The status with which somebody is registered by invite."""
    body = {"username": name, "password": PASSWORD, "display_name": name, "invite": invite}
    return server.request("POST", "/api/auth/register", json=body).status_code


@pytest.mark.timeout(300)
def test_the_operators_day(start_server: ServerFactory) -> None:
    """An administrator, an account, an invite, a token, a forgotten password: all while the server runs."""
    server = start_server(env={"HEARTH_REGISTRATION": "invite"})

    made = server.command("create-admin", "root")
    assert made.returncode == 0, made.stderr
    name, password = (line.split(": ", 1)[1] for line in made.stdout.splitlines())
    admin = server.login(name, password)
    assert (admin["user"]["role"], len(password)) == ("admin", 20)

    made = server.command("create-user", "ada", "--display-name", "Ada King", "--password-stdin", stdin=PASSWORD + "\n")
    assert made.stdout == "User name: ada\n"
    ada = server.login("ada", PASSWORD)
    assert (ada["user"]["role"], ada["user"]["display_name"]) == ("member", "Ada King")

    code = server.command("invite", "--uses", "2", "--days", "1").stdout.strip()
    assert [_register(server, f"guest{n}", code) for n in range(3)] == [201, 201, 403]
    assert _register(server, "guest9", None) == 403

    token = server.command("token", "create", "ada", "--name", "backup").stdout.strip()
    assert server.request("GET", "/api/me", token).json() == ada["user"]

    reset = server.command("reset-password", "ada")
    new = reset.stdout.splitlines()[1].split(": ", 1)[1]
    for old in (ada["access_token"], token):
        assert server.request("GET", "/api/me", old).json()["error"]["code"] == "session_revoked"
    assert server.login("ada", new)["user"] == ada["user"]
    for secret in (password, new, code, token):
        assert secret not in server.log


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["create-user", "x" * 40], 1, "user name"),
        (["create-user", "ada", "--password-stdin"], 1, "password"),
        (["reset-password", "nobody"], 1, "no user 'nobody'"),
        (["invite", "--uses", "0"], 2, "at least 1"),
        (["check-config", "--config", "nowhere.toml"], 2, "nowhere.toml"),
        ([], 2, "command"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    told: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path))
    try:
        done = main(arguments)
    except SystemExit as left:
        done = int(str(left.code))
    said = capsys.readouterr()
    assert (done, said.out) == (status, "")
    assert told in said.err


def test_init_makes_everything_and_changes_nothing_later(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = RunningServer(tmp_path_factory.mktemp("init"))
    first = server.command("init")
    assert "create-admin" in first.stdout
    assert {path.name for path in server.data_dir.iterdir()} >= {"hearth.db", "hearth.toml", "secret.key"}
    for name in ("hearth.db", "secret.key"):
        assert (server.data_dir / name).stat().st_mode & 0o077 == 0
    settings = server.data_dir / "hearth.toml"
    settings.write_text('name = "Our house"\n')
    before = {path.name: path.read_bytes() for path in (settings, server.data_dir / "secret.key")}
    assert server.command("init").returncode == 0
    assert before == {name: (server.data_dir / name).read_bytes() for name in before}


def test_a_backup_that_was_put_back_begins_another_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Desktops bring back what it lacks by the epoch; a server that runs would go on in the old one."""
    url, there = f"sqlite:///{tmp_path / 'hearth.db'}", ["--data-dir", str(tmp_path)]

    def epoch() -> str:
        with closing(Database(url, exclusive=False)) as database, database.read() as snapshot:
            return schema.epoch(snapshot)

    assert main(["init", *there]) == 0
    before = epoch()
    with closing(Database(url)):
        assert main(["restored", *there]) == 1
    assert "Stop it first" in capsys.readouterr().err
    assert epoch() == before
    assert main(["restored", *there]) == 0
    assert "send again" in capsys.readouterr().out
    assert epoch() != before


def test_check_config_tells_what_holds_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEARTH_NAME", "Our house")
    assert main(["check-config", "--data-dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "name = Our house" in said
    assert "registration = invite" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "data_dir", "told"),
    [
        ({"HEARTH_DATABASE_URL": "mysql://localhost/hearth"}, "data", "sqlite:///"),
        ({"HEARTH_TLS_CERT": "{here}/file", "HEARTH_TLS_KEY": "{here}/file"}, "data", "PEM"),
        ({}, "file/data", "file"),
        ({}, "open", "chmod 600"),
    ],
)
def test_check_config_tells_what_serve_would_refuse(
    tmp_path: Path, settings: dict[str, str], data_dir: str, told: str
) -> None:
    (tmp_path / "file").write_text("neither a certificate nor a folder")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "secret.key").write_bytes(b"x" * 32)
    (tmp_path / "open" / "secret.key").chmod(0o644)
    server = RunningServer(tmp_path, env={name: text.format(here=tmp_path) for name, text in settings.items()})
    server.data_dir = tmp_path / data_dir
    for command in ("check-config", "serve"):
        done = server.command(command)
        assert (done.returncode, done.stdout) in ((1, ""), (2, ""))
        assert told in done.stderr.removeprefix("hearth-server: ")
        assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "open"], "neither has made anything"


def test_a_port_in_use_is_told(start_server: ServerFactory) -> None:
    server = start_server()
    other = RunningServer(server.data_dir.parent / "other")
    done = other.command("serve", "--port", str(server.port))
    assert done.returncode == 1
    assert "hearth-server:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_starts_without_what_only_clients_need() -> None:
    asked = "import server.__main__, sys; print(sorted({'aiohttp', 'redis', 'requests'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
