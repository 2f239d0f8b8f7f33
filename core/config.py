"""The settings of one installation: `hotline.toml`, each key overridable by `HOTLINE_SECTION__KEY`."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import ConfigError

Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """One `[section]`; a key it does not know is an error, not a typo that does nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - settings are compared with it
"""As a host to listen at: every address of this machine."""
HTTPS_PORT, WSS_PORT = 8443, 8089
"""Where pages and the WebSocket of the phones are encrypted once there is a certificate, unless set."""


class Site(Section):
    """Who we are: `name` is spoken and shown, `timezone` decides days and greetings.

    `festivals`: whose greeting is said when those of several hold at once (中秋 within 国庆), the first named wins.
    `offer_english`: "For English, press eight" follows the greeting; the key leads there in any case.
    `recording_notice`: who is about to talk to a person hears that the call may be recorded.
    `policy`: a profile of `core/policies`, or a file of one's own (NAME.yaml beside the settings) with what it changes.
    `tariffs`: by whose tariffs bills are reckoned, a region of `desk/billing/tariffs`, or one's own file NAME.yaml.
    `queues`, `skills`, `reasons`, `results`, `shifts`: one's own files, beside the settings, in place of those shipped.
    `storm`: storm mode is on until somebody turns it.
    """

    name: str = "供电服务热线"
    timezone: str = "Asia/Shanghai"
    policy: str = "seed"
    queues: str = ""
    skills: str = ""
    reasons: str = ""
    results: str = ""
    shifts: str = ""
    tariffs: str = "national"
    language: Literal["zh-CN", "en"] = "zh-CN"
    number: str = "95598"
    festivals: tuple[str, ...] = ("spring_festival", "new_year", "mid_autumn", "national_day", "labour_day")
    offer_english: bool = False
    recording_notice: bool = True
    storm: bool = False

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


OWN_FILES = ("queues", "skills", "reasons", "results", "shifts")
"""Keys of `Site` that name a file of the installation's own; empty: what is shipped."""


class Web(Section):
    """Where the API and the desktop listen; `origins` are further origins that may open the WebSocket.

    With a certificate (`hotline certificate`) HTTPS is at `host`:`https_port`, and plain HTTP at `port` of loopback,
    for programs of this machine; `redirect`: at `port` of `host` too, where it leads browsers to HTTPS.
    """

    host: str = "127.0.0.1"
    port: Port = 8095
    https_port: Port | None = None
    redirect: bool = False
    origins: tuple[str, ...] = ()

    @property
    def here(self) -> str:
        """The address of the service for programs of this machine."""
        if self.host == "::":
            return f"http://[::1]:{self.port}"
        if self.https_port or self.host in EVERYWHERE:
            return f"http://127.0.0.1:{self.port}"
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Asterisk(Section):
    """The PBX: its ports, and where it is when it is not the private one on this machine.

    `bind`: the address at which the private one has SIP, sound and the encrypted WebSocket of browsers at `tls_port`
    (with a certificate); ARI and AMI stay on loopback, plain WebSocket with them.
    """

    host: str = "127.0.0.1"
    bind: str = "127.0.0.1"
    sip_port: Port = 5060
    http_port: Port = 8088
    tls_port: Port | None = None
    ami_port: Port = 5038
    rtp_start: Port = 20000
    rtp_end: Port = 20999
    ari_user: str = "hotline"
    ami_user: str = "hotline"


AT_HOME = (
    "1[3-9][0-9]{9}",
    "0[1-9][0-9]{9,10}",
    "[2-8][0-9]{6,7}",
    "1(10|19|20|22)",
    "12[0-9]{3}",
    "9[56][0-9]{3,4}",
)
"""Mobiles, landlines with and without area code, emergency and service numbers; nothing abroad or at a premium."""


class Trunk(Section):
    """The carrier: either its `addresses`, or a registration with `registrar`, `username`, `password`.

    `may_dial`: which numbers agents may dial, as regular expressions of the whole number.
    """

    addresses: tuple[str, ...] = ("127.0.0.1",)
    registrar: str | None = None
    username: str | None = None
    password: str | None = None
    dids: tuple[str, ...] = ("95598",)
    channel_limit: int = Field(default=200, ge=1, le=10_000)
    outbound_caller_id: str = "95598"
    caller_header: Literal["P-Asserted-Identity", "From"] = "P-Asserted-Identity"
    may_dial: tuple[str, ...] = AT_HOME

    @field_validator("may_dial")
    @classmethod
    def _are_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return value

    def permits(self, number: str) -> bool:
        """Tell whether agents may dial `number`, which is in the one form (`core.phone`)."""
        return any(re.fullmatch(pattern, number) for pattern in self.may_dial)


class Speech(Section):
    """How callers are understood who say what they want: the engine, in `workers` processes of about 230 MB each.

    `first`: callers are asked to speak before the menu of keys; else key 6 asks. Vosk wants the folder of a model and
    the hash of its files (`speech.vosk.folder_sha256`; empty: not checked).
    """

    recogniser: Literal["whisper", "vosk", "off"] = "whisper"
    workers: int = Field(default=2, ge=1, le=2)
    first: bool = False
    vosk_model: Path | None = None
    vosk_sha256: str = ""


class Storage(Section):
    """Where state is kept: `dir` for files, `url` for the database (empty: SQLite in `dir`)."""

    dir: Path = Path("var")
    url: str = ""
    recordings_min_free_mb: int = Field(default=500, ge=0)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files (PEM) of HTTPS in one folder: certificate with its chain, its key, and our own CA if we made it."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.folder / "ca-key.pem"


