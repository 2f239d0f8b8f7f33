"""Logs as one JSON object a line, each with a stable `action`; never personal data."""

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def get(name: str) -> logging.Logger:
    """Return the logger of a module; its records carry `extra={"action": …}`."""
    return logging.getLogger(f"hotline.{name}")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: at, level, logger, message, and every extra field."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("hotline."),
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _PLAIN}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(file: Path | None = None, level: str = "INFO") -> None:
    """Send Hotline's log to `file`, or to standard error when there is none."""
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(JsonLines())
    root = logging.getLogger("hotline")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False
