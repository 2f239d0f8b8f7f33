"""Which page of each agent is the phone: the one that asked last; after a restart of the service none is known."""

from web.shapes import Shape


class PhoneMoved(Shape):
    """Which of the agent's pages is the phone from now on."""

    page: str


class PhonePages:
    """The pages that are phones, by their agents."""

    def __init__(self) -> None:
        self._pages: dict[str, str] = {}

    def of(self, agent_id: str) -> str | None:
        """Return the page that is the phone of an agent."""
        return self._pages.get(agent_id)

    def take(self, agent_id: str, page: str) -> PhoneMoved:
        """Let `page` be the phone of an agent, and return what that agent's pages are to be told."""
        self._pages[agent_id] = page
        return PhoneMoved(page=page)
