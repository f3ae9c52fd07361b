"""The class of a call, as `ProposalClasses.sol` decides it.

    class(target, value, data) =
        constitutional                                if target is the governor or the timelock,
                                                      or 0 < |data| < 4
        max(class set for (target, selector),         where data is empty: routine
            class set for payments if value > 0 or data is empty)

A pair that was never set is constitutional. The class of a proposal is that of its most demanding
call.

NOTE: What votes have set since the deployment is known to the contract alone; `classOf` there
decides. These functions tell the class at deployment, or under settings that are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from governance.actions.calls import Call
from governance.addresses import DaoAddresses
from governance.contracts import artifact
from governance.parameters import ACTION_CLASSES, PAYMENT_CLASS, ZERO_ADDRESS, ProposalClass

PAYMENT = (ZERO_ADDRESS, bytes(4))
ClassSettings = Mapping[tuple[str, bytes], ProposalClass]
"""What was set for (target, selector); PAYMENT is the pair for sending value."""


def deployed_classes(at: DaoAddresses) -> ClassSettings:
    """The settings that a DAO is deployed with."""
    settings = {
        (at.of(contract), artifact(contract).selector(function)): level
        for (contract, function), level in ACTION_CLASSES.items()
    }
    return {(str(target), selector): level for (target, selector), level in settings.items()} | {
        PAYMENT: PAYMENT_CLASS
    }


def class_of_call(call: Call, at: DaoAddresses, settings: ClassSettings) -> ProposalClass:
    """The class of one call.

    Args:
        call: of any form.
        at: the DAO's contracts.
        settings: from `deployed_classes`, or what holds now.
    """
    highest = ProposalClass.CONSTITUTIONAL
    protected = call.target in (at.governor, at.timelock)
    if protected or 0 < len(call.calldata) < 4:
        return highest
    level = ProposalClass.ROUTINE
    if call.calldata:
        level = settings.get((call.target, call.selector), highest)
    if call.value or not call.calldata:
        level = max(level, settings.get(PAYMENT, highest))
    return level


def class_of_calls(
    calls: Iterable[Call], at: DaoAddresses, settings: ClassSettings
) -> ProposalClass:
    """The class of a proposal that makes these calls."""
    return max((class_of_call(each, at, settings) for each in calls), default=ProposalClass.ROUTINE)
