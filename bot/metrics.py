"""`/metrics`: this process's figures in Prometheus' text format, made from its `Status` when asked."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bot.flows.status import Status


class _Figures(Collector):
    def __init__(self, status: Status, now: float) -> None:
        self._status = status
        self._now = now

    def collect(self) -> Iterator[Metric]:
        status = self._status
        if status.feed_answered is not None:
            lag = max(self._now - status.feed_answered, 0)
            yield GaugeMetricFamily("countersign_feed_lag_seconds", "Since the platform's feed answered.", value=lag)
        if status.swept is not None:
            age = max(self._now - status.swept, 0)
            yield GaugeMetricFamily("countersign_sweep_age_seconds", "Since a sweep ended.", value=age)
        verdicts = CounterMetricFamily("countersign_verdicts", "Instances judged, by reason.", labels=["because"])
        for because, count in status.judged.items():
            verdicts.add_metric([because], count)
        yield verdicts
        yield SummaryMetricFamily(
            "countersign_time_to_restore_seconds",
            "From the act on the platform to the public view active again.",
            count_value=status.restores,
            sum_value=status.seconds_down,
        )


def exposition(status: Status, *, now: float) -> tuple[bytes, str]:
    """The page and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(status, now))
    return generate_latest(registry), CONTENT_TYPE_LATEST
