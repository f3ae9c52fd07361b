"""Addresses as users write them on the command line."""

from __future__ import annotations

from client.dao.contracts import ZERO_ADDRESS
from ledger.errors import InvalidInput
from ledger.events.identifiers import check_address

SELF = "self"
MEMBERS = "members"
NOBODY = "none"


class InvalidAddress(InvalidInput):
    """No address, or one with a slip in it."""

    code = "invalid-address"
    remedy = "Copy the whole address, `0x` and 40 hex digits, in its EIP-55 spelling."


def address(text: str) -> str:
    """An address in EIP-55.

    Raises:
        InvalidAddress: with the right spelling, where there is one.
    """
    try:
        return check_address(text)
    except ValueError as error:
        raise InvalidAddress(
            f"{text!r} is no address: {error}. `concord members list` and `concord keys list` show "
            "addresses."
        ) from error


def address_or_self(text: str) -> str:
    """The same; or `self`.

    Raises:
        InvalidAddress: it is neither.
    """
    return text if text == SELF else address(text)


def guardian(text: str) -> str:
    """An address; or `members`; or the zero address for `none`.

    Raises:
        InvalidAddress: it is none of them.
    """
    return text if text == MEMBERS else ZERO_ADDRESS if text == NOBODY else address(text)
