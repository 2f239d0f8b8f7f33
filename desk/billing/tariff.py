"""Tariffs: what a kWh, a kVA and a power factor cost, from which day to which, and who decided it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from desk.billing.model import Part
from desk.billing.steps import DIFFERENCE, ONE, PRODUCT, SUM, Op, Rounding, Step, places, reckon
from desk.billing.supply import Unusable


class Cycle(StrEnum):
    """Over which time the steps of a ladder are counted."""

    YEAR = "year"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A government surcharge (代征) in yuan/kWh; `included`: the price has it in it already.

    `without_loss`: it is charged on energy without the transformer's loss.
    """

    price: Step
    included: bool
    without_loss: bool = False


@dataclass(frozen=True, slots=True)
class Season:
    """Months (1 to 12) in which the price is multiplied (丰枯)."""

    months: frozenset[int]
    ratio: Step


@dataclass(frozen=True, slots=True)
class Bounds:
    """The upper ends of the tiers of a ladder, kWh a month, in some months."""

    months: frozenset[int]
    upto: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """Tiers (阶梯): `plus[k]` yuan/kWh are added in tier k+1, `more[k]` kWh a month to its end from `people` on."""

    cycle: Cycle
    bounds: tuple[Bounds, ...]
    plus: tuple[Step, ...]
    people: int | None = None
    more: tuple[Step, ...] = ()

    def upto(self, month: int) -> tuple[Step, ...]:
        """Return the upper ends in a month of the year."""
        return next(one.upto for one in self.bounds if month in one.months)


@dataclass(frozen=True, slots=True, eq=False)
class Tariff:
    """One version of a tariff: valid from `since` to `until`, both included; prices are steps with their source.

    `parts` are prices of parts of the day, or ratios of the price where in `by_ratio`. `free`: kWh a month of poor
    households. `capacity` yuan/kVA, `demand` yuan/kW a month: a two-part tariff has at least one of them.
    `adjusted`: the power factor adjustment applies.
    """

    key: str
    title: str
    category: str
    since: date
    until: date | None
    price: Step
    parts: Mapping[Part, Step] = field(default_factory=dict)
    by_ratio: frozenset[Part] = frozenset()
    surcharges: tuple[Surcharge, ...] = ()
    seasons: tuple[Season, ...] = ()
    ladder: Ladder | None = None
    free: Step | None = None
    capacity: Step | None = None
    demand: Step | None = None
    adjusted: bool = False
    source: str = ""
    made: dict[tuple[Part | None, int], Step] = field(default_factory=dict, repr=False)

    def unit_price(self, part: Part | None, month: int) -> Step:
        """Return yuan/kWh in a part of the day and a month of the year; made once, shared by all bills."""
        found = self.made.get((part, month))
        if found is None:
            found = self.made[part, month] = self._price(part, month)
        return found

    def _price(self, part: Part | None, month: int) -> Step:
        named = part if part in self.parts else None
        whole = self.parts[named] if named and named not in self.by_ratio else self.price
        ratios = [self.parts[named]] if named in self.by_ratio and named else []
        ratios += [one.ratio for one in self.seasons if month in one.months]
        if not ratios:
            return whole
        included = tuple(one.price for one in self.surcharges if one.included)
        of = named.value if named else ""
        if not included:
            return reckon("price", PRODUCT, (whole, *ratios), whole.unit, source=self.source, of=of)
        bare = reckon("price.bare", DIFFERENCE, (whole, *included), whole.unit)
        floated = reckon("price.floated", PRODUCT, (bare, *ratios), whole.unit, source=self.source, of=of)
        return reckon("price", SUM, (floated, *included), whole.unit, of=of)


@dataclass(frozen=True, slots=True, eq=False)
class FactorTable:
    """The power factor adjustment of one standard: percent of the money for each hundredth from 0.00 to 1.00."""

    standard: Step
    rows: Mapping[Decimal, Decimal]
    op: Op
    source: str


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a period in which one version of a tariff holds."""

    tariff: Tariff
    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days


@dataclass(frozen=True, slots=True, eq=False)
class TariffBook:
    """All tariffs of a region with the rules that bills there are reckoned by, and the tables of the power factor."""

    region: str
    title: str
    rules: Mapping[str, Step]
    copper: Op
    factors: Mapping[Decimal, FactorTable]
    tariffs: Mapping[str, tuple[Tariff, ...]]
    hours: Mapping[Part, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """Minutes of the day in which each part begins and ends, where the region told them."""

    def energy_rounding(self) -> Rounding:
        """Return the rounding of energy that a meter or the loss gives."""
        return places(int(self.rules["energy_places"].value))

    def share_rounding(self) -> Rounding:
        """Return the rounding of a share of energy that goes to one of several."""
        up = self.rules["loss_share_up"].value == ONE
        return places(int(self.rules["energy_places"].value), up=up)

    def versions(self, key: str) -> tuple[Tariff, ...]:
        """Return the versions of a tariff, oldest first. Raises Unusable."""
        try:
            return self.tariffs[key]
        except KeyError:
            known = ", ".join(sorted(self.tariffs))
            raise Unusable("tariff_unknown", region=self.region, tariff=key, known=known) from None

    def spans(self, key: str, since: date, until: date) -> list[Span]:
        """Return the versions that hold from `since` to `until` (not included). Raises Unusable at a gap."""
        versions = self.versions(key)
        found: list[Span] = []
        day = since
        for one in versions:
            end = until if one.until is None else min(until, one.until + timedelta(days=1))
            if one.since <= day < end:
                found.append(Span(one, day, end))
                day = end
        if day < until:
            raise Unusable("tariff_gap", tariff=key, region=self.region, day=day)
        return found

    def on(self, key: str, day: date) -> Tariff | None:
        """Return the version that holds on a day, if any."""
        held: Sequence[Tariff] = self.versions(key)
        return next((one for one in held if one.since <= day and (one.until is None or day <= one.until)), None)
