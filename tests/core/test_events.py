"""Events come back out of JSON as they went in, under the name of their class."""

import json
from dataclasses import FrozenInstanceError, fields
from decimal import Decimal

import pytest
from pydantic import ValidationError

import app.wiring  # noqa: F401 - loads every room, and so every event
from core.events import Event, from_data, to_data, to_json
from tests.core.happenings import AT, DoorOpened, DoorShut

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "event",
    [
        DoorOpened(at=AT, call_id="c1", width=Decimal("0.90")),
        DoorOpened(at=AT, call_id="c1"),
        DoorShut(at=AT, agent_id="a1", wet=("鞋", "伞")),
    ],
)
def test_an_event_comes_back_as_it_went_in(event: Event) -> None:
    data = json.loads(json.dumps(to_data(event)))
    assert "at" not in data
    assert json.loads(to_json(event)) == data
    assert from_data(type(event).__name__, AT, data) == event


def test_an_event_cannot_be_changed() -> None:
    event = DoorOpened(at=AT, call_id="c1")
    with pytest.raises(FrozenInstanceError):
        event.call_id = "c2"  # type: ignore[misc]


def test_a_name_that_no_room_defines_is_an_error() -> None:
    with pytest.raises(KeyError, match="WindowOpened"):
        from_data("WindowOpened", AT, {})


def test_data_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValidationError):
        from_data("DoorOpened", AT, {"width": "1"})


def test_every_event_says_what_it_means_and_fits_its_column() -> None:
    assert len(Event.kinds) > 30
    for name, kind in Event.kinds.items():
        assert len(name) <= 40, name
        assert kind.__doc__, name
        assert not kind.__doc__.startswith(f"{name}("), f"{name} has only the docstring that dataclass makes"
        assert fields(kind)[0].name == "at"
