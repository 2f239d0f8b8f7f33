"""A sentence that a caller hears, with its joints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words for the voice; `parts` are the same words split where fixed words and the caller's own values meet.

    The parts are where a sentence may be put together from fragments when synthesis cannot keep up.
    """

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.parts)


def sentence(*parts: str) -> Sentence:
    """Make a sentence of its parts; empty ones are left out."""
    return Sentence(tuple(part for part in parts if part))
