"""Reports for the API, each in a process of its own: `python -m app.report_process` makes one, asked for on stdin.

To count a month takes seconds of processor time, which calls would wait for if the service did it.
"""

import asyncio
import json
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.accounts import NoSuchUser
from app.reports import written
from core.config import Settings
from core.errors import HotlineError, Unavailable
from figures.asking import BadRange, NoData, NoSuchGroup, Words
from figures.formulas import NoSuchVariant

AT_ONCE = 2
LIMIT_S = 120.0
CPU_MOST_S = 110
MEMORY_MOST = 2 * 1024**3
OUTPUT_MOST = 64 * 1024 * 1024
KNOWN: dict[str, type[HotlineError]] = {
    one.code: one for one in (BadRange, NoData, NoSuchGroup, NoSuchVariant, NoSuchUser)
}
_ROOT = Path(__file__).parent.parent


class TooManyReports(Unavailable):
    """Too many reports are being made: wait a moment and ask again."""

    code = "reports_busy"


class ReportFailed(Unavailable):
    """The report could not be made."""

    code = "report_failed"


class ProcessReports:
    """The `Reports` in processes of low priority, few at once, each with limits of time and memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._under_way = 0

    async def kpi(self, words: Words, language: str) -> dict[str, Any]:
        """Return the report, or raise what is wrong with the asking; TooManyReports, ReportFailed."""
        if self._under_way >= AT_ONCE:
            raise TooManyReports
        self._under_way += 1
        try:
            answer = await self._ask(
                {"words": asdict(words) | {"variants": list(words.variants)}, "language": language}
            )
        finally:
            self._under_way -= 1
        if "error" in answer:
            raise KNOWN.get(answer["code"], ReportFailed)(answer["error"])
        report: dict[str, Any] = answer["report"]
        return report

    async def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        # The address of a database may hold a password: it goes through stdin, never into a command line.
        asked["settings"] = self._settings.model_dump(mode="json")
        process = await asyncio.create_subprocess_exec(
            "nice", "-n", "10", sys.executable, "-m", "app.report_process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}, limit=OUTPUT_MOST,
        )  # fmt: skip
        try:
            async with asyncio.timeout(LIMIT_S):
                out, _ = await process.communicate(json.dumps(asked).encode())
        except TimeoutError:
            raise ReportFailed(f"the report took longer than {LIMIT_S:.0f} s: ask for a shorter range") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise ReportFailed(f"the process that made the report ended with {process.returncode}")
        answer: dict[str, Any] = json.loads(out)
        return answer


def make(asked: dict[str, Any]) -> dict[str, Any]:
    """Make the report that was asked for and return {report}, or {error, code} with what is wrong."""
    settings = Settings.model_validate(asked["settings"])
    try:
        made = written(settings, Words(**asked["words"]), "json", asked["language"], datetime.now(UTC))
    except HotlineError as error:
        return {"error": error.message, "code": error.code}
    return {"report": json.loads(made)}


def main(arguments: Sequence[str] = ()) -> None:
    """Read one asking from stdin and write the answer to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MOST_S, CPU_MOST_S + 1))
    json.dump(make(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
