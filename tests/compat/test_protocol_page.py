"""docs/protocol.md tells of every event there is, and its clients run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.commands import COMMANDS
from protocol.signals import SIGNALS
from tests.running import RunningServer

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "protocol.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    """The page's one block in a language."""
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    text: str = block
    return text


@pytest.mark.parametrize("event", [*COMMANDS, *SIGNALS])
def test_the_page_tells_of_every_event(event: str) -> None:
    assert f"`{event}`" in PAGE


@pytest.mark.parametrize("event", [*COMMANDS, *SIGNALS])
def test_the_page_says_which_document_an_event_is_from(event: str) -> None:
    documents = (COMMANDS.get(event) or SIGNALS[event]).documents
    [row] = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{event}`" in line.split("|")[2]]
    assert row.split("|")[1].split() == list(documents)


@pytest.mark.parametrize(("language", "command"), [("js", ["node", "--input-type=module", "-e"]), ("python", ["-c"])])
def test_the_pages_clients_run_as_they_stand(language: str, command: list[str], tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        ada, token = server.create_user("ada")
        bob, _ = server.create_user("bob")
        server.open_direct(token, ada["user_id"], bob["user_id"])
        program = [sys.executable, *command] if language == "python" else command
        environment = {**os.environ, "SERVER": server.url, "TOKEN": token}
        done = subprocess.run(
            [*program, example(language)],
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "stored at 1" in done.stdout
    assert "Ada: Hello from" in done.stdout
    assert server.complaints() == []
