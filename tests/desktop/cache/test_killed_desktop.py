"""A desktop killed after the composer has cleared, before the answer: the message goes out at the next start, once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from desktop.cache.outbox_file import SqliteOutboxFile
from desktop.core.bubble import Tick
from tests.desktop.core.talk import Talk, texts, ticks
from tests.desktop.doubles import until

DESKTOP = """
import asyncio, sys
from pathlib import Path
from desktop.cache.outbox_file import SqliteOutboxFile
from tests.desktop.core.talk import Talk
from tests.desktop.doubles import until

async def main():
    talk = Talk()
    session = talk.server.session(talk.anna, SqliteOutboxFile(Path(sys.argv[1])))
    await session.start()
    await until(session.is_connected)
    talk.server.holds_answers = asyncio.Event()
    for text in ("first", "second"):
        await session.send_text(talk.identity, text)
    await until(lambda: any(event == "send_message" for event, _ in talk.server.calls))
    print("on the wire", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_killed_desktop_sends_at_its_next_start(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", DESKTOP, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as desktop:
        assert desktop.stdout is not None
        assert desktop.stdout.readline() == "on the wire\n"
        desktop.kill()

    async def next_start() -> None:
        talk = Talk()
        session = talk.server.session(talk.anna, SqliteOutboxFile(tmp_path))
        await session.start()
        timeline = session.timeline(talk.identity)
        await until(lambda: talk.stored() == ["first", "second"])
        await until(lambda: ticks(timeline) == [Tick.SENT, Tick.SENT])
        assert texts(timeline) == ["first", "second"]
        await session.close()
        again = SqliteOutboxFile(tmp_path)
        assert await again.load() == []
        await again.close()

    asyncio.run(next_start())
