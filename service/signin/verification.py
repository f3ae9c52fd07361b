"""Is this sign-in good? And whose is it?

Rules:
- The message is for this service: its domain and URI are ones that the service is reached at, its
  chain id is the ledger's. The domain that a request claims to have come to is never believed:
  a page elsewhere could have had the message signed for itself.
- It is of now: its nonce is this service's and has not ended, it was not made in the future nor
  before the nonce could be, and it is within the times that it names itself.
- The account signed it: with its key, low s as everywhere, or, where it is a contract on the DAO's
  chain, as that contract says (EIP-1271).
- The account is an active member, a key that one has authorised, or the ledger's operator.

That a nonce is spent once only is for `open_session` to see to, in one transaction with the
session.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from ledger.errors import ConcordError, Refused
from ledger.events.signing import WrongSigner, recover
from ledger.store.reads import Snapshot
from ledger.views.records import AuthorizedKey, LedgerInfo, Member
from service.signin.message import SignInMessage, message_digest
from service.signin.nonces import Nonces

AHEAD_MS = 60_000
"""How far a wallet's clock may be ahead of the service's, in milliseconds."""

ContractCheck = Callable[[str, bytes, str], bool]
"""Whether a contract account takes a signature for its own: address, digest, signature."""


class SignInRefused(Refused):
    """The message is for somewhere else, of another time, or its nonce is used up."""

    code = "sign-in-refused"
    remedy = "Ask `POST /v1/session:prepare` for a new message, and sign it at once."


class NotAMember(Refused):
    """Sessions are for members, and for keys that sign on their behalf."""

    code = "not-a-member"
    remedy = "Sign in with a member's account or a key that a member has authorised."


@dataclass(frozen=True, slots=True)
class Place:
    """Where this service is.

    Attributes:
        domains: authorities that it is reached at; the first is its own.
        scheme: `http` or `https`, of its own address.
        chain_id: of the ledger.
    """

    domains: tuple[str, ...]
    scheme: str
    chain_id: int

    @property
    def uri(self) -> str:
        """Its own address."""
        return f"{self.scheme}://{self.domains[0]}"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in.

    Attributes:
        account: who signed, EIP-55.
        member: on whose behalf; the account itself, or the member that authorised it.
        roles: of that member now.
    """

    account: str
    member: str
    roles: Collection[str]


def check_message(message: SignInMessage, place: Place, nonces: Nonces, now: int) -> int:
    """Makes sure that a message is for this service and of now.

    Args:
        message: as it was signed.
        place: this service.
        nonces: of this service.
        now: milliseconds since the epoch.

    Returns:
        When its nonce ends, milliseconds since the epoch.

    Raises:
        SignInRefused: saying what is wrong.
    """
    if message.domain not in place.domains:
        raise SignInRefused(
            f"The message was made for {message.domain}; this service is {place.domains[0]}. "
            "If you did not ask for it there, do not use that page again."
        )
    uri = urlsplit(message.uri)
    if uri.scheme not in {"http", "https"} or uri.netloc not in place.domains:
        raise SignInRefused(f"The message is for {message.uri[:200]}, not for {place.uri}.")
    if message.scheme not in {None, "http", "https"}:
        raise SignInRefused(f"The message was made by {message.scheme}://, not by http or https.")
    if message.chain_id != place.chain_id:
        raise SignInRefused(
            f"The message is for chain {message.chain_id}; this ledger's is {place.chain_id}."
        )
    ends = nonces.end_of(message.nonce)
    if ends is None:
        raise SignInRefused("The nonce is none of this service's. Ask for one, and sign again.")
    _check_times(message, nonces, ends, now)
    return ends


def _check_times(message: SignInMessage, nonces: Nonces, nonce_ends: int, now: int) -> None:
    if now >= nonce_ends:
        raise SignInRefused("The nonce has ended. Ask for a new one, and sign again.")
    if message.issued_at > now + AHEAD_MS:
        raise SignInRefused("The message was issued in the future; set the clock, and sign again.")
    if message.issued_at < nonce_ends - nonces.life_ms - AHEAD_MS:
        raise SignInRefused("The message was issued before its nonce was.")
    if message.expires_at is not None and now >= message.expires_at:
        raise SignInRefused("The message has expired. Ask for a new one, and sign again.")
    if message.not_before is not None and now < message.not_before:
        raise SignInRefused("The message is not good yet.")


def check_signature(
    text: str, message: SignInMessage, signature: str, *, contract: ContractCheck | None
) -> None:
    """Makes sure that the account of a message signed it.

    Args:
        text: the message, exactly as it was signed.
        message: the same, read.
        signature: 0x-hex; 65 bytes of a key, or whatever a contract takes.
        contract: asks contract accounts; None where there is no chain to ask.

    Raises:
        InvalidSignature, WrongSigner: it did not.
        ChainUnavailable: a contract would have to be asked, and the chain does not answer.
    """
    digest = message_digest(text)
    try:
        signer = recover(digest, signature)
        if signer == message.address:
            return
        refusal: ConcordError = WrongSigner(
            f"The message is signed by {signer}, not by {message.address}."
        )
    except ConcordError as error:
        refusal = error
    if contract is None or not contract(message.address, digest, signature):
        raise refusal


def principal_at(views: Snapshot, account: str, now: int) -> Principal:
    """Who an account acts for, as the log has it now.

    Args:
        views: as they stand.
        account: EIP-55.
        now: milliseconds since the epoch.

    Raises:
        NotAMember: it may not sign in, or not any more.
    """
    member = views.get(Member, account)
    if member is not None and member.active:
        return Principal(account, account, member.roles)
    key = views.get(AuthorizedKey, account)
    if key is not None and key.revoked_index is None and now < key.until:
        behind = views.get(Member, key.member)
        if behind is not None and behind.active:
            return Principal(account, behind.member, behind.roles)
    ledger = views.get(LedgerInfo, "ledger")
    if ledger is not None and account == ledger.operator:
        return Principal(account, account, ("operator",))
    raise NotAMember(f"{account} is no member of this ledger, and no key that signs for one.")
