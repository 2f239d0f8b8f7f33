"""A bill out of a supply and the tariffs of its region: every amount a tree of named steps ([domain 15])."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext

from desk.billing import basic_charge, ladder, power_factor
from desk.billing.energy import Charged, Energy, by_span, energy_of, every_part, whole
from desk.billing.readings import Parts
from desk.billing.steps import CONTEXT, CREDIT, DIFFERENCE, FEN, LEAST, PRODUCT, SUM, ZERO, Step, given, reckon
from desk.billing.supply import BillRefused, Kind, Point, Supply, Unusable
from desk.billing.tariff import Cycle, Tariff, TariffBook

NO_USE = given("ladder.used_before", ZERO, "kWh")
MONTHS_MOST = 60
"""Months of one bill: more is a slip of the pen."""
DAYS_MOST = 31
"""Days of a month: so many may lie between a bill's month and its readings, and beyond the months it is billed for."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A bill that was reckoned: `lines` in yuan sum to `amount`; `used` is the kWh billed."""

    supply: Supply
    lines: tuple[Step, ...]
    amount: Step
    used: Step
    tariffs: tuple[Tariff, ...]
    power_factor: Step | None = None
    demand: Step | None = None

    def of(self, key: str) -> Decimal:
        """Yuan of all lines of a name."""
        return sum((line.value for line in self.lines if line.key == key), ZERO)


def reckon_bill(supply: Supply, book: TariffBook) -> Reckoned:
    """Reckon the bill of an account for a period. Raises BillRefused with account, meter, period and cure."""
    with localcontext(CONTEXT):
        try:
            return _bill(supply, book)
        except Unusable as found:
            raise found.refused(supply) from None
        except ArithmeticError:
            raise Unusable("no_figure").refused(supply) from None


def reckon_all(supplies: Iterable[Supply], book: TariffBook) -> Iterable[Reckoned | BillRefused]:
    """Reckon each of a batch; one that is refused stops none of the others."""
    for supply in supplies:
        try:
            yield reckon_bill(supply, book)
        except BillRefused as refused:
            yield refused


def energy_used(supply: Supply, book: TariffBook, *, in_ladder: bool = False) -> Decimal:
    """Return the kWh that a supply is billed for, with `in_ladder` those that climb the ladder. Raises BillRefused."""
    with localcontext(CONTEXT):
        try:
            parts = energy_of(supply, book).parts
            climbs = {point.id for point in supply.points if not in_ladder or _climbs(point, supply, book)}
        except Unusable as found:
            raise found.refused(supply) from None
        except ArithmeticError:
            raise Unusable("no_figure").refused(supply) from None
        return sum((kwh.value for point, own in parts.items() if point in climbs for kwh in own.values()), ZERO)


def _climbs(point: Point, supply: Supply, book: TariffBook) -> bool:
    return any(span.tariff.ladder is not None for span in book.spans(point.tariff, supply.since, supply.until))


@dataclass(slots=True)
class _Climb:
    """How far an account has come in its ladder, and the kWh that it has had free; all its meters climb one ladder."""

    before: Step | None = None
    free: Step | None = None

    def starts(self, supply: Supply, tariff: Tariff) -> Step:
        return self.before if self.before is not None else _before(supply, tariff)

    def climbed(self, before: Step, kwh: Step) -> None:
        self.before = reckon("ladder.used_before", SUM, (before, kwh), "kWh")


