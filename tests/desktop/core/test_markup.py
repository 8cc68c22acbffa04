"""Small markup: what is bold, code, quote, link and name; all that is written stays in sight, at a low price."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.markup import Markup, Span, Style, parse, plain

NAMES = ((7, "Ada"), (8, "Ada Berg"))
WRITTEN_MOST = 16_000


def read(text: str) -> list[tuple[str, str, str]]:
    """Each span: its block's kind, its words, and what is special about it."""
    markup = parse(text, NAMES)
    return [
        (block.kind, text[span.start : span.end], _special(span)) for block in markup.blocks for span in block.spans
    ]


def _special(span: Span) -> str:
    marks = [name for name, style in (("b", Style.BOLD), ("i", Style.ITALIC), ("c", Style.CODE)) if style in span.style]
    marks += [f"@{span.user_id}"] if span.user_id is not None else []
    marks += [f"{span.url}{'?' if span.asks else ''}"] if span.url else []
    return " ".join(marks)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("**bold** it", [("text", "bold", "b"), ("text", " it", "")]),
        ("*it* _it_", [("text", "it", "i"), ("text", " ", ""), ("text", "it", "i")]),
        ("***both***", [("text", "both", "b i")]),
        ("**a *b* c**", [("text", "a ", "b"), ("text", "b", "b i"), ("text", " c", "b")]),
        ("`**code**`", [("text", "**code**", "c")]),
        ("> said *so*", [("quote", "said ", ""), ("quote", "so", "i")]),
        ("a\n> b\nc", [("text", "a", ""), ("quote", "b", ""), ("text", "c", "")]),
        ("```py\nx = *1*\n\ny\n```\nend", [("code", "x = *1*", "c"), ("code", "y", "c"), ("text", "end", "")]),
        ("```never closed", [("text", "```never closed", "")]),
        ("not ``` at the ``` start", [("text", "not ``` at the ``` start", "")]),
        ("snake_case_name and 2*3*4", [("text", "snake_case_name and 2*3*4", "")]),
        ("* a * b", [("text", "* a * b", "")]),
        ("**open *and* never", [("text", "**open ", ""), ("text", "and", "i"), ("text", " never", "")]),
        ("在**中文**里", [("text", "在", ""), ("text", "中文", "b"), ("text", "里", "")]),
        ("**https://a.example**", [("text", "https://a.example", "b https://a.example")]),
        ("https://a.example/_x_", [("text", "https://a.example/_x_", "https://a.example/_x_")]),
        ("[bank](https://evil.example/)", [("text", "bank", "https://evil.example/?")]),
        ("[https://a.example/](https://a.example/)", [("text", "https://a.example/", "https://a.example/")]),
        ("[x](javascript:alert)", [("text", "[x](javascript:alert)", "")]),
        ("@Ada Berg, @Ada and @Adam", [
            ("text", "@Ada Berg", "@8"), ("text", ", ", ""), ("text", "@Ada", "@7"), ("text", " and @Adam", ""),
        ]),
        ("<b>no</b> &amp;", [("text", "<b>no</b> &amp;", "")]),
    ],
)  # fmt: skip
def test_what_is_special(text: str, spans: list[tuple[str, str, str]]) -> None:
    assert read(text) == spans


SIGNS = st.text(st.sampled_from("ab *_`>[]()\n@A1+🎉."), max_size=120)
PIECES = st.lists(
    st.sampled_from(
        ["**", "*", "_", "`", "```", "\n", "> ", "[a](https://b.example)", "@Ada", "word", " ", "https://c.d/"]
    )
).map("".join)
BETWEEN = re.compile(r"\*{1,3}|_|`|```([\w+#-]{1,20}\n)?\n?|\n?```\n?|\n|> ?|\[|\]\(https?://[^\s()<>]+\)")


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=200), SIGNS, PIECES))
def test_all_that_is_written_is_shown_except_the_marks(text: str) -> None:
    markup, at = parse(text, NAMES), 0
    for block in markup.blocks:
        for span in block.spans:
            assert at <= span.start < span.end <= len(text)
            hidden = text[at : span.start]
            assert BETWEEN.sub("", hidden) == "", (hidden, text)
            at = span.end
    assert BETWEEN.sub("", text[at:]) == ""
    assert not any("\n" in text[span.start : span.end] for block in markup.blocks for span in block.spans)


@given(st.text(st.characters(exclude_characters="*_`>[@\n"), max_size=200))
def test_a_text_without_marks_is_shown_as_it_is(text: str) -> None:
    assert parse(text).shown() == text == plain(text).shown()


HOSTILE = ["*a", "*a*", "**a ", "[a", "`", "```\n", "[a](http://", "[https://a.b](http", "a@", "x.x@x.", "+1", "+1 2 ",
           "@A", "_*", "> ", "\n", "a", "http://a.b ", "**a _b ", "🎉*"]  # fmt: skip


@pytest.mark.parametrize("part", HOSTILE)
def test_the_longest_message_is_read_in_one_pass(part: str) -> None:
    whole = (part * WRITTEN_MOST)[:WRITTEN_MOST]
    markup = _fresh(whole)
    half = _fresh(whole[: WRITTEN_MOST // 2])
    assert markup.steps <= 3 * WRITTEN_MOST + 10
    assert markup.steps <= 2.2 * half.steps + 10


def _fresh(text: str) -> Markup:
    parse.cache_clear()
    return parse(text, NAMES)


def test_more_marks_than_anybody_reads_are_text() -> None:
    text = "*a* " * 1_000
    assert sum(bool(span.style) for block in parse(text).blocks for span in block.spans) == 200
