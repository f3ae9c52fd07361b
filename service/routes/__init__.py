"""What the service answers, one module a subject."""

from __future__ import annotations

from service.routes import (
    access,
    anchors,
    audits,
    chain,
    content,
    dao,
    events,
    grants,
    members,
    operations,
    policies,
    problems,
    proofs,
    proposals,
    proposing,
    resources,
    session,
    steps,
    titles,
    token,
    transactions,
    treasury,
    tree,
    votes,
    write,
)

# In the order in which paths are tried: what counts most comes first.
ROUTERS = (
    write.lean,
    votes.lean,
    write.router,
    tree.router,
    events.router,
    members.router,
    resources.router,
    grants.router,
    audits.router,
    titles.router,
    proofs.router,
    access.router,
    chain.router,
    dao.router,
    token.router,
    treasury.router,
    policies.router,
    anchors.router,
    proposals.router,
    votes.router,
    proposing.router,
    steps.router,
    transactions.router,
    session.router,
    content.router,
    operations.router,
    problems.router,
)

__all__ = ["ROUTERS"]
