"""Reading a value that the log holds sealed: a question that its reader signs, and the answer.

The service answers those who may see the value (its signer, the dataset's steward, auditors, the
operator). What it answers is believed only if it opens the commitment that stands in the log.
"""

from __future__ import annotations

from dataclasses import dataclass

from client.answers import commitment_bytes, read_base64
from client.trust import Trust
from client.wallets import with_usual_v
from client.wire import Operation, post, read_object, text
from ledger.events import Domain
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.sealed import Opening, check_opening
from ledger.events.typed_data import sealed_read_digest, sealed_read_typed_data


@dataclass(frozen=True, slots=True)
class SealedQuestion:
    """What a reader signs to be shown the value behind a commitment. Good for some minutes.

    Attributes:
        commitment: base64, as it stands in the leaf.
        reader: address that signs, in EIP-55.
        issued_at: milliseconds since the epoch.
        domain: the ledger that it is for.
    """

    commitment: str
    reader: str
    issued_at: int
    domain: Domain

    @property
    def digest(self) -> bytes:
        """The 32 bytes that a key signs.

        Raises:
            InvalidSeal: the commitment is none.
        """
        return sealed_read_digest(
            reader=self.reader,
            commitment=commitment_bytes(self.commitment),
            issued_at=self.issued_at,
            domain=self.domain,
        )

    @property
    def typed_data(self) -> JsonObject:
        """What `eth_signTypedData_v4` takes.

        Raises:
            InvalidSeal: the commitment is none.
        """
        return sealed_read_typed_data(
            reader=self.reader,
            commitment=commitment_bytes(self.commitment),
            issued_at=self.issued_at,
            domain=self.domain,
        )


def sealed_question(
    commitment: str, *, reader: str, trust: Trust, issued_at: int
) -> SealedQuestion:
    """The question for one value.

    Args:
        commitment: base64, as it stands in the leaf.
        reader: address that will sign, in EIP-55.
        trust: the log that holds the commitment.
        issued_at: milliseconds since the epoch.
    """
    return SealedQuestion(commitment, reader, issued_at, Domain(trust.chain_id, trust.origin))


def open_sealed(question: SealedQuestion, signature: str) -> Operation[JsonValue]:
    """Asks, and checks that the answer opens the commitment.

    Args:
        question: as it was signed.
        signature: 0x-hex r‖s‖v of the reader's key.

    Raises:
        ServerProblem: the value is for others, or was erased.
        InvalidSeal: what the server shows does not open the commitment.
    """
    asked = {
        "commitment": question.commitment,
        "reader": question.reader,
        "issuedAt": question.issued_at,
        "signature": with_usual_v(signature),
    }
    answer = read_object((yield post("/v1/sealed:read", asked)))
    salt, value = read_base64(text(answer, "salt")), answer.get("value")
    check_opening(Opening(question.commitment, salt, value, data_subject=""))
    return value
