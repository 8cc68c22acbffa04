"""The process that looks at one page: `python -m server.fetch` reads a question in JSON and prints what it found.

It has no secrets, little memory and little time: whatever a page does to it ends with it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from server.fetch.page import facts
from server.fetch.web import Failed, Web

PAGE_BYTES_MAX = 512 * 1024
PICTURE_BYTES_MAX = 2 * 1024 * 1024
_PAGES = ("text/html", "application/xhtml+xml")
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_MEMORY_BYTES = 512 * 1024 * 1024
_CPU_S = 4


def _limit() -> None:
    """Bound memory, processor time and what can be written, where the platform can."""
    if os.name == "nt":
        return
    import resource  # noqa: PLC0415 - not on Windows

    for limit, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, PICTURE_BYTES_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _look(asked: dict[str, Any]) -> dict[str, str]:
    """What is behind a link, its picture written to a file. Raises Failed."""
    allowed = frozenset((str(address), int(port)) for address, port in asked["allowed"])
    web = Web(time.monotonic() + float(asked["seconds"]), allowed)
    page = web.get(asked["url"], _PAGES, PAGE_BYTES_MAX)
    found = facts(page.url, page.charset, page.body)
    if found is None:
        raise Failed("a page without a title")
    picture = found.pop("picture")
    found["has_picture"] = "yes" if picture and _take(web, picture, Path(asked["picture"])) else ""
    return found


def _take(web: Web, url: str, target: Path) -> bool:
    """Write a picture to a file; a page is worth telling of without it, too."""
    try:
        picture = web.get(url, _PICTURES, PICTURE_BYTES_MAX)
    except Failed:
        return False
    if picture.whole:
        target.write_bytes(picture.body)
    return picture.whole


def main() -> int:
    """Answer one question; 1 where there is nothing to tell, the reason on standard error."""
    _limit()
    try:
        answer = _look(json.load(sys.stdin))
    except Exception as error:  # noqa: BLE001 - whatever a page does, the parent only needs to know that it failed
        # The kind of it alone: no log is to tell where people's links lead.
        sys.stderr.write(str(error).partition(":")[0] if isinstance(error, Failed) else type(error).__name__)
        return 1
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
