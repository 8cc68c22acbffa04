"""The official JavaScript client, written from each source document; nothing but address and token is added."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.running import RunningServer

HERE = Path(__file__).parent


def run_script(server: RunningServer, script: str, *names: str) -> str:
    """What a script prints, run by Node for these people; its whole output in the failure otherwise."""
    people = [server.create_user(name) for name in names]
    ids = [user["user_id"] for user, _ in people]
    server.open_direct(people[0][1], *ids)
    told = [{"userId": user["user_id"], "token": token} for user, token in people]
    environment = {**os.environ, "SOCKET_URL": server.url, "PEOPLE": json.dumps(told)}
    done = subprocess.run(
        ["node", script], cwd=HERE, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("document", ["a", "b"])
def test_a_client_written_from_the_document_works(document: str, tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        said = run_script(server, f"{document}.mjs", f"ada-{document}", f"bob-{document}")
    assert f"document {document.upper()} holds" in said
    assert server.complaints() == []
