"""What a bill is reckoned of: the readings of an account's meters and the terms of its supply, for one period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self

from core.errors import BadInput
from desk.billing.refusals import halves, told
from desk.billing.step_words import Language


class Register(StrEnum):
    """What a register of a meter counts (示数类型)."""

    TOTAL = "total"
    SHARP = "sharp"
    PEAK = "peak"
    FLAT = "flat"
    VALLEY = "valley"
    REACTIVE = "reactive"
    """正向无功"""
    REVERSE_REACTIVE = "reverse_reactive"
    """反向无功"""
    DEMAND = "demand"
    """最大需量, in kW before the multiplier; not a counter"""


class Kind(StrEnum):
    """How the energy of a metering point is known; sub-meters are taken off in this order ([domain 15.1])."""

    REAL = "real"
    """实表: by a meter"""
    FIXED = "fixed"
    """定量: an agreed quantity"""
    RATIO = "ratio"
    """定比: an agreed share of the parent's"""


class DayCount(StrEnum):
    """How the days of a capacity count in a month in which it changes ([domain 15.3], modes 0 to 3)."""

    ACTUAL = "actual"
    ZERO = "zero"
    HALF = "half"
    FULL = "full"


class LossMethod(StrEnum):
    """How a transformer's loss is known ([domain 15.4])."""

    FORMULA = "formula"
    SIMPLE = "simple"
    AGREED = "agreed"


class BasicKind(StrEnum):
    """What the basic charge of a two-part tariff goes by ([domain 15.3])."""

    CAPACITY = "capacity"
    CONTRACT_DEMAND = "contract_demand"
    MEASURED_DEMAND = "measured_demand"


@dataclass(frozen=True, slots=True)
class Dial:
    """Two readings of a register, with the unit of its face; a demand register has only `after`."""

    register: Register
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter over a period: dials, ratios of its voltage and current transformers, digits before the point.

    `removed` is the meter that it took the place of within the period (换表).
    """

    id: str
    dials: tuple[Dial, ...]
    pt: Decimal | None = None
    ct: Decimal | None = None
    digits: int | None = None
    removed: "Meter | None" = None


@dataclass(frozen=True, slots=True)
class Change:
    """Energy added or taken away (kWh, signed) with the cause; at a meter with parts of the day it names one."""

    kwh: Decimal
    cause: str
    register: Register = Register.TOTAL


@dataclass(frozen=True, slots=True)
class Point:
    """A metering point (计量点): `quantity` is kWh of a fixed one, the share (0 to 1) of a ratio one.

    `parents` are the points whose meters count its energy too. `changes` are additions (增减); make-up energy before
    the meter (表前补) takes part in deduction and loss, that after it (表后补) in neither ([domain 15.1]).
    """

    id: str
    tariff: str
    kind: Kind = Kind.REAL
    meter: Meter | None = None
    quantity: Decimal | None = None
    parents: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    before_meter: tuple[Change, ...] = ()
    after_meter: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Transformer:
    """The customer's transformer where the meter is on its low side (高供低计): nameplate, or the agreed loss.

    `capacity` kVA, `no_load` and `load` kW, `no_load_current` and `impedance` percent, `hours` in service.
    """

    method: LossMethod
    capacity: Decimal | None = None
    no_load: Decimal | None = None
    load: Decimal | None = None
    no_load_current: Decimal | None = None
    impedance: Decimal | None = None
    hours: Decimal = Decimal(720)
    agreed_active: Decimal | None = None
    agreed_reactive: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Capacity:
    """A capacity (kVA) in service from a day to another (not included); without days: the whole period.

    `suspended`: laid off for the time (暂停).
    """

    kva: Decimal
    since: date | None = None
    until: date | None = None
    count: DayCount = DayCount.ACTUAL
    suspended: bool = False

    def in_service(self, day: date) -> bool:
        return not self.suspended and (self.since or day) <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Basic:
    """The terms of the basic charge: capacities in kVA, the demand agreed in kW."""

    kind: BasicKind
    capacities: tuple[Capacity, ...] = ()
    contract: Decimal | None = None

    def connected(self, since: date, until: date) -> Decimal:
        """kVA in service: the most on any day from `since` to `until`; one that follows another is no addition."""
        days = {since, *(one.since for one in self.capacities if one.since and since < one.since < until)}
        return max(sum((one.kva for one in self.capacities if one.in_service(day)), Decimal(0)) for day in days)


@dataclass(frozen=True, slots=True)
class People:
    """How many live in a household from a month on."""

    since: date
    count: int


@dataclass(frozen=True, slots=True)
class Household:
    """What the ladder of a household goes by: `since` when its account is in this name; `poor`: 低保/特困."""

    since: date | None = None
    people: tuple[People, ...] = ()
    poor: bool = False


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Yuan charged (or given back, negative) beside what is reckoned, with the cause."""

    amount: Decimal
    cause: str


@dataclass(frozen=True, slots=True)
class Supply:
    """An account in a period: everything that its bill is reckoned of.

    `period` is the first day of the month billed; readings span `since` to `until` (not included), that is
    `months` of the ladder.
    `used_before`: kWh of this ladder year already billed. `power_factor`: the standard that the account is held to.
    `region`: whose tariffs hold; empty: those of the site.
    """

    account: str
    period: date
    since: date
    until: date
    points: tuple[Point, ...]
    transformer: Transformer | None = None
    basic: Basic | None = None
    power_factor: Decimal | None = None
    household: Household = Household()
    months: int = 1
    used_before: Decimal = Decimal(0)
    adjustments: tuple[Adjustment, ...] = ()
    estimated: bool = False
    region: str = ""

    def connected(self) -> Decimal:
        """kVA in service: the most on any day of the period; 0 without terms of a basic charge."""
        return self.basic.connected(self.since, self.until) if self.basic else Decimal(0)


class BillRefused(BadInput):
    """The bill cannot be reckoned."""

    code = "bill_refused"

    @classmethod
    def of(
        cls, fault: str, account: str, /, period: str = "", meter: str = "", fields: Mapping[str, str] | None = None
    ) -> Self:
        """Return the refusal by a fault of `refusals.FAULTS`; the details carry it in both languages."""
        ways: tuple[Language, ...] = ("en", "zh-CN")
        given = fields or {}
        said = {way: told(fault, given, way, account=account, meter=meter, month=period) for way in ways}
        return cls(
            said["en"].sentence,
            account=account,
            meter=meter,
            period=period,
            cure=said["en"].cure,
            fault=fault,
            fields=dict(given),
            told={way: one.sentence for way, one in said.items()},
        )

    def told(self, language: Language) -> str:
        """Return account, meter, month, what is wrong and how to mend it, in a language."""
        return str(self.details["told"][language])

    def put_in(self, language: Language) -> Self:
        """Return the same refusal with its message in a language."""
        return type(self)(self.told(language), **self.details)


class Unusable(Exception):
    """Something of a supply cannot be used: the fault (of `refusals.FAULTS`), of which meter or point, its fields."""

    def __init__(self, fault: str, meter: str = "", /, **fields: object) -> None:
        super().__init__(fault)
        self.fault, self.meter = fault, meter
        self.fields = {name: str(value) for name, value in fields.items()}

    def __str__(self) -> str:
        """What is wrong and how to mend it, in English."""
        return "; ".join(half.format_map(self.fields) for half in halves(self.fault, "en"))

    def refused(self, supply: Supply) -> BillRefused:
        """Return the error that a person reads, with account, meter and period."""
        return BillRefused.of(self.fault, supply.account, f"{supply.period:%Y-%m}", self.meter, self.fields)
