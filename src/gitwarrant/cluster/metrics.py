"""What we ask of API servers, counted for Prometheus in a registry that the caller gives."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)
LINES = "watch"
"""The verb whose requests last for minutes by design: their time says nothing."""


class Metrics:
    """Requests by verb: how many with which status, how long, how many are under way."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "gitwarrant_api_requests",
            "Requests to API servers; code 0: no answer came.",
            ("verb", "code"),
            registry=registry,
        )
        self._seconds = Histogram(
            "gitwarrant_api_request_seconds",
            "Seconds from a request to the end of its answer; watches are left out.",
            ("verb",),
            buckets=SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "gitwarrant_api_requests_in_flight",
            "Requests under way; of watch: open watches.",
            ("verb",),
            registry=registry,
        )

    def began(self, verb: str) -> None:
        """A request is sent, or tried again."""
        self._in_flight.labels(verb).inc()

    def ended(self, verb: str, status: int, seconds: float) -> None:
        """It is over. `status` is the HTTP status; 0: no answer came."""
        self._in_flight.labels(verb).dec()
        self._requests.labels(verb, str(status)).inc()
        if verb != LINES:
            self._seconds.labels(verb).observe(seconds)
