"""Every table of every room, gathered so that migrations and backups see all of them."""

import agents.messages.tables
import agents.shifts.tables
import agents.tables
import core.journal
import core.switches
import cti.tables
import desk.announcements.tables
import desk.billing.tables
import desk.callbacks.tables
import desk.customers.tables
import desk.notifications.tables
import desk.nuisance.tables
import desk.outages.tables
import desk.surveys.tables
import desk.watches.tables
import desk.workorders.tables
import ivr.versions.tables
import recordings.tables
import routing.tables
from core.db import metadata

ROOMS = (
    agents.messages.tables,
    agents.shifts.tables,
    agents.tables,
    core.journal,
    core.switches,
    cti.tables,
    desk.announcements.tables,
    desk.billing.tables,
    desk.callbacks.tables,
    desk.customers.tables,
    desk.notifications.tables,
    desk.nuisance.tables,
    desk.outages.tables,
    desk.surveys.tables,
    desk.watches.tables,
    desk.workorders.tables,
    ivr.versions.tables,
    recordings.tables,
    routing.tables,
)
__all__ = ["ROOMS", "metadata"]
