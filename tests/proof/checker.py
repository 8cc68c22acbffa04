"""Decides from the devices' ledgers and the final database whether the promises held (reliability 2.1).

Each check returns what it found wrong; `check` runs them all. tests/proof/test_checker.py plants violations.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.proof.ledger import Kind, Line

SILENCE_AFTER_MS = 1_500
"""P8: nothing new later than 1 s after a revocation; the rest is what the device itself takes to note it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the database holds it."""

    conversation_id: int
    position: int
    uid: str
    version: int
    message_id: int
    sender_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was broken: its number, a name for the kind, and where."""

    promise: str
    name: str
    where: str

    def __str__(self) -> str:
        return f"{self.promise} {self.name}: {self.where}"


@dataclass(slots=True)
class Evidence:
    """Everything the checker judges. `heads` and `cursors` (conversation → user → position) are the database's."""

    stored: list[Stored]
    members: dict[int, set[int]]
    ledgers: Mapping[str, Sequence[Line]]
    heads: dict[int, int] = field(default_factory=dict)
    cursors: dict[int, dict[int, int]] = field(default_factory=dict)
    silence_after_ms: int = SILENCE_AFTER_MS
    settled: bool = True
    """Whether the devices were told to come to rest: then all must show the same."""

    def lines(self, *kinds: Kind) -> Iterator[tuple[str, Line]]:
        """The lines of these kinds, each with its device."""
        for device, lines in self.ledgers.items():
            for line in lines:
                if line.kind in kinds:
                    yield device, line

    def by_uid(self) -> dict[str, Stored]:
        """The stored messages by uid."""
        return {row.uid: row for row in self.stored}

    def user_of(self, device: str) -> int:
        """Whose device it is."""
        return next((line.user_id for line in self.ledgers[device] if line.kind == "started"), 0)


Check = Callable[[Evidence], Iterator[Breach]]


def lost(evidence: Evidence) -> Iterator[Breach]:
    """P1, P7: what was acknowledged, or was on the desktop's disk, is in the database."""
    stored = evidence.by_uid()
    for device, line in evidence.lines("acked"):
        if line.uid not in stored:
            yield Breach("P1", "an acknowledged message is lost", f"{device} {line.uid} {line.text}")
    if evidence.settled:
        for device, line in evidence.lines("enqueued"):
            if line.uid not in stored:
                yield Breach("P7", "a text of the outbox never arrived", f"{device} {line.uid} {line.text}")


def changed(evidence: Evidence) -> Iterator[Breach]:
    """P1: it is stored as it was acknowledged, and as it was written."""
    stored = evidence.by_uid()
    for device, line in evidence.lines("acked"):
        row = stored.get(line.uid)
        if row is None:
            continue
        told = (line.conversation_id, line.position, line.message_id)
        if told != (row.conversation_id, row.position, row.message_id):
            yield Breach("P1", "stored elsewhere than acknowledged", f"{device} {line.uid}")
        if line.text != row.text:
            yield Breach("P1", "acknowledged with another content", f"{device} {line.uid}")
    for device, line in evidence.lines("intended"):
        row = stored.get(line.uid)
        if row is None:
            continue
        if (line.conversation_id, line.text) != (row.conversation_id, row.text):
            yield Breach("P1", "stored as something else than was written", f"{device} {line.uid}")
        if row.sender_id != evidence.user_of(device):
            yield Breach("P1", "stored as somebody else's", f"{device} {line.uid}")


def _repeated(things: Iterable[object]) -> list[object]:
    """The things that come more than once."""
    return [thing for thing, count in Counter(things).items() if count > 1]


def doubled(evidence: Evidence) -> Iterator[Breach]:
    """P2: nothing is stored twice, acknowledged as two, or shown twice."""
    for uid in _repeated(row.uid for row in evidence.stored):
        yield Breach("P2", "a uid is stored twice", str(uid))
    for said in _repeated((row.sender_id, row.text) for row in evidence.stored):
        yield Breach("P2", "a text is stored twice", f"sender and text {said}")
    answers = {(line.uid, line.message_id) for _, line in evidence.lines("acked")}
    for uid in _repeated(uid for uid, _ in answers):
        yield Breach("P2", "one uid was acknowledged as two messages", str(uid))
    for where in _repeated((device, line.uid) for device, line in evidence.lines("shown")):
        yield Breach("P2", "a message is shown twice", f"device and uid {where}")


