"""Which Debian mirror this machine itself uses, read from apt's sources in both of their formats."""

import re
from collections.abc import Iterator
from pathlib import Path

# A mirror's path ends in /debian; a snapshot of one ends in its date.
_DEBIAN = re.compile(r"\S+/debian(/\d{8}T\d{6}Z)?/?")


def debian_mirror(apt: Path) -> str | None:
    """The first Debian mirror named under `apt` (normally `/etc/apt`), without a slash at its end; None if none is."""
    lists = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    stanzas = sorted((apt / "sources.list.d").glob("*.sources"))
    for path in [*lists, *stanzas]:
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        for uri in _of_stanzas(text) if path.suffix == ".sources" else _of_list(text):
            if _DEBIAN.fullmatch(uri):
                return uri.rstrip("/")
    return None


def _of_list(text: str) -> Iterator[str]:
    """`deb [options] URI suite component…`, one a line."""
    for line in text.splitlines():
        found = re.match(r"\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)", line)
        if found:
            yield found[1]


def _of_stanzas(text: str) -> Iterator[str]:
    """deb822: stanzas of `Field: values`, a value goes on in lines that begin with a blank."""
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", without_comments):
        unfolded = re.sub(r"\n[ \t]+", " ", stanza)
        field = {name.lower(): value.split() for name, value in re.findall(r"^([\w-]+):(.*)$", unfolded, re.MULTILINE)}
        if "deb" in field.get("types", []) and field.get("enabled", ["yes"])[0].lower() not in ("no", "false", "0"):
            yield from field.get("uris", [])
