"""The figures for Prometheus, what counts into them, and the dashboard that is drawn of them."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.core.guarding import acknowledged, opened, restored
from bot.core.incident import Incident, IncidentState
from bot.core.transition import Kind, Transition, move
from bot.flows.status import Histogram, Status
from bot.metrics import Stands, exposition
from tests.core.build import AT, MS, SECOND, open_incident, running

DASHBOARD = Path(__file__).parents[1] / "docs" / "grafana-dashboard.json"
NAMED = re.compile(r"countersign_[a-z_]+")


def full() -> Status:
    """A process of which every figure is known."""
    status = Status(feed_answered=90.0, swept=40.0, swept_size=12)
    status.count("staff")
    status.tally(life())
    return status


def life() -> list[Transition]:
    """Opened, active again after 1,040 ms, whole a minute later, acknowledged."""
    begun = opened(replace(open_incident(), version=0), at=AT)
    assert isinstance(begun.after, Incident)
    back = restored(begun.after, at=AT + SECOND, restored_at=AT + 40 * MS, by="countersign", followers=1)
    assert isinstance(back.after, Incident)
    whole = replace(back.after, state=IncidentState.WHOLE, whole_at=AT + 59 * SECOND)
    made = move(back.after, whole, kind=Kind.WHOLE, by="countersign", at=AT)
    assert isinstance(made.after, Incident)
    return [begun, back, made, acknowledged(made.after, by="ada", at=AT)]


def figures(status: Status, stands: Stands | None = None) -> dict[tuple[str, str], float]:
    """Every sample by its name and its one label."""
    body, content_type = exposition(status, status.watch(100.0, AT), stands)
    assert content_type.startswith("text/plain")
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_a_life_counts_once_into_each_histogram() -> None:
    found = figures(full())
    for what, seconds in (("detect", 1.0), ("restore", 1.04), ("whole", 60.0)):
        name = f"countersign_time_to_{what}_seconds"
        assert found[f"{name}_count", ""] == found[f"{name}_bucket", "+Inf"] == 1
        assert found[f"{name}_sum", ""] == pytest.approx(seconds)
    assert found["countersign_time_to_restore_seconds_bucket", "1.0"] == 0
    assert found["countersign_time_to_restore_seconds_bucket", "2.5"] == 1


def test_a_process_that_has_done_nothing_tells_no_age_and_counts_nothing() -> None:
    found = figures(Status())
    assert found["countersign_time_to_restore_seconds_count", ""] == 0
    assert not {name for name, _ in found} & {"countersign_feed_lag_seconds", "countersign_sweep_age_seconds"}
    assert ("countersign_open_incidents", "") not in found


def test_ages_sizes_and_what_the_ledger_holds_are_told() -> None:
    found = figures(full(), Stands(open_incidents=3, contained_actors=1))
    assert found["countersign_feed_lag_seconds", ""] == 10
    assert found["countersign_sweep_age_seconds", ""] == 60
    assert found["countersign_sweep_accounts", ""] == 12
    assert found["countersign_open_incidents", ""] == 3
    assert found["countersign_contained_actors", ""] == 1
    assert found["countersign_verdicts_total", "staff"] == 1


def test_the_bounds_of_a_bucket_belong_to_it_and_clocks_that_differ_count_as_no_time() -> None:
    histogram = Histogram((1.0, 2.0))
    for seconds in (-5, 1, 1.5, 2, 3):
        histogram.count(timedelta(seconds=seconds))
    assert (histogram.counts, histogram.sum) == ([2, 2, 1], 7.5)


def test_what_the_platform_gives_no_time_for_and_what_is_no_incident_is_not_timed() -> None:
    status, timeless = Status(), replace(open_incident(), at=None, version=0)
    request = running()
    status.tally([opened(timeless, at=AT), move(None, replace(request, version=0), kind=Kind.FILED, by="ada", at=AT)])
    assert sum(status.detection.counts) == 0


def test_an_account_that_falls_and_is_back_again_is_restored_once() -> None:
    status = Status()
    status.tally(life())
    _, _, whole, _ = life()
    assert isinstance(whole.after, Incident)
    fell = replace(whole.after, state=IncidentState.RESTORED)
    status.tally([move(whole.after, fell, kind=Kind.FELL, by="countersign", at=AT)])
    assert sum(status.restore.counts) == 1


# The dashboard


@pytest.fixture
def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return found


def expressions(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_every_figure_on_the_dashboard_is_one_that_is_told(dashboard: dict[str, Any]) -> None:
    told = {name for name, _ in figures(full(), Stands(open_incidents=0, contained_actors=0))}
    drawn = {name for expression in expressions(dashboard) for name in NAMED.findall(expression)}
    asked = set(NAMED.findall(json.dumps(dashboard["templating"])))
    assert drawn <= told
    assert asked <= told


def test_every_figure_that_is_told_is_on_the_dashboard(dashboard: dict[str, Any]) -> None:
    body, _ = exposition(full(), full().watch(100.0, AT), Stands(open_incidents=0, contained_actors=0))
    told = {family.name for family in text_string_to_metric_families(body.decode())}
    drawn = " ".join(expressions(dashboard))
    assert not {name for name in told if name not in drawn}


def test_the_dashboard_is_of_a_form_that_grafana_imports(dashboard: dict[str, Any]) -> None:
    assert dashboard["schemaVersion"] == 39
    assert dashboard["id"] is None
    assert dashboard["uid"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] in {required["id"] for required in dashboard["__requires"]}
        assert panel["title"]
        assert panel["description"]


def test_no_panels_lie_on_each_other(dashboard: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for panel in dashboard["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)


def test_the_dashboard_asks_which_data_source_to_draw_from(dashboard: dict[str, Any]) -> None:
    (variable,) = [v for v in dashboard["templating"]["list"] if v["type"] == "datasource"]
    assert (variable["name"], variable["query"]) == ("datasource", "prometheus")
    for panel in dashboard["panels"]:
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
