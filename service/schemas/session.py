"""Signing in: what is asked for, and what is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from ledger.events.bodies.base import Role
from ledger.events.identifiers import Address, Instant
from service.schemas.base import Answer, Request
from service.signin.message import MAX_MESSAGE_CHARS

Domain = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class SessionPrepareRequest(Request):
    """Who is to sign in.

    Attributes:
        domain: where the wallet's page is, if not at the service's own address.
    """

    account: Address
    domain: Domain | None = None


class SessionRequest(Request):
    """A message of EIP-4361, exactly as it was signed, and its signature."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=MAX_MESSAGE_CHARS)]
    signature: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]*$", max_length=8_194)]


class NonceView(Answer):
    """A nonce, good for one sign-in until it ends."""

    nonce: str
    expires_at: Instant


class PreparedSignIn(Answer):
    """The text to sign with `personal_sign`."""

    message: str


class SessionView(Answer):
    """Who is signed in.

    Attributes:
        member: on whose behalf; the account itself unless it is a key that a member authorised.
        roles: of that member now.
    """

    account: Address
    member: Address
    roles: list[Role]
    expires_at: Instant


class NewSession(SessionView):
    """A session that has begun. The token is shown this once."""

    token: str
