"""Has links looked at, each by a process of its own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from server.fetch.addresses import Place
from server.services.ports import PageFacts

TOTAL_S = 5.0
"""For a page and its picture together, names, redirects and all."""
_START_S = 5.0
"""How much longer the process may take, which first has to start."""
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
"""Of the environment: the process that reads strangers' pages is not told the database's password."""

_log = logging.getLogger(__name__)


class LinkReader:
    """Implements `services.ports.Links`."""

    def __init__(self, allowed: frozenset[Place] = frozenset()) -> None:
        """`allowed` are places beside the public internet; tests name their own server's."""
        self._allowed = sorted(allowed)

    def read(self, url: str, picture: Path) -> PageFacts | None:
        """What a page says of itself, its picture as it came written to `picture`; None where there is nothing.

        Cooperates under gevent, whose patched subprocess waits without blocking.
        """
        asked = {"url": url, "picture": str(picture), "seconds": TOTAL_S, "allowed": self._allowed}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "server.fetch"],
                input=json.dumps(asked).encode(),
                capture_output=True,
                timeout=TOTAL_S + _START_S,
                check=False,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            _log.debug("no preview: %s", done.stderr.decode(errors="replace"))
            return None
        found = json.loads(done.stdout)
        return PageFacts(
            title=found["title"],
            site=found["site"],
            description=found["description"],
            has_picture=bool(found["has_picture"]),
        )
