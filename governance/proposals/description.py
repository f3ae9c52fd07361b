"""The text of a proposal, and what is read from it.

    # <title>

    <body>

    evidence: …                    (a line for each document, see `governance.proposals.evidence`)

    #proposer=0x<40 hex digits>

The last line is the governor's: only this proposer can submit this text, so nobody can submit it
first and cancel it (OpenZeppelin's front-running protection). Title, body and evidence may be
absent in texts that other programs made.

Nothing in a text is interpreted here: no Markdown, no HTML, no direction marks. `compose` refuses
what would not come back the same from `parse`; `parse` refuses nothing, for whatever is on chain
must be shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from governance.actions import checksum_address
from governance.mirror.texts import MAX_TITLE, title_of
from governance.proposals.errors import InvalidProposal
from governance.proposals.evidence import LINE_PREFIX, Evidence, parse_evidence

MAX_DESCRIPTION_BYTES = 128 * 1024
"""Of the whole text in UTF-8. Some four million gas go into proposing so much."""

MAX_EVIDENCE = 16
_PROPOSER = re.compile(rb"#proposer=0x([0-9a-fA-F]{40})\Z")
_KEPT_CONTROLS = frozenset("\n\t")


@dataclass(frozen=True, slots=True)
class Description:
    """A proposal's text, taken apart.

    Attributes:
        title: on one line, without characters that control or turn text; empty if there is none.
        body: what stands between title and evidence, untouched: escape it where it is shown.
        evidence: the documents that it names.
        proposer: who alone can submit it, EIP-55; None if the text does not say.
    """

    title: str
    body: str
    evidence: tuple[Evidence, ...]
    proposer: str | None


def compose(title: str, body: str, evidence: Sequence[Evidence], proposer: str) -> str:
    """The text of a proposal.

    Args:
        title: one line.
        body: any text; line ends become newlines, empty lines around it are dropped.
        evidence: at most MAX_EVIDENCE documents.
        proposer: address.

    Raises:
        InvalidProposal: a limit is exceeded, or a part cannot be told from the others.
    """
    body = body.replace("\r\n", "\n").strip("\n")
    _check_body(body)
    if len(evidence) > MAX_EVIDENCE:
        raise InvalidProposal(f"a proposal names at most {MAX_EVIDENCE} documents as evidence")
    parts = [f"# {title}", body, "\n".join(each.line for each in evidence)]
    parts.append(f"#proposer={checksum_address(proposer)}")
    text = "\n\n".join(part for part in parts if part)
    raw = _encoded(text)
    if not title or title_of(raw) != title:
        raise InvalidProposal(
            f"a title has 1 to {MAX_TITLE} characters on one line, does not begin with #, and "
            "holds no control characters or marks that turn the direction of text"
        )
    if len(raw) > MAX_DESCRIPTION_BYTES:
        raise InvalidProposal(
            f"a description has at most {MAX_DESCRIPTION_BYTES} bytes, this has {len(raw)}: put "
            "the rest into a document and name it as evidence"
        )
    return text


def parse(raw: bytes) -> Description:
    """Take a text apart, whoever made it. Bytes that are no UTF-8 become U+FFFD."""
    found = _PROPOSER.search(raw)
    text = (raw[: found.start()] if found else raw).decode("utf-8", errors="replace")
    lines = text.strip("\n").split("\n")
    evidence: list[Evidence] = []
    while lines and len(evidence) < MAX_EVIDENCE and (named := parse_evidence(lines[-1])):
        evidence.insert(0, named)
        lines.pop()
    if lines and lines[0].startswith("# "):
        lines.pop(0)
    return Description(
        title_of(raw) or "",
        "\n".join(lines).strip("\n"),
        tuple(evidence),
        checksum_address(found[1].decode()) if found else None,
    )


def _check_body(body: str) -> None:
    for character in body:
        if unicodedata.category(character) == "Cc" and character not in _KEPT_CONTROLS:
            raise InvalidProposal(
                f"a description holds no control characters, this has U+{ord(character):04X}"
            )
    if any(line.startswith(LINE_PREFIX) for line in body.split("\n")):
        raise InvalidProposal(
            f"no line of a description begins with {LINE_PREFIX!r}: evidence is named apart"
        )


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidProposal("a description holds no lone surrogates") from error
