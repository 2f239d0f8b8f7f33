"""Why a bill is not that of another period: causes in order of size, which sum to the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from desk.billing.reckoning import Reckoned
from desk.billing.steps import CONTEXT, DIFFERENCE, FEN, PRODUCT, SUM, ZERO, Step, given, reckon

BASIC = ("charge.basic", "charge.over_demand")
OTHERS = {
    "compare.power_factor": ("charge.power_factor",),
    "compare.basic": BASIC,
    "compare.surcharge": ("charge.surcharge",),
    "compare.free": ("charge.free",),
    "compare.adjustment": ("charge.adjustment",),
}
"""Causes that are lines of the bill themselves."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`change` in yuan from one bill to another, and its `causes`, the largest first; they sum to the change."""

    before: Reckoned
    now: Reckoned
    change: Step
    causes: tuple[Step, ...]

    @property
    def of_bills(self) -> Decimal:
        """Yuan from one bill to the other without late fees: what a customer reckons who has both bills in hand."""
        return self.now.amount.value - self.before.amount.value

    @property
    def causes_of_bills(self) -> tuple[Step, ...]:
        """The causes of that, the largest first; late fees are told by themselves."""
        return tuple(one for one in self.causes if one.key != "compare.late_fee")


@dataclass(frozen=True, slots=True)
class _Use:
    """Energy by part of the day with its price, and what tiers add, in yuan."""

    kwh: dict[str, Decimal]
    prices: dict[str, Decimal]
    tiers: Decimal
    days: int

    @property
    def total(self) -> Decimal:
        return sum(self.kwh.values(), ZERO)

    def at(self, prices: dict[str, Decimal], mean: Decimal) -> Decimal:
        """Yuan of this use at other prices; parts that had none there at their mean."""
        return sum((kwh * prices.get(part, mean) for part, kwh in self.kwh.items()), ZERO)

    def mean(self) -> Decimal:
        """Yuan a kWh, tiers left out; without use the mean of the prices."""
        if self.total:
            return self.at(self.prices, ZERO) / self.total
        return sum(self.prices.values(), ZERO) / len(self.prices) if self.prices else ZERO


def compare(before: Reckoned, now: Reckoned, late_fees: tuple[Decimal, Decimal] = (ZERO, ZERO)) -> Comparison:
    """Return why `now` differs from `before`; `late_fees`: those on each, in yuan, which count in the change."""
    with localcontext(CONTEXT):
        sums = [
            reckon("amount", SUM, (bill.amount, given("late_fee", fee, "yuan")), "yuan", FEN)
            for bill, fee in zip((now, before), (late_fees[1], late_fees[0]), strict=True)
        ]
        change = reckon("compare.change", DIFFERENCE, tuple(sums), "yuan", FEN)
        causes = [*_energy(_use(before), _use(now)), *_lines(before, now)]
        fees = (given("late_fee", late_fees[1], "yuan"), given("late_fee", late_fees[0], "yuan"))
        causes.append(reckon("compare.late_fee", DIFFERENCE, fees, "yuan", FEN))
        causes = [cause for cause in causes if cause.value]
        rest = reckon("compare.rounding", DIFFERENCE, (change, *causes), "yuan", FEN)
        causes.sort(key=lambda one: abs(one.value), reverse=True)
        return Comparison(before, now, change, (*causes, rest) if rest.value else tuple(causes))


def _use(bill: Reckoned) -> _Use:
    kwh: dict[str, Decimal] = {}
    money: dict[str, Decimal] = {}
    tiers = ZERO
    for line in bill.lines:
        if line.key == "charge.tier":
            tiers += line.inputs[0].value * line.inputs[1].value
        if line.key != "charge.energy":
            continue
        used, price = line.inputs[0].value, line.inputs[1]
        tiered = price.key == "price.tier"
        base = price.inputs[0] if tiered else price
        part = "" if line.of.isdigit() else line.of
        kwh[part] = kwh.get(part, ZERO) + used
        money[part] = money.get(part, ZERO) + used * base.value
        tiers += used * price.inputs[1].value if tiered else ZERO
    prices = {part: money[part] / used if used else _price(bill, part) for part, used in kwh.items()}
    return _Use(kwh, prices, tiers, (bill.supply.until - bill.supply.since).days)


def _price(bill: Reckoned, part: str) -> Decimal:
    lines = (one for one in bill.lines if one.key == "charge.energy" and ("" if one.of.isdigit() else one.of) == part)
    price = next(lines).inputs[1]
    return price.inputs[0].value if price.key == "price.tier" else price.value


def _energy(before: _Use, now: _Use) -> list[Step]:
    """What more days, more use a day, other hours, other prices and other tiers cost."""
    mean = before.mean()
    price = given("price", mean, "yuan/kWh")
    longer = before.total * (now.days - before.days) / before.days
    more = now.total - before.total - longer
    hours = now.at(before.prices, mean) - now.total * mean
    prices = now.at(now.prices, ZERO) - now.at(before.prices, mean)
    return [
        _cause("compare.days", given("energy.total", longer, "kWh"), price),
        _cause("compare.kwh", given("energy.total", more, "kWh"), price),
        _rounded("compare.hours", hours),
        _rounded("compare.price", prices),
        _rounded("compare.tier", now.tiers - before.tiers),
    ]


def _cause(key: str, kwh: Step, price: Step) -> Step:
    return reckon(key, PRODUCT, (kwh, price), "yuan", FEN)


def _rounded(key: str, money: Decimal) -> Step:
    return given(key, FEN.of(money), "yuan")


def _lines(before: Reckoned, now: Reckoned) -> list[Step]:
    return [_of_lines(key, keys, before, now) for key, keys in OTHERS.items()]


def _of_lines(key: str, keys: Sequence[str], before: Reckoned, now: Reckoned) -> Step:
    both = [sum((bill.of(one) for one in keys), ZERO) for bill in (now, before)]
    return reckon(key, DIFFERENCE, tuple(given("bill", money, "yuan") for money in both), "yuan", FEN)
