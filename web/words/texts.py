"""Texts of people on a page: their paragraphs as they meant them, and a title within a sentence."""

from __future__ import annotations


def quoted(text: str) -> str:
    """A title within a sentence."""
    return f"“{text}”"


def paragraphs(text: str) -> list[str]:
    """A text as its author meant it: a blank line begins a paragraph, a dash a line; other line ends only wrap."""
    blocks = (block.strip() for block in text.split("\n\n"))
    return [_wrapped(block) for block in blocks if block]


def _wrapped(block: str) -> str:
    first, *others = block.split("\n")
    made = [first]
    for line in filter(str.strip, others):
        begun = line.lstrip()
        made.append(f"\n{line}" if begun[:2] in ("- ", "* ", "• ") else f" {begun}")
    return "".join(made)


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 run, 2 runs."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> int:
    """A share in whole hundredths; what is not quite done is never told as 100."""
    return int(100 * share // 1)


def hours(number: float | None) -> str:
    """A number of hours with one decimal at the most; nothing for none."""
    return f"{round(number, 1):g}" if number else ""
