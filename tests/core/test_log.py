"""The log: one JSON object a line, with a stable action; no names, numbers or digits of callers."""

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import log

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("core", "speech", "cti", "desk", "agents", "routing", "recordings", "ivr", "web", "app", "asterisk_conf")
PERSONAL = frozenset({"caller", "caller_raw", "phone", "phones", "digits", "pin", "password", "name", "text", "secret"})


@pytest.fixture
def _kept() -> Iterator[None]:
    root = logging.getLogger("hotline")
    before = root.handlers[:], root.level, root.propagate
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level, root.propagate = before


@pytest.mark.usefixtures("_kept")
def test_a_line_is_json_with_everything_that_was_said(tmp_path: Path) -> None:
    file = tmp_path / "log" / "hotline.log"
    log.configure(file)
    try:
        raise ZeroDivisionError("sums")
    except ZeroDivisionError:
        log.get("room.floor").exception(
            "通话 failed", extra={"action": "call_failed", "call_id": "1.2", "path": tmp_path}
        )
    log.get("room.floor").debug("not at this level")
    lines = file.read_text("utf-8").splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert line["at"].endswith("+00:00")
    assert (line["level"], line["logger"], line["message"]) == ("error", "room.floor", "通话 failed")
    assert (line["action"], line["call_id"], line["path"]) == ("call_failed", "1.2", str(tmp_path))
    assert "ZeroDivisionError: sums" in line["error"]
    assert file.parent.stat().st_mode & 0o077 == 0


def calls_of_the_log() -> Iterator[tuple[str, ast.Call]]:
    """Yield (place, call) for every line of our code that logs."""
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"), attr=attr)) if attr in levels:
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def test_every_line_has_an_action_and_no_field_of_a_person() -> None:
    seen = 0
    for place, call in calls_of_the_log():
        seen += 1
        extra = next((k.value for k in call.keywords if k.arg == "extra"), None)
        assert isinstance(extra, ast.Dict), f"{place}: no extra={{'action': …}}"
        keys = {k.value for k in extra.keys if isinstance(k, ast.Constant)}
        assert "action" in keys, f"{place}: no action"
        assert not keys & PERSONAL, f"{place}: {keys & PERSONAL} may be of a person"
        assert not isinstance(call.args[0], ast.JoinedStr | ast.BinOp), f"{place}: the message is put together"
    assert seen > 20
