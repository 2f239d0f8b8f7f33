"""What the web itself writes down for the audit."""

from dataclasses import dataclass, field

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported(Event):
    """The person `by` took `rows` rows of the audit away as a file."""

    by: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFileOpened(Event):
    """The person `by` looked into a customer's file or bills; `account`: the first account of the customer.

    `call_id`: the person's own call with that customer, if it was during one.
    """

    customer_id: str
    account: str
    by: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFileChanged(Event):
    """The person `by` put a new text into the installation's own file `name` (policy, queues, …) for `why`.

    `before` and `after` are the hashes of the texts; the former one is kept. `changes`: rules of the policy, as text.
    `back_to`: the former text that was put back.
    """

    name: str
    by: str
    before: str
    after: str
    why: str = ""
    changes: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    back_to: str = ""
