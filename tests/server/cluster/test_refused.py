"""What several workers need is said before anything starts, and nginx' configuration names each of them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from server.cli import main
from server.config import Config, ConfigError, check_processes, load_config, processes
from server.config.nginx import Site, nginx_conf
from tests.running import RunningServer, free_port
from tests.server.conftest import ServerFactory

POSTGRES = "postgresql+psycopg://hearth@127.0.0.1/hearth"
REDIS = "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"workers": 2}, "SQLite serves one process, and workers is 2. Set HEARTH_DATABASE_URL=postgresql"),
        ({"worker": 3}, "SQLite serves one process, and worker is 3."),
        ({"workers": 2, "redis_url": REDIS}, "SQLite serves one process"),
        ({"workers": 2, "database_url": POSTGRES}, "Set HEARTH_REDIS_URL=redis://"),
        ({"worker": 1, "database_url": POSTGRES}, "Set HEARTH_REDIS_URL=redis://"),
    ],
)
def test_more_than_one_process_needs_a_database_for_many_and_redis(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        check_processes(Config(data_dir=Path("nowhere"), **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"redis_url": REDIS},
        {"database_url": POSTGRES},
        {"database_url": POSTGRES, "redis_url": REDIS, "workers": 4},
        {"database_url": POSTGRES, "redis_url": REDIS, "worker": 2},
    ],
)
def test_what_can_serve_is_let_through(settings: dict[str, Any]) -> None:
    check_processes(Config(data_dir=Path("nowhere"), **settings))


@pytest.mark.parametrize("missing", ["psycopg", "redis"])
def test_a_missing_driver_is_named_with_what_installs_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(processes, "find_spec", lambda name: None if name == missing else there(name))
    config = Config(data_dir=Path("nowhere"), database_url=POSTGRES, redis_url=REDIS)
    with pytest.raises(ConfigError, match=r'pip install "hearth\[server,cluster\]"'):
        check_processes(config)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"HEARTH_WORKERS": "0"}, "workers is 0"),
        ({"HEARTH_WORKERS": "65"}, "workers is 65"),
        ({"HEARTH_WORKER": "-1"}, "worker is -1"),
        ({"HEARTH_REDIS_URL": "127.0.0.1:6379"}, "redis_url is no Redis address"),
    ],
)
def test_settings_that_are_none_are_refused(environment: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_config(environment)


def test_serve_says_so_and_makes_nothing(tmp_path: Path) -> None:
    done = RunningServer(tmp_path).command("serve", "--workers", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hearth-server: SQLite serves one process, and workers is 2.")
    assert not list(tmp_path.iterdir())


def test_a_password_in_an_address_is_not_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_DATABASE_URL", "postgresql+psycopg://hearth:geheim@127.0.0.1/hearth")
    monkeypatch.setenv("HEARTH_REDIS_URL", "redis://:geheim@127.0.0.1:6379/0")
    assert main(["check-config", "--data-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "geheim" not in shown
    assert "database_url = postgresql+psycopg://hearth:…@127.0.0.1/hearth" in shown
    assert "redis_url = redis://:…@127.0.0.1:6379/0" in shown


def test_a_server_whose_redis_is_not_there_serves(start_server: ServerFactory) -> None:
    server = start_server(
        env={"HEARTH_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}, expected=["the bus is away: ConnectionError"]
    )
    ready = server.request("GET", "/readyz")
    assert (ready.status_code, ready.json()["checks"]["redis"][:24]) == (200, "degraded: Redis is away ")
    server.create_user("ada")
    assert server.log.count("the bus is away") == 1


def test_the_nginx_configuration_names_every_worker(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    common = ["nginx", "--data-dir", str(tmp_path), "--workers", "3", "--port", "9000", "--name", "chat.example.net"]
    assert main(common) == 0
    plain = capsys.readouterr().out
    for number in (1, 2, 3):
        assert f'"~^w{number}-" hearth_{number};' in plain
        assert f"upstream hearth_{number} {{ server 127.0.0.1:{8999 + number}; }}" in plain
    assert "server_name chat.example.net;" in plain
    assert re.search(r"listen 80;", plain)
    assert "client_max_body_size 101048576;" in plain
    assert re.search(r"@\w+@|ssl", plain) is None
    assert main([*common, "--certificate", "cert.pem", "--certificate-key", "key.pem"]) == 0
    secure = capsys.readouterr().out
    assert "listen 443 ssl;" in secure
    assert "Strict-Transport-Security" in secure


def test_reading_waits_longer_than_a_silent_socket_may_be() -> None:
    config = Config(data_dir=Path("nowhere"), ping_interval_s=60, ping_timeout_s=30, workers=2)
    assert "proxy_read_timeout 180s;" in nginx_conf(config, Site())
