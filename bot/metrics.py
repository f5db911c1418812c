"""`/metrics`: this process's figures in Prometheus' text format, made from its `Status` when asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bot.flows.status import Histogram, Status, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Stands:
    """What the ledger holds now, whichever process wrote it."""

    open_incidents: int
    contained_actors: int


class _Figures(Collector):
    def __init__(self, status: Status, watch: Watch, stands: Stands | None) -> None:
        self._status = status
        self._watch = watch
        self._stands = stands

    def collect(self) -> Iterator[Metric]:
        status = self._status
        yield from self._gauges()
        verdicts = CounterMetricFamily("countersign_verdicts", "Instances judged, by reason.", labels=["because"])
        for because, count in status.judged.items():
            verdicts.add_metric([because], count)
        yield verdicts
        yield _histogram("detect", "From the act on the platform to the guard hearing of it.", status.detection)
        yield _histogram("restore", "From the act on the platform to the public view active again.", status.restore)
        yield _histogram("whole", "From the act on the platform to the counts being what they were.", status.whole)

    def _gauges(self) -> Iterator[Metric]:
        watch, stands = self._watch, self._stands
        if watch.lag is not None:
            text = "Since the platform's feed answered."
            yield GaugeMetricFamily("countersign_feed_lag_seconds", text, value=watch.lag)
        if watch.swept is not None:
            yield GaugeMetricFamily("countersign_sweep_age_seconds", "Since a sweep ended.", value=watch.swept)
        if watch.swept_size is not None:
            text = "Inactive accounts that the last sweep listed."
            yield GaugeMetricFamily("countersign_sweep_accounts", text, value=watch.swept_size)
        if stands is not None:
            text = "Incidents that are not undone, or wait for a person."
            yield GaugeMetricFamily("countersign_open_incidents", text, value=stands.open_incidents)
            text = "Actors that are locked out on the platform."
            yield GaugeMetricFamily("countersign_contained_actors", text, value=stands.contained_actors)


def _histogram(what: str, text: str, found: Histogram) -> Metric:
    bounds = [*(str(bound) for bound in found.bounds), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(found.counts)), strict=True))
    return HistogramMetricFamily(f"countersign_time_to_{what}_seconds", text, buckets=buckets, sum_value=found.sum)


def exposition(status: Status, watch: Watch, stands: Stands | None) -> tuple[bytes, str]:
    """The page and its content type; without what the ledger holds where it cannot be read."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(status, watch, stands))
    return generate_latest(registry), CONTENT_TYPE_LATEST
