"""Events that somebody else signs: a browser wallet, a hardware key, a multisig.

The event is built and its sealed fields are closed here, so that a server never decides what is
signed. What a wallet answers is taken for a key's signature only once it recovers to the actor. Any
other may be a contract wallet's (EIP-1271): what a contract takes, its chain alone can tell, so the
service asks before it records anything.

    unsigned = prepare(draft, actor=address, trust=ledger.connect(), issued_at=now, random=…)
    signature = …  # eth_signTypedData_v4 over unsigned.typed_data
    ledger.send(unsigned.signed(signature))
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from client.answers import Signed
from client.drafts import Draft
from client.trust import Trust
from ledger.events import Domain, Event, build_event, typed_data, verify_signature
from ledger.events.canonical import JsonObject
from ledger.events.envelope import MAX_SIGNATURE_BYTES
from ledger.events.identifiers import InvalidIdentifier, to_checksum_address
from ledger.events.sealed import Opening, seal
from ledger.events.signing import WrongSigner
from ledger.secp256k1 import InvalidSignature

NOT_SIGNED = frozenset({WrongSigner.code, InvalidSignature.code})
"""Problems by which a service says that neither a key nor a contract signed."""

_ACCOUNT = re.compile(r"0x[0-9a-fA-F]{40}")
_BYTES = re.compile(r"0x([0-9a-fA-F]{2})*")
_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An event that lacks nothing but its signature.

    Attributes:
        event: with an empty signature.
        openings: of its sealed fields.
        domain: the ledger that the signature will be valid for.
    """

    event: Event
    openings: tuple[Opening, ...]
    domain: Domain

    @property
    def summary(self) -> str:
        """The sentence that the wallet shows and its owner signs."""
        return self.event.summary

    @property
    def typed_data(self) -> JsonObject:
        """What `eth_signTypedData_v4` takes."""
        return typed_data(self.event, self.domain)

    def signed(self, signature: str) -> Signed:
        """The event with what the wallet answered.

        Args:
            signature: 0x-hex r‖s‖v of a key, v may be 0 or 1, as some wallets write it; or what the
                actor's contract takes for its signature. Which of the two it is, the service finds
                out: it refuses what neither has signed.

        Raises:
            InvalidSignature: it is no signature of either.
        """
        by_key = replace(self.event, signature=with_usual_v(signature))
        try:
            verify_signature(by_key, self.domain)
        except (InvalidSignature, WrongSigner):
            by_contract = replace(self.event, signature=contract_signature(signature))
            return Signed(by_contract, self.openings)
        return Signed(by_key, self.openings)


def with_usual_v(signature: str) -> str:
    """A signature of 65 bytes in lower case, its v 27 or 28; anything else in lower case."""
    text = signature.lower()
    if _SIGNATURE.fullmatch(signature) and text[-2:] in {"00", "01"}:
        return f"{text[:-2]}{27 + int(text[-2:]):02x}"
    return text


def contract_signature(signature: str) -> str:
    """What a contract wallet may take for its signature, in lower case and otherwise as it came.

    Raises:
        InvalidSignature: it is not 0x-hex, or longer than an event's signature may be.
    """
    if not _BYTES.fullmatch(signature) or len(signature) > 2 + 2 * MAX_SIGNATURE_BYTES:
        raise InvalidSignature("The wallet's answer is not a signature; try again.")
    return signature.lower()


def account_address(account: str) -> str:
    """An account in EIP-55, however the wallet spells it.

    Raises:
        InvalidIdentifier: it is no address.
    """
    if not _ACCOUNT.fullmatch(account):
        raise InvalidIdentifier("The wallet's account is not an address of 20 bytes.")
    return to_checksum_address(bytes.fromhex(account[2:]))


def prepare(
    draft: Draft, *, actor: str, trust: Trust, issued_at: int, random: Callable[[int], bytes]
) -> Unsigned:
    """Fills in and seals a draft for a signer elsewhere.

    Args:
        draft: what is to be said.
        actor: address that will sign, in EIP-55.
        trust: the log that it is for.
        issued_at: milliseconds since the epoch.
        random: gives n random bytes.

    Raises:
        InvalidInput: if its body does not fit its kind.
    """
    body = dict(draft.body)
    openings = []
    for name, value in draft.sealed.items():
        body[name], opening = seal(value, salt=random(32), data_subject=draft.data_subject)
        openings.append(opening)
    event = build_event(
        kind=draft.kind, body=body, actor=actor, issued_at=issued_at, nonce=random(32)
    )
    return Unsigned(event, tuple(openings), Domain(trust.chain_id, trust.origin))
