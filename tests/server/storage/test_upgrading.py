"""A database that people have used is brought from the tables of issue 3 to today's, with all that is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from protocol.commands import SearchQuery
from server import storage
from server.services.ports import Actor
from server.storage.upgrading import run_revisions
from tests.server.databases import DATABASES, SQLITE, Cluster, cluster
from tests.server.services.setting import Setting

__all__ = ["cluster"]

_USED = (
    "INSERT INTO server_facts (name, value) VALUES ('epoch', 'e')",
    """
    INSERT INTO users (user_id, username, username_key, display_name, search_key, role, status_text, is_bot, created_at,
                       version, user_version)
    VALUES (1, 'ada', 'ada', 'Ada', 'ada', 'member', '', false, 1, 1, 0),
           (2, 'ben', 'ben', 'Ben', 'ben', 'member', '', false, 1, 1, 0)
    """,
    """
    INSERT INTO conversations (conversation_id, kind, user1_id, user2_id, created_at, updated_at, version, head,
                               last_position, member_count)
    VALUES (1, 'direct', 1, 2, 1, 1, 1, 6, 3, 2)
    """,
    """
    INSERT INTO members (conversation_id, user_id, role, joined_at, read_position, version, pinned, archived,
                         own_version)
    VALUES (1, 1, 'member', 1, 0, 2, true, false, 0), (1, 2, 'member', 1, 0, 3, false, false, 0)
    """,
    """
    INSERT INTO messages (message_id, uid, conversation_id, position, version, sender_id, type, content, content_hash,
                          mentions, created_at)
    VALUES (1, 'a', 1, 1, 4, 1, 'text', 'an old oak for both', '', '[1,2]', 1),
           (2, 'b', 1, 2, 5, 2, 'text', 'nobody is named', '', NULL, 1),
           (3, 'c', 1, 3, 6, 2, 'image', NULL, '', '[1]', 1)
    """,
)


@pytest.fixture(params=DATABASES)
def used(
    request: pytest.FixtureRequest, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of a database as issue 3 left it."""
    url = f"sqlite:///{tmp_path / 'hearth.db'}" if request.param == SQLITE else cluster.address()
    if request.param != SQLITE:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as emptied:
            emptied.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine, upgrade = create_engine(url), command.upgrade
    with monkeypatch.context() as then, engine.begin() as connection:
        then.setattr(command, "upgrade", lambda config, _head: upgrade(config, "0003"))
        run_revisions(connection, Path(storage.__file__).parent / "migrations", None)
        for statement in _USED:
            connection.exec_driver_sql(statement)
    engine.dispose()
    yield url
    if request.param != SQLITE:
        cluster.drop(url)


def test_what_was_there_counts_is_found_and_can_be_changed(used: str, tmp_path: Path) -> None:
    setting = Setting(tmp_path / "house", used)
    ada, ben = Actor(user_id=1, session_id=1), Actor(user_id=2, session_id=2)
    first, _, picture = setting.latest(ben, 1)
    assert (first.mentions, picture.mentions) == ([1, 2], [1])
    mine, theirs = setting.own(ada, 1), setting.own(ben, 1)
    assert (mine.pinned, mine.unread_count, mine.mentions) == (True, 2, 1)
    assert (theirs.unread_count, theirs.mentions, theirs.notify) == (1, 1, "all")
    found = setting.search.find(ben, SearchQuery(q="old oak"))
    assert [message.content for message in found.messages] == ["an old oak for both"]
    setting.edit(ada, first, "an older oak", mentions=[])
    assert setting.own(ben, 1).mentions == 0
    assert [message.content for message in setting.search.find(ben, SearchQuery(q="older")).messages] == [
        "an older oak"
    ]
    assert setting.delete(ben, picture).deleted_at
    assert setting.own(ada, 1).mentions == 0
    assert setting.react(ben, first).reactions[0].user_ids == [2]
    setting.close()
