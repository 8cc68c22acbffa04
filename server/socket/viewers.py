"""Who is looking at which conversation right now; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.signals import ViewerJoined, ViewerLeft
from server.services.ports import Announcement
from server.socket.connections import Connection

if TYPE_CHECKING:
    from server.services.house import House
    from server.socket.publisher import Publisher


class Viewers:
    """Conversation → user → the sockets that look. Several sockets of a user are one viewer; invisible ones are untold.

    Viewing gives no rights and no news: `new_message` goes to members, looked up at the commit.
    """

    def __init__(self, house: House, publisher: Publisher, is_hidden: Callable[[int], bool]) -> None:
        self._house = house
        self._publisher = publisher
        self._is_hidden = is_hidden
        self._looking: dict[int, dict[int, set[str]]] = {}

    def join(self, connection: Connection, conversation_id: int) -> list[int]:
        """The socket looks at this conversation; its visible viewers. Raises Refused (`not_found`)."""
        self._house.access.seat(connection.actor, conversation_id)
        user_id = connection.actor.user_id
        sids = self._looking.setdefault(conversation_id, {}).setdefault(user_id, set())
        is_first = not sids
        sids.add(connection.sid)
        connection.viewing.add(conversation_id)
        if is_first and not self._is_hidden(user_id):
            self._tell_joined(user_id, conversation_id)
        return self.active(conversation_id)

    def leave(self, connection: Connection, conversation_id: int) -> list[int]:
        """The socket looks away; the visible viewers that stay. Raises Refused (`not_found`)."""
        self._house.access.seat(connection.actor, conversation_id)
        self._look_away(connection, conversation_id)
        return self.active(conversation_id)

    def left(self, connection: Connection) -> None:
        """The socket is gone."""
        for conversation_id in list(connection.viewing):
            self._look_away(connection, conversation_id)

    def hide(self, user_id: int) -> None:
        """A viewer became invisible: to the others they look away."""
        for conversation_id in self._viewed_by(user_id):
            self._tell_left(user_id, conversation_id)

    def show(self, user_id: int) -> None:
        """A viewer is visible again."""
        for conversation_id in self._viewed_by(user_id):
            self._tell_joined(user_id, conversation_id)

    def active(self, conversation_id: int) -> list[int]:
        """The members who look at a conversation and may be seen doing so, ascending."""
        members = set(self._house.access.member_ids(conversation_id))
        looking = self._looking.get(conversation_id, {})
        return sorted(user_id for user_id in looking if user_id in members and not self._is_hidden(user_id))

    def _viewed_by(self, user_id: int) -> list[int]:
        """The conversations this user looks at."""
        return [conversation_id for conversation_id, looking in self._looking.items() if user_id in looking]

    def _look_away(self, connection: Connection, conversation_id: int) -> None:
        """Forget the socket; the user has left when it was their last."""
        connection.viewing.discard(conversation_id)
        user_id = connection.actor.user_id
        looking = self._looking.get(conversation_id, {})
        sids = looking.get(user_id, set())
        if connection.sid not in sids:
            return
        sids.discard(connection.sid)
        if not sids:
            del looking[user_id]
            if not looking:
                del self._looking[conversation_id]
            if not self._is_hidden(user_id):
                self._tell_left(user_id, conversation_id)

    def _tell_joined(self, user_id: int, conversation_id: int) -> None:
        """Tell the members who came, and who looks now."""
        active = self.active(conversation_id)
        payload = ViewerJoined(user_id=user_id, conversation_id=conversation_id, active_users=active)
        self._tell("user_joined", payload)

    def _tell_left(self, user_id: int, conversation_id: int) -> None:
        """Tell the members who went, and who looks still."""
        active = [other for other in self.active(conversation_id) if other != user_id]
        payload = ViewerLeft(user_id=user_id, conversation_id=conversation_id, active_users=active)
        self._tell("user_left", payload)

    def _tell(self, event: str, payload: ViewerJoined | ViewerLeft) -> None:
        """Send to the members of this moment."""
        members = self._house.access.member_ids(payload.conversation_id)
        self._publisher.announce([Announcement(event=event, payload=payload, user_ids=tuple(members))])
