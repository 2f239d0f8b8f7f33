"""A bill explained beside what was issued: reckoned again, compared with former ones, what is odd about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from core.errors import ConfigError
from core.policy import Policy
from desk.billing.anomalies import Anomaly, History, anomalies
from desk.billing.arrears import Owed
from desk.billing.comparison import Comparison, compare
from desk.billing.model import Bill, late_fee, month_before, owed
from desk.billing.reckoning import Reckoned, before_in_year, energy_used, reckon_bill
from desk.billing.steps import ZERO, Step
from desk.billing.supply import BillRefused, Supply, Unusable
from desk.billing.tariff import TariffBook
from desk.billing.tariff_file import book, regions

REGION = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of an account: supplies and issued bills by month."""

    supplies: Mapping[date, Supply]
    bills: Mapping[date, Bill]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that the utility's own system has differently: kWh used, or yuan."""

    account: str
    period: date
    what: str
    reckoned: Decimal
    issued: Decimal

    def __str__(self) -> str:
        return (
            f"account {self.account}, {self.period:%Y-%m}: {self.what} reckoned {self.reckoned}, issued {self.issued}"
        )


@dataclass(frozen=True, slots=True)
class Explained:
    """A month of an account: the bill as reckoned, or why it was refused; beside the issued one and former ones."""

    supply: Supply
    bill: Reckoned | None
    refused: BillRefused | None
    issued: Bill | None
    last_month: Comparison | None
    last_year: Comparison | None
    odd: tuple[Anomaly, ...]
    owed: Owed | None = None
    """What is still to be paid of the issued bill on the day of asking; None when none was issued."""

    @property
    def late_fee(self) -> Step | None:
        """What is open of the late fee on the issued bill; None when nothing is."""
        fee = self.owed.fee if self.owed else None
        return fee if fee is not None and fee.value else None

    @property
    def differences(self) -> list[Difference]:
        """What the issued bill has differently; empty when they agree or nothing was issued."""
        return differences(self.bill, self.issued) if self.bill and self.issued else []


def differences(bill: Reckoned, issued: Bill) -> list[Difference]:
    """Return the figures in which an issued bill is not the reckoned one."""
    figures = (("kWh", bill.used.value, issued.usage), ("yuan", bill.amount.value, issued.amount))
    return [Difference(issued.account, issued.period, *figure) for figure in figures if figure[1] != figure[2]]


def book_of(supply: Supply, default: str) -> TariffBook:
    """Return the tariffs that hold for a supply. Raises BillRefused for its own region, ConfigError for the default."""
    if not supply.region or supply.region == default:
        return book(default)
    if not REGION.fullmatch(supply.region):
        raise Unusable("region_name", region=supply.region).refused(supply)
    if not supply.region.endswith(".yaml") and supply.region not in regions():
        raise Unusable("region_unknown", region=supply.region, known=", ".join(regions())).refused(supply)
    try:
        return book(supply.region)
    except ConfigError as error:
        raise Unusable("region_unusable", problem=error.message).refused(supply) from None


def prepared(records: Records, period: date, default: str) -> Supply | None:
    """Return the supply of a month with the kWh of the year before it, None when its readings are not there.

    Of a month whose readings are not there the issued bill counts.
    """
    supply = records.supplies.get(period)
    if supply is None:
        return None
    if supply.used_before:
        return supply
    used = {month: bill.usage for month, bill in records.bills.items()}
    for month, other in records.supplies.items():
        if month.year == period.year and month < period:
            used[month] = _used(other, default, used.get(month, ZERO), in_ladder=True)
    return replace(supply, used_before=before_in_year(period, used, supply.household.since))


def _used(supply: Supply, default: str, otherwise: Decimal, *, in_ladder: bool = False) -> Decimal:
    try:
        return energy_used(supply, book_of(supply, default), in_ladder=in_ladder)
    except BillRefused:
        return otherwise


def reckoned(records: Records, period: date, default: str) -> Reckoned | None:
    """Return a month's bill, None when its readings are not there or it is refused."""
    supply = prepared(records, period, default)
    try:
        return reckon_bill(supply, book_of(supply, default)) if supply else None
    except BillRefused:
        return None


def explain(records: Records, period: date, today: date, policy: Policy, default: str) -> Explained | None:
    """Explain the bill of a month, None when its readings are not there. Raises ConfigError."""
    supply = prepared(records, period, default)
    if supply is None:
        return None
    bill, refused, rules = None, None, book(default).rules
    try:
        rules = book_of(supply, default).rules
        bill = reckon_bill(supply, book_of(supply, default))
    except BillRefused as error:
        refused = error
    month, year = month_before(period), date(period.year - 1, period.month, 1)
    before = reckoned(records, month, default)
    issued = records.bills.get(period)
    return Explained(
        supply=supply,
        bill=bill,
        refused=refused,
        issued=issued,
        owed=owed(issued, today, policy) if issued else None,
        last_month=_beside(records, bill, before, today, policy),
        last_year=_beside(records, bill, reckoned(records, year, default), today, policy),
        odd=tuple(
            anomalies(supply, bill, _history(records, period, before, default), policy, rules["two_part_from"].value)
        ),
    )


def _beside(
    records: Records, now: Reckoned | None, before: Reckoned | None, today: date, policy: Policy
) -> Comparison | None:
    if now is None or before is None:
        return None
    fees = [_fee(records.bills.get(one.supply.period), today, policy) for one in (before, now)]
    return compare(before, now, (fees[0], fees[1]))


def _fee(bill: Bill | None, today: date, policy: Policy) -> Decimal:
    return late_fee(bill, today, policy) if bill else ZERO


def _history(records: Records, period: date, before: Reckoned | None, default: str) -> History:
    used = {month: bill.usage for month, bill in records.bills.items() if month < period}
    for month, supply in records.supplies.items():
        if month < period and month not in used:
            used[month] = _used(supply, default, ZERO)
    factor = before.power_factor.value if before and before.power_factor else None
    return History(used, factor, records.supplies.get(month_before(period)))
