"""OpenID AuthZEN Authorization API 1.0 (final, January 2026): requests and answers.

Receivers must ignore fields that they do not know (§10.1.1), so these models do, unlike all others
here. What a constraint needs and does not find in `context` denies, whatever else stands there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ledger.events.canonical import JsonValue
from service.schemas.base import Index

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Properties = dict[str, JsonValue]
Semantic = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]

MAX_SEARCH_LIMIT = 1_000


class Message(BaseModel):
    """Any object of the API."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Subject(Message):
    """Who wants to act: type `member`, id an address in EIP-55."""

    type: Name
    id: Name
    properties: Properties | None = None


class Action(Message):
    """What is to be done: `read`, `train`, `evaluate`, `derive` or `distribute`."""

    name: Name
    properties: Properties | None = None


class Resource(Message):
    """With what: type `dataset`, id of the dataset; `properties.version` narrows it down."""

    type: Name
    id: Name
    properties: Properties | None = None


class SubjectType(Message):
    """Which sort of subject is searched for; an id is ignored (§8.4.1)."""

    type: Name


class ResourceType(Message):
    """Which sort of resource is searched for; an id is ignored (§8.5.1)."""

    type: Name
    properties: Properties | None = None


class EvaluationRequest(Message):
    """May this subject do this with that?

    `context.purpose` is `{"duo": […], "disease"?}`, `context.time` an RFC 3339 instant; facts that
    a grant's constraints need stand beside them.
    """

    subject: Subject
    action: Action
    resource: Resource
    context: Properties | None = None


class Defaults(Message):
    """One entry of a list of evaluations: what it lacks comes from the top level (§7.1.1)."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Properties | None = None


class Options(Message):
    """How a list of evaluations is worked through (§7.1.2.1)."""

    evaluations_semantic: Semantic = "execute_all"


class EvaluationsRequest(Defaults):
    """Many questions at once; without `evaluations`, one."""

    evaluations: list[Defaults] | None = None
    options: Options | None = None


class PageRequest(Message):
    """Which part of a search's result (§8.2.1)."""

    token: str | None = None
    limit: Annotated[int, Field(ge=0)] | None = None
    properties: Properties | None = None


class SubjectSearch(Message):
    """Which subjects may do this with that?"""

    subject: SubjectType
    action: Action
    resource: Resource
    context: Properties | None = None
    page: PageRequest | None = None


class ResourceSearch(Message):
    """With what may this subject do this?"""

    subject: Subject
    action: Action
    resource: ResourceType
    context: Properties | None = None
    page: PageRequest | None = None


class ActionSearch(Message):
    """What may this subject do with that?"""

    subject: Subject
    resource: Resource
    context: Properties | None = None
    page: PageRequest | None = None


class DecisionContext(BaseModel):
    """Why.

    Attributes:
        reason: stable code.
        sentence: the same for people.
        grant: the grant that decided, if any did.
        events: leaves that the decision rests on.
    """

    reason: str
    sentence: str
    grant: str | None
    events: list[Index]


class Decision(BaseModel):
    """The answer to one question."""

    decision: bool
    context: DecisionContext


class ErrorContext(BaseModel):
    """Why an evaluation of a list could not be made (§7.2.1); its decision is false."""

    error: dict[str, JsonValue]


class ListedDecision(BaseModel):
    """The answer to one question of a list."""

    decision: bool
    context: DecisionContext | ErrorContext


class Decisions(BaseModel):
    """The answers, in the order of the questions; fewer where the semantic says to stop."""

    evaluations: list[ListedDecision]


class PageAnswer(BaseModel):
    """`next_token` is empty at the end (§8.2.2)."""

    next_token: str
    count: int


class FoundSubject(BaseModel):
    """A subject that a search found."""

    type: Literal["member"]
    id: str


class FoundResource(BaseModel):
    """A resource that a search found."""

    type: Literal["dataset"]
    id: str


class FoundAction(BaseModel):
    """An action that a search found."""

    name: str


class SubjectResults(BaseModel):
    """Who may."""

    page: PageAnswer
    results: list[FoundSubject]


class ResourceResults(BaseModel):
    """With what."""

    page: PageAnswer
    results: list[FoundResource]


class ActionResults(BaseModel):
    """What."""

    page: PageAnswer
    results: list[FoundAction]


class Metadata(BaseModel):
    """Where the decision point's endpoints are (§9.1)."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str
    search_subject_endpoint: str
    search_resource_endpoint: str
    search_action_endpoint: str
