"""The application: routes, errors, documents and lifetime in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from ledger.errors import ConcordError
from service.http import openapi, problems
from service.http.growth import Growth
from service.http.middleware import Frame, PlainStart
from service.http.routing import LeanRoute
from service.http.server import Server, build_server
from service.metrics import Metrics
from service.parts import open_parts, require_database
from service.readiness import Readiness
from service.routes import ROUTERS
from service.settings import Settings
from service.signin.gate import Gate, is_public
from service.submitting import Submitter


def create_app(settings: Settings) -> FastAPI:
    """The service for one ledger, which is opened when the server starts and closed when it stops.

    Args:
        settings: which ledger, and every limit.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as opened:
            try:
                parts = opened.enter_context(open_parts(settings, metrics=metrics))
            except ConcordError as error:
                app.state.refusal = error
                raise
            app.state.parts = parts
            app.state.growth = growth = Growth(parts.log)
            app.state.submitter = Submitter(parts.log)
            app.state.readiness = Readiness(lambda: require_database(parts.log))
            opened.callback(app.state.readiness.close)
            try:
                yield
            finally:
                growth.close()

    app = FastAPI(
        title=openapi.TITLE,
        version=version("concord"),
        summary=openapi.SUMMARY,
        description=openapi.DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=[{"name": name, "description": words} for name, words in openapi.TAGS],
        redoc_url=None,
        redirect_slashes=False,
        # It would look for a provider at each request; /metrics says what there is to say.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
    )
    for router in ROUTERS:
        # As they are: an included router would match each path twice.
        app.router.routes.extend(router.routes)
    problems.install(app)
    gate = Gate() if settings.reads == "members" else None
    openapi.install(app, is_guarded=lambda *call: gate is not None and not is_public(*call))
    lean = [route for route in app.router.routes if isinstance(route, LeanRoute)]
    framed = Frame(app.build_middleware_stack(), metrics=metrics, lean=lean, gate=gate)
    # Around the layers that FastAPI puts around whatever `add_middleware` is given: a lean route
    # needs none of them, and they take as long as reading an event.
    app.middleware_stack = PlainStart(
        _open_to(settings.cors_origins, framed), lambda: refusal_of(app)
    )
    return app


def _open_to(origins: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Lets pages of these origins in, where there are any."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Last-Event-ID", "X-Request-ID"],
        expose_headers=["Retry-After", "X-Request-ID"],
    )


def refusal_of(app: FastAPI) -> ConcordError | None:
    """Why the ledger could not be opened, where that is known."""
    refusal = getattr(app.state, "refusal", None)
    return refusal if isinstance(refusal, ConcordError) else None


def stop_streams(app: FastAPI) -> None:
    """Tells everyone who follows the log that the service takes leave."""
    growth = getattr(app.state, "growth", None)
    if isinstance(growth, Growth):
        growth.stop()


def create_server(settings: Settings, *, on_start: Callable[[], None] = lambda: None) -> Server:
    """The application in its HTTP server; `run()` serves until the process is told to stop.

    Args:
        settings: which ledger, and every limit.
        on_start: called once it listens; a process of its own lets it `service.memory.settle`.
    """
    app = create_app(settings)
    return build_server(
        app,
        settings,
        on_start=on_start,
        on_stop=lambda: stop_streams(app),
        refusal=lambda: refusal_of(app),
    )
