"""What people said on chain, made fit for a leaf: always in the same way, never refused.

Anyone who may propose or vote chooses these bytes, and what is in a block must be told. So bytes
that are no UTF-8, controls, and marks that turn the direction of the text around become U+FFFD;
what is too long is cut and ends in an ellipsis. Letters of any script stay as they are.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from ledger.events.bodies.base import Title
from ledger.events.identifiers import LATEST, format_instant

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MAX_TITLE = 200
"""Characters, as `ledger.events.bodies.base.Title` has it."""

_ELLIPSIS = "…"
_KEPT_CONTROLS = frozenset("\n\t")
_TURNING = frozenset(
    # Unicode Standard Annex 9, section 2: explicit embeddings, overrides, isolates and marks.
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_LATEST_SECOND = LATEST // 1000


@dataclass(frozen=True, slots=True)
class TidyText:
    """A text that fits.

    Attributes:
        text: what may stand in a leaf.
        is_whole: whether these are exactly the bytes on chain.
    """

    text: str
    is_whole: bool


def tidy(raw: bytes, limit: int) -> TidyText:
    """Bytes from a chain as text.

    Args:
        raw: any bytes.
        limit: characters that the text may have.
    """
    # Four bytes a character at most, so more are never needed.
    decoded = raw[: 4 * limit + 4].decode("utf-8", errors="replace")
    text = "".join(REPLACEMENT if _is_refused(c) else c for c in decoded)
    if len(text) > limit:
        text = text[: limit - 1] + _ELLIPSIS
    return TidyText(text, text.encode() == raw)


def title_of(description: bytes) -> Title | None:
    """The first line of a proposal's description that says something; None if none does.

    Descriptions are Markdown by convention; a heading's marks are left out.
    """
    for line in description[: 64 * MAX_TITLE].splitlines():
        words = line.lstrip(b"# \t").strip()
        if words and not words.startswith(b"proposer=0x"):
            shown = tidy(words, MAX_TITLE).text.replace("\t", " ")
            return shown if shown.strip() else None
    return None


def instant(seconds: int) -> str:
    """A chain's time as bodies write it; beyond the year 9999, that year's last second."""
    return format_instant(min(seconds, _LATEST_SECOND) * 1000)


def _is_refused(character: str) -> bool:
    if character in _TURNING:
        return True
    return unicodedata.category(character) == "Cc" and character not in _KEPT_CONTROLS
