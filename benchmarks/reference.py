"""The server a reader of Flask-SocketIO's documentation would write: the reference that ours is measured against.

One Flask app, threads, the ORM; for each message one insert, one update and one commit (SQLite in WAL with
synchronous=FULL, as ours), an emit to the room of each member, and the acknowledgement after the commit. Started as a
child process: `python -m benchmarks.reference PORT FOLDER PAIRS`.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask_socketio import SocketIO, emit, join_room
from sqlalchemy import ForeignKey, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Table(DeclarativeBase):
    """The declarative registry of the reference's tables."""


class Conversation(Table):
    """A direct conversation of two users."""

    __tablename__ = "conversations"
    id: Mapped[int] = mapped_column(primary_key=True)
    user1_id: Mapped[int]
    user2_id: Mapped[int]
    last_message_at: Mapped[datetime]


class Message(Table):
    """One message."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    sender_id: Mapped[int]
    content: Mapped[str]
    created_at: Mapped[datetime]


def durable(connection: Any, _record: object) -> None:  # noqa: ANN401 - a connection of the DBAPI has no common type
    """Give every connection the durability that our server has."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")


class Reference:
    """The reference's handlers over one database."""

    def __init__(self, folder: str, pairs: int) -> None:
        self._engine = create_engine(f"sqlite:///{folder}/reference.sqlite")
        event.listen(self._engine, "connect", durable)
        Table.metadata.create_all(self._engine)
        now = datetime.now(UTC)
        with Session(self._engine) as session:
            session.add_all(
                Conversation(id=n, user1_id=2 * n - 1, user2_id=2 * n, last_message_at=now) for n in range(1, pairs + 1)
            )
            session.commit()

    def connect(self, auth: dict[str, int]) -> None:
        """Let a socket into its user's room; the token is the user's id."""
        join_room(f"user:{auth['token']}")

    def send_message(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Store a message, tell both members, acknowledge."""
        with Session(self._engine) as session:
            conversation = session.get_one(Conversation, payload["conversation_id"])
            conversation.last_message_at = datetime.now(UTC)
            message = Message(
                conversation_id=conversation.id,
                sender_id=payload["sender_id"],
                content=payload["content"],
                created_at=conversation.last_message_at,
            )
            session.add(message)
            session.commit()
            told = {"message_id": message.id, "conversation_id": conversation.id, "content": message.content}
            for user_id in (conversation.user1_id, conversation.user2_id):
                emit("new_message", told, to=f"user:{user_id}")
        return {"ok": True, "message": told}


def serve(port: int, folder: str, pairs: int) -> None:
    """Serve `pairs` conversations on a loopback port: conversation n is between the users 2n - 1 and 2n."""
    app = Flask(__name__)
    app.add_url_rule("/healthz", "healthz", lambda: {"ok": True})
    socketio = SocketIO(app, async_mode="threading")
    chat = Reference(folder, pairs)
    socketio.on_event("connect", chat.connect)
    socketio.on_event("send_message", chat.send_message)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    socketio.run(app, host="127.0.0.1", port=port, allow_unsafe_werkzeug=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
