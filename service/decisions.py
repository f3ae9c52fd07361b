"""From an AuthZEN question to the ledger's decision and back.

Whatever is not understood (another type of subject or resource, an unknown action) is denied, not
an error: who asks must be able to rely on the answer being closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from ledger.audit import Policy
from ledger.audit.decision import Decision, Question, decide
from ledger.audit.sources import RowSource, gather_decision
from ledger.events.bodies.base import Action, Purpose, describe
from ledger.events.canonical import JsonObject, JsonValue
from ledger.rules.purposes import Terms, terms_of
from ledger.views.projections.datasets import canonical_value
from ledger.views.records import AuthorizedKey, Dataset, Grant
from service.http.errors import InvalidRequest
from service.http.pages import instant_of
from service.schemas.access import EvaluationRequest

ACTIONS: tuple[str, ...] = get_args(Action)
SUBJECT_TYPE = "member"
RESOURCE_TYPE = "dataset"
NOT_UNDERSTOOD = "not-understood"
"""Reason of a denial where the question is about something that this ledger knows nothing of."""


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides questions with what the log knew at one size.

    Attributes:
        rows: the views, in one snapshot.
        size: events with a smaller index are known.
        at: when, milliseconds since the epoch, for questions that name no time.
        policies: that grants are judged by.
    """

    rows: RowSource
    size: int
    at: int
    policies: Sequence[Policy] = ()

    def evaluate(self, request: EvaluationRequest) -> JsonObject:
        """The decision as AuthZEN writes it.

        Raises:
            InvalidRequest: `context` holds a purpose or time that is not well formed.
        """
        if request.subject.type != SUBJECT_TYPE or request.resource.type != RESOURCE_TYPE:
            kinds = f"{request.subject.type} and {request.resource.type}"
            return _denial(f"Members act on datasets here; {kinds} are not understood.")
        if request.action.name not in ACTIONS:
            return _denial(f"{request.action.name!r} is not one of {', '.join(ACTIONS)}.")
        return _answer(self.decide(_question(request, self.at)))

    def decide(self, question: Question) -> Decision:
        """The ledger's decision."""
        state = gather_decision(self.rows, subject=question.subject, dataset=question.dataset)
        return decide(state, question, size=self.size, policies=self.policies)

    def subjects_of(self, dataset: str) -> list[str]:
        """Members who may be permitted something with a dataset, ascending."""
        found = {row.assignee for row in self.rows.rows(Grant, ("dataset",), {(dataset,)})}
        found |= {row.steward for row in self.rows.rows(Dataset, ("dataset",), {(dataset,)})}
        return sorted(found)

    def resources_of(self, subject: str) -> list[str]:
        """Datasets with which a member, or a key of one, may be permitted something, ascending."""
        keys = self.rows.rows(AuthorizedKey, ("key",), {(subject,)})
        members = {(subject,), *((key.member,) for key in keys)}
        found = {row.dataset for row in self.rows.rows(Grant, ("assignee",), members)}
        found |= {row.dataset for row in self.rows.rows(Dataset, ("steward",), members)}
        return sorted(found)


def _question(request: EvaluationRequest, now: int) -> Question:
    context = request.context or {}
    version = (request.resource.properties or {}).get("version")
    return Question(
        subject=request.subject.id,
        action=request.action.name,
        dataset=request.resource.id,
        at=now if context.get("time") is None else instant_of(_text(context, "time")),
        version=None if version is None else _text({"version": version}, "version"),
        purpose=_purpose(context.get("purpose")),
        recipient=_text(context, "recipient") if "recipient" in context else None,
        spatial=_text(context, "spatial") if "spatial" in context else None,
    )


def _purpose(value: JsonValue) -> Terms | None:
    if value is None:
        return None
    try:
        return terms_of(canonical_value(Purpose.model_validate(value)))
    except ValidationError as error:
        raise InvalidRequest(describe(error, "context.purpose")) from error


def _text(values: JsonObject, name: str) -> str:
    value = values[name]
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a string.")
    return value


def _answer(decision: Decision) -> JsonObject:
    return {
        "decision": decision.allowed,
        "context": {
            "reason": decision.reason,
            "sentence": decision.sentence,
            "grant": decision.grant,
            "events": [*decision.events],
        },
    }


def _denial(sentence: str) -> JsonObject:
    denied = Decision(
        allowed=False, reason=NOT_UNDERSTOOD, sentence=sentence, grant=None, events=()
    )
    return _answer(denied)
