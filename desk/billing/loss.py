"""What a customer's transformer loses where the meter is on its low side, and how that is shared ([domain 15.4])."""

from collections.abc import Mapping
from decimal import Decimal

from desk.billing.model import Part
from desk.billing.readings import Parts
from desk.billing.sharing import shares
from desk.billing.steps import PERCENT, PRODUCT, QUOTIENT, SQUARES, SUM, Step, given, reckon
from desk.billing.supply import LossMethod, Transformer, Unusable
from desk.billing.tariff import TariffBook

SIMPLE = "[public m.down10s.com] simple method"
FORMULA = "[own knowledge: unverified] ΔA = P0·T + K·(Ap² + Aq²)·Pk ÷ (S²·T)"
SHARED = "[seed 000] by energy, the remainder to flat"
Place = tuple[str, Part | None]
"""A metering point and a part of the day."""


def lost(transformer: Transformer, active: Step, reactive: Step | None, book: TariffBook) -> tuple[Step, Step | None]:
    """Return the active (kWh) and, where the method tells it, the reactive loss (kvarh). Raises Unusable."""
    if transformer.method is LossMethod.AGREED:
        known = _needed(transformer.agreed_active, "agreed_active", transformer)
        return (
            given("loss.agreed", known, "kWh", source="agreed"),
            given(
                "loss.agreed_reactive",
                _needed(transformer.agreed_reactive, "agreed_reactive", transformer),
                "kvarh",
                source="agreed",
            ),
        )
    if transformer.method is LossMethod.SIMPLE:
        return _simple(transformer, active, book), None
    return _formula(transformer, active, reactive, book)


def _needed(value: Decimal | None, name: str, transformer: Transformer) -> Decimal:
    if value is None or value < 0:
        raise Unusable("transformer_figure_missing", method=transformer.method, figure=name)
    return value


def _capacity(transformer: Transformer) -> Step:
    kva = _needed(transformer.capacity, "capacity", transformer)
    if not kva:
        raise Unusable("transformer_capacity_zero")
    return given("transformer.capacity", kva, "kVA")


def _hours(transformer: Transformer) -> Step:
    if transformer.hours <= 0:
        raise Unusable("transformer_without_hours")
    return given("transformer.hours", transformer.hours, "h")


def _simple(transformer: Transformer, active: Step, book: TariffBook) -> Step:
    no_load = given("transformer.no_load", _needed(transformer.no_load, "no_load", transformer), "kW")
    hours = _hours(transformer)
    kva = _capacity(transformer)
    full = reckon("loss.full_load", PRODUCT, (kva, hours, book.rules["loss_full_load"]), "kWh")
    load = reckon("loss.load_rate", QUOTIENT, (active, full), source=SIMPLE)
    share = reckon("loss.copper_share", book.copper, (load,), source=SIMPLE)
    iron = reckon("loss.iron", PRODUCT, (no_load, hours), "kWh", source=SIMPLE)
    copper = reckon("loss.copper", PRODUCT, (active, share), "kWh", source=SIMPLE)
    return reckon("loss.active", SUM, (iron, copper), "kWh", book.energy_rounding(), SIMPLE)


def _formula(
    transformer: Transformer, active: Step, reactive: Step | None, book: TariffBook
) -> tuple[Step, Step | None]:
    kva = _capacity(transformer)
    hours = _hours(transformer)
    current = reactive or given("energy.reactive", Decimal(0), "kvarh")
    squares = reckon("loss.squares", SQUARES, (active, current))
    plate = reckon("loss.plate", PRODUCT, (kva, kva, hours))
    load = given("transformer.load", _needed(transformer.load, "load", transformer), "kW")
    no_load = given("transformer.no_load", _needed(transformer.no_load, "no_load", transformer), "kW")
    total = _both("loss.active", (no_load, hours), (book.rules["loss_shape"], squares, load), plate, "kWh", book)
    if transformer.no_load_current is None or transformer.impedance is None:
        return total, None
    current_share = _needed(transformer.no_load_current, "no_load_current", transformer)
    magnetising = _of_capacity("transformer.magnetising", kva, current_share)
    stray = _of_capacity("transformer.stray", kva, _needed(transformer.impedance, "impedance", transformer))
    factors = (book.rules["loss_shape"], squares, stray)
    return total, _both("loss.reactive", (magnetising, hours), factors, plate, "kvarh", book)


def _of_capacity(key: str, kva: Step, percent: Decimal) -> Step:
    return reckon(key, PERCENT, (kva, given(f"{key}.percent", percent, "%")), "kvar")


def _both(key: str, idle: tuple[Step, ...], loaded: tuple[Step, ...], plate: Step, unit: str, book: TariffBook) -> Step:
    iron = reckon("loss.iron", PRODUCT, idle, unit, source=FORMULA)
    weighted = reckon("loss.weighted", PRODUCT, loaded)
    copper = reckon("loss.copper", QUOTIENT, (weighted, plate), unit, source=FORMULA)
    return reckon(key, SUM, (iron, copper), unit, book.energy_rounding(), FORMULA)


def shared(loss: Step, parts: Mapping[str, Parts], main: str, book: TariffBook) -> dict[str, Parts]:
    """Return the parts of each point with their share of the loss; the shares sum to the loss.

    In proportion to energy, rounded as the region rounds shares, never more than is left; what remains goes to flat of
    the point `main` (its only part, where it tells none apart). Points take their shares by name: where less than a
    unit is left for each, the order in which they are told changes nothing.
    """
    places: dict[Place, Step] = {(point, part): parts[point][part] for point in sorted(parts) for part in parts[point]}
    rest = (main, None if None in parts[main] else Part.FLAT)
    of = shares(loss, places, rest, book.share_rounding(), "loss.share", SHARED)
    return {
        point: {part: _with(kwh, of[point, part], part) for part, kwh in own.items()} for point, own in parts.items()
    }


def _with(kwh: Step, share: Step, part: Part | None) -> Step:
    if not share.value:
        return kwh
    return reckon("energy.with_loss", SUM, (kwh, share), "kWh", of=part.value if part else "")
