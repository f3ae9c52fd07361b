"""The letters of a report: which its font has, and what stands for those that it has not.

The font has the Latin, Greek, Cyrillic, Armenian and Georgian scripts. What it has not, and what
hides or reorders other text, is told by number, such as `<U+75C5 U+9662>`: a reader can look it up,
where a box says nothing. So are scripts that are written from right to left: drawn letter after
letter they would read backwards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from itertools import groupby
from pathlib import Path

FAMILY = "DejaVu Sans"
_FOLDER = Path(__file__).with_name("fonts")
FILES = {"": _FOLDER / "DejaVuSans.ttf", "B": _FOLDER / "DejaVuSans-Bold.ttf"}
"""Files of the font by fpdf2's name of the style; `LICENSE.txt` beside them is theirs."""

NUMBERED = "<U+"
"""How what is told by number begins."""

LATIN = range(256)
"""What the fonts have that every reader of PDF brings along (Latin-1)."""

# What looks alike is meant here: typographic signs become those that are typed.
_TYPED = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "..."}  # noqa: RUF001
)


def written(words: str, known: Container[int]) -> str:
    """The words as they can be written.

    Args:
        words: anybody's text.
        known: code points that the font has.
    """
    composed = unicodedata.normalize("NFC", words)
    return _by_number("".join(map(_plain_space, composed)), known)


def typed(words: str) -> str:
    """The words in Latin letters and signs that are on a keyboard, to be typed off."""
    return _by_number(words.translate(_TYPED), LATIN)


def _plain_space(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else character


def _by_number(words: str, known: Container[int]) -> str:
    def is_there(character: str) -> bool:
        return character == "\n" or (character.isprintable() and ord(character) in known)

    return "".join(
        "".join(run) if there else f"<{' '.join(f'U+{ord(c):04X}' for c in run)}>"
        for there, run in groupby(words, is_there)
    )
