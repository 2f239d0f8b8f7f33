"""From what meters show to kWh: multiplier, rollover, replaced meter, additions, parts of the day ([domain 15.1])."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from desk.billing.model import Part
from desk.billing.steps import (
    DIFFERENCE,
    LEAST,
    MOST,
    ONE,
    PRODUCT,
    ROLLED,
    SUM,
    ZERO,
    Rounding,
    Step,
    given,
    reckon,
)
from desk.billing.supply import Change, Dial, Meter, Point, Register, Unusable

Parts = dict[Part | None, Step]
"""kWh of each part of the day; under None where a meter does not tell parts apart."""

PART_OF = {
    Register.SHARP: Part.SHARP,
    Register.PEAK: Part.PEAK,
    Register.VALLEY: Part.VALLEY,
    Register.FLAT: Part.FLAT,
}
MEASURED = (Register.SHARP, Register.PEAK, Register.VALLEY)
"""Parts that have a register; flat is the remainder ([seed 000])."""
REACTIVE = (Register.REACTIVE, Register.REVERSE_REACTIVE)
_MODULI = {digits: given("modulus", Decimal(10) ** digits) for digits in range(1, 13)}
_SINGLE = given("multiplier", ONE, source="[seed 000] PT × CT")
SOURCE_READ = "[seed 000 电量电费计算算法]"


@dataclass(frozen=True, slots=True)
class Measured:
    """What the meter of a point tells: kWh by part, kvarh (both directions), kW of the highest demand."""

    parts: Parts
    reactive: tuple[Step, ...] = ()
    demand: Step | None = None


def measured(point: Point, rounding: Rounding) -> Measured:
    """Return the energy of a point with a meter, additions and make-up before it included. Raises Unusable."""
    meter = point.meter
    if meter is None:
        raise Unusable("no_reading", point.id, point=point.id)
    registers = _registers(meter, rounding)
    if Register.TOTAL not in registers:
        raise Unusable("no_total", meter.id)
    parts = _parts(meter, registers, rounding)
    parts = added(parts, (*point.changes, *point.before_meter), meter.id)
    for part, kwh in parts.items():
        if kwh.value < 0:
            raise Unusable("energy_negative", meter.id, part=part or Register.TOTAL, kwh=kwh.value)
    return Measured(parts, tuple(registers[one] for one in REACTIVE if one in registers), _demand(meter))


def added(parts: Parts, changes: Iterable[Change], meter: str) -> Parts:
    """Return the parts with energy added or taken away, each change in the part that it names. Raises Unusable."""
    by_part: dict[Part | None, list[Step]] = {}
    for change in changes:
        part = PART_OF.get(change.register)
        if part not in parts:
            if None in parts:
                raise Unusable("change_not_in_the_total", meter, kwh=change.kwh, register=change.register)
            raise Unusable("change_not_in_a_part", meter, kwh=change.kwh, register=change.register)
        if not change.cause.strip():
            raise Unusable("change_without_cause", meter, kwh=change.kwh)
        by_part.setdefault(part, []).append(given("energy.change", change.kwh, "kWh", source=change.cause))
    return {
        part: reckon("energy.changed", SUM, (kwh, *by_part[part]), "kWh", of=kwh.of) if part in by_part else kwh
        for part, kwh in parts.items()
    }


def _registers(meter: Meter, rounding: Rounding) -> dict[Register, Step]:
    """What each counter of the meter, and of the one it replaced, has counted."""
    multiplier = _multiplier(meter)
    read: dict[Register, Step] = {
        dial.register: _counted(meter, dial, multiplier, rounding)
        for dial in meter.dials
        if dial.register is not Register.DEMAND
    }
    if len({dial.register for dial in meter.dials}) < len(meter.dials):
        raise Unusable("register_twice", meter.id)
    if meter.removed is None:
        return read
    before = _registers(meter.removed, rounding)
    if set(before) != set(read):
        raise Unusable("registers_of_both_differ", meter.id, removed=meter.removed.id)
    return {
        register: reckon("energy.both_meters", SUM, (before[register], step), step.unit, of=register.value)
        for register, step in read.items()
    }


def _multiplier(meter: Meter) -> Step:
    if meter.pt is None or meter.ct is None or meter.pt <= 0 or meter.ct <= 0:
        raise Unusable("no_multiplier", meter.id)
    if meter.pt == ONE == meter.ct:
        return _SINGLE
    ratios = (given("multiplier.pt", meter.pt), given("multiplier.ct", meter.ct))
    return reckon("multiplier", PRODUCT, ratios, source="[seed 000] PT × CT")


def _counted(meter: Meter, dial: Dial, multiplier: Step, rounding: Rounding) -> Step:
    unit = "kvarh" if dial.register in REACTIVE else "kWh"
    return reckon(
        "energy.read",
        PRODUCT,
        (difference(meter, dial), multiplier),
        unit,
        rounding,
        SOURCE_READ,
        dial.register.value,
    )


def difference(meter: Meter, dial: Dial) -> Step:
    """Return what a register has counted, before the multiplier. Raises Unusable."""
    before, after = dial.before, dial.after
    if before < 0 or after < 0:
        raise Unusable("register_negative", meter.id, register=dial.register, reading=min(before, after))
    now, last = given("reading.now", after, of=meter.id), given("reading.last", before, of=meter.id)
    if after >= before and (meter.digits is None or after < _MODULI[meter.digits].value):
        return reckon("reading.difference", DIFFERENCE, (now, last))
    if meter.digits is None:
        raise Unusable("register_fell", meter.id, register=dial.register, now=after, last=before)
    modulus = _MODULI[meter.digits]
    if max(before, after) >= modulus.value:
        raise Unusable(
            "register_beyond_digits", meter.id, register=dial.register, reading=max(before, after), digits=meter.digits
        )
    return reckon("reading.difference", ROLLED, (now, last, modulus), source="[seed 000] 翻转, by the modulus 10ⁿ")


def _parts(meter: Meter, registers: Mapping[Register, Step], rounding: Rounding) -> Parts:
    total = registers[Register.TOTAL]
    told = [one for one in MEASURED if one in registers]
    if not told:
        return {None: total}
    exact = sum((registers[one].inputs[0].value for one in told), ZERO) if meter.removed is None else None
    if exact is not None and exact > total.inputs[0].value:
        raise Unusable("parts_above_total", meter.id, parts=_sum(registers, told), total=total.value)
    parts: Parts = {}
    left = total
    for register in told:
        step = registers[register]
        # Each part is rounded by itself, so together they may pass the total by a unit that was never counted.
        if step.value > left.value:
            if exact is None and step.value - left.value > rounding.quantum * len(told):
                raise Unusable("parts_of_both_above_total", meter.id, parts=_sum(registers, told), total=total.value)
            step = reckon("energy.read_left", LEAST, (step, left), "kWh", of=register.value)
        parts[PART_OF[register]] = step
        left = reckon("energy.flat", DIFFERENCE, (total, *parts.values()), "kWh", source="[seed 000] 平 = 总 − 峰 − 谷")
    parts[Part.FLAT] = Step(
        left.key, left.value, left.unit, left.op, left.inputs, left.rounding, left.source, Part.FLAT.value
    )
    return parts


def _sum(registers: Mapping[Register, Step], told: Iterable[Register]) -> Decimal:
    return sum((registers[one].value for one in told), ZERO)


def _demand(meter: Meter) -> Step | None:
    """The highest demand that the meter has shown, or the one that it replaced."""
    found = _demand_shown(meter)
    if meter.removed is None:
        return found
    before = _demand(meter.removed)
    if found is None and before is None:
        return None
    if found is None or before is None:
        raise Unusable("demand_of_both_missing", meter.id, removed=meter.removed.id)
    return reckon("demand.measured", MOST, (before, found), "kW")


def _demand_shown(meter: Meter) -> Step | None:
    dial = next((one for one in meter.dials if one.register is Register.DEMAND), None)
    if dial is None:
        return None
    if dial.after < 0:
        raise Unusable("demand_negative", meter.id, reading=dial.after)
    shown = given("reading.demand", dial.after, "kW", of=meter.id)
    return reckon("demand.measured", PRODUCT, (shown, _multiplier(meter)), "kW")
