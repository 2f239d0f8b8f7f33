"""An outage in English: that it concerns the caller, why by its kind, and by when it should be over.

The cause that people write with a notice, and the names of areas, are Chinese text of any kind, which no English
voice can say: the kind says why, and who wants more speaks to a person.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from desk.outages.model import Kind, Outage, overdue
from desk.spoken import Sentence, sentence
from speech import english_figures as figures

WHY = {
    Kind.PLANNED: "planned work on the grid",
    Kind.TEMPORARY: "urgent work on the grid",
    Kind.FAULT: "a fault in the grid",
    Kind.SHORTAGE: "too little power in the grid",
    Kind.THEFT: "power taken without a contract",
    Kind.BREACH: "use of power against the contract",
    Kind.ARREARS: "unpaid bills",
    Kind.ORDERLY_USE: "a planned limit on power",
}
"""What each kind is called."""


def outage(notice: Outage, now: datetime, zone: ZoneInfo) -> list[Sentence]:
    """Return what a caller hears of a notice that concerns the caller's own account and holds now."""
    until = figures.moment(notice.ends.astimezone(zone), today=now.astimezone(zone).date())
    off = sentence("The power at your address is off because of ", WHY[notice.kind], ".")
    if overdue(notice, now):
        late = sentence("It should have been back by ", until, ".")
        return [off, late, sentence("No news of that has come yet, and the work goes on.")]
    return [off, sentence("It should be back by ", until, ".")]
