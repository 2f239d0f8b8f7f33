"""What an account would pay on other terms or with other habits: contract, capacity or demand, power factor, hours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

from desk.billing.readings import REACTIVE
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.steps import CONTEXT, ONE, ZERO
from desk.billing.supply import Basic, BasicKind, Dial, Kind, Meter, Point, Register, Supply, Unusable
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
    """Reckon bills as they are and as they would be. Raises BillRefused when the change cannot be."""
    with localcontext(CONTEXT):
        before = [reckon_bill(one, book) for one in supplies]
        after = []
        for one in supplies:
            try:
                after.append(reckon_bill(change(one), book))
            except Unusable as found:
                raise found.refused(one) from None
        months = sum(one.months for one in supplies)
        sums = [sum((bill.amount.value for bill in bills), ZERO) for bills in (before, after)]
        return Effect(sums[0], sums[1], months, tuple(after))


def contract(kw: Decimal) -> Change:
    """Another contract demand, in kW."""
    return lambda one: replace(one, basic=replace(_basic(one), kind=BasicKind.CONTRACT_DEMAND, contract=kw))


def basic_by(kind: BasicKind) -> Change:
    """The basic charge by capacity, contract demand or measured demand."""
    return lambda one: replace(one, basic=replace(_basic(one), kind=kind))


def _basic(one: Supply) -> Basic:
    if one.basic is None:
        raise Unusable("it has no basic charge", "ask about another account: this one has a single-part tariff")
    return one.basic


def power_factor(target: Decimal, book: TariffBook) -> Change:
    """So much reactive energy compensated that the power factor reaches `target`; a better one stays as it is."""

    def changed(one: Supply) -> Supply:
        if not 0 < target <= 1:
            raise Unusable(f"a power factor of {target}", "give one above 0, up to 1")
        bill = reckon_bill(one, book)
        if bill.power_factor is None:
            raise Unusable("its power factor is not metered", "ask about an account with reactive readings")
        active, reactive = (step.value for step in bill.power_factor.inputs)
        allowed = active * (ONE / (target * target) - ONE).sqrt()
        if reactive <= allowed:
            return one
        return _with_less_reactive(one, reactive - allowed)

    return changed


def _with_less_reactive(one: Supply, kvarh: Decimal) -> Supply:
    """Take so many kvarh off the reactive registers of the main meters, rounded up."""
    left = kvarh
    points = []
    for point in one.points:
        meter = point.meter
        if meter is None or point.parents:
            points.append(point)
            continue
        ratio = (meter.pt or ONE) * (meter.ct or ONE)
        dials = []
        for dial in meter.dials:
            if dial.register in REACTIVE and left > 0:
                taken = min(_up(left / ratio), dial.after - dial.before)
                dial = replace(dial, after=dial.after - taken)
                left -= taken * ratio
            dials.append(dial)
        points.append(replace(point, meter=replace(meter, dials=tuple(dials))))
    if left > 0:
        raise Unusable("its reactive energy is that of the transformer alone", "compensate at the transformer")
    return replace(one, points=tuple(points))


def _up(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"), ROUND_CEILING)


def moved(share: Decimal, away: Register = Register.PEAK, to: Register = Register.VALLEY) -> Change:
    """A share (0 to 1) of the energy of a part of the day used in another one."""

    def changed(one: Supply) -> Supply:
        if not 0 <= share <= 1:
            raise Unusable(f"a share of {share}", "give one from 0 to 1")
        points = tuple(_moved(point, share, away, to) for point in one.points)
        if points == one.points and share:
            raise Unusable(f"no meter of it has registers {away} and {to}", "ask about an account billed by the hour")
        return replace(one, points=points)

    return changed


def _moved(point: Point, share: Decimal, away: Register, to: Register) -> Point:
    if point.kind is not Kind.REAL or point.meter is None:
        return point
    by_register = {dial.register: dial for dial in point.meter.dials}
    if away not in by_register or to not in by_register:
        return point
    used = by_register[away].after - by_register[away].before
    kwh = (used * share).quantize(Decimal("0.0001"), ROUND_FLOOR)
    shifted: dict[Register, Dial] = {
        away: replace(by_register[away], after=by_register[away].after - kwh),
        to: replace(by_register[to], after=by_register[to].after + kwh),
    }
    meter: Meter = replace(point.meter, dials=tuple(shifted.get(one.register, one) for one in point.meter.dials))
    return replace(point, meter=meter)
