"""Proposals' numbers as people write them: whole, or as many first digits as name one proposal.

A whole number has up to 78 digits. Its first digits are safe to write although anybody can find a
proposal that begins alike: then they name two, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Protocol

import typer

from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject
from service.cli.output import note, plain

FEWEST_DIGITS = 4
_SHOWN_DIGITS = 8
_SURELY_WHOLE = 70
"""Digits of which one number in ten million has fewer; nobody writes as many for the first ones."""


class InvalidNumber(InvalidInput):
    """It is no proposal's number, and not the beginning of exactly one."""

    code = "invalid-proposal-number"
    remedy = "Write the number as `concord proposals` lists it, or more of its digits."


class _Dao(Protocol):
    def proposals(self) -> Iterable[JsonObject]: ...


def _digits(text: str | None) -> str | None:
    if text is not None and not _is_beginning(text):
        raise InvalidNumber(
            f"{text!r} is no proposal's number: write at least its first {FEWEST_DIGITS} digits, "
            "as `concord proposals` lists it."
        )
    return text


def _is_beginning(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) >= FEWEST_DIGITS


_ARGUMENT = typer.Argument(
    callback=_digits, metavar="{proposal}", help="Its number; the first digits will do."
)
Number = Annotated[str, _ARGUMENT]
OptionalNumber = Annotated[str | None, _ARGUMENT]
"""Arguments of commands; `number_of` makes a number of them."""


def number_of(digits: str, dao: _Dao) -> int:
    """The proposal that these digits name; says its title where they are the first ones only.

    Args:
        digits: checked as `Number`.
        dao: lists the proposals there are.

    Raises:
        InvalidNumber: they begin none, or several.
    """
    if len(digits) >= _SURELY_WHOLE:
        return int(digits)
    found = {plain(each["proposal"]): plain(each["title"]) for each in dao.proposals()}
    if digits in found:
        return int(digits)
    meant = [number for number in found if number.startswith(digits)]
    if len(meant) != 1:
        how_many = f"{len(meant)} proposals begin" if meant else "No proposal begins"
        raise InvalidNumber(
            f"{how_many} with {digits}{': ' if meant else ''}{', '.join(meant)}. Write more of the "
            "digits that `concord proposals` lists."
        )
    note(f"Proposal {meant[0]}: {found[meant[0]]}")
    return int(meant[0])


def shortest(numbers: Sequence[str]) -> dict[str, str]:
    """How to show each of several numbers: as many first digits as tell them apart."""
    digits = _SHOWN_DIGITS
    while len({number[:digits] for number in numbers}) < len(set(numbers)):
        digits += 1
    return {number: number[:digits] for number in numbers}
