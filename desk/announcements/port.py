"""What announcements need of the voice."""

from typing import Protocol


class Speech(Protocol):
    """Speaks texts once and keeps them."""

    def kept(self, text: str) -> str | None:
        """Return the medium of a text that has been spoken, None when it has not."""
        ...

    async def speak(self, text: str) -> str:
        """Speak a text, keep it, and return its medium. Raises HotlineError when the voice cannot."""
        ...
