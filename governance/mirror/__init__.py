"""The mirror: what the DAO's contracts did becomes events of the log, in order, exactly once.

Read from the bottom: `contract_logs` (what a contract said), `texts` (what people said through it),
`translation` (both as bodies of events), `position` (where the reading goes on), `mirror` (all of
it together).
"""

from governance.mirror.contract_logs import ContractLogInvalid
from governance.mirror.mirror import Mirror, MirrorProgress
from governance.mirror.position import (
    GenesisMembersNamed,
    MirroredBlockGone,
    WrongMirror,
)
from governance.mirror.submitting import MirrorRefused
from governance.mirror.translation import ModelRecordUnknown

__all__ = [
    "ContractLogInvalid",
    "GenesisMembersNamed",
    "Mirror",
    "MirrorProgress",
    "MirrorRefused",
    "MirroredBlockGone",
    "ModelRecordUnknown",
    "WrongMirror",
]
