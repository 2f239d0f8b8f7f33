"""The hearing of a simulated call: what the caller says is written."""

import contextlib
from collections.abc import AsyncIterator

from cti.session import CallSession
from ivr.simulated_line import Line


class TextEars:
    """Understands a caller by what is written."""

    ready = True

    def __init__(self, line: Line, *, first: bool) -> None:
        self._line = line
        self.first = first

    @contextlib.asynccontextmanager
    async def listening(self, session: CallSession, phrases: tuple[str, ...] = ()) -> AsyncIterator[None]:
        session.listens(True)
        self._line.listening = True
        try:
            yield
        finally:
            self._line.listening = False
            session.listens(False)
