"""Answers as bytes."""

from __future__ import annotations

import orjson
from fastapi.responses import Response
from starlette.background import BackgroundTask


class Json(Response):
    """JSON by orjson; `orjson.Fragment` puts in what is JSON already."""

    media_type = "application/json"

    def __init__(
        self,
        content: object,
        status_code: int = 200,
        headers: dict[str, str] | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        super().__init__(content, status_code, headers, None, background)

    def render(self, content: object) -> bytes:
        """The bytes; those that are JSON already stay as they are."""
        return content if isinstance(content, bytes) else orjson.dumps(content)
