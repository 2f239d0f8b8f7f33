"""Which agents' pages are heard: of several tabs one is enough."""

from agents.pages import Pages


class Attendance:
    """Tells presence when the last page of an agent falls silent and when one is heard again."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._heard: dict[str, set[object]] = {}

    def opened(self, agent_id: str, socket: object) -> None:
        """A socket is open and heard; presence is told by `Pages.opened`."""
        self._heard.setdefault(agent_id, set()).add(socket)

    def heard(self, agent_id: str, socket: object) -> None:
        """A socket that was silent answers again."""
        sockets = self._heard.setdefault(agent_id, set())
        sockets.add(socket)
        if len(sockets) == 1:
            self._pages.heard(agent_id)

    def silent(self, agent_id: str, socket: object) -> None:
        """A socket does not answer; presence is told when no other does."""
        sockets = self._heard.get(agent_id, set())
        if socket in sockets:
            sockets.discard(socket)
            if not sockets:
                self._pages.silent(agent_id)

    def closed(self, agent_id: str, socket: object, last: bool) -> None:
        """A socket is gone; `last`: the agent has no other."""
        if last:
            self._heard.pop(agent_id, None)
            self._pages.gone(agent_id)
        else:
            self.silent(agent_id, socket)
