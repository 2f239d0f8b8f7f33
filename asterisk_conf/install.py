"""Finds a usable Asterisk on this machine, or fetches a private one into the user's cache without root."""

import asyncio
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from asterisk_conf.errors import InstallFailed
from asterisk_conf.mirror import debian_mirror
from asterisk_conf.modules import missing
from asterisk_conf.spec import Install

MINIMUM = 20
"""The oldest major version whose ARI has all that Hotline asks for."""

APT = Path("/etc/apt")
"""Where this machine's apt names its mirrors."""

_FETCH = Path(__file__).parent / "fetch_asterisk.sh"
_FORMAT = "1"
"""Part of the cache's name: raised when the layout of the private copy changes, so that old and new do not meet."""

Progress = Callable[[str], None]


def default_cache() -> Path:
    """The user's cache for Hotline: `$XDG_CACHE_HOME/hotline`, else `~/.cache/hotline`."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if Path(named).is_absolute() else Path.home() / ".cache") / "hotline"


def ensure_asterisk(cache: Path, progress: Progress) -> Install:
    """The Asterisk to use: that of the system when it will do, else the private one under `cache`, fetched if needed.

    `progress` gets lines for a person to read. `ASTERISK_FORCE_PRIVATE=1` passes over the system's. Blocks for
    seconds when it fetches; processes that ask at once wait for one download. Raises InstallFailed.
    """
    system = None if os.environ.get("ASTERISK_FORCE_PRIVATE") else find_system(progress)
    return system or ensure_private(cache, progress)


def find_asterisk(cache: Path) -> Install | None:
    """What `ensure_asterisk` would use without fetching anything; None when that would need a download."""
    system = None if os.environ.get("ASTERISK_FORCE_PRIVATE") else find_system(lambda _: None)
    return system or _private_in(_home(cache))


async def ensure_asterisk_async(cache: Path, progress: Progress) -> Install:
    """`ensure_asterisk` in a thread, for a caller with an event loop."""
    return await asyncio.to_thread(ensure_asterisk, cache, progress)


def find_system(progress: Progress, path: str | None = None) -> Install | None:
    """The machine's own Asterisk if it is new enough and complete; the reason it is not goes to `progress`."""
    found = shutil.which("asterisk", path=path) or (shutil.which("/usr/sbin/asterisk") if path is None else None)
    if found is None:
        return None
    binary = Path(found)
    version = _version_of(binary)
    if version is None or int(version.split(".")[0]) < MINIMUM:
        progress(f"{binary} is version {version or 'unknown'}, older than {MINIMUM}: a private Asterisk is used")
        return None
    module_dir, data_dir = _system_directories(binary)
    lacking = missing(module_dir)
    if lacking:
        progress(f"{binary} lacks {', '.join(lacking[:3])} ({len(lacking)} in all): a private Asterisk is used")
        return None
    return Install("system", binary, module_dir, data_dir, version)


def ensure_private(cache: Path, progress: Progress, fetch: Callable[[Path, Progress], None] | None = None) -> Install:
    """The private Asterisk under `cache`, fetched and unpacked if it is not there. Raises InstallFailed."""
    home = _home(cache)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / ".lock").open("w")
    except OSError as error:
        raise InstallFailed(
            f"cannot write to {home} ({error.strerror}): make it writable or set XDG_CACHE_HOME to a directory that is"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install = _private_in(home)
        if install is None:
            progress("fetching a private Asterisk (about 90 MB, once)")
            (fetch or fetch_asterisk)(home, progress)
            install = _private_in(home)
        if install is None:
            raise InstallFailed(f"the Asterisk in {home} does not run: remove that directory and try again")
    lacking = missing(install.module_dir)
    if lacking:
        raise InstallFailed(
            f"the Asterisk {install.version} in {home} lacks the modules {', '.join(lacking)}: remove that directory "
            "and set ASTERISK_SUITES or ASTERISK_MIRROR to a source that carries Asterisk 20 to 22 complete"
        )
    return install


def _home(cache: Path) -> Path:
    return cache / f"asterisk22-{_FORMAT}"


def _private_in(home: Path) -> Install | None:
    """What a finished fetch left in `home`; None when there is none or it does not run."""
    binary = home / "bin" / "asterisk"
    modules = sorted((home / "root" / "usr" / "lib").glob("*/asterisk/modules"))
    if not (home / "root" / ".complete").is_file() or not modules:
        return None
    version = _version_of(binary)
    if version is None:
        return None
    return Install("private", binary, modules[0], home / "root" / "usr" / "share" / "asterisk", version)


def fetch_asterisk(home: Path, progress: Progress) -> None:
    """Run the script that downloads, checks and unpacks; its lines go to `progress`, its last to the error."""
    mirror = os.environ.get("ASTERISK_MIRROR") or debian_mirror(APT)
    if mirror is None:
        raise InstallFailed(
            f"no Debian mirror is named in {APT} of this machine: set ASTERISK_MIRROR to the address of one "
            f"(it ends in /debian), or install asterisk {MINIMUM} or newer"
        )
    with tempfile.TemporaryDirectory(dir=home, prefix=".fetch-") as work:
        with subprocess.Popen(
            ["bash", str(_FETCH), str(home), work],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"ASTERISK_MIRROR": mirror, "LC_ALL": "C"},
        ) as script:
            last = ""
            for line in script.stdout or ():
                last = line.strip() or last
                progress(last)
        if script.returncode != 0:
            raise InstallFailed(f"no private Asterisk: {last.removeprefix('ERROR: ') or 'bash did not run'}")


def _version_of(binary: Path) -> str | None:
    try:
        done = subprocess.run([binary, "-V"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"Asterisk (\d+[\d.]*)", done.stdout)
    return found[1] if found else None


def _system_directories(binary: Path) -> tuple[Path, Path]:
    """Module and data directory of a system Asterisk: what its own `asterisk.conf` says, else the usual places."""
    said = _said_by(Path("/etc/asterisk/asterisk.conf"))
    libraries = [binary.resolve().parent.parent / "lib", binary.resolve().parent.parent / "lib64", Path("/usr/lib")]
    modules = [said.get("astmoddir"), *(place for lib in libraries for place in _module_places(lib))]
    data = [said.get("astdatadir"), Path("/usr/share/asterisk"), Path("/var/lib/asterisk")]
    module_dir = next((p for p in modules if p and (p / "res_pjsip.so").is_file()), Path("/usr/lib/asterisk/modules"))
    data_dir = next((p for p in data if p and (p / "documentation").is_dir()), Path("/var/lib/asterisk"))
    return module_dir, data_dir


def _module_places(lib: Path) -> list[Path]:
    return [lib / "asterisk" / "modules", *sorted(lib.glob("*/asterisk/modules"))]


def _said_by(conf: Path) -> dict[str, Path]:
    try:
        text = conf.read_text("utf-8", "replace")
    except OSError:
        return {}
    return {name: Path(place) for name, place in re.findall(r"^(ast\w+)\s*=>?\s*(\S+)", text, re.MULTILINE)}
