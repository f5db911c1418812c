"""What a form holds, as Slack's state tells it."""

from typing import Any

from bot.slack.acts import Submission, metadata_of


def sent(values: dict[str, dict[str, Any]]) -> Submission:
    view = {"id": "V1", "private_metadata": "{}", "state": {"values": {name: {name: v} for name, v in values.items()}}}
    return Submission.parse({"user": {"id": "U01ADA", "team_id": "T0SANDBOX"}, "view": view})


def option(value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": value}, "value": value}


def test_a_person_chosen_is_told_by_id() -> None:
    form = sent({"person": {"type": "users_select", "selected_user": "U03OMAR"}})
    assert form.users == {"person": "U03OMAR"}
    assert form.values == {"person": None}


def test_nobody_chosen_is_nobody() -> None:
    form = sent({"person": {"type": "users_select", "selected_user": None}})
    assert form.users == {}
    assert form.inputs == {"person"}


def test_several_options_are_told_in_their_order() -> None:
    groups = {"type": "multi_static_select", "selected_options": [option("manager"), option("agent")]}
    form = sent({"groups": groups})
    assert form.chosen == {"groups": ("manager", "agent")}
    assert form.ticked == frozenset()


def test_none_of_several_is_an_empty_choice() -> None:
    assert sent({"groups": {"type": "multi_static_select", "selected_options": []}}).chosen == {"groups": ()}


def test_a_box_is_ticked_where_it_is_a_box() -> None:
    form = sent(
        {
            "emergency": {"type": "checkboxes", "selected_options": [option("emergency")]},
            "groups": {"type": "multi_static_select", "selected_options": [option("other")]},
        }
    )
    assert form.ticked == {"emergency"}
    assert form.chosen == {"emergency": ("emergency",), "groups": ("other",)}


def test_what_a_view_carried_is_made_harmless_where_it_is_unpacked() -> None:
    assert metadata_of({"private_metadata": '{"id": "a\\u0000\\ud800"}'}) == {"id": "a��"}
