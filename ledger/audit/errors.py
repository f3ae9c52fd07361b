"""Why a question cannot be answered, a bundle not be read, or its answer not be confirmed."""

from __future__ import annotations

from ledger.errors import IntegrityError, InvalidInput, NotFound, Refused


class UnknownVersion(NotFound):
    """No such model version is recorded as of the size that was asked about."""

    code = "unknown-version"
    remedy = "Check model and version; `GET /v1/models/{model}/versions` lists what is published."


class UnknownNode(NotFound):
    """Nothing by that name takes part in any lineage."""

    code = "unknown-node"
    remedy = "Check the id and version, and the `at` that was asked for."


class InvalidPolicy(InvalidInput):
    """A policy document that is not of the form its version asks for."""

    code = "invalid-policy"
    remedy = "Mend the policy's text as the message says before it is proposed."


class AnswerCut(Refused):
    """An answer that a limit cut short cannot be replayed, and so not be bundled."""

    code = "answer-cut"
    remedy = "Ask for a bundle with a higher limit of ancestors."


class MalformedBundle(InvalidInput):
    """A document that is not a bundle."""

    code = "malformed-bundle"
    remedy = "Ask for the bundle again, and hand it in as it was answered."


class BundleContradiction(IntegrityError):
    """A bundle whose parts do not fit each other: an event, a manifest or a policy that nothing in
    it rests on, or that is not what it is said to be.
    """

    code = "bundle-contradiction"


class AnswerDiffers(IntegrityError):
    """Auditing the same events again gives another answer."""

    code = "answer-differs"


class UnauthorisedEvent(IntegrityError):
    """An event stands in the log that the rules would never have let in."""

    code = "unauthorised-event"


class LogContradiction(IntegrityError):
    """Leaves that cannot follow each other: a clock that ran back, a root that does not fit."""

    code = "log-contradiction"


class ForgedEvent(IntegrityError):
    """An event stands in the log that its actor did not sign, or that is none."""

    code = "forged-event"


class UnconfirmedSignature(ForgedEvent):
    """No key has signed the event; whether its actor is a contract that has, only a chain knows."""

    code = "unconfirmed-signature"
    remedy = (
        "If the actor is a contract wallet, verify again with the chain (`--rpc`); if it is not, "
        "the event is forged."
    )


class ForeignChain(InvalidInput):
    """The chain that was given is not the one of the ledger's DAO."""

    code = "foreign-chain"
    remedy = "Name a node of the chain whose id the first leaf holds."
