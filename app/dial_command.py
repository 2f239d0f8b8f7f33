"""`hotline dial`: one real SIP call as a caller would make it, and what was heard in it."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from core.config import Settings, load
from core.errors import BadInput, HotlineError
from cti.ua import CallRefused, CallState, OutgoingCall, UserAgent, address_of, digits, read_wav, write_wav
from speech.fragments import PREFIX
from speech.g711 import Pcm
from speech.matching import RATE, HeardPrompt, Known, Matcher, load_all

_NO_REPLY_AFTER: Final = 4.0  # seconds: three repetitions of INVITE
_RING_AT_MOST: Final = 90.0
_STAY: Final = 120.0  # seconds after the last key or word
_LAST_AT_MOST: Final = 3600.0
_FRAGMENT_GAP: Final = 0.6  # seconds between two fragments of one sentence
_FRAGMENTS_AT_LEAST: Final = 1.0  # seconds of a sentence put together from fragments
_USER: Final = re.compile(r"[0-9A-Za-z+*#_.-]{1,64}")
_WHO: Final = {"us": "caller", "them": "hotline", "nobody": "nobody"}


@dataclass(frozen=True, slots=True)
class Dialled:
    """What to dial and how to behave in the call."""

    number: str
    caller: str
    to: tuple[str, int]
    digits: str
    play: Pcm | None
    seconds: float | None


def _user(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not _USER.fullmatch(value):
        raise click.BadParameter(f"'{value}' is no telephone number or SIP user name")
    return value


def _digits(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        digits.parse(value)
    except BadInput as error:
        raise click.BadParameter(error.message) from None
    return value


@click.command("dial")
@click.argument("number", callback=_user)
@click.option("--from", "caller", required=True, callback=_user, help="The caller's number.")
@click.option("--to", "address", metavar="HOST:PORT", help="Where the PBX takes SIP; the running demo's by default.")
@click.option(
    "--digits", "keys", default="", callback=_digits, help='Keys to press once answered: "1,w3,2#"; wN waits.'
)
@click.option("--play", type=click.Path(path_type=Path, dir_okay=False), help="A WAV file to speak into the call.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Write what is heard to this WAV file.")
@click.option("--seconds", type=click.FloatRange(min=0.1, max=_LAST_AT_MOST), help="Hang up so long after the INVITE.")
@click.option("--prompts", type=click.Path(path_type=Path, file_okay=False), help="Prompt packs to recognise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def dial(
    context: click.Context,
    number: str,
    caller: str,
    address: str | None,
    keys: str,
    play: Path | None,
    record: Path | None,
    seconds: float | None,
    prompts: Path | None,
    as_json: bool,
) -> None:
    """Call NUMBER; without --seconds stay until the other side hangs up, at most 120 s after the last key or word."""
    settings = _settings(context)
    try:
        to = _resolved(address_of(address) if address else demo_address(settings))
        sound = read_wav(play) if play else None
        _check_writable(record)
    except BadInput as error:
        raise click.UsageError(error.message) from None
    plan = Dialled(number, caller, to, keys, sound, seconds)
    try:
        call = asyncio.run(place(plan, None if as_json else _tell))
    except (HotlineError, OSError) as error:
        click.echo(f"hotline dial: {error}", err=True)
        sys.exit(1)
    if record:
        write_wav(record, call.received.pcm())
    heard = name_prompts(call, prompts or settings.var / "prompts")
    click.echo(json.dumps(report(call, heard), ensure_ascii=False) if as_json else _told(call, heard))
    if call.times.answered is None:
        click.echo(f"hotline dial: {_why_not(call, to)}", err=True)
        sys.exit(1)


async def place(plan: Dialled, tell: Any = None) -> OutgoingCall:
    """Make the call and return it when it is over; `tell` gets a line of text as things happen.

    Raises OSError when no socket can be opened, NoPorts when no port is free.
    """
    target = f"sip:{plan.number}@{plan.to[0]}:{plan.to[1]}"
    async with UserAgent(host=_own_address(plan.to)) as ua:
        call = ua.call(target, plan.caller, also=("PCMU",), no_reply_after=_NO_REPLY_AFTER)
        done = ua.tasks.start(_behave(call, plan, tell or (lambda _: None)), "caller")
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, done.cancel)
        await asyncio.wait({done}, timeout=plan.seconds or _LAST_AT_MOST)
        await call.hangup()
        return call


async def _behave(call: OutgoingCall, plan: Dialled, tell: Any) -> None:
    with contextlib.suppress(TimeoutError, CallRefused):
        await call.wait_answered(_RING_AT_MOST)
        tell(f"{call.times.answered:8.2f} s  answered")
        spoken = await call.play(plan.play) if plan.play is not None else None
        await call.send_digits(plan.digits)
        if spoken is not None:
            await spoken.wait()
        await call.wait_ended(_LAST_AT_MOST if plan.seconds else _STAY)


def name_prompts(call: OutgoingCall, directory: Path) -> list[HeardPrompt]:
    """Return which prompts of the packs under `directory` were heard, by time since the INVITE."""
    if call.state is not CallState.ENDED or call.received.count == 0 or not directory.is_dir():
        return []
    known: list[Known] = load_all(directory)
    sound = call.received.pcm()
    whole = Matcher(k for k in known if not k.id.startswith(PREFIX)).heard(sound)
    rest = sound.copy()
    for prompt in whole:
        rest[round(prompt.at * RATE) : round(prompt.until * RATE)] = 0
    pieces = Matcher(k for k in known if k.id.startswith(PREFIX)).heard(rest)
    return sorted([*whole, *_chained(pieces)], key=lambda prompt: prompt.at)


def _chained(pieces: list[HeardPrompt]) -> list[HeardPrompt]:
    """Return the fragments that stand in a row: one alone is a chance likeness, a sentence is made of several."""
    rows: list[list[HeardPrompt]] = []
    for piece in pieces:
        if rows and piece.at - rows[-1][-1].until <= _FRAGMENT_GAP:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [piece for row in rows if row[-1].until - row[0].at >= _FRAGMENTS_AT_LEAST for piece in row]


def report(call: OutgoingCall, heard: list[HeardPrompt]) -> dict[str, Any]:
    """Return the call as the JSON of `hotline dial`; times in seconds from the INVITE."""
    ended = call.ended
    return {
        "answered_at": _rounded(call.times.answered),
        "ringing_at": _rounded(call.times.ringing),
        "first_audio_at": _rounded(call.first_rtp),
        "heard": [
            {
                "prompt": h.prompt,
                "text": h.text,
                "at": _rounded(h.at),
                "until": _rounded(h.until),
                "complete": h.complete,
            }
            for h in heard
        ],
        "ended": None
        if ended is None
        else {"by": _WHO[ended.by], "code": ended.code, "reason": ended.reason, "at": _rounded(ended.at)},
    }


def demo_address(settings: Settings) -> tuple[str, int]:
    """Return where the running demo takes SIP (`demo.json`), else the address in the settings."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, BadInput):
        return address_of(str(json.loads((settings.var / "demo.json").read_bytes())["sip"]))
    return settings.asterisk.host, settings.asterisk.sip_port


