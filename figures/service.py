"""Makes reports: reads the journal, counts, and sums up."""

from datetime import datetime

from sqlalchemy import Connection

from core.policy import Policy
from figures import asking, reading, report, store
from figures.asking import Words
from figures.report import Report
from figures.slots import Slots
from figures.terms import Terms


def make(connection: Connection, words: Words, slots: Slots, policy: Policy, now: datetime) -> Report:
    """Return the report that is asked for, read from the journal alone.

    Raises BadRange, NoSuchGroup, NoSuchVariant, NoData.
    """
    asked = asking.understand(words, slots, policy)
    if not store.anything(connection, asked.begin, asked.end):
        raise asking.nothing(asked, store.span(connection), slots)
    terms = Terms.by(policy, asked.begin, asked.end)
    done = reading.read(connection, terms, slots.zone)
    resolved = done.repeats.resolved(now) if done.repeats is not None else []
    return report.make(asked, done.fold.snapshot(now), resolved, terms, slots.zone)
