"""The place in a list that is ordered by time, as text for the client to give back."""

import base64
import binascii
from datetime import UTC, datetime

from core.errors import BadInput

_BAD = "cursor: not one of ours; give next_cursor of the page before as it was"


def cursor(at: datetime, row_id: str) -> str:
    """Return the text that stands for the row `row_id` of the moment `at`."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {row_id}".encode()).decode()


def place(text: str) -> tuple[datetime, str]:
    """Return the moment and row that `text` stands for. Raises BadInput."""
    try:
        at, _, row_id = base64.urlsafe_b64decode(text.encode()).decode().partition(" ")
        moment = datetime.fromisoformat(at)
        named = moment.tzinfo is not None and row_id.isprintable() and bool(row_id)
        moment = moment.astimezone(UTC)
    except (binascii.Error, ValueError, OverflowError):
        raise BadInput(_BAD, field="cursor") from None
    if not named:
        raise BadInput(_BAD, field="cursor")
    return moment, row_id
