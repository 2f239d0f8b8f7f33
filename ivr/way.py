"""The way of a call through its flow, as the journal tells it: a run of nodes that only led on is one event.

More than half of the nodes of a menu call decide something and go on within the same moment. Each of them as an event
of its own would be most of what the journal writes, and nothing could be made of them that `passed` does not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.clock import Clock
from cti.session import CallSession
from ivr.events import IvrNodeEntered


@dataclass(slots=True)
class Way:
    """Notes where a call is; a crash forgets of a held node only that it was passed, in the moment it takes."""

    session: CallSession
    clock: Clock
    flow: str
    version: int
    known: Mapping[str, str]
    _passed: list[str] = field(default_factory=list)
    _held: tuple[str, dict[str, str]] | None = None

    def entered(self, node: str) -> IvrNodeEntered:
        """Return what tells that the call came to `node` now."""
        return self._event(node, dict(self.known))

    def come(self, node: str, *, leads_on: bool) -> None:
        """Note that the call came to `node`; one that may only lead on is held until it does something else."""
        if self._held is not None:
            self._passed.append(self._held[0])
            self._held = None
        if leads_on:
            self._held = node, dict(self.known)
        else:
            self.session.note(self.entered(node))

    def stay(self) -> None:
        """Note the node that was held: something is heard, written or waited for at it now."""
        if self._held is not None:
            held, self._held = self._held, None
            self.session.note(self._event(*held))

    def _event(self, node: str, known: dict[str, str]) -> IvrNodeEntered:
        at, passed = self.clock.now(), tuple(self._passed)
        self._passed.clear()
        return IvrNodeEntered(
            at=at,
            call_id=self.session.call.id,
            flow=self.flow,
            version=self.version,
            node=node,
            known=known,
            passed=passed,
        )
