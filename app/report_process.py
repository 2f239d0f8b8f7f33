"""Reports for the API, each in a process of its own: `python -m app.report_process` makes one, asked for on stdin.

To count a month takes seconds of processor time, which calls would wait for if the service did it.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from agents.accounts import NoSuchUser
from app.aside import Aside, answer
from app.reports import written
from core.config import Settings
from core.errors import HotlineError, Unavailable
from figures.asking import BadRange, NoData, NoSuchGroup, Words
from figures.formulas import NoSuchVariant

LIMIT_S = 120.0
CPU_MOST_S = 110
OUTPUT_MOST = 64 * 1024 * 1024
KNOWN: dict[str, type[HotlineError]] = {
    one.code: one for one in (BadRange, NoData, NoSuchGroup, NoSuchVariant, NoSuchUser)
}


class TooManyReports(Unavailable):
    """Too many reports are being made: wait a moment and ask again."""

    code = "reports_busy"


class ReportFailed(Unavailable):
    """The report could not be made."""

    code = "report_failed"


class ProcessReports:
    """The `Reports` in processes of their own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._aside = Aside(
            "app.report_process",
            "report",
            LIMIT_S,
            OUTPUT_MOST,
            TooManyReports,
            ReportFailed,
            "ask for a shorter range",
        )

    async def kpi(self, words: Words, language: str) -> dict[str, Any]:
        """Return the report, or raise what is wrong with the asking; TooManyReports, ReportFailed."""
        told = await self._aside.ask(
            {
                "settings": self._settings.model_dump(mode="json"),
                "words": asdict(words) | {"variants": list(words.variants)},
                "language": language,
            }
        )
        if "error" in told:
            raise KNOWN.get(told["code"], ReportFailed)(told["error"])
        report: dict[str, Any] = told["report"]
        return report


def make(asked: dict[str, Any]) -> dict[str, Any]:
    """Make the report that was asked for and return {report}, or {error, code} with what is wrong."""
    settings = Settings.model_validate(asked["settings"])
    try:
        made = written(settings, Words(**asked["words"]), "json", asked["language"], datetime.now(UTC))
    except HotlineError as error:
        return {"error": error.message, "code": error.code}
    return {"report": json.loads(made)}


if __name__ == "__main__":
    answer(make, cpu_s=CPU_MOST_S)
