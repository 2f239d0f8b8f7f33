"""What an event is: a fact in the past tense, frozen, journaled under its class name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. Subclasses add fields that carry ids and plain values, never objects.

    A field `call_id` or `agent_id` makes the event part of that call's or agent's story.
    """

    at: datetime
    """When it happened, aware, UTC."""

    kinds: ClassVar[dict[str, type["Event"]]] = {}
    """Every event class by the name under which the journal keeps it."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # A dataclass with slots is made twice, which calls this twice: the second class is the real one.
        Event.kinds[cls.__name__] = cls


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as the journal holds it, with its place in the one order of all events.

    `followed`: what follows from it at once (`core.sequels`) was written with it.
    """

    seq: int
    event: Event
    followed: bool = field(default=False, compare=False)


_adapters: dict[str, TypeAdapter[Any]] = {}
_NOT_DATA = {"at"}


def _adapter(kind: type[Event]) -> TypeAdapter[Any]:
    return _adapters.get(kind.__name__) or _adapters.setdefault(kind.__name__, TypeAdapter(kind))


def to_data(event: Event) -> dict[str, Any]:
    """Return the JSON-ready fields of an event without `at`."""
    data: dict[str, Any] = _adapter(type(event)).dump_python(event, mode="json")
    del data["at"]
    return data


def to_json(event: Event) -> str:
    """Return what `to_data` does as JSON text, in one step."""
    text: bytes = _adapter(type(event)).serializer.to_json(event, exclude=_NOT_DATA)
    return text.decode()


def from_data(name: str, at: datetime, data: Mapping[str, Any]) -> Event:
    """Rebuild the event that the journal holds as `name`, `at` and `data`.

    Raises KeyError for a class that no loaded room defines.
    """
    event: Event = _adapter(Event.kinds[name]).validate_python({"at": at, **data})
    return event
