"""The checker finds every violation that is planted, and passes evidence that is clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as altered

import pytest
from msgspec.structs import replace

from tests.proof.checker import Evidence, Stored, check
from tests.proof.ledger import Kind, Line

TALK, OTHER_TALK = 1, 2
ADA, BEN, CAT = 10, 20, 30


def _row(position: int, uid: str, sender_id: int, text: str) -> Stored:
    return Stored(TALK, position, uid, version=position + 2, message_id=100 + position, sender_id=sender_id, text=text)


ROWS = [_row(1, "a1", ADA, "ada 1"), _row(2, "b1", BEN, "ben 1"), _row(3, "a2", ADA, "ada 2")]
MINE = {ADA: [ROWS[0], ROWS[2]], BEN: [ROWS[1]]}


def _about(kind: Kind, row: Stored, at_ms: int) -> Line:
    """A line that tells of a stored message."""
    return Line(
        kind=kind,
        at_ms=at_ms,
        conversation_id=row.conversation_id,
        uid=row.uid,
        text=row.text,
        position=row.position,
        version=row.version,
        message_id=row.message_id,
    )


def _clean_ledger(user_id: int) -> list[Line]:
    """A device that was there from the beginning, was killed once, and came to rest."""
    lines = [Line(kind="started", at_ms=1, user_id=user_id), Line(kind="greeted", at_ms=2)]
    for row in MINE[user_id]:
        kinds: tuple[Kind, ...] = ("intended", "enqueued", "tried", "tried", "acked")
        lines += [_about(kind, row, 10) for kind in kinds]
    for row in ROWS:
        lines += [_about("heard", row, 20), _about("applied", row, 20), _about("applied", row, 21)]
        lines.append(Line(kind="followed", at_ms=22, conversation_id=TALK, version=row.version))
    for position in (1, 3):
        lines.append(Line(kind="cursor", at_ms=30, conversation_id=TALK, user_id=BEN, position=position))
    lines += [Line(kind="started", at_ms=40, user_id=user_id), Line(kind="greeted", at_ms=41)]
    lines.append(Line(kind="followed", at_ms=42, conversation_id=TALK, version=6))
    lines.append(Line(kind="cursor", at_ms=42, conversation_id=TALK, user_id=BEN, position=3))
    return lines + [_about("shown", row, 50) for row in ROWS]


def clean() -> Evidence:
    """A short talk of two in which nothing went wrong; the last number went to a cursor."""
    return Evidence(
        stored=list(ROWS),
        members={TALK: {ADA, BEN}, OTHER_TALK: {BEN, CAT}},
        ledgers={"ada": _clean_ledger(ADA), "ben": _clean_ledger(BEN)},
        heads={TALK: 6},
        cursors={TALK: {BEN: 3}},
    )


def _lines(evidence: Evidence, device: str = "ada") -> list[Line]:
    lines = evidence.ledgers[device]
    assert isinstance(lines, list)
    return lines


def _add(line: Line, at: int | None = None) -> Callable[[Evidence], None]:
    """Plant a further line on Ada's device: at the end, or before the line with this number."""

    def plant(evidence: Evidence) -> None:
        lines = _lines(evidence)
        lines.insert(len(lines) if at is None else at, line)

    return plant


def _alter(kind: str, nth: int, **facts: object) -> Callable[[Evidence], None]:
    """Let the nth line of a kind on Ada's device tell something else."""

    def plant(evidence: Evidence) -> None:
        lines = _lines(evidence)
        at = [index for index, line in enumerate(lines) if line.kind == kind][nth]
        lines[at] = replace(lines[at], **facts)

    return plant


def _drop(kind: str, nth: int) -> Callable[[Evidence], None]:
    """Take the nth line of a kind from Ada's device."""

    def plant(evidence: Evidence) -> None:
        lines = _lines(evidence)
        del lines[[index for index, line in enumerate(lines) if line.kind == kind][nth]]

    return plant


def _store(index: int | None, row: Stored | None) -> Callable[[Evidence], None]:
    """Replace, remove or add a row of the database."""

    def plant(evidence: Evidence) -> None:
        if index is None:
            assert row is not None
            evidence.stored.append(row)
        elif row is None:
            del evidence.stored[index]
        else:
            evidence.stored[index] = row

    return plant


def _exchange_shown(evidence: Evidence) -> None:
    lines = _lines(evidence)
    first, second = [index for index, line in enumerate(lines) if line.kind == "shown"][:2]
    lines[first], lines[second] = lines[second], lines[first]


def _exchange_written(evidence: Evidence) -> None:
    lines = _lines(evidence)
    first, second = [index for index, line in enumerate(lines) if line.kind == "enqueued"]
    lines[first], lines[second] = lines[second], lines[first]


def _hear_after_the_end(evidence: Evidence) -> None:
    late = 60 + evidence.silence_after_ms + 1
    _lines(evidence).extend([Line(kind="cut_off", at_ms=60), _about("heard", ROWS[2], late)])


