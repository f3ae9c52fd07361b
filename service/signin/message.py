r"""The text of EIP-4361, read and written exactly as its ABNF has it. Pure.

    [scheme "://"] domain " wants you to sign in with your Ethereum account:" LF
    address LF
    LF
    [statement LF]
    LF
    "URI: " uri LF
    "Version: " "1" LF
    "Chain ID: " 1*DIGIT LF
    "Nonce: " 8*(ALPHA / DIGIT) LF
    "Issued At: " date-time
    [LF "Expiration Time: " date-time]
    [LF "Not Before: " date-time]
    [LF "Request ID: " *pchar]
    [LF "Resources:" *(LF "- " URI)]

Characters are those of RFC 3986, times those of RFC 3339, the address is in EIP-55. There is one
way to write each message, so whatever a wallet showed is what is read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.errors import InvalidInput
from ledger.events.identifiers import check_address
from ledger.keccak import keccak

MAX_MESSAGE_CHARS = 4_096

_URI_CHARS = r"A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%"
_URI = rf"[A-Za-z][A-Za-z0-9+.\-]*:[{_URI_CHARS}]+"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
_TIME = rf"{_DATE}[Tt]{_CLOCK}"
_MESSAGE = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://)?"
    r"(?P<domain>[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]%]+)"
    r" wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n"
    r"(?:(?P<statement>[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]+)\n)?"
    r"\n"
    rf"URI: (?P<uri>{_URI})\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[0-9]{1,78})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,})\n"
    rf"Issued At: (?P<issued_at>{_TIME})"
    rf"(?:\nExpiration Time: (?P<expires_at>{_TIME}))?"
    rf"(?:\nNot Before: (?P<not_before>{_TIME}))?"
    r"(?:\nRequest ID: (?P<request_id>[A-Za-z0-9\-._~!$&'()*+,;=:@%]*))?"
    rf"(?P<resources>\nResources:(?:\n- {_URI})*)?",
    re.ASCII,
)


class InvalidSignInMessage(InvalidInput):
    """The text is not one of EIP-4361."""

    code = "invalid-sign-in-message"
    remedy = "Ask `POST /v1/session:prepare` for a message, and sign it as it is."


@dataclass(frozen=True, slots=True)
class SignInMessage:
    """What somebody signs to sign in. Times are milliseconds since the epoch.

    Attributes:
        domain: RFC 3986 authority that asks.
        address: who signs in, EIP-55.
        uri: what the sign-in is for.
        chain_id: EIP-155.
        nonce: of the service.
        issued_at: when the message was made.
        expires_at: when it is good no more; None for never.
        not_before: when it begins to be good; None for at once.
        statement: for people; None where there is none.
        scheme: of the origin that asks; None where it does not say.
        request_id: of whoever asks.
        resources: URIs.
    """

    domain: str
    address: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: int
    expires_at: int | None = None
    not_before: int | None = None
    statement: str | None = None
    scheme: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The text that is signed."""
        origin = self.domain if self.scheme is None else f"{self.scheme}://{self.domain}"
        lines = [
            f"{origin} wants you to sign in with your Ethereum account:",
            self.address,
            "",
            *([] if self.statement is None else [self.statement]),
            "",
            f"URI: {self.uri}",
            "Version: 1",
            f"Chain ID: {self.chain_id}",
            f"Nonce: {self.nonce}",
            f"Issued At: {_written(self.issued_at)}",
        ]
        if self.expires_at is not None:
            lines.append(f"Expiration Time: {_written(self.expires_at)}")
        if self.not_before is not None:
            lines.append(f"Not Before: {_written(self.not_before)}")
        if self.request_id is not None:
            lines.append(f"Request ID: {self.request_id}")
        if self.resources:
            lines += ["Resources:", *(f"- {uri}" for uri in self.resources)]
        return "\n".join(lines)


def parse_message(text: str) -> SignInMessage:
    """Reads a message.

    Raises:
        InvalidSignInMessage: it is not exactly of the form above.
    """
    found = _MESSAGE.fullmatch(text) if len(text) <= MAX_MESSAGE_CHARS else None
    if found is None:
        raise InvalidSignInMessage(
            "This is no EIP-4361 message. Ask POST /v1/session:prepare for one, and sign it as it "
            "is, without changing a character."
        )
    listed = (found["resources"] or "").split("\n- ")[1:]
    try:
        return SignInMessage(
            domain=found["domain"],
            address=check_address(found["address"]),
            uri=found["uri"],
            chain_id=int(found["chain_id"]),
            nonce=found["nonce"],
            issued_at=_read(found["issued_at"]),
            expires_at=None if found["expires_at"] is None else _read(found["expires_at"]),
            not_before=None if found["not_before"] is None else _read(found["not_before"]),
            statement=found["statement"],
            scheme=found["scheme"],
            request_id=found["request_id"],
            resources=tuple(listed),
        )
    except ValueError as error:
        raise InvalidSignInMessage(f"The message cannot be read: {error}.") from error


def message_digest(text: str) -> bytes:
    """What the wallet signs, 32 bytes (EIP-191, version 0x45: `personal_sign`)."""
    raw = text.encode()
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(raw) + raw)


def _read(text: str) -> int:
    # `fromisoformat` takes no more than microseconds.
    fitted = re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text.upper())
    moment = datetime.fromisoformat(fitted)
    return int(moment.timestamp() * 1000)


def _written(millis: int) -> str:
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"