def invented(evidence: Evidence) -> Iterator[Breach]:
    """P2: nothing is stored that nobody wrote."""
    written = {line.uid for _, line in evidence.lines("intended")}
    for row in evidence.stored:
        if row.uid not in written:
            yield Breach("P2", "stored, but nobody wrote it", f"{row.uid} {row.text}")


def disordered(evidence: Evidence) -> Iterator[Breach]:
    """P3: positions are contiguous from 1, each is one message's, and versions are told once."""
    places: dict[int, list[Stored]] = defaultdict(list)
    for row in evidence.stored:
        places[row.conversation_id].append(row)
    for conversation_id, rows in places.items():
        positions = sorted(row.position for row in rows)
        if len(set(positions)) < len(positions):
            yield Breach("P3", "two messages at one position", f"conversation {conversation_id}")
        if set(positions) != set(range(1, len(positions) + 1)) and len(set(positions)) == len(positions):
            yield Breach("P3", "a gap in the positions", f"conversation {conversation_id}")
        versions = [row.version for row in rows]
        if len(set(versions)) < len(versions):
            yield Breach("P3", "two rows with one version", f"conversation {conversation_id}")
        if max(versions) > evidence.heads.get(conversation_id, max(versions)):
            yield Breach("P3", "a version beyond the head", f"conversation {conversation_id}")


def applied_elsewhere(evidence: Evidence) -> Iterator[Breach]:
    """P3: what a device has at a position is what the database has there."""
    stored = {(row.conversation_id, row.position): row for row in evidence.stored}
    for device, line in evidence.lines("applied", "shown"):
        row = stored.get((line.conversation_id, line.position))
        where = f"{device} {line.conversation_id}/{line.position}"
        if row is None:
            yield Breach("P3", "a device has what is not stored", where)
        elif row.uid != line.uid:
            yield Breach("P3", "a device has another message at this position", where)
        elif row.text != line.text:
            yield Breach("P3", "a device has another content", where)
        elif line.version > row.version:
            yield Breach("P3", "a device has a version that was never given", where)


def overtaken(evidence: Evidence) -> Iterator[Breach]:
    """P4: the texts of one device in one conversation are stored in the order in which they were written."""
    stored = evidence.by_uid()
    for device, lines in evidence.ledgers.items():
        places: dict[int, list[int]] = defaultdict(list)
        for line in lines:
            if line.kind == "enqueued" and line.uid in stored:
                places[line.conversation_id].append(stored[line.uid].position)
        for conversation_id, positions in places.items():
            if any(earlier > later for earlier, later in pairwise(positions)):
                yield Breach("P4", "a text has overtaken another", f"{device} in conversation {conversation_id}")


def went_back(evidence: Evidence) -> Iterator[Breach]:
    """P6: in one life of a device, cursors, versions and progress only grow."""
    for device, lines in evidence.ledgers.items():
        highest: dict[tuple[object, ...], int] = {}
        for line in lines:
            if line.kind == "started":
                highest.clear()
                continue
            key, value = _measure(line)
            if value < highest.get(key, 0):
                yield Breach("P6", f"{line.kind} went back", f"{device} {key} to {value}")
            highest[key] = max(value, highest.get(key, 0))


def _measure(line: Line) -> tuple[tuple[object, ...], int]:
    """What of a line may only grow, and its value."""
    match line.kind:
        case "cursor":
            return ("cursor", line.conversation_id, line.user_id), line.position
        case "applied":
            return ("row", line.conversation_id, line.position), line.version
        case "followed":
            return ("followed", line.conversation_id), line.version
        case _:
            return ("nothing",), 0


def beyond(evidence: Evidence) -> Iterator[Breach]:
    """P6: nobody has read, and nobody follows, further than there is."""
    last = Counter(row.conversation_id for row in evidence.stored)
    for device, line in evidence.lines("cursor"):
        if line.position > last[line.conversation_id]:
            yield Breach("P6", "a cursor beyond the last message", f"{device} conversation {line.conversation_id}")
    for device, line in evidence.lines("followed"):
        if line.version > evidence.heads.get(line.conversation_id, line.version):
            yield Breach("P6", "followed beyond the head", f"{device} conversation {line.conversation_id}")


