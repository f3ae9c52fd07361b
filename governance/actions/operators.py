"""Replacing whoever anchors: a change of roles of two members."""

from __future__ import annotations

from collections.abc import Sequence

from governance.actions.kinds import Action, Admit, ChangeRoles
from governance.parameters import ROLES
from ledger.errors import InvalidInput
from ledger.events.bodies.base import Role

_OPERATOR: Role = "operator"


class NotTheOperator(InvalidInput):
    """The account that is to be replaced does not hold the operator's role."""

    code = "not-the-operator"
    remedy = "Name the account that holds the operator's role now, and another one to follow it."


def replace_operator(
    retiring: str,
    retiring_roles: Sequence[Role],
    appointed: str,
    appointed_roles: Sequence[Role] | None,
) -> tuple[Action, Action]:
    """The actions that take the operator's role from one account and give it to another.

    The new operator comes first: nobody anchors in between if the second action fails.

    Args:
        retiring: its address.
        retiring_roles: what it holds now.
        appointed: its address.
        appointed_roles: what it holds now; None if it is no member yet.

    Raises:
        NotTheOperator: `retiring` is not the operator, or is `appointed`.
    """
    if _OPERATOR not in retiring_roles or retiring == appointed:
        raise NotTheOperator(
            f"{retiring} cannot be replaced as the operator by {appointed}: name the account that "
            "holds the role now, and another one"
        )
    after = {*(appointed_roles or ()), _OPERATOR}
    roles = tuple(role for role in ROLES if role in after)
    appointment: Action = (
        Admit(member=appointed, roles=roles)
        if appointed_roles is None
        else ChangeRoles(member=appointed, roles=roles)
    )
    left = tuple(role for role in ROLES if role in retiring_roles and role != _OPERATOR)
    return appointment, ChangeRoles(member=retiring, roles=left)
