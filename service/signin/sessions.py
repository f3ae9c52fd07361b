"""Sessions: begun by a signed message, ended by time, by their holder, or with the membership.

Rules:
- A token is 32 random bytes, shown once. The database holds its SHA-256, so that who reads the
  database is nobody's guest, and every process on it knows every session.
- Whether the account is still a member, or its key still good, is asked each time.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from ledger.store.engine import Database
from ledger.store.reads import Snapshot
from ledger.store.sessions import StoredSession, close_session, find_session, open_session
from service.signin.message import SignInMessage, parse_message
from service.signin.nonces import Nonces
from service.signin.verification import (
    ContractCheck,
    NotAMember,
    Place,
    Principal,
    SignInRefused,
    check_message,
    check_signature,
    principal_at,
)

TOKEN_BYTES = 32
STATEMENT = "Sign in to Concord. This signs no event and moves nothing."
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in.

    Attributes:
        principal: who, and on whose behalf.
        expires_at: until when, milliseconds since the epoch.
    """

    principal: Principal
    expires_at: int


class Sessions:
    """The sessions of a service. Safe to use from any thread; every method asks the database.

    Args:
        database: of the ledger.
        nonces: of the service.
        clock: milliseconds since the epoch.
        randomness: gives n random bytes.
        life_ms: for how long a session lasts, milliseconds.
    """

    def __init__(
        self,
        database: Database,
        nonces: Nonces,
        *,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        life_ms: int,
    ) -> None:
        self._database = database
        self._nonces = nonces
        self._clock = clock
        self._randomness = randomness
        self._life_ms = life_ms

    def issue_nonce(self) -> tuple[str, int]:
        """A nonce, and when it ends. Nothing is stored."""
        return self._nonces.issue(self._clock(), self._randomness)

    def prepare(self, account: str, place: Place, domain: str) -> SignInMessage:
        """The message that an account signs to sign in.

        Args:
            account: EIP-55.
            place: this service.
            domain: that asks: where the wallet's page is; one of the place's.
        """
        now = self._clock()
        nonce, ends = self._nonces.issue(now, self._randomness)
        return SignInMessage(
            domain=domain,
            address=account,
            uri=place.uri,
            chain_id=place.chain_id,
            nonce=nonce,
            issued_at=now,
            expires_at=ends,
            statement=STATEMENT,
        )

    def begin(
        self, text: str, signature: str, place: Place, *, contract: ContractCheck | None
    ) -> tuple[str, Session]:
        """Begins a session.

        Args:
            text: the signed message.
            signature: 0x-hex.
            place: this service.
            contract: asks contract accounts; None where there is no chain to ask.

        Returns:
            Its token, which cannot be had again, and the session.

        Raises:
            InvalidSignInMessage: the text is not of EIP-4361.
            SignInRefused: it is for somewhere else, of another time, or was used before.
            InvalidSignature, WrongSigner: the account did not sign it.
            NotAMember: the account may not sign in.
        """
        message = parse_message(text)
        now = self._clock()
        nonce_ends = check_message(message, place, self._nonces, now)
        check_signature(text, message, signature, contract=contract)
        token = base64.urlsafe_b64encode(self._randomness(TOKEN_BYTES)).rstrip(b"=").decode()
        stored = StoredSession(_digest(token), message.address, now + self._life_ms)
        with self._database.read() as connection:
            principal = principal_at(Snapshot(connection), message.address, now)
        with self._database.write() as connection:
            is_new = open_session(
                connection, stored, nonce=message.nonce, nonce_ends=nonce_ends, now=now
            )
        if not is_new:
            raise SignInRefused("This message was used before. Ask for a new one, and sign again.")
        return token, Session(principal, stored.expires_at)

    def find(self, token: str) -> Session | None:
        """The session of a token; None if there is none, it has ended, or is nobody's any more."""
        if not _TOKEN.fullmatch(token):
            return None
        now = self._clock()
        with self._database.read() as connection:
            stored = find_session(connection, _digest(token))
            if stored is None or now >= stored.expires_at:
                return None
            try:
                principal = principal_at(Snapshot(connection), stored.account, now)
            except NotAMember:
                return None
        return Session(principal, stored.expires_at)

    def end(self, token: str) -> None:
        """Ends a session; without one nothing happens."""
        with self._database.write() as connection:
            close_session(connection, _digest(token))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