def strangers(evidence: Evidence) -> Iterator[Breach]:
    """P11: nothing reaches a device whose user is no member, nor one that was not greeted yet."""
    for device, lines in evidence.ledgers.items():
        user_id, greeted = evidence.user_of(device), False
        for line in lines:
            if line.kind == "started":
                greeted = False
            greeted = greeted or line.kind == "greeted"
            if line.kind == "heard" and not greeted:
                yield Breach("P11", "an event before the greeting", f"{device} {line.event}")
            if line.kind == "applied" and user_id not in evidence.members.get(line.conversation_id, set()):
                yield Breach("P11", "a message came to somebody who is no member", f"{device} {line.uid}")


def after_the_end(evidence: Evidence) -> Iterator[Breach]:
    """P8: nothing new comes to a session that was revoked."""
    for device, lines in evidence.ledgers.items():
        ended = next((line.at_ms for line in lines if line.kind == "cut_off"), None)
        if ended is None:
            continue
        for line in lines:
            if line.kind in {"applied", "heard"} and line.at_ms > ended + evidence.silence_after_ms:
                yield Breach("P8", "news after the session was revoked", f"{device} {line.at_ms - ended} ms later")


def left_over(evidence: Evidence) -> Iterator[Breach]:
    """Outboxes are empty at the end, and nothing was refused for good."""
    for device, line in evidence.lines("left"):
        yield Breach("P7", "left in the outbox", f"{device} {line.uid} {line.text}")
    for device, line in evidence.lines("failed"):
        yield Breach("P7", "refused for good", f"{device} {line.uid} {line.text}")


def unequal(evidence: Evidence) -> Iterator[Breach]:
    """P5: at rest every device shows all messages of its user's conversations in order, and follows the head."""
    if not evidence.settled:
        return
    truth: dict[int, list[str]] = defaultdict(list)
    for row in sorted(evidence.stored, key=lambda row: row.position):
        truth[row.conversation_id].append(row.uid)
    for device, lines in evidence.ledgers.items():
        if any(line.kind == "cut_off" for line in lines):
            continue
        shown: dict[int, list[str]] = defaultdict(list)
        for line in lines:
            if line.kind == "shown":
                shown[line.conversation_id].append(line.uid)
        user_id = evidence.user_of(device)
        for conversation_id, uids in truth.items():
            if user_id in evidence.members.get(conversation_id, set()) and shown[conversation_id] != uids:
                where = f"{device} conversation {conversation_id}: {len(shown[conversation_id])} of {len(uids)}"
                yield Breach("P5", "a device does not show what is stored, in its order", where)
        yield from _behind(evidence, device, lines)


def _behind(evidence: Evidence, device: str, lines: Sequence[Line]) -> Iterator[Breach]:
    """P5, P6: at rest the last told progress and cursors are the database's."""
    user_id = evidence.user_of(device)
    last = {_measure(line)[0]: _measure(line)[1] for line in lines if line.kind in {"followed", "cursor"}}
    for conversation_id, head in evidence.heads.items():
        if user_id not in evidence.members.get(conversation_id, set()):
            continue
        if last.get(("followed", conversation_id), 0) != head:
            yield Breach("P5", "a device does not follow to the head", f"{device} conversation {conversation_id}")
        for reader_id, position in evidence.cursors.get(conversation_id, {}).items():
            if last.get(("cursor", conversation_id, reader_id), 0) != position:
                yield Breach("P6", "a device has another cursor", f"{device} {conversation_id} of user {reader_id}")


CHECKS: tuple[Check, ...] = (
    lost,
    changed,
    doubled,
    invented,
    disordered,
    applied_elsewhere,
    overtaken,
    went_back,
    beyond,
    strangers,
    after_the_end,
    left_over,
    unequal,
)


def check(evidence: Evidence) -> list[Breach]:
    """Every broken promise that the evidence shows."""
    return [breach for one in CHECKS for breach in one(evidence)]
