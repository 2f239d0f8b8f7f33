"""What happened to the versions of a flow."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDrafted(Event):
    """Version `version` of `flow` was written down as a draft by `by` (a user name, or the release)."""

    flow: str
    version: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPublished(Event):
    """Calls from now on begin with `version`, which was never live, instead of `before` (None: the first one)."""

    flow: str
    version: int
    before: int | None
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRolledBack(Event):
    """Calls from now on begin with `version`, which had been live before, instead of `before`."""

    flow: str
    version: int
    before: int | None
    by: str
    why: str = ""