def _own_address(to: tuple[str, int]) -> str:
    """Return this machine's address towards the PBX; no packet is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(to)
        return str(probe.getsockname()[0])


def _resolved(to: tuple[str, int]) -> tuple[str, int]:
    try:
        return socket.gethostbyname(to[0]), to[1]
    except OSError as error:
        raise BadInput(f"{to[0]}: {error.strerror or error}") from None


def _check_writable(record: Path | None) -> None:
    if record and not record.absolute().parent.is_dir():
        raise BadInput(f"{record}: there is no folder {record.absolute().parent}")


def _settings(context: click.Context) -> Settings:
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)


def _why_not(call: OutgoingCall, to: tuple[str, int]) -> str:
    ended = call.ended
    if ended is None or ended.by == "nobody":
        return f"nobody answers SIP at {to[0]}:{to[1]}; is the PBX running? try  hotline asterisk status"
    if ended.by == "us":
        return "not answered within the time given"
    meaning = {404: "no such number there", 486: "busy", 503: "the PBX takes no calls now"}
    return f"not answered: {ended.code} {meaning.get(ended.code, ended.reason)}"


def _tell(line: str) -> None:
    click.echo(line)


def _told(call: OutgoingCall, heard: list[HeardPrompt]) -> str:
    lines = [
        f"{h.at:8.2f} s  {h.prompt} until {h.until:.2f} s{'' if h.complete else ' (cut)'}  {h.text}" for h in heard
    ]
    if call.ended is not None:
        lines.append(f"{call.ended.at:8.2f} s  ended by {_WHO[call.ended.by]} ({call.ended.code} {call.ended.reason})")
    return "\n".join(lines)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
