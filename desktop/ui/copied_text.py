"""Messages as the clipboard gets them: the text as it was typed; several with names and times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from desktop.core.bubble import Bubble


def copied(bubbles: Sequence[Bubble], time_words: Callable[[int], str]) -> str:
    """One message's text, or several, each under who wrote it and when."""
    if len(bubbles) == 1:
        return content(bubbles[0])
    return "\n\n".join(f"{bubble.sender_name}, {time_words(bubble.at_ms)}\n{content(bubble)}" for bubble in bubbles)


def content(bubble: Bubble) -> str:
    """The names of a message's files in brackets, then its text."""
    files = " ".join(f"[{file.name}]" for file in bubble.files)
    if not bubble.text:
        return files.strip("[]") if len(bubble.files) == 1 else files
    return f"{files}\n{bubble.text}" if files else bubble.text
