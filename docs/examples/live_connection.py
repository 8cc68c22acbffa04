"""Answers "ping" with "pong": a script on Hearth's live connection, without any window.

hearth-server token create robot --data-dir …        # prints a token for the account "robot"
python docs/examples/live_connection.py https://chat.example.org TOKEN
"""

from __future__ import annotations

import asyncio
import sys

from desktop.net.live_connection import LiveConnection
from protocol.shapes import Message


async def answer_pings(server: str, token: str) -> None:
    """Until Ctrl+C: read every message that comes, and answer some."""
    connection = LiveConnection(server, token)
    incoming: asyncio.Queue[Message] = asyncio.Queue()
    connection.on("new_message", incoming.put_nowait)
    await connection.init()
    print("connected" if connection.is_connected else "not connected", flush=True)
    try:
        while True:
            message = await incoming.get()
            if message.sender_id == connection.user_id:
                continue
            await connection.join_conversation(message.conversation_id)
            await connection.mark_as_read(message.message_id, message.conversation_id)
            if message.content == "ping":
                await connection.send_message(message.conversation_id, "pong")
            await connection.leave_conversation(message.conversation_id)
    finally:
        await connection.disconnect()


if __name__ == "__main__":
    asyncio.run(answer_pings(*sys.argv[1:3]))
