"""Signing in with a key (EIP-4361), where a ledger shows its payloads to members only.

The message is written here, for the address that this client talks to and the chain that it trusts,
so no server gets a signature that is good elsewhere. The token is kept in memory and nowhere else.

A key's signature is checked here before it is sent. One that is no key's may be that of a contract
wallet (EIP-1271): what a contract takes, its chain alone can tell, so the service asks and decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import httpx

from client.errors import ServerProblem, UnexpectedAnswer
from client.wallets import NOT_SIGNED, contract_signature, with_usual_v
from client.wire import Operation, Request, Response, check, post, read_object, text
from ledger.errors import InvalidInput, Refused
from ledger.events.identifiers import format_instant
from ledger.events.signing import WrongSigner, recover
from ledger.keccak import keccak

if TYPE_CHECKING:
    from client.operations import Session

T = TypeVar("T")
UNAUTHORIZED = 401
SIGN_IN_REQUIRED = "sign-in-required"

STATEMENT = "Read this ledger as the account that signs."
VALID_MS = 10 * 60_000
"""How long the message may be sent, not how long the session lasts."""


@dataclass(frozen=True, slots=True)
class UnsignedSignIn:
    """A sign-in that lacks nothing but its signature.

    Attributes:
        account: EIP-55.
        message: the EIP-4361 text, for `personal_sign`.
    """

    account: str
    message: str

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed (EIP-191, version 0x45)."""
        text = self.message.encode()
        return keccak(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)

    def refusal(self, signature: str) -> WrongSigner | None:
        """Why the account's key has not signed it; None if it has."""
        try:
            signer = recover(self.digest, signature)
        except (InvalidInput, Refused) as error:
            return WrongSigner(f"{self.account} has not signed this with a key: {error}")
        if signer != self.account:
            return WrongSigner(f"{signer} signed, not {self.account}.")
        return None


def sign_in_message(
    server: str, account: str, *, chain_id: int, nonce: str, now: int, page: str | None = None
) -> UnsignedSignIn:
    """The message to sign.

    Args:
        server: address of the API, as this client uses it.
        account: EIP-55.
        chain_id: of the ledger.
        nonce: the server's, used once.
        now: milliseconds since the epoch.
        page: authority (`host[:port]`) of the page that asks the wallet; the server's where absent.

    Raises:
        UnexpectedAnswer: the nonce is none.
    """
    if not (nonce.isascii() and nonce.isalnum() and 8 <= len(nonce) <= 128):
        raise UnexpectedAnswer("The server's nonce is not 8 or more letters and digits.")
    second = now - now % 1000
    domain = page or httpx.URL(server).netloc.decode()
    message = (
        f"{domain} wants you to sign in with your Ethereum account:\n"
        f"{account}\n\n{STATEMENT}\n\n"
        f"URI: {server}\nVersion: 1\nChain ID: {chain_id}\nNonce: {nonce}\n"
        f"Issued At: {format_instant(second)}\n"
        f"Expiration Time: {format_instant(second + VALID_MS)}"
    )
    return UnsignedSignIn(account, message)


def sign_in(session: Session) -> Operation[str]:
    """Opens a session with the client's own key; its token.

    Raises:
        NoSigningKey: the client was made without a key.
        ServerProblem: the ledger does not let this account in.
    """
    key = session.unlock() if session.key is None and session.unlock else session.require_key()
    unsigned = yield from prepare_sign_in(session, key.address)
    return (yield from finish_sign_in(session, unsigned, key.sign_digest(unsigned.digest)))


def prepare_sign_in(
    session: Session, account: str, page: str | None = None
) -> Operation[UnsignedSignIn]:
    """A sign-in for an account to sign elsewhere.

    Args:
        session: of the client.
        account: EIP-55.
        page: as `sign_in_message`. Wallets compare it with the page that they see.

    Raises:
        ServerProblem: the service does not know that page (`CONCORD_SIGN_IN_DOMAINS`).
    """
    trust = yield from session.connect()
    if page is not None:
        check((yield post("/v1/session:prepare", {"account": account, "domain": page})))
    nonce = text(read_object((yield post("/v1/session:nonce", {}))), "nonce")
    return sign_in_message(
        session.server, account, chain_id=trust.chain_id, nonce=nonce, now=session.clock(),
        page=page,
    )  # fmt: skip


def finish_sign_in(session: Session, unsigned: UnsignedSignIn, signature: str) -> Operation[str]:
    """Opens the session that was signed for; its token, which the client uses from now on.

    Args:
        session: of the client.
        unsigned: as `prepare_sign_in` gives it.
        signature: 0x-hex, of a key or of a contract wallet.

    Raises:
        InvalidSignature: it is no signature of either.
        WrongSigner: the account's key did not sign it, and the service says that the account is no
            contract that takes it.
        ServerProblem: the ledger does not let this account in.
    """
    by_key = with_usual_v(signature)
    refusal = unsigned.refusal(by_key)
    sent = by_key if refusal is None else contract_signature(signature)
    response = yield post("/v1/session", {"message": unsigned.message, "signature": sent})
    try:
        answer = read_object(response)
    except ServerProblem as problem:
        if refusal is None or problem.problem not in NOT_SIGNED:
            raise
        raise WrongSigner(
            f"{refusal} The service says that it is no contract wallet that takes this signature."
        ) from problem
    session.token = text(answer, "token")
    return session.token


def sign_out(session: Session) -> Operation[None]:
    """Ends the session, here and at the server; without one nothing happens."""
    if session.token is None:
        return
    try:
        check((yield Request("DELETE", "/v1/session")))
    finally:
        session.token = None


def can_sign_in(session: Session) -> bool:
    """Whether the client has a key to sign in with, or knows whom to ask for one."""
    return session.key is not None or session.unlock is not None


def signed_in(session: Session, operation: Operation[T]) -> Operation[T]:
    """Runs an operation, signing in where the ledger asks for it and there is a key."""
    try:
        request = next(operation)
        while True:
            response = yield replace(request, token=session.token)
            if can_sign_in(session) and wants_sign_in(response):
                session.token = None
                yield from sign_in(session)
                response = yield replace(request, token=session.token)
            request = operation.send(response)
    except StopIteration as done:
        result: T = done.value
        return result


def wants_sign_in(response: Response) -> bool:
    """Whether the ledger asks who reads."""
    if response.status != UNAUTHORIZED:
        return False
    try:
        check(response)
    except ServerProblem as problem:
        return problem.problem == SIGN_IN_REQUIRED
    return False
