"""What the web itself writes down for the audit."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported(Event):
    """The person `by` took `rows` rows of the audit away as a file."""

    by: str
    rows: int
