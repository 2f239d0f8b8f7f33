"""Fault reports of simulated calls: taken in memory, of the accounts that the customer system knows."""

from collections.abc import Sequence
from datetime import date

from desk.billing import speech as bill_speech
from desk.workorders import model
from desk.workorders import speech as order_speech
from ivr.call import Desk, FaultReport, KnownFault
from ivr.desk import ACCOUNTS_SAID


class Reports:
    """The `Faults` of one simulated call on the day `today`; nothing is kept after it."""

    def __init__(self, desk: Desk, today: date, digits: int) -> None:
        self._desk = desk
        self._today = today
        self._digits = digits
        self._taken: list[str] = []

    async def known(self, account: str, *, own: bool) -> KnownFault | None:
        answers = await self._desk.by_account(account)
        return KnownFault(answers.outages) if answers.accounts else None

    def which(self, accounts: Sequence[str]) -> tuple[str, ...]:
        return tuple(s.text for s in bill_speech.which(accounts)) if len(accounts) <= ACCOUNTS_SAID else ()

    async def report(self, report: FaultReport) -> str:
        if report.account not in self._taken:
            self._taken.append(report.account)
        return model.number(self._today, self._taken.index(report.account) + 1, self._digits)

    def number(self, order: str) -> str:
        return order_speech.number_said(order).text
