"""What an account would pay on other terms or with other habits: contract, capacity or demand, power factor, hours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

from desk.billing.basic_charge import bounds
from desk.billing.readings import REACTIVE, difference
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.steps import CONTEXT, ONE, ZERO
from desk.billing.supply import (
    Basic,
    BasicKind,
    BillRefused,
    Meter,
    People,
    Point,
    Register,
    Supply,
    Unusable,
)
from desk.billing.tariff import TariffBook

YEAR = 12


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do: yuan of the bills `before` and `after` it, and of a year (12 ÷ months billed)."""

    before: Decimal
    after: Decimal
    months: int
    bills: tuple[Reckoned, ...]

    @property
    def difference(self) -> Decimal:
        return self.after - self.before

    @property
    def yearly(self) -> Decimal:
        """Yuan a year; a negative one is saved."""
        return (self.difference * YEAR / self.months).quantize(Decimal("0.01"))


Change = Callable[[Supply], Supply]


def effect(supplies: Sequence[Supply], change: Change, book: TariffBook) -> Effect:
    """Reckon bills as they are and as they would be; months that are refused as they are do not count.

    Raises BillRefused when the change cannot be, or no month can be reckoned.
    """
    with localcontext(CONTEXT):
        usable, before = _reckoned(supplies, book)
        after = []
        for one in usable:
            try:
                after.append(reckon_bill(change(one), book))
            except Unusable as found:
                raise found.refused(one) from None
            except ArithmeticError:
                raise Unusable("no_figure").refused(one) from None
        months = sum(one.months for one in usable)
        sums = [sum((bill.amount.value for bill in bills), ZERO) for bills in (before, after)]
        return Effect(sums[0], sums[1], months, tuple(after))


def _reckoned(supplies: Sequence[Supply], book: TariffBook) -> tuple[list[Supply], list[Reckoned]]:
    usable, bills, refused = [], [], None
    for one in supplies:
        try:
            bills.append(reckon_bill(one, book))
        except BillRefused as error:
            refused = error
        else:
            usable.append(one)
    if not usable and refused is not None:
        raise refused
    return usable, bills


@dataclass(frozen=True, slots=True)
class Possible:
    """Which changes make sense for a supply, with what holds now."""

    contract_kw: Decimal | None
    """The contract demand now; None: it has no basic charge."""
    contract_least: Decimal | None
    contract_most: Decimal | None
    basic: tuple[BasicKind, ...]
    """Ways of the basic charge that its tariff has prices for, other than the one it has."""
    power_factor: Decimal | None
    """Now; None: not metered, or no standard holds."""
    to_valley: bool
    people: int | None
    """From so many people on a household has longer tiers; None: that changes nothing."""
    poor: bool
    """Whether free energy of poor households would change the bill."""


def possible(bill: Reckoned, book: TariffBook) -> Possible:
    """Return which changes make sense for what was reckoned."""
    one, tariffs = bill.supply, bill.tariffs
    basic = one.basic
    kinds = [kind for kind in BasicKind if basic is not None and kind is not basic.kind and _priced(kind, bill)]
    kva = one.connected()
    low, high = bounds(kva, book) if kva else (None, None)
    ladders = [tariff.ladder for tariff in tariffs if tariff.ladder is not None]
    sizes = [ladder.people for ladder in ladders if ladder.people is not None]
    return Possible(
        contract_kw=basic.contract if basic is not None else None,
        contract_least=low.value if low is not None else None,
        contract_most=high.value if high is not None else None,
        basic=tuple(kinds),
        power_factor=bill.power_factor.value if bill.power_factor is not None else None,
        to_valley=any(tariff.parts for tariff in tariffs) and any(_tells(point, Register.PEAK) for point in one.points),
        people=min(sizes, default=None),
        poor=any(tariff.free is not None for tariff in tariffs) and not one.household.poor,
    )


def _priced(kind: BasicKind, bill: Reckoned) -> bool:
    if kind is BasicKind.CAPACITY:
        return any(tariff.capacity is not None for tariff in bill.tariffs)
    return bill.demand is not None and any(tariff.demand is not None for tariff in bill.tariffs)


def _tells(point: Point, register: Register) -> bool:
    dials = point.meter.dials if point.meter is not None else ()
    return {register, Register.VALLEY} <= {dial.register for dial in dials}


