"""A large file from desktop to desktop while a line is cut and an app is ended: sent once, whole, from where it was."""

from __future__ import annotations

import json
import random
from pathlib import Path

from desktop.core.bubble import Tick
from desktop.net.resumable import PIECE_BYTES
from protocol import tus
from tests.desktop.loop import QLoop
from tests.desktop.waiting import until
from tests.e2e.conftest import Pair
from tests.running import RunningServer


def test_a_large_file_survives_a_cut_and_a_restart(
    qloop: QLoop, pair: Pair, server: RunningServer, tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(random.Random(3).randbytes(5 * PIECE_BYTES))  # noqa: S311 - test data

    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        ada.paste_file(path)
        await until(lambda: ada.window.chat.composer.unsent().files)
        ada.press_enter()
        await until(lambda: [entry for entry in ada.bubbles(conversation_id) if (entry.files[0].progress or 0) > 0.3])
        await pair.proxy.cut()
        await until(lambda: ada.bubbles(conversation_id)[0].files[0].progress is None)
        await ada.close()
        await pair.proxy.open()
        await ada.open()
        await ada.connected()
        await ada.look_at(conversation_id)
        await until(lambda: ada.bubbles(conversation_id)[0].tick in (Tick.SENT, Tick.READ), 60)
        await until(lambda: ben.bubbles(conversation_id))
        (bubble,) = ben.bubbles(conversation_id)
        target = tmp_path / "came.mp4"
        await ben.session.api.download(bubble.files[0].url or "", target)
        assert target.read_bytes() == path.read_bytes()
        assert len(ada.bubbles(conversation_id)) == 1
        await pair.close()

    qloop(scene(), 110)
    requests = [json.loads(line) for line in server.log.splitlines() if tus.PATH in line]
    assert [each["status"] for each in requests if each["method"] == "POST"] == [201]
    assert [each["status"] for each in requests if each["method"] == "PATCH" and each["status"] == 204] == [204] * 5
