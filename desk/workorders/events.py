"""What happens to work orders."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderCreated(Event):
    """A report was taken: `kind` and `scope` as in the model; `call_id` is the call in which it was made."""

    order_id: str
    kind: str
    scope: str
    call_id: str
    customer_id: str
    outage_id: str | None = None
    """The published outage that covered the place when it was reported."""
    agent_id: str | None = None
    """Who took it; None: the menu."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderMerged(Event):
    """An order was folded into the main order (关联主单) of the same fault."""

    order_id: str
    main_id: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderUrged(Event):
    """The caller of `call_id` urged an open order (催办); it is the urging number `count`."""

    order_id: str
    call_id: str
    count: int
    agent_id: str | None = None
    """Who was asked to; None: the menu."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderClosed(Event):
    """An order is done; with a main order close the ones that were folded into it."""

    order_id: str
