"""The roster, the people and the queues of an installation, as a simulation meets them."""

import datetime as dt

from sqlalchemy import Connection

from agents import store as people
from agents.shifts import store as shifts
from app.lists import queues_of
from app.staffing_history import reading
from core.config import Settings
from core.policy import Policy
from routing.staffing import store
from routing.staffing.house import House, Shares, on_duty
from routing.staffing.load import half_hours


def read(settings: Settings, rules: Policy, day: dt.date, shrinkage: float, now: dt.datetime) -> House:
    """Return the house of `day`: who is on main duty, what they can, the rules of the queues, what callers need.

    Raises BadInput when nobody is on duty, ConfigError for a database or rules that cannot be used.
    """
    zone = settings.site.zone
    begins = half_hours(day, zone)
    until = begins[-1] + (begins[-1] - begins[-2])

    def work(connection: Connection) -> House:
        known = store.needs(connection, now - dt.timedelta(weeks=rules.number("staffing_weeks")), now)
        return House(
            on_duty(
                shifts.duties_between(connection, begins[0], until),
                people.qualifications(connection),
                begins[0].astimezone(zone),
                len(begins),
                shrinkage,
            ),
            {name: queue.rules for name, queue in queues_of(settings.site).items()},
            rules.number("priority_cap"),
            {queue: _shares(shares) for queue, shares in known.items()},
        )

    return reading(settings, work)


def _shares(shares: dict[tuple[tuple[str, int], ...], float]) -> Shares:
    return tuple(shares.items())
