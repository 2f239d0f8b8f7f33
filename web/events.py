"""What the web itself writes down for the audit."""

from dataclasses import dataclass, field

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported(Event):
    """The person `by` took `rows` rows of the audit away as a file."""

    by: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFileChanged(Event):
    """The person `by` put a new text into the installation's own file `name` (policy, queues, …) for `why`.

    `before` and `after` are the hashes of the texts; the former one is kept. `changes`: rules of the policy, as text.
    """

    name: str
    by: str
    before: str
    after: str
    why: str = ""
    changes: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
