"""Writes every file that Asterisk reads; a value that would change a file's meaning is refused."""

import ipaddress
import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asterisk_conf.errors import UnsafeValue
from asterisk_conf.modules import REQUIRED, present
from asterisk_conf.music import write_music
from asterisk_conf.rundir import make_private
from asterisk_conf.spec import RenderSpec
from core.errors import ConfigError

TEMPLATES = Path(__file__).parent / "templates"
HEADER = "Written by `hotline asterisk render`; changes made here are lost. Own additions: see *_local.conf."

# A line break ends a value, `;` begins a comment, `]` ends a section, `#` at a line's start includes a file, the
# others are syntax of the dialplan (`,` `|` `&` `$` `"` `\\` and the braces of expressions).
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029;\[\]{}()$"\\|&,<>=#]')
_UNSAFE_SECRET = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029;\\]|^\s|\s$|^>")
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")


def render(spec: RenderSpec) -> None:
    """Write all of `spec.directories.etc`: files 0600 in directories 0700, unchanged ones untouched.

    Also makes the directories and the music on hold. Raises UnsafeValue or ConfigError before anything is written.
    """
    check(spec)
    d = spec.directories
    for directory in (d.state, d.etc, d.run, d.spool, d.log, d.lib, d.recordings, d.lifeboat):
        make_private(directory)
    for directory in (d.music, d.prompts):
        directory.mkdir(parents=True, exist_ok=True)
    for subdirectory in (d.spool / "recording", d.spool / "monitor", d.spool / "tmp", d.lib / "keys"):
        subdirectory.mkdir(exist_ok=True)
    write_music(d.music)
    for name, text in texts(spec).items():
        _write_private(d.etc / name, text)


def texts(spec: RenderSpec) -> dict[str, str]:
    """The text of each file by its name."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - these are no web pages: `check` refuses what could change their meaning
    )
    context = {field.name: getattr(spec, field.name) for field in fields(spec)} | {
        "d": spec.directories,
        "header": HEADER,
        "required": REQUIRED,
        "tells_of_transfers": tells_of_transfers(spec.install.version),
        "optional": present(spec.install.module_dir),
        "trunk_contact": _trunk_contact(spec),
        "sip_address": f"{_bracketed(spec.ports.bind)}:{spec.ports.sip}",
        "tls_address": f"{_bracketed(spec.ports.bind)}:{spec.ports.tls.port}" if spec.ports.tls else None,
        "media_address": None if ipaddress.ip_address(spec.ports.bind).is_unspecified else spec.ports.bind,
    }
    names = sorted(path.name for path in TEMPLATES.glob("*.j2"))
    return {name.removesuffix(".j2"): environment.get_template(name).render(context) for name in names}


def tells_of_transfers(version: str) -> bool:
    """Tell whether this Asterisk leaves the transfer key of a phone to ARI: 20.13, 21.8, 22.3 and what is newer.

    An older one would carry it out by itself, and the caller would be gone from the service.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if len(numbers) < 2:
        return False
    return numbers >= {20: (20, 13), 21: (21, 8)}.get(numbers[0], (22, 3))


def check(spec: RenderSpec) -> None:
    """Refuse a specification that could not be written faithfully; the message names the setting and the cure."""
    for where, value in _values(spec, ""):
        found = (_UNSAFE_SECRET if where.endswith(("password", "secret")) else _UNSAFE).search(value)
        if not value:
            raise ConfigError(f"{where} is empty: give it a value")
        if found and not _may_hold_brackets(where, value):
            raise UnsafeValue(
                f"{where} holds the character {found.group()!r}, which Asterisk's files cannot carry: take it out",
                setting=where,
            )
    _check_numbers(spec)
    _check_seats(spec)
    _check_trunk(spec)


def _may_hold_brackets(where: str, value: str) -> bool:
    """IPv6 addresses are written in brackets; the trunk's hosts are checked by their own rule."""
    return where.startswith("trunk.") and _HOST.fullmatch(value) is not None


