"""What stands in a PDF that fpdf2 made, as a reader's search would find it: glyphs are told by the
font's own map to Unicode (ISO 32000-1 section 9.10.3).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping

_STREAM = re.compile(rb"(\d+) 0 obj\n<<(?:(?!endobj).)*?>>\nstream\n(.*?)\nendstream", re.DOTALL)
_FONT = re.compile(rb"/F(\d+) (\d+) 0 R")
_SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(document: bytes) -> str:
    """Its text, what was drawn at once separated by single spaces."""
    streams = {int(at): _unpacked(body) for at, body in _STREAM.findall(document)}
    maps = dict(_maps(document, streams))
    letters: Mapping[int, str] | None = None
    pieces = []
    for stream in streams.values():
        for font, shown in _SHOWN.findall(stream):
            if font:
                letters = maps[int(font)]
            elif b" Tf" in stream:
                pieces.append(_decoded(shown, letters))
    return " ".join(" ".join(pieces).split())


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return body


def _maps(
    document: bytes, streams: Mapping[int, bytes]
) -> Iterator[tuple[int, Mapping[int, str] | None]]:
    """Number of each font to its letters by glyph; None where it is Latin-1."""
    for font, at in set(_FONT.findall(document)):
        found = re.search(rb"\n%s 0 obj\n.*?endobj" % at, document, re.DOTALL)
        assert found is not None
        mapped = re.search(rb"/ToUnicode (\d+) 0 R", found[0])
        if mapped is None:
            yield int(font), None
            continue
        pairs = re.findall(rb"<(\w{4})> <(\w+)>\n", streams[int(mapped[1])].partition(b"bfchar")[2])
        yield (
            int(font),
            {int(glyph, 16): bytes.fromhex(to.decode()).decode("utf-16-be") for glyph, to in pairs},
        )


def _decoded(shown: bytes, letters: Mapping[int, str] | None) -> str:
    plain = re.sub(
        rb"\\(.)", lambda escape: _ESCAPED.get(escape[1], escape[1]), shown, flags=re.DOTALL
    )
    if letters is None:
        return plain.decode("latin-1")
    return "".join(letters[plain[i] << 8 | plain[i + 1]] for i in range(0, len(plain), 2))
