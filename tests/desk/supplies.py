"""Supplies for the tests of billing: made of what a case is about, the rest plain."""

from datetime import date
from decimal import Decimal

from desk.billing.steps import Step, recomputed
from desk.billing.supply import Dial, Meter, Point, Register, Supply

OCTOBER = date(2023, 10, 1)
NOVEMBER = date(2023, 11, 1)


def D(text: str | int) -> Decimal:  # noqa: N802
    return Decimal(text)


def dial(register: Register, before: str | int | Decimal, after: str | int | Decimal) -> Dial:
    return Dial(register, Decimal(before), Decimal(after))


def meter(
    kwh: str | int | Decimal, *others: Dial, name: str = "M1", ratio: int = 1, digits: int | None = None
) -> Meter:
    """A meter whose total went from 0 to `kwh` ÷ ratio."""
    total = dial(Register.TOTAL, 0, Decimal(kwh) / ratio)
    return Meter(name, (total, *others), Decimal(1), Decimal(ratio), digits)


def point(tariff: str, of: Meter, **more: object) -> Point:
    return Point(of.id, tariff, meter=of, **more)  # type: ignore[arg-type]


def supply(*points: Point, period: date = OCTOBER, until: date | None = None, **more: object) -> Supply:
    end = until or date(period.year + period.month // 12, period.month % 12 + 1, 1)
    return Supply("4400001001", period, period, end, points, **more)  # type: ignore[arg-type]


def home(kwh: str | int | Decimal, tariff: str = "residential", **more: object) -> Supply:
    return supply(point(tariff, meter(kwh)), **more)  # type: ignore[arg-type]


def find(step: Step, key: str, of: str | None = None) -> Step:
    """The first step of a name in a tree."""
    found = [one for one in walk(step) if one.key == key and (of is None or one.of == of)]
    assert found, f"no step {key} {of} in {sorted({one.key for one in walk(step)})}"
    return found[0]


def walk(step: Step) -> list[Step]:
    """A step and all below it, each once, in the order in which they come."""
    found: dict[int, Step] = {}

    def look(one: Step) -> None:
        if id(one) not in found:
            found[id(one)] = one
            for below in one.inputs:
                look(below)

    look(step)
    return list(found.values())


def proves_itself(step: Step) -> bool:
    return recomputed(step) == step.value
