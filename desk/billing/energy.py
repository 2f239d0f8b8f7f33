"""The kWh that a bill is reckoned of: by point and part, with loss and make-up, in each version of the tariff."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from desk.billing import loss
from desk.billing.readings import Parts
from desk.billing.sharing import shares
from desk.billing.steps import SUM, Step, given, reckon
from desk.billing.submeters import Metered, metered, with_later
from desk.billing.supply import Supply
from desk.billing.tariff import Span, Tariff, TariffBook


@dataclass(frozen=True, slots=True)
class Energy:
    """The kWh of each point by part, loss and make-up in it; `bare`: without the loss, the same where there is none.

    `reactive` and `demand` are None where they were not read.
    """

    parts: Mapping[str, Parts]
    bare: Mapping[str, Parts]
    reactive: Step | None
    demand: Step | None


@dataclass(frozen=True, slots=True)
class Charged:
    """Energy of a point by a version of its tariff, and the lines of the bill for it."""

    tariff: Tariff
    kwh: Step
    lines: tuple[Step, ...]


def energy_of(supply: Supply, book: TariffBook) -> Energy:
    """Return the energy of a supply. Raises Unusable."""
    found = metered(supply.points, book)
    reactive = tuple(step for read in found.roots.values() for step in read.reactive)
    demands = tuple(read.demand for read in found.roots.values() if read.demand is not None)
    parts, bare = found.parts, found.parts
    if supply.transformer is not None:
        active = whole(every_part(found.whole))
        current = _sum("energy.reactive", reactive, "kvarh")
        lost, lost_reactive = loss.lost(supply.transformer, active, current, book)
        parts = loss.shared(lost, parts, _main(supply, found), book)
        reactive += (lost_reactive,) if lost_reactive is not None else ()
    if any(point.after_meter for point in supply.points):
        lossless = parts is bare
        parts = {point.id: with_later(parts[point.id], point) for point in supply.points}
        bare = parts if lossless else {point.id: with_later(bare[point.id], point) for point in supply.points}
    return Energy(parts, bare, _sum("energy.reactive", reactive, "kvarh"), _sum("demand.measured", demands, "kW"))


def every_part(parts: Mapping[str, Parts]) -> list[Step]:
    """Return the kWh of all points and parts."""
    return [kwh for own in parts.values() for kwh in own.values()]


def _main(supply: Supply, found: Metered) -> str:
    return next(point.id for point in supply.points if point.id in found.roots)


def whole(parts: Iterable[Step]) -> Step:
    """Return the sum of kWh."""
    steps = tuple(parts)
    return steps[0] if len(steps) == 1 else reckon("energy.total", SUM, steps, "kWh")


def _sum(key: str, steps: Sequence[Step], unit: str) -> Step | None:
    if not steps:
        return None
    return steps[0] if len(steps) == 1 else reckon(key, SUM, tuple(steps), unit)


def by_span(parts: Parts, spans: Sequence[Span], book: TariffBook) -> list[tuple[Span, Parts]]:
    """Return the energy of each version of the tariff: by days, what remains to the last."""
    if len(spans) == 1:
        return [(spans[0], parts)]
    days = {
        at: given("days", Decimal(span.days), "d", of=f"{span.since} – {span.until}") for at, span in enumerate(spans)
    }
    rounding = book.energy_rounding()
    split = {
        part: shares(kwh, days, len(spans) - 1, rounding, "energy.of_days", "[ours] by days, as nobody read that day")
        for part, kwh in parts.items()
    }
    return [(span, {part: split[part][at] for part in parts}) for at, span in enumerate(spans)]
