"""One RTP stream of a call: what we send every 20 ms, and what arrives with the kernel's time stamp (RFC 3550)."""

import asyncio
import secrets
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from core.errors import Unavailable
from cti.ua import digits
from cti.ua.received import RATE, HeardKey, Packet, Received
from cti.ua.sdp import PAYLOAD_TYPE, Media
from speech.g711 import SILENCE, Law, Pcm, encode

_HEADER: Final = struct.Struct("!BBHII")
_FRAME: Final = digits.TICK_SAMPLES
_SO_TIMESTAMPNS: Final = 35  # Linux asm-generic/socket.h; the socket module has no name for it
_TIMESPEC: Final = struct.Struct("@qq")
_BATCH: Final = 32
_MAX_KEYS: Final = 200


class NoPorts(Unavailable):
    """No free pair of UDP ports for RTP."""

    code = "no_rtp_ports"


class RtpStream:
    """Sends one source at a time (silence at first) and keeps all that is received."""

    def __init__(self, host: str, received: Received, on_first_packet: Callable[[], None]) -> None:
        self._rtp, self._rtcp = _port_pair(host)
        self.port: int = self._rtp.getsockname()[1]
        self.received = received
        self._on_first_packet = on_first_packet
        self.sent = 0
        self.law: Law = "PCMA"
        self._remote: tuple[str, int] | None = None
        self._event_type: int | None = None
        self._allowed = False
        self._muted = False
        self._ssrc, self._sequence = secrets.randbits(32), secrets.randbits(16)
        self._timestamp, self._mark = secrets.randbits(32), True
        self._sound, self._position, self._repeats = b"", 0, True
        self._finished = asyncio.Event()
        self._keys: deque[digits.EventTick | None] = deque()
        self._keys_sent = asyncio.Event()
        self._event_started = 0
        self._last_event: int | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._rtp, self._readable)
        self.silence()

    def connect(self, remote: Media, *, sending: bool) -> None:
        """Take where and how to send from the agreed description; `sending` false stops our packets (hold)."""
        self._remote = (remote.host, remote.port)
        self._event_type = remote.event_type
        if remote.laws[0] != self.law:
            self.law = remote.laws[0]
            self.silence()
        self._mark = self._mark or (sending and not self._allowed)
        self._allowed = sending

    # --- what to send

    def play(self, sound: Pcm) -> asyncio.Event:
        """Send `sound` (8 kHz) once, then silence; the event is set when its last packet has left."""
        return self._take(encode(sound, self.law), repeats=False)

    def tone(self, hz: float, level_db: float = -10.0) -> None:
        """Send a sine without end; `level_db` is relative to full scale; whole hertz join without a click."""
        peak = 32767 * 10 ** (level_db / 20)
        wave = peak * np.sin(2 * np.pi * hz / RATE * np.arange(RATE))
        self._take(encode(wave.astype(np.int16), self.law), repeats=True)

    def silence(self) -> None:
        """Send packets of silence."""
        self._take(bytes([SILENCE[self.law]]) * _FRAME, repeats=True)

    def _take(self, octets: bytes, *, repeats: bool) -> asyncio.Event:
        self._finished.set()
        self._finished = asyncio.Event()
        fill = -len(octets) % _FRAME
        self._sound = octets + bytes([SILENCE[self.law]]) * fill
        self._position, self._repeats = 0, repeats
        return self._finished

    def mute(self, muted: bool) -> None:
        """Stop sending packets altogether, as a phone with silence suppression does, or go on."""
        self._mark = self._mark or (self._muted and not muted)
        self._muted = muted

    def press(self, keys: str) -> asyncio.Event:
        """Send `keys` as events one after another; the event returned is set after the last pause."""
        if len(keys) > _MAX_KEYS:
            raise digits.BadDigits(f"at most {_MAX_KEYS} keys at once")
        for key in keys:
            self._keys.extend(digits.ticks(key))
        self._keys_sent = asyncio.Event()
        if not self._keys:
            self._keys_sent.set()
        return self._keys_sent

    # --- the clock of 20 ms

    def tick(self, send: bool, now: bool = True) -> None:
        """Let 20 ms pass and send their packet, if any (called by the pacer).

        Keys are never lost or hurried by a late clock: what is missed of them is sent from `now` on.
        """
        pressing = bool(self._keys)
        key = self._keys.popleft() if pressing and now else None
        frame = self._next_frame()
        if self._remote is not None and self._allowed and send:
            if key is not None and self._event_type is not None:
                self._send_key(key)
            elif not self._muted and (now or not pressing):
                self._transmit(PAYLOAD_TYPE[self.law], frame, self._timestamp, self._mark)
                self._mark = False
        self._timestamp = (self._timestamp + _FRAME) & 0xFFFFFFFF
        if not self._keys and not self._keys_sent.is_set():
            self._keys_sent.set()

    def _next_frame(self) -> bytes:
        if self._position >= len(self._sound):
            if not self._repeats:
                self._finished.set()
                self._sound, self._repeats = bytes([SILENCE[self.law]]) * _FRAME, True
            self._position = 0
        frame = self._sound[self._position : self._position + _FRAME]
        self._position += _FRAME
        return frame

    def _send_key(self, key: digits.EventTick) -> None:
        if key.first:
            self._event_started = self._timestamp
        self._transmit(self._event_type or 0, key.payload, self._event_started, key.first)

    def _transmit(self, payload_type: int, payload: bytes, timestamp: int, mark: bool) -> None:
        header = _HEADER.pack(0x80, payload_type | (0x80 if mark else 0), self._sequence, timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        try:
            self._rtp.sendto(header + payload, self._remote or ("", 0))
            self.sent += 1
        except OSError:  # full buffer, or the other side's port is closed: RTP is allowed to be lost
            return

    # --- what arrives

    def _readable(self) -> None:
        offset = time.monotonic() - time.time()
        for _ in range(_BATCH):
            try:
                data, ancillary, _, _ = self._rtp.recvmsg(2048, 64)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue
            at = time.monotonic()
            if ancillary:
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2][: _TIMESPEC.size])
                at = min(at, seconds + nanoseconds / 1e9 + offset)
            self._arrived(data, at)

    def _arrived(self, data: bytes, at: float) -> None:
        if len(data) < _HEADER.size or data[0] >> 6 != 2:
            return
        first, second, sequence, timestamp, _ = _HEADER.unpack_from(data)
        start = _HEADER.size + 4 * (first & 0x0F)
        if first & 0x10 and len(data) >= start + 4:
            start += 4 + 4 * struct.unpack_from("!H", data, start + 2)[0]
        payload_type, payload = second & 0x7F, data[start:]
        if payload_type in PAYLOAD_TYPE.values():
            self.received.add(Packet(at, sequence, timestamp, payload_type, payload))
            if self.received.count == 1:
                self._on_first_packet()
        elif payload_type == self._event_type and timestamp != self._last_event:
            key = digits.key_of(payload)
            if key is not None:
                self._last_event = timestamp
                self.received.keys.append(HeardKey(key, at - self.received.origin))

    def close(self) -> None:
        """Stop receiving and free both ports."""
        self._loop.remove_reader(self._rtp)
        self._rtp.close()
        self._rtcp.close()
        self._remote = None
        self._finished.set()
        self._keys_sent.set()


def _port_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Return bound sockets on an even port and the next odd one: the PBX sends RTCP there (RFC 3550 §11)."""
    for _ in range(200):
        rtp = _bound(host, 0)
        port = rtp.getsockname()[1]
        try:
            if port % 2:
                rtp.close()
                rtp = _bound(host, port - 1)
                port -= 1
            return rtp, _bound(host, port + 1)
        except OSError:
            rtp.close()
    raise NoPorts(host=host)


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
