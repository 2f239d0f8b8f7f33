"""What has to be known to write the configuration of one Asterisk: plain values, no files touched."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from asterisk_conf.rundir import run_directory

CallerHeader = Literal["P-Asserted-Identity", "From"]


@dataclass(frozen=True, slots=True)
class Install:
    """A usable Asterisk: the program and where its own files are."""

    kind: Literal["system", "private"]
    binary: Path
    module_dir: Path
    data_dir: Path
    version: str


@dataclass(frozen=True, slots=True)
class Directories:
    """Where the PBX works; all absolute. `state` holds `etc`, `run`, `spool`, `log`, `lib` and `music`."""

    state: Path
    recordings: Path
    prompts: Path
    lifeboat: Path

    @property
    def etc(self) -> Path:
        return self.state / "etc"

    @property
    def run(self) -> Path:
        """Holds control socket and pid file."""
        return run_directory(self.state)

    @property
    def spool(self) -> Path:
        return self.state / "spool"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def lib(self) -> Path:
        return self.state / "lib"

    @property
    def music(self) -> Path:
        return self.state / "music"


@dataclass(frozen=True, slots=True)
class Tls:
    """HTTPS and wss on a port of their own, at the address of SIP; PEM files."""

    port: int
    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the PBX listens; `rtp_start`..`rtp_end` is inclusive, even to odd.

    `bind` is the IP address for SIP, RTP and TLS; plain HTTP (ARI and the browsers' WebSocket) is at `http_bind`, AMI
    always on loopback.
    """

    sip: int
    http: int
    ami: int
    rtp_start: int
    rtp_end: int
    tls: Tls | None = None
    bind: str = "127.0.0.1"
    http_bind: str = "127.0.0.1"

    @property
    def on_loopback(self) -> bool:
        """Whether sound never leaves this machine."""
        return ip_address(self.bind).is_loopback


@dataclass(frozen=True, slots=True)
class Secrets:
    """Names and passwords of the service at the PBX."""

    ari_user: str
    ari_password: str
    ami_user: str
    ami_secret: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A trunk that wants us to sign in: `server` is `host` or `host:port`."""

    server: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Trunk:
    """The carrier: who may send us calls, for which numbers, how many at once, and who the caller is.

    `addresses` are IP addresses, networks (CIDR) or host names; `caller_headers` are tried in order, the default
    is the house's rule [seed 000]; `outbound_to` is `host[:port]` for calls that we place, when that differs from
    the first address.
    """

    addresses: tuple[str, ...]
    dids: tuple[str, ...]
    channel_limit: int
    outbound_caller_id: str
    caller_headers: tuple[CallerHeader, ...] = ("P-Asserted-Identity", "From")
    registration: Registration | None = None
    outbound_to: str | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """A phone at a desk; `sip_username` begins with a letter, so no caller's number can be one.

    `browser`: the phone is a page (WebRTC over the WebSocket), not a device or program of its own.
    """

    id: str
    sip_username: str
    sip_password: str
    browser: bool = False


@dataclass(frozen=True, slots=True)
class Lifeboat:
    """How Asterisk runs the lifeboat program: an interpreter that has pyst2, the script, the last-resort sound.

    `apology` is a media path without its extension, played when the program itself cannot run.
    """

    python: Path
    script: Path
    apology: Path


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """Everything that the templates use."""

    install: Install
    directories: Directories
    ports: Ports
    secrets: Secrets
    trunk: Trunk
    lifeboat: Lifeboat
    seats: tuple[Seat, ...] = ()
    own_addresses: tuple[str, ...] = ()
    """This machine's addresses beside loopback; browsers are told loopback instead when `ports` are there."""
    system_name: str = "hotline"
    ari_app: str = "hotline"
    channel_variables: tuple[str, ...] = field(
        default=("HOTLINE_CALL", "HOTLINE_ROLE", "HOTLINE_AGENT", "HOTLINE_SEAT")
    )
