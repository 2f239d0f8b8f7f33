"""What storm mode needs to see of the rooms above."""

from collections.abc import Mapping
from typing import Protocol

from routing.storm.model import Trigger


class Outlook(Protocol):
    """Says how things stand."""

    async def signals(self) -> Mapping[Trigger, float]:
        """Return what is known now of each trigger."""
        ...


class Blind:
    """An `Outlook` that knows of no trigger: storm mode is for people alone."""

    async def signals(self) -> Mapping[Trigger, float]:
        return {}
