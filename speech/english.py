"""English words in the phonemes of the voice, by the lexicon that misaki carries; made for fixed prompts.

A word's sound may hang on its place in the sentence; prompts are written without such words, and a test knows all.
"""

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from core.errors import BadInput

PARTS = re.compile(r"[A-Za-z']+|[^A-Za-z']+")


def phonemes(word: str) -> str:
    """Return how a word sounds. Raises BadInput naming a word that the lexicon lacks."""
    found = _lexicon().get(word) or _lexicon().get(word.lower())
    if isinstance(found, dict):
        found = found.get("DEFAULT")
    if not found:
        raise BadInput(f"the English voice does not know the word {word!r}; use another one", word=word)
    return str(found)


@cache
def _lexicon() -> dict[str, Any]:
    """Words that people have checked, and those derived from them (plurals and the like)."""
    folder = resources.files("misaki") / "data"
    lexicon: dict[str, Any] = {}
    for kind in ("silver", "gold"):
        lexicon |= json.loads((folder / f"us_{kind}.json").read_bytes())
    return lexicon