def _values(thing: object, where: str) -> Iterator[tuple[str, str]]:
    """Every text in a tree of dataclasses with its place in words: `trunk.dids[0]`."""
    if is_dataclass(thing):
        for field in fields(thing):
            yield from _values(getattr(thing, field.name), f"{where}.{field.name}" if where else field.name)
    elif isinstance(thing, tuple):
        for position, item in enumerate(thing):
            yield from _values(item, f"{where}[{position}]")
    elif isinstance(thing, str | Path):
        yield where, str(thing)


def _check_numbers(spec: RenderSpec) -> None:
    ports = spec.ports
    tls = [("tls_port", ports.tls.port)] if ports.tls else []
    named = [("sip_port", ports.sip), ("http_port", ports.http), ("ami_port", ports.ami), *tls]
    for name, port in [*named, ("rtp_start", ports.rtp_start), ("rtp_end", ports.rtp_end)]:
        if not 1 <= port <= 65535:
            raise ConfigError(f"[asterisk] {name} = {port} is no port: use 1 to 65535")
    tcp = [port for name, port in named if name != "sip_port"]
    if len(set(tcp)) != len(tcp):
        names = ", ".join(name for name, _ in named[1:])
        raise ConfigError(f"[asterisk] two of {names} are the same port: make them differ")
    if ports.rtp_end - ports.rtp_start < 3:
        raise ConfigError(
            "[asterisk] rtp_start to rtp_end leaves no room for a call: a call with an agent needs four ports"
        )
    for address in (ports.bind, ports.http_bind):
        try:
            ipaddress.ip_address(address)
        except ValueError as error:
            raise ConfigError(f"[asterisk] {address} is no IP address to listen on: use e.g. 127.0.0.1") from error


def _check_seats(spec: RenderSpec) -> None:
    names = [seat.sip_username for seat in spec.seats]
    for seat in spec.seats:
        if not _NAME.fullmatch(seat.sip_username) or seat.sip_username in (
            "trunk",
            "global",
            "system",
            "seat",
            "browser",
        ):
            raise ConfigError(
                f"seat {seat.id}: SIP user name {seat.sip_username!r} must begin with a letter, hold only letters, "
                "digits, dot, dash and underscore, and not be a word of ours (trunk, seat, browser, global, system)"
            )
        if len(seat.sip_password) < 12:
            raise ConfigError(f"seat {seat.id}: its SIP password is shorter than 12 characters: take a longer one")
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ConfigError(f"SIP user name {sorted(doubled)[0]} belongs to two seats: give each its own")


def _check_trunk(spec: RenderSpec) -> None:
    trunk = spec.trunk
    if not trunk.dids:
        raise ConfigError("[trunk] dids is empty: name at least the hotline number")
    for number in (*trunk.dids, trunk.outbound_caller_id):
        if not _NUMBER.fullmatch(number):
            raise ConfigError(f"[trunk] {number!r} is no telephone number: digits, with or without a leading +")
    if trunk.channel_limit < 1:
        raise ConfigError("[trunk] channel_limit must be 1 or more")
    if not trunk.addresses and trunk.registration is None:
        raise ConfigError("[trunk] names neither addresses nor a registration: nobody could call")
    for address in trunk.addresses:
        if not _is_network(address) and not _HOST.fullmatch(address):
            raise ConfigError(f"[trunk] address {address!r} is neither an IP address, a network nor a host name")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _trunk_contact(spec: RenderSpec) -> str:
    """Where our own calls to the carrier go: `host[:port]`."""
    trunk = spec.trunk
    if trunk.outbound_to:
        return trunk.outbound_to
    if trunk.registration:
        return trunk.registration.server
    host = trunk.addresses[0].split("/")[0]
    return _bracketed(host)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and _is_network(host) else host


def _write_private(path: Path, text: str) -> None:
    """Replace `path` in one step, mode 0600; a file that says the same already is left as it is."""
    if path.is_file() and path.read_text(encoding="utf-8") == text and path.stat().st_mode & 0o777 == 0o600:
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
