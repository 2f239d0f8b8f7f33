"""Callers out of SIPp: cheap enough that the generator is not what is measured.

Each caller sends RTP (silence or speech) all the time and is another number. The key goes as SIP INFO, because SIPp's
own RFC 4733 keys need raw sockets; Asterisk makes the same frame of both.
"""

import asyncio
import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigError

FIRST_PORT: Final = 14_000
"""Signalling, and a hundred above it begins the media of the callers; below are the PBX's."""
KEY_AT_MS: Final = 1000
LENGTH_MS: Final = 2200
MARGIN_S: Final = 20.0
CROWD_PER_SECOND: Final = 60
_SILENCE: Final = b"\xd5" * 16_000
_HEADERS = """From: <sip:139[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
Contact: <sip:139@[local_ip]:[local_port]>
Max-Forwards: 70
"""
_INVITE = (
    "INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0\nVia: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n"
    + _HEADERS
    + """CSeq: 1 INVITE
Allow: INVITE, ACK, BYE, CANCEL, UPDATE
Content-Type: application/sdp
Content-Length: [len]

v=0
o=c 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
"""
)


def _in_dialog(method: str, number: int, body: str = "Content-Length: 0\n") -> str:
    via = "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n"
    return f"{method} [next_url] SIP/2.0\n{via}{_HEADERS}CSeq: {number} {method}\n{body}"


_BYE_TAKEN = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n"
_KEY = "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=2\nDuration=100\n"


def _send(message: str, attributes: str = 'retrans="500"') -> str:
    return f"<send {attributes}><![CDATA[\n\n{message}\n]]></send>\n"


def patient(speech: Path) -> str:
    """Return the scenario of a caller who says what `speech` (A-law) holds, again and again, and waits for the end."""
    steps = [
        _send(_INVITE, 'retrans="500" start_rtd="answer"'),
        "".join(f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183)),
        '<recv response="200" rtd="answer" rrs="true"/>\n',
        _send(_in_dialog("ACK", 1), ""),
        f'<nop><action><exec rtp_stream="{speech},-1,8,PCMA/8000"/></action></nop>\n',
        '<recv request="BYE" timeout="600000"/>\n',
        _send(_BYE_TAKEN, ""),
    ]
    return f'<?xml version="1.0"?>\n<scenario name="patient">\n{"".join(steps)}</scenario>\n'


def scenario(silence: Path, length_ms: int, key_at_ms: int | None) -> str:
    """Return the scenario of a caller who stays for `length_ms` and presses 2 at `key_at_ms`, or nothing."""
    steps = [
        _send(_INVITE, 'retrans="500" start_rtd="answer"'),
        "".join(f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183)),
        '<recv response="200" rtd="answer" rrs="true"/>\n',
        _send(_in_dialog("ACK", 1), ""),
        f'<nop><action><exec rtp_stream="{silence},-1,8,PCMA/8000"/></action></nop>\n',
    ]
    if key_at_ms is not None:
        steps += [
            f'<pause milliseconds="{key_at_ms}"/>\n',
            _send(_in_dialog("INFO", 2, _KEY)),
            '<recv response="200"/>\n',
        ]
    left = length_ms - (key_at_ms or 0)
    steps += [f'<pause milliseconds="{left}"/>\n', _send(_in_dialog("BYE", 3)), '<recv response="200"/>\n']
    return f'<?xml version="1.0"?>\n<scenario name="caller">\n{"".join(steps)}</scenario>\n'


@dataclass(frozen=True, slots=True)
class Load:
    """Which callers come: `number` they dial, how many, how many a second, how long each stays."""

    number: str
    calls: int
    per_second: float
    length_ms: int = LENGTH_MS
    key_at_ms: int | None = KEY_AT_MS


@dataclass(frozen=True, slots=True)
class Crowd:
    """Callers who stay until they are let go: so many at once, `calls` in all; what they say is in a file."""

    number: str
    speech: Path
    at_once: int
    calls: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the callers; `answered_ms` are the times from the INVITE to 200, in order of arrival."""

    ended_well: int
    failed: int
    answered_ms: Sequence[float]


def installed() -> str:
    """Return SIPp's path. Raises ConfigError with the cure."""
    found = shutil.which("sipp")
    if found is None:
        raise ConfigError("SIPp is not installed: apt-get install sip-tester")
    return found


async def crowd(load: Crowd, sip: tuple[str, int], folder: Path, *, within_s: float) -> Outcome:
    """Let a crowd come and be served; who goes is replaced at once, until `calls` have come or the time is over."""
    script = await asyncio.to_thread(_written, folder, patient(load.speech))
    more = {
        "-r": CROWD_PER_SECOND,
        "-m": load.calls,
        "-l": load.at_once,
        "-timeout": round(within_s),
        "-rtp_threadtasks": 100,
    }
    await _run(_command(load.number, sip, script, more), folder, within_s + MARGIN_S)
    return await asyncio.to_thread(_read, folder)


async def call(load: Load, sip: tuple[str, int], folder: Path) -> Outcome:
    """Let the callers come and return what became of them, within their time and MARGIN_S."""
    silence = folder / "silence.alaw"
    script = await asyncio.to_thread(_written, folder, scenario(silence, load.length_ms, load.key_at_ms))
    await asyncio.to_thread(silence.write_bytes, _SILENCE)
    length_s = load.calls / load.per_second + load.length_ms / 1000
    more = {
        "-r": load.per_second,
        "-m": load.calls,
        "-l": load.calls,
        "-rtp_threadtasks": 100,
        "-recv_timeout": 10_000,
        "-timeout": round(length_s + MARGIN_S / 2),
    }
    await _run(_command(load.number, sip, script, more), folder, length_s + MARGIN_S)
    return await asyncio.to_thread(_read, folder)


async def _run(command: Sequence[str], folder: Path, within_s: float) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "caller.xml"
    script.write_text(text, "utf-8")
    for old in (*folder.glob("*_rtt.csv"), *folder.glob("statistics.csv")):
        old.unlink()
    return script


def _command(number: str, sip: tuple[str, int], script: Path, more: Mapping[str, float]) -> list[str]:
    host, port = sip
    options = {
        "-sf": script,
        "-s": number,
        "-i": host,
        "-mi": host,
        "-p": FIRST_PORT,
        "-mp": FIRST_PORT + 100,
        "-stf": "statistics.csv",
        "-fd": 1,
        "-rtt_freq": 1,
        **more,
    }
    words = [str(word) for option in options.items() for word in option]
    return [installed(), f"{host}:{port}", *words, "-trace_stat", "-trace_rtt", "-aa", "-nostdin"]


def _read(folder: Path) -> Outcome:
    with (folder / "statistics.csv").open(newline="") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    times = []
    for found in folder.glob("*_rtt.csv"):
        with found.open(newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))[1:]
        times = [float(row[1]) for row in rows]
    return Outcome(int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]), times)
