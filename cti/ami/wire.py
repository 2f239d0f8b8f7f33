"""AMI packets: read by their real line end only, written without a way to forge a header.

asterisk-ami splits a packet at every Unicode line end, so that a caller's display name which holds U+2028,
U+0085 or a bare CR could add headers of its own (a forged caller number). AMI ends lines with CR LF and
nothing else.
"""

from dataclasses import dataclass, field

from core.errors import BadInput

LINE_END = "\r\n"
FORBIDDEN = ("\r", "\n")


@dataclass(frozen=True, slots=True)
class Packet:
    """An event or an answer. `headers` hold the last value of each name; `output` the Output lines of a command."""

    kind: str
    name: str
    headers: dict[str, str]
    output: tuple[str, ...] = field(default=())

    @property
    def action_id(self) -> str | None:
        return self.headers.get("ActionID")


def parse(text: str) -> Packet | None:
    """Read one packet (without its empty last line); None for what is neither event nor answer."""
    lines = text.split(LINE_END)
    kind, _, name = lines[0].partition(": ")
    if kind not in ("Event", "Response"):
        return None
    headers: dict[str, str] = {}
    output = []
    for line in lines[1:]:
        key, found, value = line.partition(":")
        if not found:
            continue
        value = value.removeprefix(" ")
        if key == "Output":
            output.append(value)
        else:
            headers[key] = value
    return Packet(kind, name.strip(), headers, tuple(output))


def checked(name: str, headers: dict[str, str]) -> dict[str, str]:
    """Return headers for an action. Raises BadInput when a name or value holds a line end."""
    for key, value in {"Action": name, **headers}.items():
        if any(mark in key or mark in value for mark in FORBIDDEN):
            raise BadInput(f"AMI action {name!r}: header {key!r} holds a line end", header=key)
    return headers
