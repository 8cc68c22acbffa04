"""REST through worker threads against a real server: pages, files, tokens, and errors in words."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from PIL import Image

from desktop.core.ports import Cancelled, Unreachable
from desktop.net.addresses import parse_address
from desktop.net.api import RestApi
from desktop.net.rest import Rest
from desktop.net.tokens import LongLivedToken, TokenKeeper
from protocol.accounts import PasswordChange, ProfileChange
from protocol.commands import MarkRead, SendMessage, SentFile
from protocol.errors import ErrorCode, Refused
from protocol.ids import new_uid
from protocol.limits import Limits
from tests.desktop.loop import QLoop
from tests.desktop.net.accounts import befriend, hang_up, sign_up
from tests.running import PASSWORD, RunningServer, free_port


def ignore(_part: float) -> None:
    """No interest in progress."""


def test_pages_of_history_with_head_and_last_position(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        conversation_id = await befriend(ada, ben)
        for number in range(7):
            content = f"number {number}"
            await ada.api.send(SendMessage(conversation_id=conversation_id, content=content, uid=new_uid()))
        newest = await ben.api.history(conversation_id, limit=3)
        assert [message.content for message in newest.messages] == ["number 4", "number 5", "number 6"]
        assert newest.last_position == newest.messages[-1].position
        assert newest.head >= newest.last_position
        older = await ben.api.history(conversation_id, limit=3, before=newest.messages[0].position)
        assert [message.content for message in older.messages] == ["number 1", "number 2", "number 3"]
        assert older.last_position == newest.last_position
        await ben.api.mark_read(MarkRead(conversation_id=conversation_id, position=newest.last_position))
        assert (await ada.api.history(conversation_id, limit=1)).messages[0].is_read
        await ben.api.mark_unread(newest.messages[0].message_id)
        await hang_up(ada, ben)

    qloop(scene())


def test_more_uids_than_one_request_carries_are_verified(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        stored, lost = new_uid(), [new_uid() for _ in range(7_000)]
        await ada.api.send(SendMessage(conversation_id=await befriend(ada, ben), content="here", uid=stored))
        assert await ada.api.verify([*lost, stored]) == lost
        assert await ada.api.verify([]) == []
        await hang_up(ada, ben)

    qloop(scene())


def test_the_same_uid_is_the_same_message(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        command = SendMessage(conversation_id=await befriend(ada, ben), content="once", uid=new_uid())
        first, second = await ada.api.send(command), await ada.api.send(command)
        assert first.message_id == second.message_id
        await hang_up(ada, ben)

    qloop(scene())


def test_a_file_goes_up_and_comes_down_whole(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        path = tmp_path / 'räport "final".bin'
        path.write_bytes(bytes(range(256)) * 4096)
        sent: list[float] = []
        attachment = await ada.api.upload(path, sent.append, lambda: False)
        assert (attachment.file_name, attachment.file_size) == ("räport _final_.bin", 1024 * 1024)
        assert sent == sorted(sent)
        assert sent[-1] == 1.0
        await ada.api.send(
            SendMessage(
                conversation_id=await befriend(ada, ben),
                attachments=[SentFile(file_url=attachment.file_url)],
                uid=new_uid(),
            )
        )
        got: list[float] = []
        target = tmp_path / "saved.bin"
        await ben.api.download(attachment.file_url, target, got.append)
        assert target.read_bytes() == path.read_bytes()
        assert got[-1] == 1.0
        await hang_up(ada, ben)

    qloop(scene())
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cancelled_upload_stops_and_leaves_nothing(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        path = tmp_path / "large.bin"
        path.write_bytes(bytes(20_000_000))
        progress: list[float] = []
        with pytest.raises(Cancelled):
            await ada.api.upload(path, progress.append, lambda: bool(progress))
        assert progress[-1] < 1.0
        path.unlink()
        with pytest.raises(FileNotFoundError):
            await ada.api.upload(path, ignore, lambda: False)
        # The line is as good as before.
        assert (await ada.api.me()).user_id == ada.user_id
        await hang_up(ada)

    qloop(scene())


def test_profile_picture_password_and_devices(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        changed = await ada.api.change_profile(ProfileChange(display_name="Ada L."))
        assert changed.display_name == "Ada L."
        picture = tmp_path / "me.png"
        Image.new("RGB", (32, 32), (200, 80, 40)).save(picture)
        with_picture = await ada.api.change_avatar(picture)
        assert with_picture.avatar_url
        assert await ada.api.picture(with_picture.avatar_url)
        other = server.login(ada.username)
        devices = await ada.api.devices()
        assert [device.current for device in devices].count(True) == 1
        await ada.api.end_device(next(device.device_id for device in devices if not device.current))
        assert server.request("GET", "/api/me", other["access_token"]).status_code == 401
        change = PasswordChange(current_password=PASSWORD, new_password="another good long one")
        await ada.api.change_password(change)
        assert [user.user_id for user in await ada.api.users("nobody is called so")] == []
        await hang_up(ada)

    qloop(scene())


def test_a_stale_token_is_refreshed_once_for_all_who_ask(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        stale = ada.keeper.fresh()
        answers = await asyncio.gather(*(ada.rest.work(lambda: ada.keeper.fresh(stale)) for _ in range(8)))
        assert len(set(answers)) == 1
        assert answers[0] != stale
        assert len(ada.kept) == 1
        await hang_up(ada)

    qloop(scene())


def test_the_next_refresh_token_is_saved_before_it_is_used(qloop: QLoop, server: RunningServer) -> None:
    """A crash while saving leaves the old token, and the server still takes it: nobody is locked out."""

    class PowerError(Exception):
        """The power goes."""

    def crash(_token: str) -> None:
        raise PowerError

    async def scene() -> None:
        ada = sign_up(server)
        refresh_token = server.login(ada.username)["refresh_token"]
        before_crash = TokenKeeper(ada.rest, refresh_token, crash)
        with pytest.raises(PowerError):
            await ada.rest.work(before_crash.fresh)
        after_restart = TokenKeeper(ada.rest, refresh_token, ada.kept.append)
        token = await ada.rest.work(after_restart.fresh)
        assert server.request("GET", "/api/me", token).ok
        assert len(ada.kept) == 1
        await hang_up(ada)

    qloop(scene())


def test_a_revoked_session_is_refused(qloop: QLoop, server: RunningServer) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        await ada.api.logout()
        with pytest.raises(Refused) as refused:
            await ada.api.me()
        assert refused.value.status == 401
        await hang_up(ada)

    qloop(scene())


def test_our_token_goes_nowhere_else(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        for url in ("https://example.org/a.png", "//example.org/a.png", "/\\example.org/a.png", "file:///etc/passwd"):
            with pytest.raises(Refused, match="not on this server"):
                await ada.api.picture(url)
            with pytest.raises(Refused, match="not on this server"):
                await ada.api.download(url, tmp_path / "x")
        await hang_up(ada)

    qloop(scene())


def test_a_picture_beyond_the_limit_is_not_read(qloop: QLoop, server: RunningServer, tmp_path: Path) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        path = tmp_path / "big.bin"
        path.write_bytes(bytes(300_000))
        attachment = await ada.api.upload(path, ignore, lambda: False)
        careful = RestApi(ada.rest, ada.keeper, Limits(image_bytes=100_000))
        with pytest.raises(Refused) as refused:
            await careful.picture(attachment.file_url)
        assert refused.value.code == ErrorCode.IMAGE_TOO_LARGE
        await hang_up(ada)

    qloop(scene())


def test_nobody_answers(qloop: QLoop) -> None:
    async def scene() -> None:
        rest = Rest(parse_address(f"127.0.0.1:{free_port()}"))
        api = RestApi(rest, LongLivedToken("x"))
        with pytest.raises(Unreachable, match="cannot be reached"):
            await api.me()
        api.close()

    qloop(scene())


def test_a_download_into_a_folder_that_is_gone_leaves_nothing(
    qloop: QLoop, server: RunningServer, tmp_path: Path
) -> None:
    async def scene() -> None:
        ada = sign_up(server)
        path = tmp_path / "a.txt"
        path.write_text("hello")
        attachment = await ada.api.upload(path, ignore, lambda: False)
        with pytest.raises(FileNotFoundError):
            await ada.api.download(attachment.file_url, tmp_path / "gone" / "a.txt")
        await hang_up(ada)

    qloop(scene())
    assert stat.S_ISREG((tmp_path / "a.txt").stat().st_mode)