def people(count: int) -> Change:
    """So many people in the household in all months."""

    def changed(one: Supply) -> Supply:
        if count < 1:
            raise Unusable("household_of_none", count=count)
        return replace(one, household=replace(one.household, people=(People(date(1, 1, 1), count),)))

    return changed


def poor(yes: bool) -> Change:
    """The household has the free energy of poor ones, or has it no more."""
    return lambda one: replace(one, household=replace(one.household, poor=yes))


def contract(kw: Decimal) -> Change:
    """Another contract demand, in kW."""
    return lambda one: replace(one, basic=replace(_basic(one), kind=BasicKind.CONTRACT_DEMAND, contract=kw))


def basic_by(kind: BasicKind) -> Change:
    """The basic charge by capacity, contract demand or measured demand."""
    return lambda one: replace(one, basic=replace(_basic(one), kind=kind))


def _basic(one: Supply) -> Basic:
    if one.basic is None:
        raise Unusable("no_basic_charge")
    return one.basic


def power_factor(target: Decimal, book: TariffBook) -> Change:
    """So much reactive energy compensated that the power factor reaches `target`; a better one stays as it is."""

    def changed(one: Supply) -> Supply:
        if not 0 < target <= 1:
            raise Unusable("target_out_of_range", target=target)
        bill = reckon_bill(one, book)
        if bill.power_factor is None:
            raise Unusable("factor_not_metered")
        active, reactive = (step.value for step in bill.power_factor.inputs)
        allowed = active * (ONE / (target * target) - ONE).sqrt()
        return _with_less_reactive(one, reactive - allowed)

    return changed


def _with_less_reactive(one: Supply, kvarh: Decimal) -> Supply:
    """Take so many kvarh off the reactive registers of the main meters, rounded up."""
    left = kvarh
    points = []
    for point in one.points:
        if point.meter is None or point.parents:
            points.append(point)
            continue
        meter, left = _compensated(_from_zero(point.meter), left)
        points.append(replace(point, meter=meter))
    if left > 0:
        raise Unusable("reactive_of_the_transformer")
    return replace(one, points=tuple(points))


def _compensated(meter: Meter, left: Decimal) -> tuple[Meter, Decimal]:
    ratio = (meter.pt or ONE) * (meter.ct or ONE)
    dials = []
    for dial in meter.dials:
        if dial.register in REACTIVE and left > 0:
            taken = min(_up(left / ratio), dial.after)
            dial = replace(dial, after=dial.after - taken)
            left -= taken * ratio
        dials.append(dial)
    removed = meter.removed
    if removed is not None:
        removed, left = _compensated(removed, left)
    return replace(meter, dials=tuple(dials), removed=removed), left


def _from_zero(meter: Meter) -> Meter:
    """The same counts by a meter whose registers all began at 0: what is moved passes no end of a register."""
    dials = tuple(
        one if one.register is Register.DEMAND else replace(one, before=ZERO, after=difference(meter, one).value)
        for one in meter.dials
    )
    removed = _from_zero(meter.removed) if meter.removed is not None else None
    return replace(meter, dials=dials, removed=removed)


def _up(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"), ROUND_CEILING)


def moved(share: Decimal, away: Register = Register.PEAK, to: Register = Register.VALLEY) -> Change:
    """A share (0 to 1) of the energy of a part of the day used in another one."""

    def changed(one: Supply) -> Supply:
        if not 0 <= share <= 1:
            raise Unusable("share_to_move_out_of_range", share=share)
        points = tuple(_moved(point, share, away, to) for point in one.points)
        if points == one.points and share:
            raise Unusable("no_parts_to_move", away=away, to=to)
        return replace(one, points=points)

    return changed


def _moved(point: Point, share: Decimal, away: Register, to: Register) -> Point:
    if point.meter is None:
        return point
    registers = {dial.register for dial in point.meter.dials}
    if away not in registers or to not in registers:
        return point
    return replace(point, meter=_shifted(_from_zero(point.meter), share, away, to))


def _shifted(meter: Meter, share: Decimal, away: Register, to: Register) -> Meter:
    used = next((dial.after for dial in meter.dials if dial.register is away), ZERO)
    kwh = (used * share).quantize(Decimal("0.0001"), ROUND_FLOOR)
    by = {away: -kwh, to: kwh}
    dials = tuple(replace(one, after=one.after + by.get(one.register, ZERO)) for one in meter.dials)
    removed = _shifted(meter.removed, share, away, to) if meter.removed is not None else None
    return replace(meter, dials=dials, removed=removed)
