"""Readable actions and the calls that they are.

`parse_action` takes the JSON form, `call_of` makes the call, `action_of` reads a call back,
`describe_call` says it in a sentence. All of it is pure; the lookup of names is handed in.
"""

from governance.actions.calls import Call, canonical_address, checksum_address
from governance.actions.classes import (
    ClassSettings,
    class_of_call,
    class_of_calls,
    deployed_classes,
)
from governance.actions.decoding import action_of
from governance.actions.encoding import call_of
from governance.actions.kinds import Action, InvalidAction, parse_action
from governance.actions.names import Names, NoNames
from governance.actions.operators import NotTheOperator, replace_operator
from governance.actions.sentences import DescribedAction, describe_call

__all__ = [
    "Action",
    "Call",
    "ClassSettings",
    "DescribedAction",
    "InvalidAction",
    "Names",
    "NoNames",
    "NotTheOperator",
    "action_of",
    "call_of",
    "canonical_address",
    "checksum_address",
    "class_of_call",
    "class_of_calls",
    "deployed_classes",
    "describe_call",
    "parse_action",
    "replace_operator",
]
