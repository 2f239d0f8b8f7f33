"""The lists of an installation: its queues, skills and shifts, from the files that the settings name."""

from agents import catalogue
from agents.shifts import definitions
from agents.shifts.model import Shift
from core.config import Site
from ivr.lists import Lists
from routing import queues
from routing.model import Queue


def queues_of(site: Site) -> dict[str, Queue]:
    """Return the queues by id. Raises ConfigError naming file, place and cure."""
    return queues.load(site.queues, catalogue.load(site.skills))


def shifts_of(site: Site) -> dict[str, Shift]:
    """Return the shifts by code. Raises ConfigError."""
    return definitions.load(site.shifts)


def lists_of(site: Site) -> Lists:
    """Return what flows of this installation may name. Raises ConfigError."""
    return Lists(tuple(queues_of(site)), catalogue.load(site.skills))
