"""Reads JSON that comes in, and refuses text that could be neither stored nor sent back."""

import json

from core.errors import BadInput


def decoded(text: str) -> object:
    """Return what `text` says. Raises BadInput."""
    if "\\u0000" in text:
        raise BadInput("body: holds a NUL character (\\u0000), which no text here has; leave it out")
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # also a number of more digits than Python reads
        raise BadInput(f"body: not valid JSON: {error}; send an object such as {{}}") from None
    if "\\ud" in text.lower() and _has_half_character(found):
        raise BadInput("body: holds half a character (\\ud800 to \\udfff alone); send it whole")
    return found


def _no_number(name: str) -> object:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is no number")


def _has_half_character(found: object) -> bool:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
