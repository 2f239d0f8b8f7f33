"""Tariff files: YAML of a region, read into a book; whatever is wrong with one is told with its place and a cure."""

import difflib
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import ConfigError
from desk.billing.model import Part
from desk.billing.steps import Step, bracket, given, table
from desk.billing.tariff import Bounds, Cycle, FactorTable, Ladder, Season, Surcharge, Tariff, TariffBook
from desk.billing.tariff_check import NATIONAL, faults
from desk.billing.tariff_shapes import (
    FactorShape,
    Fault,
    FileShape,
    LadderShape,
    PartShape,
    Shape,
    VersionShape,
    spans,
)

ENERGY = "yuan/kWh"


def regions() -> list[str]:
    """Return the names of the regions that come with the program."""
    return sorted(one.name.removesuffix(".yaml") for one in _packaged().iterdir() if one.name.endswith(".yaml"))


def _packaged() -> Traversable:
    return files("desk.billing") / "tariffs"


def check(name: str) -> list[Fault]:
    """Return what is wrong with a region's file or one of one's own. Raises ConfigError when there is none."""
    national = read(NATIONAL)
    shape = national if name == NATIONAL else read(name)
    if isinstance(shape, list):
        return shape
    if isinstance(national, list):
        return national
    return faults(name, shape, national)


def check_all() -> dict[str, list[Fault]]:
    """Return what is wrong with each region that comes with the program."""
    return {name: check(name) for name in regions()}


@lru_cache(maxsize=16)
def book(name: str) -> TariffBook:
    """Read the tariffs of a region that comes with the program, or of one's own file when it ends in `.yaml`.

    Rules and tables that a file does not have are those of the nation. Raises ConfigError with the first fault.
    """
    shape = read(name)
    national = shape if name == NATIONAL else read(NATIONAL)
    wrong = [] if isinstance(shape, list) or isinstance(national, list) else faults(name, shape, national)
    for found in (national, shape, wrong):
        if isinstance(found, list) and found:
            more = f" (and {len(found) - 1} more: `hotline tariff check`)" if len(found) > 1 else ""
            raise ConfigError(f"{found[0]}{more}")
    assert isinstance(shape, FileShape)
    assert isinstance(national, FileShape)
    return _book(shape, national)


def read(name: str) -> FileShape | list[Fault]:
    """Return what a tariff file holds, or what is wrong with its form. Raises ConfigError when there is none."""
    own = name.endswith(".yaml")
    source = Path(name) if own else _packaged() / f"{name}.yaml"
    if not source.is_file():
        known = ", ".join(regions())
        cure = "name one that is there ([site] tariffs)" if own else f"known: {known}, or a file of your own, NAME.yaml"
        raise ConfigError(f"tariffs {name!r}: there is no such file; {cure}")
    try:
        data: Any = YAML(typ="safe", pure=True).load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        return [Fault(name, "file", f"cannot be read as YAML: {' '.join(str(error).split())}", "correct it")]
    try:
        return FileShape.model_validate(data)
    except ValidationError as error:
        return [_fault(name, one) for one in error.errors()]


def _fault(name: str, error: Mapping[str, Any]) -> Fault:
    place = ".".join(str(one) for one in error["loc"]) or "file"
    if error["type"] == "extra_forbidden":
        key = str(error["loc"][-1])
        near = difflib.get_close_matches(key, sorted(_KEYS), n=1)
        return Fault(name, place, f"{key!r} is not known", f"did you mean {near[0]!r}?" if near else "remove it")
    if error["type"] == "missing":
        return Fault(name, place, "it is missing", "add it")
    if error["type"] == "model_type":
        what = f"keys with values are wanted, not {str(error.get('input'))[:60]!r}"
        return Fault(name, place, what, "write it as in docs/examples/tariffs.yaml")
    return Fault(name, place, str(error["msg"]), f"it has {str(error.get('input'))[:60]!r}")


_KEYS = {key for shape in Shape.__subclasses__() for key in shape.model_fields}


def _book(shape: FileShape, national: FileShape) -> TariffBook:
    rules = {**national.rules, **shape.rules}
    copper = shape.copper or national.copper
    assert copper is not None
    factors = {**national.power_factor, **shape.power_factor}
    return TariffBook(
        region=shape.region,
        title=shape.title,
        rules={key: given(f"rule.{key}", one.value, source=one.source) for key, one in rules.items()},
        copper=bracket("copper", [(one.upto, one.value) for one in copper.brackets]),
        factors={one.standard.value: one for one in (_factor(key, value) for key, value in factors.items())},
        tariffs={
            key: tuple(sorted((_tariff(key, one) for one in versions), key=lambda one: one.since))
            for key, versions in shape.tariffs.items()
        },
        hours={part: tuple(spans(text) for text in told) for part, told in shape.hours.parts.items()}
        if shape.hours
        else {},
    )


def _factor(standard: str, shape: FactorShape) -> FactorTable:
    rows = {Decimal(key): value for key, value in shape.rows.items()}
    step = given("power_factor.standard", Decimal(standard), source=shape.source)
    return FactorTable(step, rows, table(f"power_factor_{standard}", rows), shape.source)


def _tariff(key: str, one: VersionShape) -> Tariff:
    return Tariff(
        key=key,
        title=one.title,
        category=one.category,
        since=one.since,
        until=one.until,
        price=given("price", one.price.value, ENERGY, source=one.price.source),
        parts={part: _part(part, shape) for part, shape in one.parts.items()},
        by_ratio=frozenset(part for part, shape in one.parts.items() if shape.ratio is not None),
        surcharges=tuple(
            Surcharge(given("surcharge", s.value, ENERGY, source=s.source, of=s.name), s.included, s.without_loss)
            for s in one.surcharges
        ),
        seasons=tuple(
            Season(frozenset(s.months), given("season.ratio", s.ratio, source=s.source)) for s in one.seasons
        ),
        ladder=_ladder(one.ladder) if one.ladder else None,
        free=given("free.month", one.free.value, "kWh", source=one.free.source) if one.free else None,
        capacity=given("price.capacity", one.capacity.value, "yuan/kVA", source=one.capacity.source)
        if one.capacity
        else None,
        demand=given("price.demand", one.demand.value, "yuan/kW", source=one.demand.source) if one.demand else None,
        adjusted=one.adjusted,
        source=one.source,
    )


def _part(part: Part, shape: PartShape) -> Step:
    if shape.ratio is not None:
        return given("part.ratio", shape.ratio, source=shape.source, of=part.value)
    assert shape.price is not None
    return given("price", shape.price, ENERGY, source=shape.source, of=part.value)


def _ladder(one: LadderShape) -> Ladder:
    large = one.large_household
    return Ladder(
        cycle=Cycle(one.cycle),
        bounds=tuple(
            Bounds(
                frozenset(each.months),
                tuple(
                    given("ladder.upto", kwh, "kWh", source=one.source, of=str(tier))
                    for tier, kwh in enumerate(each.upto, start=1)
                ),
            )
            for each in one.bounds
        ),
        plus=tuple(
            given("ladder.plus", plus, ENERGY, source=one.source, of=str(tier))
            for tier, plus in enumerate(one.plus, start=1)
        ),
        people=large.people if large else None,
        more=tuple(given("ladder.more", kwh, "kWh", source=large.source) for kwh in large.more) if large else (),
    )
