"""Offers and answers of one G.711 audio stream with RFC 4733 digits (RFC 3264, RFC 4566)."""

import secrets
from dataclasses import dataclass, replace
from typing import Final, Literal

from aiosipua.sdp import parse_sdp

from speech.g711 import Law

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
PAYLOAD_TYPE: Final[dict[Law, int]] = {"PCMU": 0, "PCMA": 8}  # RFC 3551 table 4
EVENT_TYPE: Final = 101
ANSWER_TO: Final[dict[str, Direction]] = {  # RFC 3264 §6.1
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


@dataclass(frozen=True, slots=True)
class Media:
    """What one side says of its stream; `event_type` is the payload type of digits, None without them."""

    host: str
    port: int
    laws: tuple[Law, ...]
    direction: Direction = "sendrecv"
    event_type: int | None = EVENT_TYPE


class UnusableMedia(ValueError):
    """The description has no G.711 audio."""


def parse(body: bytes) -> Media:
    """Read the audio stream of a description; UnusableMedia if there is none in G.711."""
    try:
        described = parse_sdp(body.decode("utf-8", errors="replace"))
    except (ValueError, IndexError) as error:
        raise UnusableMedia from error
    audio, place = described.audio, described.rtp_address
    if audio is None or place is None or audio.port == 0:
        raise UnusableMedia
    codecs = [(c.payload_type, c.encoding_name.upper()) for c in audio.codecs]
    law_of = {number: law for law, number in PAYLOAD_TYPE.items()}
    laws = tuple(law_of[number] for number, _ in codecs if number in law_of)
    if not laws:
        raise UnusableMedia
    event = next((number for number, name in codecs if name == "TELEPHONE-EVENT"), None)
    at_session = next((d for d in ANSWER_TO if d in described.attributes), "sendrecv")
    direction = next((d for d in ANSWER_TO if d in audio.attributes), at_session)
    return Media(place[0], place[1], laws, ANSWER_TO[ANSWER_TO[direction]], event)


class LocalDescription:
    """Our own descriptions of one call: same session id, the version one higher for each change."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._session, self._version = secrets.randbelow(2**31), 0

    def write(self, laws: tuple[Law, ...], direction: Direction, event_type: int | None = EVENT_TYPE) -> bytes:
        """Return the next description as a message body."""
        self._version += 1
        formats = [PAYLOAD_TYPE[law] for law in laws] + ([event_type] if event_type is not None else [])
        lines = [
            "v=0",
            f"o=- {self._session} {self._version} IN IP4 {self._host}",
            "s=-",
            f"c=IN IP4 {self._host}",
            "t=0 0",
            f"m=audio {self._port} RTP/AVP {' '.join(map(str, formats))}",
            *(f"a=rtpmap:{PAYLOAD_TYPE[law]} {law}/8000" for law in laws),
        ]
        if event_type is not None:
            lines += [f"a=rtpmap:{event_type} telephone-event/8000", f"a=fmtp:{event_type} 0-15"]
        lines += ["a=ptime:20", f"a={direction}"]
        return ("\r\n".join(lines) + "\r\n").encode()


def common(offer: Media, preferred: Law) -> Media:
    """Return `offer` narrowed to one law: the preferred one when it was offered, else the first."""
    law = preferred if preferred in offer.laws else offer.laws[0]
    return replace(offer, laws=(law,))