class Settings(Section):
    """All settings; relative paths are taken from the folder of the file."""

    site: Site = Site()
    web: Web = Web()
    asterisk: Asterisk = Asterisk()
    trunk: Trunk = Trunk()
    speech: Speech = Speech()
    storage: Storage = Storage()

    @property
    def var(self) -> Path:
        return self.storage.dir.absolute()

    @property
    def tls(self) -> "TlsFiles":
        return TlsFiles(self.var / "tls")

    @property
    def database_url(self) -> str:
        return self.storage.url or f"sqlite:///{self.var / 'hotline.db'}"


def load(file: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `file` (None: defaults only) and the environment.

    Raises ConfigError naming file, key and cure.
    """
    data = _read(file) if file else {}
    where = _Origins(str(file) if file else "environment")
    for section, key, value, name in _overrides(environ):
        data.setdefault(section, {})[key] = value
        where.of[section, key] = f"environment: {name}" if file else "environment"
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(e, where) for e in error.errors())) from None
    if file and not settings.storage.dir.is_absolute():
        storage = settings.storage.model_copy(update={"dir": file.parent.absolute() / settings.storage.dir})
        settings = settings.model_copy(update={"storage": storage})
    if file:
        settings = settings.model_copy(update={"site": _beside(settings.site, file.parent.absolute())})
    _check(settings, where)
    return encrypted(settings) if settings.tls.certificate.is_file() else settings


def encrypted(settings: Settings) -> Settings:
    """Return the settings with the ports of HTTPS and of the private PBX's WSS, the usual ones unless set."""
    web = settings.web.model_copy(update={"https_port": settings.web.https_port or HTTPS_PORT})
    pbx, here = settings.asterisk, settings.asterisk.host in ("127.0.0.1", "::1", "localhost")
    if here:
        pbx = pbx.model_copy(update={"tls_port": pbx.tls_port or WSS_PORT})
    return settings.model_copy(update={"web": web, "asterisk": pbx})


def _beside(site: Site, folder: Path) -> Site:
    """Return the site with its own files named by their whole paths."""
    own = {key: name for key in OWN_FILES if (name := getattr(site, key))}
    if site.policy.endswith(".yaml"):
        own["policy"] = site.policy
    return site.model_copy(update={key: str(folder / name) for key, name in own.items()})


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file; name one with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None


@dataclass(frozen=True, slots=True)
class _Origins:
    """Where settings come from: `of` by section and key those of the environment, by their variables; else `file`."""

    file: str
    of: dict[tuple[str, str], str] = field(default_factory=dict)

    def __call__(self, section: str, *keys: str) -> str:
        """Return where the first of `keys` that a variable sets comes from, else the file."""
        return next((self.of[section, key] for key in keys if (section, key) in self.of), self.file)


def _overrides(environ: Mapping[str, str]) -> list[tuple[str, str, Any, str]]:
    found = []
    for name, text in environ.items():
        parts = name.lower().removeprefix("hotline_").split("__")
        if name.startswith("HOTLINE_") and len(parts) == 2:
            found.append((parts[0], parts[1], _list(name, text) if text.startswith("[") else text, name))
    return found


def _list(name: str, text: str) -> Any:
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f'environment: {name} = {text!r}: not a list like ["one", "two"]: {error}') from None


def _explain(error: Any, origins: _Origins) -> str:
    path = [str(p) for p in error["loc"]]
    where = origins(path[0], *path[1:2]) if len(path) > 1 else _section(path[0], origins)
    name = f"[{path[0]}] {'.'.join(path[1:])}" if len(path) > 1 else f"[{path[0]}]"
    if error["type"] != "extra_forbidden":
        return f"{where}: {name} = {error['input']!r}: {error['msg'][:1].lower()}{error['msg'][1:]}"
    model: Any = Settings if len(path) == 1 else Settings.model_fields[path[0]].annotation
    near = difflib.get_close_matches(path[-1], model.model_fields, n=1)
    cure = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(model.model_fields)}"
    return f"{where}: {name}: there is no such setting; {cure}"


def _section(name: str, origins: _Origins) -> str:
    """Return where a section that there is not comes from: a variable, or the file."""
    return next((where for (section, _), where in origins.of.items() if section == name), origins.file)


def _check(settings: Settings, where: _Origins) -> None:
    try:
        settings.site.zone  # noqa: B018 - looked up for its error
    except (KeyError, ValueError):
        at, zone = where("site", "timezone"), settings.site.timezone
        raise ConfigError(f"{at}: [site] timezone = {zone!r}: not a time zone; e.g. Asia/Shanghai") from None
    rtp = settings.asterisk
    if rtp.rtp_end - rtp.rtp_start < 3:
        at = where("asterisk", "rtp_end", "rtp_start")
        raise ConfigError(f"{at}: [asterisk] rtp_end must be at least rtp_start + 3 (two ports a call leg)")
    if settings.speech.recogniser == "vosk" and settings.speech.vosk_model is None:
        at = where("speech", "recogniser")
        raise ConfigError(f'{at}: [speech] recogniser = "vosk" needs vosk_model, the folder of an unpacked model')
    if settings.trunk.registrar and not (settings.trunk.username and settings.trunk.password):
        raise ConfigError(f"{where('trunk', 'registrar')}: [trunk] registrar needs username and password beside it")