def _bill(supply: Supply, book: TariffBook) -> Reckoned:
    _check(supply)
    energy = energy_of(supply, book)
    every = tuple(every_part(energy.parts))
    used = reckon("energy.billed", SUM, every, "kWh") if len(every) > 1 else every[0]
    lines: list[Step] = []
    charged: list[Charged] = []
    climb = _Climb()
    spans_of = {point.id: book.spans(point.tariff, supply.since, supply.until) for point in supply.points}
    several = len({point.tariff for point in supply.points}) > 1
    climbing = sorted(one.id for one in supply.points if any(span.tariff.ladder for span in spans_of[one.id]))
    points = sorted(supply.points, key=lambda one: one.id) if len(climbing) > 1 else supply.points
    for point in points:
        spans = spans_of[point.id]
        split = by_span(energy.parts[point.id], spans, book)
        bare = split if energy.bare is energy.parts else by_span(energy.bare[point.id], spans, book)
        for (span, parts), (_, without_loss) in zip(split, bare, strict=True):
            money = _energy_lines(supply, span.tariff, parts, climb, goes_on=len(climbing) > 1 or len(spans) > 1)
            told = _named(span.tariff, money, several=several)
            one = Charged(span.tariff, whole(parts.values()), tuple(told))
            charged.append(one)
            lines += told
            lines += _named(span.tariff, _surcharges(one, parts, without_loss), several=several)
    basic = _basic(supply, energy.demand, used, charged, book)
    lines += basic
    factor = _adjust(supply, energy, charged, basic, book, lines)
    lines += [given("charge.adjustment", one.amount, "yuan", source=one.cause) for one in supply.adjustments]
    amount = reckon("amount", SUM, tuple(lines), "yuan", FEN)
    tariffs = tuple(dict.fromkeys(one.tariff for one in charged))
    return Reckoned(supply, tuple(lines), amount, used, tariffs, factor, energy.demand)


def _named(tariff: Tariff, lines: list[Step], *, several: bool) -> list[Step]:
    """Return lines that name their tariff, where an account has several."""
    return [replace(line, tariff=tariff.title) for line in lines] if several else lines


def _check(supply: Supply) -> None:
    if supply.until <= supply.since:
        raise Unusable("ends_before_it_begins", until=supply.until, since=supply.since)
    if not 1 <= supply.months <= MONTHS_MOST:
        raise Unusable("months_out_of_range", months=supply.months, most=MONTHS_MOST)
    days = (supply.until - supply.since).days
    if days > DAYS_MOST * (supply.months + 1):
        raise Unusable("too_many_days", days=days, months=supply.months)
    if not supply.since.toordinal() - DAYS_MOST <= supply.period.toordinal() <= supply.until.toordinal() + DAYS_MOST:
        raise Unusable("days_of_another_month", since=supply.since, until=supply.until)
    if not supply.points:
        raise Unusable("no_point")
    if supply.used_before < 0:
        raise Unusable("used_before_negative", kwh=supply.used_before)
    for one in supply.adjustments:
        if not one.cause.strip():
            raise Unusable("adjustment_without_cause", amount=one.amount)
        if one.amount != FEN.of(one.amount):
            raise Unusable("adjustment_not_in_fen", amount=one.amount)


def _energy_lines(supply: Supply, tariff: Tariff, parts: Parts, climb: _Climb, *, goes_on: bool) -> list[Step]:
    """What energy costs; `goes_on`: other energy climbs the ladder after it."""
    month = supply.period.month
    by_hour = bool(tariff.parts) and None not in parts
    if tariff.ladder is None:
        return _by_hour(tariff, parts, month) if by_hour else _plain(tariff, whole(parts.values()), month)
    kwh, before = whole(parts.values()), climb.starts(supply, tariff)
    upto = ladder.ends(tariff, tariff.ladder, supply.period, supply.months, supply.household)
    found = ladder.tiers(tariff.ladder, ladder.Usage(kwh, before), upto)
    lines = _by_hour(tariff, parts, month) if by_hour else []
    lines += ladder.charges(tariff, month, found, by_part=by_hour)
    if goes_on:
        climb.climbed(before, kwh)
    if supply.household.poor and tariff.free is not None:
        lines.append(_free(supply, tariff, kwh, month, climb))
    return lines


def _before(supply: Supply, tariff: Tariff) -> Step:
    """What was used of the ladder before this bill: in a year the earlier months, in a month nothing."""
    if not supply.used_before or tariff.ladder is None or tariff.ladder.cycle is Cycle.MONTH:
        return NO_USE
    return given("ladder.used_before", supply.used_before, "kWh")


