"""What operators watch, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from ledger.log import BatchReport, Log
from service.background import Background

MEDIA_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_BATCH_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000)


class Metrics:
    """The service's own registry: two services in one process do not mix.

    Attributes:
        refused: events not recorded, by the code of the error.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._appended = self._counter("concord_events_appended", "Events recorded.")
        self._duplicates = self._counter(
            "concord_events_duplicate", "Events received again after they were recorded."
        )
        self.refused = Counter(
            "concord_events_refused", "Events not recorded.", ["code"], registry=self.registry
        )
        self._open_streams = 0
        streams = self._gauge("concord_streams_open", "Server-sent event streams.")
        streams.set_function(lambda: float(self._open_streams))
        self._queued = self._gauge("concord_queue_events", "Events waiting to be recorded.")
        self._size = self._gauge("concord_log_size", "Leaves in the log.")
        self._commits = Histogram(
            "concord_commit_seconds",
            "From taking the head's lock until a batch was durable.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batches = Histogram(
            "concord_batch_events",
            "Events in one transaction.",
            buckets=_BATCH_SIZES,
            registry=self.registry,
        )
        self._requests = Histogram(
            "concord_request_seconds",
            "From the request's headers to the end of its answer.",
            ["route", "method", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._observers: dict[tuple[str, str, int], Histogram] = {}

    def follow(self, log: Log) -> None:
        """Counts what a log does from now on."""
        self._queued.set_function(lambda: float(log.queue_depth))
        self._size.set_function(lambda: float(log.size))
        log.observe(self._observe_batch)

    def follow_background(self, background: Background) -> None:
        """Tells how its workers are from now on."""
        self.registry.register(_Workers(background))

    def open_stream(self, limit: int) -> Callable[[], None] | None:
        """Counts a stream in, where fewer than `limit` are open; the result counts it out."""
        if self._open_streams >= limit:
            return None
        self._open_streams += 1

        def close() -> None:
            self._open_streams -= 1

        return close

    def _observe_batch(self, report: BatchReport) -> None:
        self._appended.inc(report.appended)
        self._duplicates.inc(report.duplicates)
        self._commits.observe(report.commit_seconds)
        self._batches.observe(report.appended + report.duplicates + report.refused)

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(name, words, registry=self.registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(name, words, registry=self.registry)

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


class _Workers(Collector):
    """How each worker in the background is, asked at each scrape."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """One sample a worker and figure."""
        labels = ["worker"]
        working = GaugeMetricFamily(
            "concord_worker_working",
            "1 while it works, 0 while it waits, stands by or has stopped.",
            None,
            labels,
        )
        standby = GaugeMetricFamily(
            "concord_worker_standby", "1 while another process does its work.", None, labels
        )
        steps = CounterMetricFamily(
            "concord_worker_steps", "Steps done without an error.", labels=labels
        )
        failures = CounterMetricFamily(
            "concord_worker_failures", "Steps that ended in an error.", labels=labels
        )
        for state in self._background.states:
            working.add_metric([state.name], float(state.state == "working"))
            standby.add_metric([state.name], float(state.state == "standby"))
            steps.add_metric([state.name], state.steps)
            failures.add_metric([state.name], state.failures)
        yield from (working, standby, steps, failures)
