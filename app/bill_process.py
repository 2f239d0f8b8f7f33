"""Bills on paper for the API, each in a process of its own: `python -m app.bill_process` makes one, asked for on stdin.

To embed the letters of a Chinese font takes a second of processor time, which calls would wait for in the service.
"""

import base64
from datetime import date
from typing import Any

import msgspec

from app.aside import Aside, answer
from core import policy
from core.clock import Clock
from core.config import Settings
from core.errors import HotlineError, NotFound, Unavailable
from desk.billing import explanation, paper
from desk.billing.explanation import Records
from desk.billing.step_words import Language
from desk.billing.supply import BillRefused, Supply

LIMIT_S = 30.0
CPU_MOST_S = 20
OUTPUT_MOST = 8 * 1024 * 1024


class TooManyPapers(Unavailable):
    """Too many bills are being put on paper: wait a moment and ask again."""

    code = "papers_busy"


class PaperFailed(Unavailable):
    """The bill could not be put on paper."""

    code = "paper_failed"


class ProcessPapers:
    """The `Papers` in processes of their own."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._aside = Aside(
            "app.bill_process",
            "bill",
            LIMIT_S,
            OUTPUT_MOST,
            TooManyPapers,
            PaperFailed,
            "ask for it again later",
            nice=5,
        )

    async def pdf(self, records: Records, supply: Supply, language: Language) -> bytes:
        """Return the bill as a PDF. Raises BillRefused, TooManyPapers, PaperFailed."""
        site = self._settings.site
        told = await self._aside.ask(
            {
                "records": msgspec.json.encode(records).decode(),
                "period": supply.period.isoformat(),
                "today": self._clock.now().astimezone(site.zone).date().isoformat(),
                "site": site.name,
                "policy": site.policy,
                "tariffs": site.tariffs,
                "language": language,
            }
        )
        if "error" in told:
            known = {BillRefused.code: BillRefused}.get(told["code"], PaperFailed)
            raise known(told["error"], **told["details"])
        return base64.b64decode(told["pdf"])


def make(asked: dict[str, Any]) -> dict[str, Any]:
    """Put the bill that was asked for on paper and return {pdf}, or {error, code, details} with what is wrong."""
    records = msgspec.json.decode(asked["records"], type=Records)
    today, period = date.fromisoformat(asked["today"]), date.fromisoformat(asked["period"])
    rules = policy.load(asked["policy"])
    try:
        found = explanation.explain(records, period, today, rules, asked["tariffs"])
        if found is None:
            raise NotFound(f"there are no readings of {period:%Y-%m}")
        made = paper.pdf(found, site=asked["site"], language=asked["language"], today=today)
    except HotlineError as error:
        return {"error": error.message, "code": error.code, "details": error.details}
    return {"pdf": base64.b64encode(made).decode()}


if __name__ == "__main__":
    answer(make, cpu_s=CPU_MOST_S)
