"""HTTP without the ledger: server, bodies, errors, pages, streams, the OpenAPI document."""
