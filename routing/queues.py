"""Reads the definitions of the queues."""

from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import ConfigError
from routing.model import BadQueue, Queue

FILE = "routing/queues.yaml"


def load() -> dict[str, Queue]:
    """Return the queues of this installation by id. Raises ConfigError naming file, queue and what is wrong."""
    return parse((files("routing") / "queues.yaml").read_text(encoding="utf-8"), FILE)


def parse(text: str, where: str) -> dict[str, Queue]:
    """Return the queues that `text` defines by id. Raises ConfigError."""
    try:
        rows: Any = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {error}") from None
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{where}: a list of queues is expected, each with id, names and strategy")
    queues = [_queue(row, where) for row in rows]
    if len({queue.id for queue in queues}) < len(queues):
        raise ConfigError(f"{where}: two queues have the same id")
    return {queue.id: queue for queue in queues}


def _queue(row: Any, where: str) -> Queue:
    try:
        return Queue(**row)
    except (TypeError, BadQueue) as error:
        raise ConfigError(f"{where}: {error}; a queue has id, names {{zh, en}} and strategy") from None
