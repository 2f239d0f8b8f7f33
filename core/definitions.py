"""Reads what an installation defines in YAML: the list that is shipped, or a file of one's own in its place."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import ConfigError


def text_of(own: str, shipped: str, setting: str) -> tuple[str, str]:
    """Return a text and the name by which errors call it: of the file `own`, or where that is empty of `shipped`.

    `shipped` is a file within a package, like routing/queues.yaml; `setting` is what names the own file in the
    settings. Raises ConfigError when it cannot be read.
    """
    if not own:
        package, _, name = shipped.rpartition("/")
        return (files(package.replace("/", ".")) / name).read_text(encoding="utf-8"), shipped
    try:
        return Path(own).read_text(encoding="utf-8"), own
    except FileNotFoundError:
        raise ConfigError(f"{own}: there is no such file; [site] {setting} names it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{own}: cannot be read: {error}; [site] {setting} names it") from None


def data(text: str, where: str) -> Any:
    """Return what the YAML `text` holds. Raises ConfigError naming `where`."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {error}") from None


def rows(text: str, where: str, what: str) -> list[Any]:
    """Return the entries of the list that `text` holds, at least one. Raises ConfigError telling `what` is expected."""
    found = data(text, where)
    if not isinstance(found, list) or not found:
        raise ConfigError(f"{where}: a list of {what}")
    return found


def distinct(names: list[str], where: str, what: str) -> None:
    """Raise ConfigError naming the first of `names` that stands there twice."""
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise ConfigError(f"{where}: {what}: {twice!r} stands there twice")
