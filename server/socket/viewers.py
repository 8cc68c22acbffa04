"""Who is looking at which conversation right now; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from protocol.signals import ViewerJoined, ViewerLeft
from server.services.ports import ALONE, Announcement, Bus
from server.socket.connections import Connection

if TYPE_CHECKING:
    from server.services.house import House
    from server.socket.publisher import Publisher


class Looking(Struct, frozen=True, array_like=True):
    """Whether a user has a socket in the telling process that looks at a conversation."""

    conversation_id: int
    user_id: int
    looks: bool = True


class Viewers:
    """Conversation → user → the sockets that look. Several sockets of a user are one viewer; invisible ones are untold.

    Viewing gives no rights and no news: `new_message` goes to members, looked up at the commit. Another process counts
    as one socket, named as the process, for each user who looks there; each process tells its own sockets.
    """

    topic = "viewers"
    kind = Looking

    def __init__(self, house: House, publisher: Publisher, is_hidden: Callable[[int], bool], bus: Bus = ALONE) -> None:
        self._house = house
        self._publisher = publisher
        self._is_hidden = is_hidden
        self._bus = bus
        self._looking: dict[int, dict[int, set[str]]] = {}
        self._own: dict[tuple[int, int], set[Connection]] = {}
        self._peers: dict[str, set[tuple[int, int]]] = {}
        bus.share(self)

    def join(self, connection: Connection, conversation_id: int) -> list[int]:
        """The socket looks at this conversation; its visible viewers. Raises Refused (`not_found`)."""
        self._house.access.seat(connection.actor, conversation_id)
        if conversation_id not in connection.viewing:
            connection.viewing.add(conversation_id)
            self._own.setdefault((conversation_id, connection.actor.user_id), set()).add(connection)
            self._share(conversation_id, connection.actor.user_id, looking=1)
            self._look(conversation_id, connection.actor.user_id, connection.sid)
        return self.active(conversation_id, connection.actor.user_id)

    def leave(self, connection: Connection, conversation_id: int) -> list[int]:
        """The socket looks away; the visible viewers that stay. Raises Refused (`not_found`)."""
        self._house.access.seat(connection.actor, conversation_id)
        self._leave(connection, conversation_id)
        return self.active(conversation_id, connection.actor.user_id)

    def left(self, connection: Connection) -> None:
        """The socket is gone."""
        for conversation_id in list(connection.viewing):
            self._leave(connection, conversation_id)

    def hide(self, user_id: int) -> None:
        """A viewer became invisible: to the others they look away."""
        for conversation_id in self._viewed_by(user_id):
            self._tell_left(user_id, conversation_id)

    def show(self, user_id: int) -> None:
        """A viewer is visible again."""
        for conversation_id in self._viewed_by(user_id):
            self._tell_joined(user_id, conversation_id)

    def turned(self, user_id: int) -> None:
        """A viewer chose in another process to be seen no more, or again."""
        (self.hide if self._is_hidden(user_id) else self.show)(user_id)

    def parted(self, conversation_id: int, user_id: int) -> None:
        """Somebody has lost their seat; every process is told of it by itself."""
        for connection in list(self._own.get((conversation_id, user_id), ())):
            self._leave(connection, conversation_id)

    def active(self, conversation_id: int, viewer_id: int) -> list[int]:
        """The members who look at a conversation and may be seen doing so by this viewer, ascending."""
        active = self._active(conversation_id, self._house.access.member_ids(conversation_id))
        blocks = self._house.access.blocks_of(active)
        return [user_id for user_id in active if (user_id, viewer_id) not in blocks]

    def _active(self, conversation_id: int, member_ids: tuple[int, ...]) -> list[int]:
        """Who looks and is not invisible, ascending."""
        looking = self._looking.get(conversation_id, {}).keys() & set(member_ids)
        return sorted(user_id for user_id in looking if not self._is_hidden(user_id))

    # What the other processes tell (services.ports.Facts).

    def whole(self) -> list[Looking]:
        """Who looks at what in this process."""
        return [Looking(conversation_id, user_id) for conversation_id, user_id in self._own]

    def heard(self, peer: str, facts: Sequence[Looking], *, whole: bool) -> None:
        """Who looks, or has looked away, in another process."""
        known = self._peers.setdefault(peer, set())
        now = {(fact.conversation_id, fact.user_id) for fact in facts if fact.looks}
        over = known - now if whole else {(fact.conversation_id, fact.user_id) for fact in facts if not fact.looks}
        for conversation_id, user_id in now - known:
            self._look(conversation_id, user_id, peer)
        for conversation_id, user_id in over & known:
            self._look_away(conversation_id, user_id, peer)
        self._peers[peer] = (known | now) - over

    def gone(self, peer: str) -> None:
        """A process is gone: nobody looks there."""
        self.heard(peer, (), whole=True)
        del self._peers[peer]

    def _viewed_by(self, user_id: int) -> list[int]:
        """The conversations this user looks at."""
        return [conversation_id for conversation_id, looking in self._looking.items() if user_id in looking]

    def _leave(self, connection: Connection, conversation_id: int) -> None:
        """A socket of this process looks away, if it looked."""
        if conversation_id in connection.viewing:
            connection.viewing.discard(conversation_id)
            pair = (conversation_id, connection.actor.user_id)
            self._own[pair].discard(connection)
            self._share(*pair, looking=0)
            self._look_away(*pair, connection.sid)

    def _share(self, conversation_id: int, user_id: int, *, looking: int) -> None:
        """Tell the other processes when a user's first socket of this one looks, or none does any more."""
        pair = (conversation_id, user_id)
        if len(self._own[pair]) == looking:
            self._bus.tell_facts(self.topic, [Looking(conversation_id, user_id, looks=looking > 0)])
        if not self._own[pair]:
            del self._own[pair]

    def _look(self, conversation_id: int, user_id: int, name: str) -> None:
        """A socket or a process looks; its user has joined when it is their first."""
        names = self._looking.setdefault(conversation_id, {}).setdefault(user_id, set())
        names.add(name)
        if len(names) == 1 and not self._is_hidden(user_id):
            self._tell_joined(user_id, conversation_id)

    def _look_away(self, conversation_id: int, user_id: int, name: str) -> None:
        """A socket or a process has looked away; its user has left when it was their last."""
        looking = self._looking[conversation_id]
        looking[user_id].discard(name)
        if looking[user_id]:
            return
        del looking[user_id]
        if not looking:
            del self._looking[conversation_id]
        if not self._is_hidden(user_id):
            self._tell_left(user_id, conversation_id)

    def _tell_joined(self, user_id: int, conversation_id: int) -> None:
        """Tell the members who came, and who looks now."""
        self._tell("user_joined", user_id, conversation_id)

    def _tell_left(self, user_id: int, conversation_id: int) -> None:
        """Tell the members who went, and who looks still."""
        self._tell("user_left", user_id, conversation_id)

    def _tell(self, event: str, user_id: int, conversation_id: int) -> None:
        """Send to the members of this moment; to whom somebody has blocked, as if those did not look."""
        kind = ViewerJoined if event == "user_joined" else ViewerLeft
        members = self._house.access.member_ids(conversation_id)
        active = self._active(conversation_id, members)
        if kind is ViewerLeft:
            active = [other for other in active if other != user_id]
        blocks = self._house.access.blocks_of({user_id, *active})
        blocked = {other for _, other in blocks}
        for to in (tuple(one for one in members if one not in blocked), *((one,) for one in members if one in blocked)):
            if to and (user_id, to[0]) not in blocks:
                seen = [other for other in active if (other, to[0]) not in blocks]
                payload = kind(user_id=user_id, conversation_id=conversation_id, active_users=seen)
                self._publisher.announce([Announcement(event=event, payload=payload, user_ids=to)])
