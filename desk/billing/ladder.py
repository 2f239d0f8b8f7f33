"""The residential ladder (阶梯电价): how much of a bill lies in which tier, and what each costs ([domain 15.7])."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desk.billing.steps import BEYOND, FEN, PRODUCT, SUM, WITHIN, Step, given, reckon
from desk.billing.supply import Household, People
from desk.billing.tariff import Cycle, Ladder, Tariff

_Ends = tuple[Step, ...]
_MADE: dict[tuple[int, int, int, int, tuple[tuple[date, int], ...]], tuple[Ladder, _Ends]] = {}
"""Ends of tiers that were reckoned; thousands of households share them. The ladder is kept: its id stays its own."""
_MOST_MADE = 4096


@dataclass(frozen=True, slots=True)
class Usage:
    """kWh of a bill or of a part of it that was used after `before` kWh of the same cycle."""

    kwh: Step
    before: Step


def ends(tariff: Tariff, ladder: Ladder, supply_period: date, months: int, who: Household) -> _Ends:
    """Return the upper ends of the tiers, kWh in the cycle that the month billed belongs to.

    A year counts each month from January, or from the month in which the account came into this name, on; a part of a
    month counts as one. In each month the household has the size that it has on the first day of the next ([ours]: a
    change helps from the month in which it is told).
    """
    first, count = _cycle(ladder, supply_period, months, who)
    people = tuple((one.since, one.count) for one in who.people)
    key = (id(ladder), supply_period.year, first, count, people)
    found = _MADE.get(key)
    if found is None:
        if len(_MADE) >= _MOST_MADE:
            _MADE.clear()
        found = _MADE[key] = (
            ladder,
            _ends(tariff, ladder, supply_period.year, range(first, first + count), who.people),
        )
    return found[1]


def _cycle(ladder: Ladder, period: date, months: int, who: Household) -> tuple[int, int]:
    if ladder.cycle is Cycle.MONTH:
        return period.month - months + 1, months
    first = who.since.month if who.since is not None and who.since.year == period.year else 1
    return first, 13 - first


def _ends(tariff: Tariff, ladder: Ladder, year: int, months: Sequence[int], people: Sequence[People]) -> _Ends:
    out = []
    for tier in range(len(ladder.plus) - 1):
        # Months that are alike are one product: 210 kWh × 12.
        alike: dict[tuple[int, bool], tuple[Step, Step | None, int]] = {}
        for number in months:
            month = (number - 1) % 12 + 1
            base = ladder.upto(month)[tier]
            large = _large(ladder, people, date(year + (number - 1) // 12, month, 1))
            more = ladder.more[tier] if large and tier < len(ladder.more) and ladder.more[tier].value else None
            before = alike.get((id(base), more is not None))
            alike[id(base), more is not None] = (base, more, (before[2] if before else 0) + 1)
        steps = [_of_months(base, more, count) for base, more, count in alike.values()]
        of = str(tier + 1)
        out.append(steps[0] if len(steps) == 1 else reckon("ladder.end", SUM, tuple(steps), "kWh", of=of))
    return tuple(out)


def _of_months(base: Step, more: Step | None, count: int) -> Step:
    monthly = reckon("ladder.month", SUM, (base, more), "kWh", of=base.of) if more else base
    return reckon(
        "ladder.end", PRODUCT, (monthly, given("months", Decimal(count))), "kWh", source=base.source, of=base.of
    )


def _large(ladder: Ladder, people: Sequence[People], month: date) -> bool:
    if ladder.people is None:
        return False
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    last = max((one for one in people if one.since < following), key=lambda one: one.since, default=None)
    return last is not None and last.count >= ladder.people


def tiers(ladder: Ladder, usage: Usage, upto: _Ends) -> list[tuple[int, Step]]:
    """Return the tiers that the usage lies in, from 1, with the kWh in each; they sum to the usage."""
    before, kwh = usage.before, usage.kwh
    if not before.value and (not upto or kwh.value <= upto[0].value):
        return [(1, kwh)]
    after = reckon("ladder.used", SUM, (before, kwh), "kWh")
    out = []
    lower = given("ladder.start", Decimal(0), "kWh")
    for tier in range(len(ladder.plus)):
        of = str(tier + 1)
        if tier < len(upto):
            part = reckon("ladder.kwh", WITHIN, (before, after, lower, upto[tier]), "kWh", of=of)
            lower = upto[tier]
        else:
            part = reckon("ladder.kwh", BEYOND, (before, after, lower), "kWh", of=of)
        if part.value:
            out.append((tier + 1, part))
    return out or [(1 + sum(before.value >= end.value for end in upto), kwh)]


def charges(tariff: Tariff, month: int, found: Sequence[tuple[int, Step]], *, by_part: bool) -> list[Step]:
    """Return what the kWh in each tier cost; with `by_part` only what each tier adds to the prices by hour."""
    assert tariff.ladder is not None
    out = []
    for tier, kwh in found:
        plus = tariff.ladder.plus[tier - 1]
        if by_part:
            if plus.value:
                out.append(reckon("charge.tier", PRODUCT, (kwh, plus), "yuan", FEN, tariff.source, str(tier)))
            continue
        out.append(reckon("charge.energy", PRODUCT, (kwh, price(tariff, tier, month)), "yuan", FEN, "", str(tier)))
    return out


def price(tariff: Tariff, tier: int, month: int) -> Step:
    """Return yuan/kWh in a tier; made once for all bills."""
    assert tariff.ladder is not None
    base, plus = tariff.unit_price(None, month), tariff.ladder.plus[tier - 1]
    if not plus.value:
        return base
    key = (None, month + 100 * tier)
    found = tariff.made.get(key)
    if found is None:
        found = tariff.made[key] = reckon("price.tier", SUM, (base, plus), base.unit, source=plus.source, of=str(tier))
    return found
