"""One word a thing (docs/architecture.md): no second name for what has one, and no room named after nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest

from tests.fitness.sources import Source, all_sources, source

# A module or package named so has no subject: whatever does not fit elsewhere collects in it.
ROOMS_WITHOUT_A_SUBJECT = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "base",
    "manager",
    "handler",
    "handlers",
}

# A second word for a thing, and the glossary's word for it. Whole words of a name: "message_id" holds no "msg".
SECOND_WORDS = {
    "msg": "message",
    "msgs": "messages",
    "convo": "conversation",
    "convos": "conversations",
    "conv": "conversation",
    "chatroom": "conversation",
    "chatrooms": "conversations",
    "usr": "user",
    "participants": "members",
    "attachement": "attachment",
    "mgr": "the thing it manages",
}

# Two words in a row.
SECOND_PAIRS = {
    ("chat", "room"): "conversation",
    ("chat", "id"): "conversation_id",
    ("dialog", "id"): "conversation_id",
    ("room", "id"): "conversation_id",
    ("channel", "id"): "conversation_id",
    ("seen", "position"): "cursor, or read_position on the wire",
    ("message", "uuid"): "uid",
    ("message", "uid"): "uid",
}


def words(name: str) -> list[str]:
    """The lower-case words of a snake_case or CamelCase name."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def defined_names(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """The names that a file gives: classes, functions, arguments, variables and attributes; not those it only uses."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node, name
            case _:
                pass


def second_word(name: str) -> str | None:
    """What the glossary calls the thing that a name means by another word; None for a good name."""
    parts = words(name)
    pairs = [SECOND_PAIRS[pair] for pair in pairwise(parts) if pair in SECOND_PAIRS]
    return next(iter(pairs + [SECOND_WORDS[part] for part in parts if part in SECOND_WORDS]), None)


def strange_words(sources: Iterable[Source]) -> list[str]:
    """Every name given that the glossary has another word for."""
    return [
        f"{one.at(node)}: {name}; the glossary says {better}"
        for one in sources
        for node, name in defined_names(one.tree)
        if (better := second_word(name))
    ]


def rooms_without_a_subject(paths: Iterable[str]) -> list[str]:
    """Python files of which a part of the path is a name without a subject."""
    return [
        path
        for path in paths
        if any(ROOMS_WITHOUT_A_SUBJECT & set(words(part)) for part in path.removesuffix(".py").split("/"))
    ]


def test_names_are_the_glossarys() -> None:
    assert strange_words(all_sources()) == []


def test_rooms_have_a_subject() -> None:
    assert rooms_without_a_subject(one.path for one in all_sources()) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "msg_id = 1",
        "def open_chat_room(): ...",
        "class MsgView: ...",
        "def f(convo): ...",
        "self.dialog_id = 2",
        "lastMsg = 1",
    ],
)
def test_the_glossary_sees_a_second_word(snippet: str) -> None:
    assert len(strange_words([source(snippet)])) == 1


@pytest.mark.parametrize(
    "snippet", ["message_id = 1", "class QDialogHost: ...", "text.msg", "conversation = converse()"]
)
def test_the_glossary_lets_good_names_pass(snippet: str) -> None:
    assert strange_words([source(snippet)]) == []


def test_a_room_without_a_subject_is_seen() -> None:
    bad = ["server/utils.py", "desktop/ui/base_widget.py", "server/common/text.py", "desktop/event_handler.py"]
    assert rooms_without_a_subject([*bad, "server/socket/gateway.py", "desktop/core/database.py"]) == bad
