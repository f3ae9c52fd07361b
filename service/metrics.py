"""What operators watch, in the text format of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

MEDIA_TYPE = CONTENT_TYPE_LATEST

_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_BATCH_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000)


class Metrics:
    """The service's own registry: two services in one process do not mix.

    Attributes:
        appended: events recorded, without resubmissions.
        resubmitted: events that were in the log already.
        refused: events not recorded, by the code of the error.
        streams: server-sent event streams that are open.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.appended = Counter(
            "concord_events_appended", "Events recorded.", registry=self.registry
        )
        self.resubmitted = Counter(
            "concord_events_resubmitted",
            "Events received again after they were recorded.",
            registry=self.registry,
        )
        self.refused = Counter(
            "concord_events_refused", "Events not recorded.", ["code"], registry=self.registry
        )
        self.streams = Gauge(
            "concord_streams_open", "Server-sent event streams.", registry=self.registry
        )
        self.commits = Histogram(
            "concord_commit_seconds",
            "From taking a batch from the queue to its durable commit.",
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self.batches = Histogram(
            "concord_batch_events",
            "Events in one commit.",
            buckets=_BATCH_SIZES,
            registry=self.registry,
        )
        self.queued = Gauge(
            "concord_queue_events", "Events waiting to be recorded.", registry=self.registry
        )
        self.size = Gauge("concord_log_size", "Leaves in the log.", registry=self.registry)
        self._requests = Histogram(
            "concord_request_seconds",
            "From the request's headers to the end of its answer.",
            ["route", "method", "status"],
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self._observers: dict[tuple[str, str, int], Histogram] = {}

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts one request.

        Args:
            route: the path's template, never the path itself: its values are countless.
            method: one that some route has; others are counted together.
            status: of the answer.
            seconds: until its end.
        """
        key = (route, method, status)
        observer = self._observers.get(key)
        if observer is None:
            observer = self._requests.labels(route, method, str(status))
            self._observers[key] = observer
        observer.observe(seconds)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