GHOST = _row(4, "zz", ADA, "a ghost")
PLANTED: dict[str, tuple[Callable[[Evidence], None], str]] = {
    "an acknowledged message is gone": (_store(2, None), "an acknowledged message is lost"),
    "a text left the outbox for nowhere": (
        _add(Line(kind="enqueued", uid="a9", text="ada 9", conversation_id=TALK)),
        "a text of the outbox never arrived",
    ),
    "acknowledged at another position": (_alter("acked", 0, position=2), "stored elsewhere than acknowledged"),
    "acknowledged as another message": (_alter("acked", 0, message_id=7), "stored elsewhere than acknowledged"),
    "acknowledged in another conversation": (_alter("acked", 0, conversation_id=5), "stored elsewhere than"),
    "acknowledged with another text": (_alter("acked", 1, text="ada two"), "acknowledged with another content"),
    "stored with another text": (_store(0, altered(ROWS[0], text="else")), "stored as something else"),
    "stored under somebody else's name": (_store(0, altered(ROWS[0], sender_id=BEN)), "stored as somebody else's"),
    "one uid in two rows": (_store(None, altered(GHOST, uid="a1")), "a uid is stored twice"),
    "one text under two uids": (_store(None, altered(GHOST, text="ada 1")), "a text is stored twice"),
    "acknowledged twice as two messages": (
        _add(replace(_about("acked", ROWS[0], 12), message_id=999)),
        "one uid was acknowledged as two messages",
    ),
    "shown twice": (_add(_about("shown", ROWS[1], 51)), "a message is shown twice"),
    "stored though nobody wrote it": (_store(None, GHOST), "stored, but nobody wrote it"),
    "two rows at one position": (_store(2, altered(ROWS[2], position=2)), "two messages at one position"),
    "a position left out": (_store(2, altered(ROWS[2], position=4)), "a gap in the positions"),
    "positions that do not begin at 1": (_store(0, None), "a gap in the positions"),
    "two rows with one version": (_store(2, altered(ROWS[2], version=4)), "two rows with one version"),
    "a version beyond the head": (_store(2, altered(ROWS[2], version=7)), "a version beyond the head"),
    "another message at a position": (_alter("applied", 0, uid="b1"), "another message at this position"),
    "a message that is not stored": (_alter("applied", 0, position=8), "a device has what is not stored"),
    "another text on a device": (_alter("applied", 2, text="ben one"), "a device has another content"),
    "a version that was never given": (_alter("applied", 0, version=5), "a version that was never given"),
    "a text overtook an earlier one": (_exchange_written, "a text has overtaken another"),
    "a cursor went back": (
        _add(Line(kind="cursor", conversation_id=TALK, user_id=BEN, position=2)),
        "cursor went back",
    ),
    "a row went back": (_alter("applied", 5, version=4), "applied went back"),
    "progress went back": (_add(Line(kind="followed", conversation_id=TALK, version=5)), "followed went back"),
    "a cursor beyond the end": (
        _add(Line(kind="cursor", conversation_id=TALK, user_id=BEN, position=4)),
        "a cursor beyond the last message",
    ),
    "followed beyond the head": (
        _add(Line(kind="followed", conversation_id=TALK, version=7)),
        "followed beyond the head",
    ),
    "an event before the greeting": (_add(Line(kind="heard", event="new_message"), 1), "an event before the greeting"),
    "a stranger's message": (_alter("applied", 0, conversation_id=OTHER_TALK), "somebody who is no member"),
    "news for a session that was revoked": (_hear_after_the_end, "news after the session was revoked"),
    "left in the outbox": (_add(Line(kind="left", uid="a1")), "left in the outbox"),
    "refused for good": (_add(Line(kind="failed", uid="a1")), "refused for good"),
    "not shown at the end": (_drop("shown", 1), "does not show what is stored"),
    "shown in another order": (_exchange_shown, "does not show what is stored"),
    "behind at the end": (_alter("followed", -1, version=5), "does not follow to the head"),
    "another cursor at the end": (_alter("cursor", -1, position=2), "a device has another cursor"),
}


def test_clean_evidence_passes() -> None:
    assert check(clean()) == []


@pytest.mark.parametrize("violation", PLANTED)
def test_a_planted_violation_is_found(violation: str) -> None:
    plant, found = PLANTED[violation]
    evidence = clean()
    plant(evidence)
    assert any(found in breach.name for breach in check(evidence)), [str(breach) for breach in check(evidence)]


def test_a_run_that_was_not_brought_to_rest_may_have_texts_on_their_way() -> None:
    evidence = clean()
    evidence.settled = False
    _add(Line(kind="intended", uid="a9", text="ada 9", conversation_id=TALK))(evidence)
    _add(Line(kind="enqueued", uid="a9", text="ada 9", conversation_id=TALK))(evidence)
    assert check(evidence) == []
