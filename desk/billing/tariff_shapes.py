"""What may stand in a tariff file, and what is said of a fault in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from desk.billing.model import Part


def _exact(value: object) -> object:
    """Decimals as they are written: 0.5469 is not the binary fraction next to it."""
    if isinstance(value, bool):
        raise ValueError("write a number")
    if isinstance(value, int | float | str):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise ValueError("write a number") from None
    return value


Number = Annotated[Decimal, BeforeValidator(_exact)]
Price = Annotated[Number, Field(ge=0, le=100)]
Source = Annotated[str, Field(min_length=3)]


class Shape(BaseModel):
    """Something in a tariff file; a key that is not known is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sourced(Shape):
    """A number beside its source."""

    value: Number
    source: Source


class PriceShape(Shape):
    """A price beside its source."""

    value: Price
    source: Source


class PartShape(Shape):
    """The price of a part of the day, or its ratio to the price."""

    price: Price | None = None
    ratio: Annotated[Number, Field(gt=0, le=10)] | None = None
    source: Source


class SurchargeShape(Shape):
    """A government surcharge, on all energy or on that without the transformer's loss."""

    name: str
    value: Price
    included: bool
    without_loss: bool = False
    source: Source


class SeasonShape(Shape):
    """Months with a ratio of their own."""

    months: list[Annotated[int, Field(ge=1, le=12)]]
    ratio: Annotated[Number, Field(gt=0, le=10)]
    source: Source


class BoundsShape(Shape):
    """Upper ends of the tiers in some months (all, when not named)."""

    months: list[Annotated[int, Field(ge=1, le=12)]] = list(range(1, 13))
    upto: list[Annotated[Number, Field(gt=0)]]


class LargeShape(Shape):
    """What is added to the ends of the tiers for large households."""

    people: Annotated[int, Field(ge=2)]
    more: list[Number]
    source: Source


class LadderShape(Shape):
    """A ladder."""

    cycle: Literal["year", "month"]
    bounds: list[BoundsShape]
    plus: list[Price]
    large_household: LargeShape | None = None
    source: Source


class VersionShape(Shape):
    """One version of a tariff."""

    title: str
    category: Literal["residential", "agricultural", "commercial"]
    since: date
    until: date | None = None
    source: Source
    price: PriceShape
    parts: dict[Part, PartShape] = {}
    surcharges: list[SurchargeShape] = []
    seasons: list[SeasonShape] = []
    ladder: LadderShape | None = None
    free: Sourced | None = None
    capacity: PriceShape | None = None
    demand: PriceShape | None = None
    adjusted: bool = False


class HoursShape(Shape):
    """When the parts of the day are, `HH-HH` or `HH:MM-HH:MM`."""

    source: Source
    parts: dict[Part, list[str]]


class BracketShape(Shape):
    """A value up to a bound; without `upto`: beyond all."""

    upto: Number | None = None
    value: Number


class CopperShape(Shape):
    """The share of the energy that the simple method counts as copper loss, by load rate."""

    brackets: list[BracketShape]
    source: Source


class FactorShape(Shape):
    """The adjustment of one standard: percent for each hundredth."""

    source: Source
    rows: dict[str, Number]


class FileShape(Shape):
    """A tariff file: of a region, or the one of the nation, which has the rules and the tables."""

    region: str
    title: str
    rules: dict[str, Sourced] = {}
    copper: CopperShape | None = None
    power_factor: dict[str, FactorShape] = {}
    hours: HoursShape | None = None
    tariffs: dict[str, list[VersionShape]] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a tariff file, where, and what to do."""

    file: str
    place: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.what}; {self.cure}"


def spans(text: str) -> tuple[int, int]:
    """Return the minutes of the day that `22-6` or `08:30-11:00` goes from and to. Raises ValueError."""
    begin, _, end = text.partition("-")
    return _minute(begin), _minute(end)


def _minute(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    at = int(hour) * 60 + int(minute or 0)
    if not 0 <= at <= 24 * 60:
        raise ValueError(f"{text!r} is no time of the day")
    return at


def every_version(shape: FileShape) -> Iterator[tuple[str, VersionShape]]:
    """Yield each version of each tariff with its place."""
    for key, versions in shape.tariffs.items():
        for at, one in enumerate(versions):
            yield f"tariffs.{key}[{at}]", one
