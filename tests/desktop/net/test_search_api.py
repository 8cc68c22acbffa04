"""Search on a real server: what this computer has not got is found there, and merged with what it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.core import finder
from desktop.core.finder import Scope
from protocol.commands import SearchQuery
from protocol.errors import Refused
from tests.desktop.doubles import until
from tests.desktop.loop import QLoop
from tests.desktop.net.accounts import befriend, hang_up, sign_up
from tests.desktop.net.test_own_api import device
from tests.running import RunningServer


def test_the_servers_messages_are_found_by_word_person_and_place(
    qloop: QLoop, server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "PAUSE_S", 0.01)

    async def scene() -> None:
        ada, ben = sign_up(server), sign_up(server)
        talk = await befriend(ada, ben)
        async with device(ada, tmp_path / "ada") as hers, device(ben, tmp_path / "ben") as his:
            await his.send_text(talk, "The quarterly Überblick, number 40417")
            await hers.send_text(talk, "Thanks for the overview")
            await until(lambda: his.held(talk).last_position == hers.held(talk).last_position == 2)
            search = hers.finder.search(ada.user_id)
            for text, expected in (
                ("überbl", ["The quarterly Überblick, number 40417"]),
                ("0417", ["The quarterly Überblick, number 40417"]),
                ('"the overview"', ["Thanks for the overview"]),
                (f"from:{ben.username} quarter", ["The quarterly Überblick, number 40417"]),
                (f"from:me in:{ben.username}", ["Thanks for the overview"]),
                ("overview has:file", []),
            ):
                search.ask(text)
                await until(lambda: search.results.value.scope is Scope.EVERYWHERE)
                assert [hit.text for hit in search.results.value.hits] == expected, text
            with pytest.raises(Refused):
                await ada.api.search(SearchQuery())
            search.close()
        await hang_up(ada, ben)

    qloop(scene())
