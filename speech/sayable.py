"""What no voice can say: people who write texts for callers are told before anybody hears a hole."""

import unicodedata

_NO_SOUND = frozenset({"So", "Co", "Cs", "Cn", "Cc"})
"""Pictures and symbols (So), and characters without a meaning of their own; voices pass over them in silence."""


def unsayable(text: str) -> list[str]:
    """Return the characters of `text` that a voice passes over though they mean something, each once, in order."""
    return [c for c in dict.fromkeys(text) if unicodedata.category(c) in _NO_SOUND and not c.isspace()]


def in_chinese(text: str) -> bool:
    """Tell whether a text holds Chinese writing, which no id does and no English text."""
    return any(unicodedata.name(char, "").startswith("CJK UNIFIED") for char in text)


def shown(char: str) -> str:
    """Return a character as a message shows it: one that cannot be seen by its number."""
    return char if char.isprintable() else ascii(char)[1:-1]
