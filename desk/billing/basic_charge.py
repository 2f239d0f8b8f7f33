"""The basic charge of a two-part tariff: by capacity or by demand ([domain 15.3])."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from desk.billing.energy import Charged
from desk.billing.sharing import shares
from desk.billing.steps import ABOVE, FEN, ONE, PRODUCT, QUOTIENT, SHARE, SUM, ZERO, Step, given, reckon
from desk.billing.supply import Basic, BasicKind, Capacity, DayCount, Supply, Unusable
from desk.billing.tariff import Span, TariffBook

SOURCE = "[seed 000 两部制电费计算公式]"
HALF_MONTH = Decimal(15)


def charges(supply: Supply, spans: Sequence[Span], demand: Step | None, active: Step, book: TariffBook) -> list[Step]:
    """Return the lines of the basic charge; `active`: kWh in the period, by which a demand price may be lower.

    Raises Unusable.
    """
    basic = supply.basic
    if basic is None:
        return []
    lines: list[Step] = []
    for span in spans:
        lines += _of_span(supply, basic, span, demand, active, book)
    return lines


def _of_span(
    supply: Supply, basic: Basic, span: Span, demand: Step | None, active: Step, book: TariffBook
) -> list[Step]:
    if basic.kind is BasicKind.CAPACITY:
        price = span.tariff.capacity
        if price is None:
            raise Unusable("no_capacity_price", tariff=span.tariff.key)
        if not basic.capacities:
            raise Unusable("no_capacity")
        pieces = [_of_capacity(supply, one, span, price, book) for one in basic.capacities]
        return [one for one in pieces if one is not None]
    return _of_demand(supply, basic, span, demand, active, book)


def by_tariff(lines: Sequence[Step], charged: Sequence[Charged], main: str, book: TariffBook) -> list[Step]:
    """Return the lines shared among the two-part tariffs of an account, where the region shares them (`basic_shared`).

    By kWh (1) or by what the kWh cost (2), to fen, what remains to the tariff `main` of the main meter. One customer
    pays them all, so the shares show what each tariff costs and change no amount.
    """
    rule = book.rules["basic_shared"]
    two_part = [one for one in charged if one.tariff.capacity is not None or one.tariff.demand is not None]
    titles = {one.tariff.key: one.tariff.title for one in two_part}
    if not rule.value or len(titles) < 2:
        return list(lines)
    weights = {key: _weight(key, two_part, by_energy=rule.value == ONE) for key in sorted(titles)}
    found = []
    for line in lines:
        of = shares(line, weights, main, FEN, "basic.share", rule.source)
        found += [replace(share, key=line.key, of="", tariff=titles[key]) for key, share in of.items()]
    return found


def _weight(key: str, two_part: Sequence[Charged], *, by_energy: bool) -> Step:
    own = [one for one in two_part if one.tariff.key == key]
    steps = tuple(one.kwh for one in own) if by_energy else tuple(line for one in own for line in one.lines)
    return reckon("basic.weight", SUM, steps, steps[0].unit, of=own[-1].tariff.title)


def thirtieths(since: date, until: date, month_days: int = 30) -> int:
    """Return the days of a capacity from a day to another in months of thirty days.

    A whole month is 30 whatever its length, and parts of it sum to it: the 31st counts nothing, the last of February
    the rest ([ours]: the source divides by 30 and does not say what becomes of the 31st).
    """
    months = (until.year - since.year) * 12 + until.month - since.month
    return months * month_days + min(until.day - 1, month_days) - min(since.day - 1, month_days)


def _days(supply: Supply, one: Capacity, span: Span, book: TariffBook) -> Step:
    """The days of a capacity within a version of the tariff; its way to count holds for its days of the whole bill."""
    since, until = _within(one, supply.since, supply.until)
    month = book.rules["month_days"]
    source = f"{SOURCE} mode {list(DayCount).index(one.count)}, {one.count}"
    own, whole = (
        given("days", Decimal(thirtieths(*days, int(month.value))), "d", source=source)
        for days in (_within(one, span.since, span.until), (since, until))
    )
    if one.count is DayCount.ACTUAL or (since, until) == (supply.since, supply.until):
        return own
    if supply.months > 1:
        raise Unusable("capacity_by_month", day_count=one.count, months=supply.months)
    days = {DayCount.ZERO: ZERO, DayCount.HALF: HALF_MONTH, DayCount.FULL: month.value}[one.count]
    counted = given("days", days, "d", source=source)
    return counted if own.value == whole.value else reckon("days", SHARE, (counted, own, whole), "d")


def _within(one: Capacity, since: date, until: date) -> tuple[date, date]:
    return max(one.since or since, since), min(one.until or until, until)


def _of_capacity(supply: Supply, one: Capacity, span: Span, price: Step, book: TariffBook) -> Step | None:
    """None: the capacity is in service on none of these days, or laid off for nothing."""
    since, until = _within(one, span.since, span.until)
    if one.kva < 0:
        raise Unusable("capacity_negative", kva=one.kva)
    if one.since and one.until and one.until <= one.since:
        raise Unusable("capacity_ends_before_it_begins", until=one.until, since=one.since)
    if until <= since:
        return None
    share = book.rules["suspended_share"]
    if one.suspended and not share.value:
        return None
    days = _days(supply, one, span, book)
    factors = (given("capacity", one.kva, "kVA"), price, days, *((share,) if one.suspended else ()))
    month = reckon("charge.capacity.of_month", PRODUCT, factors)
    return reckon("charge.basic", QUOTIENT, (month, book.rules["month_days"]), "yuan", FEN, SOURCE)


def _of_demand(
    supply: Supply, basic: Basic, span: Span, demand: Step | None, active: Step, book: TariffBook
) -> list[Step]:
    if span.tariff.demand is None:
        raise Unusable("no_demand_price", tariff=span.tariff.key)
    if demand is None:
        raise Unusable("no_demand_reading")
    price = _price(supply, span.tariff.demand, active, book)
    days = given("days", Decimal(thirtieths(span.since, span.until, int(book.rules["month_days"].value))), "d")
    whole = span.since == supply.since and span.until == supply.until and supply.months == 1
    if basic.kind is BasicKind.MEASURED_DEMAND:
        return [_line("charge.basic", demand, (price,), days, book, whole=whole)]
    contract = _agreed(supply, basic, book)
    lines = [_line("charge.basic", contract, (price,), days, book, whole=whole)]
    limit = reckon("demand.limit", PRODUCT, (contract, book.rules["demand_over"]), "kW")
    over = reckon("demand.over", ABOVE, (demand, limit), "kW", source=SOURCE)
    if over.value:
        multiple = book.rules["demand_multiple"]
        lines.append(_line("charge.over_demand", over, (price, multiple), days, book, whole=whole))
    return lines


def _line(key: str, kw: Step, factors: tuple[Step, ...], days: Step, book: TariffBook, *, whole: bool) -> Step:
    if whole:
        return reckon(key, PRODUCT, (kw, *factors), "yuan", FEN, SOURCE)
    month = reckon(f"{key}.of_month", PRODUCT, (kw, *factors, days))
    return reckon(key, QUOTIENT, (month, book.rules["month_days"]), "yuan", FEN, SOURCE)


def _agreed(supply: Supply, basic: Basic, book: TariffBook) -> Step:
    """Return the demand agreed in kW. Raises Unusable when it is outside its limits of the capacity."""
    if basic.contract is None:
        raise Unusable("no_demand_agreed")
    contract = given("demand.contract", basic.contract, "kW")
    if supply.connected():
        low, high = bounds(supply.connected(), book)
        if not low.value <= basic.contract <= high.value:
            raise Unusable("demand_out_of_limits", kw=basic.contract, least=low.value, most=high.value)
    return contract


def bounds(kva: Decimal, book: TariffBook) -> tuple[Step, Step]:
    """Return the least and the highest demand that may be agreed for a capacity, in kW."""
    capacity = given("capacity", kva, "kVA")
    low = reckon("demand.least", PRODUCT, (capacity, book.rules["contract_least"]), "kW")
    return low, reckon("demand.highest", PRODUCT, (capacity, book.rules["contract_most"]), "kW")


def _price(supply: Supply, price: Step, active: Step, book: TariffBook) -> Step:
    """The price of demand: lower for who uses so many kWh a kVA in the month."""
    connected, hours, ratio = supply.connected(), book.rules["demand_hours"], book.rules["demand_reduced"]
    if not connected or not hours.value or active.value < connected * hours.value * supply.months:
        return price
    return reckon("price.demand_reduced", PRODUCT, (price, ratio), price.unit, source=ratio.source)
