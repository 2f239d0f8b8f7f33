"""Words that a flow brings along in the place of a prompt of the catalogue."""

import hashlib
from collections.abc import Sequence
from typing import Self

from speech.prompts import Prompt
from speech.sayable import in_chinese, shown, unsayable

MOST = 300
"""Characters of one text: about a minute."""


class Words(str):
    """The id of a prompt whose `text` stands in the flow itself."""

    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the id for `text`: the same text has the same id in every flow."""
        words = cls(f"said_{hashlib.sha256(text.encode()).hexdigest()[:12]}")
        words.text = text
        return words

    def prompt(self) -> Prompt:
        """Return the prompt to be rendered."""
        return Prompt(str(self), self.text, "a flow", ours=True)


def worded(prompts: Sequence[str]) -> tuple[str, ...]:
    """Return `prompts` with the id of each text in its place. Raises ValueError naming what cannot be said."""
    return tuple(Words.of(_sayable(one)) if in_chinese(one) else one for one in prompts)


def _sayable(text: str) -> str:
    if silent := unsayable(text):
        raise ValueError(f"the voice has no sound for {' '.join(map(shown, silent))}; leave it out")
    if "{" in text or "}" in text:
        raise ValueError("words of a prompt have no variables; say them in a `say` node before")
    if len(text) > MOST:
        raise ValueError(f"a text has at most {MOST} characters; part it into several")
    return text
