"""The power factor adjustment (功率因数调整电费), by the tables of 水电财字〔83〕215号 ([domain 15.5])."""

from collections.abc import Iterable, Sequence

from desk.billing.steps import DIFFERENCE, FEN, HUNDREDTH, PERCENT, POWER_FACTOR, PRODUCT, SUM, Step, reckon
from desk.billing.supply import Unusable
from desk.billing.tariff import Tariff, TariffBook

SOURCE = "水电财字〔83〕215号"
BASE_SOURCE = "[seed 000] (电度 − 居光 + 基本) × 系数; proved by the worked bill"


def factor(active: Step, reactive: Step) -> Step:
    """Return P ÷ √(P² + Q²), to two decimals."""
    return reckon("power_factor", POWER_FACTOR, (active, reactive), "", HUNDREDTH, SOURCE)


def rate(found: Step, standard: Step, book: TariffBook) -> Step:
    """Return the percent by which the money changes (negative: less). Raises Unusable."""
    table = book.factors.get(standard.value)
    if table is None:
        known = ", ".join(str(one) for one in sorted(book.factors))
        raise Unusable("standard_unknown", standard=standard.value, known=known)
    return reckon("power_factor.rate", table.op, (found,), "%", None, table.source, str(standard.value))


def base(
    energy: Iterable[Step], priced: Sequence[tuple[Step, Tariff]], basic: Sequence[Step], book: TariffBook
) -> Step:
    """Return the yuan that the adjustment is reckoned of: energy and basic charge without the surcharges in them.

    `priced`: the kWh of each tariff. Surcharges beside the price are no part of it.
    """
    money = (*energy, *basic)
    whole = reckon("power_factor.money", SUM, money, "yuan") if len(money) > 1 else money[0]
    if book.rules["adjust_surcharges"].value:
        return whole
    inside = [
        reckon("surcharge.included", PRODUCT, (kwh, one.price), "yuan", source=one.price.source, of=one.price.of)
        for kwh, tariff in priced
        for one in tariff.surcharges
        if one.included
    ]
    if not inside:
        return whole
    return reckon("power_factor.base", DIFFERENCE, (whole, *inside), "yuan", source=BASE_SOURCE)


def charge(of: Step, percent: Step) -> Step:
    """Return the yuan added, or taken off."""
    return reckon("charge.power_factor", PERCENT, (of, percent), "yuan", FEN, SOURCE)