def _plain(tariff: Tariff, kwh: Step, month: int) -> list[Step]:
    return [reckon("charge.energy", PRODUCT, (kwh, tariff.unit_price(None, month)), "yuan", FEN)]


def _by_hour(tariff: Tariff, parts: Parts, month: int) -> list[Step]:
    return [
        reckon("charge.energy", PRODUCT, (kwh, tariff.unit_price(part, month)), "yuan", FEN, "", part.value)
        for part, kwh in parts.items()
        if part is not None
    ]


def _free(supply: Supply, tariff: Tariff, kwh: Step, month: int, climb: _Climb) -> Step:
    """Energy that poor households have free, given back at the price of the first tier; it counts in the ladder."""
    assert tariff.free is not None
    allowed = reckon("free.allowed", PRODUCT, (tariff.free, given("months", Decimal(supply.months))), "kWh")
    if climb.free is not None:
        allowed = reckon("free.left", DIFFERENCE, (allowed, climb.free), "kWh")
    free = reckon("free.kwh", LEAST, (kwh, allowed), "kWh", source=tariff.free.source)
    climb.free = free if climb.free is None else reckon("free.had", SUM, (climb.free, free), "kWh")
    return reckon("charge.free", CREDIT, (free, tariff.unit_price(None, month)), "yuan", FEN, tariff.free.source)


def _surcharges(charged: Charged, parts: Parts, without_loss: Parts) -> list[Step]:
    """Surcharges beside the price: on all energy, or on that without the transformer's loss ([domain 15.3])."""
    found = []
    for one in charged.tariff.surcharges:
        if one.included:
            continue
        kwh = charged.kwh
        if one.without_loss and without_loss is not parts:
            kwh = reckon("energy.without_loss", SUM, tuple(without_loss.values()), "kWh", source=one.price.source)
        found.append(reckon("charge.surcharge", PRODUCT, (kwh, one.price), "yuan", FEN, one.price.source, one.price.of))
    return found


def _two_part(supply: Supply) -> Point:
    return next((one for one in supply.points if not one.parents and one.kind is Kind.REAL), supply.points[0])


def _basic(supply: Supply, demand: Step | None, used: Step, charged: Sequence[Charged], book: TariffBook) -> list[Step]:
    if supply.basic is None:
        return []
    key = _two_part(supply).tariff
    lines = basic_charge.charges(supply, book.spans(key, supply.since, supply.until), demand, used, book)
    return basic_charge.by_tariff(lines, charged, key, book)


def _adjust(
    supply: Supply,
    energy: Energy,
    charged: Sequence[Charged],
    basic: Sequence[Step],
    book: TariffBook,
    lines: list[Step],
) -> Step | None:
    """Add the line of the power factor adjustment, where the account is held to a standard."""
    if supply.power_factor is None:
        return None
    adjusted = [one for one in charged if one.tariff.adjusted]
    if not adjusted:
        raise Unusable("factor_without_adjusted_tariff")
    if energy.reactive is None:
        raise Unusable("factor_without_reactive")
    active = whole(every_part(energy.parts))
    table = book.factors.get(supply.power_factor)
    standard = table.standard if table else given("power_factor.standard", supply.power_factor)
    found = power_factor.factor(active, energy.reactive)
    percent = power_factor.rate(found, standard, book)
    money = [line for one in adjusted for line in one.lines]
    priced = [(one.kwh, one.tariff) for one in adjusted]
    lines.append(power_factor.charge(power_factor.base(money, priced, basic, book), percent))
    return found


def before_in_year(period: date, used: Mapping[date, Decimal], start: date | None = None) -> Decimal:
    """Return the kWh of the earlier months of the same year, from the one in which the account began."""
    first = date(period.year, 1, 1)
    if start is not None and start.year == period.year:
        first = date(start.year, start.month, 1)
    return sum((kwh for month, kwh in used.items() if first <= month < period), ZERO)
