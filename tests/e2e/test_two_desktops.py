"""Two people at two desktops and one server: everything real but the people."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PIL import Image

from desktop.core.bubble import Line, Tick
from tests.desktop.loop import QLoop
from tests.desktop.waiting import until
from tests.e2e.conftest import Pair
from tests.running import RunningServer


def test_a_message_goes_over_and_its_ticks_come_back(qloop: QLoop, pair: Pair) -> None:
    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        ben.window.close_conversation()
        ada.window.activateWindow()
        ada.type("Good morning")
        await until(lambda: any(row.typing for row in ben.session.conversations.rows))
        ada.press_enter()
        await until(lambda: ada.ticks(conversation_id) == [Tick.SENT])
        await until(lambda: [row.unread for row in ben.session.conversations.rows] == [1])
        assert not any(row.typing for row in ben.session.conversations.rows)
        await ben.look_at(conversation_id)
        await ben.sees(conversation_id, ["Good morning"])
        await until(lambda: ada.ticks(conversation_id) == [Tick.READ])
        assert [row.unread for row in ben.session.conversations.rows] == [0]
        await ben.say("Good morning to you")
        await ada.sees(conversation_id, ["Good morning", "Good morning to you"])
        await pair.close()

    qloop(scene(), 90)


def test_a_picture_goes_up_and_is_seen(qloop: QLoop, pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "evening.png"
    Image.linear_gradient("L").resize((900, 600)).convert("RGB").save(path)

    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        ada.paste_file(path)
        await until(lambda: ada.window.chat.composer.unsent().files)
        await ada.say("Look at this")
        await until(lambda: ada.ticks(conversation_id) in ([Tick.SENT], [Tick.READ]), 30)
        await ben.sees(conversation_id, ["Look at this"])
        (bubble,) = ben.bubbles(conversation_id)
        (file,) = bubble.files
        assert (file.kind, file.width, file.height) == ("image", 900, 600)
        assert file.thumbnail_url
        pictures = ben.desk.pictures if ben.desk else None
        assert pictures is not None
        await until(lambda: pictures.get(file.thumbnail_url or "", 280, 187))
        assert await ben.session.api.picture(file.url or "") == path.read_bytes()
        await pair.close()

    qloop(scene(), 90)


def test_the_server_dies_mid_send_and_every_message_arrives_once(
    qloop: QLoop, pair: Pair, server: RunningServer
) -> None:
    texts = [f"number {number}" for number in range(12)]

    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        for text in texts[:6]:
            await ada.say(text)
        await until(lambda: Tick.SENT in ada.ticks(conversation_id) or Tick.READ in ada.ticks(conversation_id))
        await asyncio.to_thread(server.kill)
        for text in texts[6:]:
            await ada.say(text)
        assert ada.texts(conversation_id) == texts
        assert ada.ticks(conversation_id)[-1] is Tick.WAITING
        await asyncio.to_thread(server.start)
        for person in (ada, ben):
            person.session.retry_now()
            await person.sees(conversation_id, texts, 60)
        await until(lambda: set(ada.ticks(conversation_id)) <= {Tick.SENT, Tick.READ})
        await pair.close()

    qloop(scene(), 115)


def test_a_cut_line_is_mended_and_nothing_is_lost_or_doubled(qloop: QLoop, pair: Pair) -> None:
    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        await ada.say("before")
        await ben.sees(conversation_id, ["before"])
        await pair.proxy.cut()
        await until(lambda: not ada.session.is_connected())
        await ada.say("written offline")
        await ben.say("said meanwhile")
        await until(lambda: ben.ticks(conversation_id)[-1] is Tick.SENT)
        assert ada.texts(conversation_id) == ["before", "written offline"]
        await pair.proxy.open()
        ada.session.retry_now()
        order = ["before", "said meanwhile", "written offline"]
        await ada.sees(conversation_id, order)
        await ben.sees(conversation_id, order)
        await pair.close()

    qloop(scene(), 90)


def test_a_lost_acknowledgement_makes_no_second_message(qloop: QLoop, pair: Pair) -> None:
    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        pair.proxy.swallows_answers = True
        for text in ("heard, but not confirmed", "right after"):
            await ada.say(text)
        # The server has it and Ben reads it, while Ada cannot know.
        await ben.sees(conversation_id, ["heard, but not confirmed"])
        assert ada.ticks(conversation_id) == [Tick.WAITING, Tick.WAITING]
        await pair.proxy.cut()
        pair.proxy.swallows_answers = False
        await pair.proxy.open()
        ada.session.retry_now()
        for person in (ben, ada):
            await person.sees(conversation_id, ["heard, but not confirmed", "right after"])
        await until(lambda: set(ada.ticks(conversation_id)) <= {Tick.SENT, Tick.READ})
        await pair.close()

    qloop(scene(), 90)


def test_what_was_queued_goes_out_after_a_restart(qloop: QLoop, pair: Pair, server: RunningServer) -> None:
    texts = ["first", "second", "third"]

    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        await asyncio.to_thread(server.stop)
        await until(lambda: not ada.session.is_connected())
        for text in texts:
            await ada.say(text)
        await ada.close()
        await ada.open()
        await until(lambda: ada.session.waiting.value == 3)
        await asyncio.to_thread(server.start)
        ada.session.retry_now()
        ben.session.retry_now()
        await ben.sees(conversation_id, texts, 60)
        await until(lambda: ada.session.waiting.value == 0)
        await ada.look_at(conversation_id)
        await ada.sees(conversation_id, texts)
        await pair.close()

    qloop(scene(), 115)


def test_signing_out_leaves_nothing_of_the_account(qloop: QLoop, pair: Pair) -> None:
    async def scene() -> None:
        await pair.open()
        ada = pair.ada
        assert ada.desk is not None
        ada.window.sign_out_requested.emit()
        await until(lambda: ada.desk is not None and ada.desk.window is None and ada.desk.login is not None)
        await until(
            lambda: not list(ada.folders.data.glob("accounts/*")) and not list(ada.folders.data.glob("*.token"))
        )
        await ada.close()
        await ada.open()
        await until(lambda: ada.desk is not None and ada.desk.login is not None)
        assert ada.desk.window is None
        await pair.close()

    qloop(scene(), 90)


def test_a_session_ended_elsewhere_asks_to_log_in_and_loses_nothing(
    qloop: QLoop, pair: Pair, server: RunningServer
) -> None:
    async def scene() -> None:
        await pair.open()
        ada, ben, conversation_id = pair.ada, pair.ben, pair.conversation_id
        token = server.login("ada")["access_token"]
        for device in server.request("GET", "/api/me/devices", token).json():
            if not device["current"]:
                server.request("DELETE", f"/api/me/devices/{device['device_id']}", token)
        await until(lambda: ada.session.connection.value.line is Line.SIGNED_OUT)
        await ada.say("written while signed out")
        ada.window.log_in_requested.emit()
        await until(lambda: ada.desk is not None and ada.desk.window is None)
        await ada.log_in(pair.proxy.url, "ada")
        await ben.sees(conversation_id, ["written while signed out"])
        await pair.close()

    qloop(scene(), 90)
