"""What agents write down about customers."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCreated(Event):
    """A customer was made out of a call; `by` (an agent's id) did so."""

    customer_id: str
    call_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNumberAdded(Event):
    """The number `caller`, of the call, reaches the customer from now on; `by` (an agent's id) wrote it down."""

    customer_id: str
    call_id: str
    caller: str
    by: str
