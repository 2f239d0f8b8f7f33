"""What the private Asterisk needs to know of this installation: its settings, secrets, seats and the program itself."""

import contextlib
import fcntl
import json
import os
import secrets as random
import sys
from collections.abc import Iterable
from pathlib import Path

import asterisk_conf
from agents import model as agents
from asterisk_conf.addresses import own_addresses
from asterisk_conf.private import PrivateAsterisk
from asterisk_conf.spec import (
    Directories,
    Install,
    Lifeboat,
    Ports,
    Registration,
    RenderSpec,
    Seat,
    Secrets,
    Tls,
    Trunk,
)
from core.config import Settings
from core.errors import ConfigError


def secrets_of(settings: Settings) -> Secrets:
    """The passwords between service and PBX: made once, kept in `var/secrets.json` (mode 0600).

    Raises ConfigError when the file is there but cannot be used.
    """
    path = settings.var / "secrets.json"
    settings.var.mkdir(parents=True, exist_ok=True)
    with (settings.var / ".secrets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _write(path, {"ari_password": random.token_hex(24), "ami_secret": random.token_hex(24)})
        try:
            kept = json.loads(path.read_text("utf-8"))
            ari, ami = str(kept["ari_password"]), str(kept["ami_secret"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ConfigError(
                f"{path} cannot be used ({error}): remove it, new secrets are made at the next start"
            ) from error
    return Secrets(settings.asterisk.ari_user, ari, settings.asterisk.ami_user, ami)


def render_spec(settings: Settings, seats: Iterable[agents.Seat], secrets: Secrets, install: Install) -> RenderSpec:
    """Everything that the templates of `asterisk_conf` use, from the settings of this installation.

    Raises ConfigError for a port of TLS without a certificate.
    """
    if settings.asterisk.tls_port and not settings.tls.certificate.is_file():
        raise ConfigError(
            f"[asterisk] tls_port is set, but there is no {settings.tls.certificate}: "
            "take it out, or make a certificate: hotline certificate make NAME"
        )
    return RenderSpec(
        install=install,
        directories=directories_of(settings),
        ports=ports_of(settings),
        secrets=secrets,
        trunk=_trunk_of(settings),
        lifeboat=_lifeboat_of(settings),
        seats=tuple(_seat(seat) for seat in seats),
        own_addresses=own_addresses(),
    )


def _seat(seat: agents.Seat) -> Seat:
    return Seat(seat.id, seat.sip_username, seat.sip_password, seat.kind is agents.SeatKind.BROWSER)


def private_asterisk(settings: Settings, install: Install) -> PrivateAsterisk:
    """The handle that starts, asks and stops this installation's PBX."""
    return PrivateAsterisk(install, directories_of(settings).etc, ports_of(settings))


def directories_of(settings: Settings) -> Directories:
    """Where the PBX of this installation works."""
    var = settings.var
    return Directories(var / "asterisk", var / "recordings", var / "prompts", var / "lifeboat")


def ports_of(settings: Settings) -> Ports:
    """Where the PBX of this installation listens."""
    pbx = settings.asterisk
    return Ports(
        sip=pbx.sip_port,
        http=pbx.http_port,
        ami=pbx.ami_port,
        rtp_start=pbx.rtp_start,
        rtp_end=pbx.rtp_end,
        tls=None if pbx.tls_port is None else Tls(pbx.tls_port, settings.tls.certificate, settings.tls.key),
        bind=pbx.bind,
    )


def _trunk_of(settings: Settings) -> Trunk:
    trunk = settings.trunk
    registration = None
    if trunk.registrar:
        registration = Registration(trunk.registrar, trunk.username or "", trunk.password or "")
    return Trunk(
        addresses=trunk.addresses,
        dids=trunk.dids,
        channel_limit=trunk.channel_limit,
        outbound_caller_id=trunk.outbound_caller_id,
        caller_headers=("From",) if trunk.caller_header == "From" else ("P-Asserted-Identity", "From"),
        registration=registration,
    )


def _lifeboat_of(settings: Settings) -> Lifeboat:
    package = Path(asterisk_conf.__file__).parent
    return Lifeboat(
        # not resolved: the link in the virtual environment is what makes it that environment's interpreter
        python=Path(sys.executable).absolute(),
        script=package / "agi" / "lifeboat.py",
        apology=settings.var / "lifeboat" / "apology",
    )


def _write(path: Path, content: dict[str, str]) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    fresh.replace(path)
