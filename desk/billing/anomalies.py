"""What is odd about a bill, and what to ask the customer: marked, never corrected by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.policy import Policy
from desk.billing.model import month_before
from desk.billing.reckoning import Reckoned
from desk.billing.refusals import REGISTERS
from desk.billing.supply import Dial, Meter, Register, Supply


class Oddity(StrEnum):
    """Kinds of what is odd."""

    BELOW_LAST = "below_last"
    ZERO = "zero"
    JUMP = "jump"
    DROP = "drop"
    POWER_FACTOR = "power_factor"
    MISSING_PERIOD = "missing_period"
    SMALL_CAPACITY = "small_capacity"
    ESTIMATED = "estimated"
    OTHER_BEGIN = "other_begin"


TITLES: Mapping[Oddity, tuple[str, str]] = {
    Oddity.BELOW_LAST: ("示数比上期小", "Reading below the last"),
    Oddity.ZERO: ("没有用电", "No energy used"),
    Oddity.JUMP: ("用电突增", "Much more than usual"),
    Oddity.DROP: ("用电突减", "Much less than usual"),
    Oddity.POWER_FACTOR: ("功率因数下降", "Power factor fell"),
    Oddity.MISSING_PERIOD: ("缺少月份", "A month is missing"),
    Oddity.SMALL_CAPACITY: ("容量低于两部制", "Too small for two parts"),
    Oddity.ESTIMATED: ("估抄", "Estimate"),
    Oddity.OTHER_BEGIN: ("与上期末示数不接", "Does not begin where the last ended"),
}
"""What it is called, in Chinese and English."""
QUESTIONS: Mapping[Oddity, tuple[str, str]] = {
    Oddity.BELOW_LAST: (
        "请客户读出电能表现在的示数和表号，核对是否换过表、是否翻转。",
        "Ask for the number on the meter and what it shows now; was the meter replaced, or has it passed its end?",
    ),
    Oddity.ZERO: (
        "请问这段时间房屋是否空置、是否停过电？电能表的脉冲灯是否闪？",
        "Was nobody there, or was the supply off? Does the lamp of the meter blink?",
    ),
    Oddity.JUMP: (
        "请问家里是否新增了空调、电采暖、充电桩或生产设备？是否有人长住？关掉全部电器后电表是否还走？",
        "New equipment: air conditioning, heating, a charger, machines? Does the meter run with all switched off?",
    ),
    Oddity.DROP: (
        "请问这段时间是否有人外出、停产，或部分线路不经过电能表？",
        "Were people away, did production stop, or does a circuit pass the meter by?",
    ),
    Oddity.POWER_FACTOR: (
        "请问无功补偿柜是否投入、电容是否损坏，负荷是否比平时轻很多？",
        "Is the compensation switched on, are capacitors broken, was the load much lighter than usual?",
    ),
    Oddity.MISSING_PERIOD: (
        "请问中间月份的账单是否收到过？是否换过户名或表计？",
        "Did a bill come for the months between? Was the name or the meter changed?",
    ),
    Oddity.SMALL_CAPACITY: (
        "请核对变压器铭牌容量，是否仍应执行两部制电价？",
        "What capacity is on the plate of the transformer? Should it have a two-part tariff?",
    ),
    Oddity.ESTIMATED: (
        "请客户读出电能表现在的示数，以便更正估抄。",
        "Ask what the meter shows now, to correct the estimate.",
    ),
    Oddity.OTHER_BEGIN: (
        "请客户读出电能表现在的示数和表号，核对两次抄表之间是否换过表、漏抄或重抄。",
        "Ask for the number on the meter and what it shows now; was it replaced, or read twice or not at all between?",
    ),
}
"""What the agent asks, in Chinese and English."""
_USE = ("本期每月{0}度，平常每月约{1}度", "{0} kWh a month, usually about {1} kWh")
FIGURES: Mapping[Oddity, tuple[str, str]] = {Oddity.JUMP: _USE, Oddity.DROP: _USE}
"""How figures are told where they alone say nothing."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something odd: what, at which meter, and the figures that show it, of `register` where it is one's."""

    kind: Oddity
    meter: str
    shown: tuple[str, ...]
    register: Register | None = None

    def figures(self, language: str) -> list[str]:
        """Return what shows it, in a language."""
        english = language == "en"
        if self.kind in FIGURES:
            return [FIGURES[self.kind][english].format(*self.shown)]
        if self.register is None:
            return list(self.shown)
        word = self.register.value if english else REGISTERS[self.register.value]
        return [f"{word}{': ' if english else '：'}{one}" for one in self.shown]

    def title(self, language: str) -> str:
        return TITLES[self.kind][language == "en"]

    def question(self, language: str) -> str:
        return QUESTIONS[self.kind][language == "en"]


@dataclass(frozen=True, slots=True)
class History:
    """What was billed before: kWh by month, the last power factor, the month of the first bill."""

    used: Mapping[date, Decimal]
    power_factor: Decimal | None = None
    before: Supply | None = None
    """Readings of the month before."""


def anomalies(
    supply: Supply, bill: Reckoned | None, history: History, policy: Policy, two_part_from: Decimal
) -> list[Anomaly]:
    """Return what is odd; `bill` is None when it was refused."""
    found = [one for point in supply.points if point.meter for one in _dials(point.meter)]
    if supply.estimated:
        found.append(Anomaly(Oddity.ESTIMATED, "", ()))
    found += _missing(supply, history)
    if history.before is not None:
        found += _other_begin(supply, history.before)
    capacity = supply.connected()
    if 0 < capacity < two_part_from:
        found.append(Anomaly(Oddity.SMALL_CAPACITY, "", (f"{capacity} kVA < {two_part_from} kVA",)))
    if bill is not None:
        found += _use(supply, bill, history, policy)
        found += _factor(bill, history, policy)
    return found


def _dials(meter: Meter) -> list[Anomaly]:
    below = [dial for dial in meter.dials if dial.register is not Register.DEMAND and _fell(dial, meter)]
    return [Anomaly(Oddity.BELOW_LAST, meter.id, (f"{one.before} → {one.after}",), one.register) for one in below]


def _fell(dial: Dial, meter: Meter) -> bool:
    """Whether a register fell in a way that passing its highest figure does not explain (more than half its range)."""
    if dial.after >= dial.before:
        return False
    if meter.digits is None:
        return True
    modulus = Decimal(10) ** meter.digits
    return dial.after - dial.before + modulus > modulus / 2


def _other_begin(supply: Supply, before: Supply) -> list[Anomaly]:
    """Registers that do not begin where the month before ended, and days that do not follow each other."""
    ended = {
        (point.id, dial.register): dial.after
        for point in before.points
        if point.meter is not None
        for dial in point.meter.dials
    }
    found = []
    if supply.since != before.until:
        found.append(Anomaly(Oddity.OTHER_BEGIN, "", (f"{before.until} → {supply.since}",)))
    for point in supply.points:
        if point.meter is None:
            continue
        first = point.meter.removed or point.meter
        for dial in first.dials:
            last = ended.get((point.id, dial.register))
            if dial.register is not Register.DEMAND and last is not None and last != dial.before:
                found.append(Anomaly(Oddity.OTHER_BEGIN, first.id, (f"{last} → {dial.before}",), dial.register))
    return found


def _missing(supply: Supply, history: History) -> list[Anomaly]:
    if not history.used:
        return []
    month, gap = supply.period, []
    earliest = min(history.used)
    for _ in range(supply.months):
        month = month_before(month)
    while month > earliest and month not in history.used:
        gap.append(f"{month:%Y-%m}")
        month = month_before(month)
    return [Anomaly(Oddity.MISSING_PERIOD, "", tuple(reversed(gap)))] if gap else []


def _use(supply: Supply, bill: Reckoned, history: History, policy: Policy) -> list[Anomaly]:
    used = bill.used.value / supply.months
    if not used:
        return [Anomaly(Oddity.ZERO, "", ("0 kWh",))]
    usual = _usual(list(history.used.values()))
    if usual is None or usual < Decimal(str(policy.number("bill_jump_least"))):
        return []
    figures = (f"{used:.0f}", f"{usual:.0f}")
    if used > usual * Decimal(str(policy.number("bill_jump"))):
        return [Anomaly(Oddity.JUMP, "", figures)]
    if used < usual * Decimal(str(policy.number("bill_drop"))):
        return [Anomaly(Oddity.DROP, "", figures)]
    return []


def _usual(months: Sequence[Decimal]) -> Decimal | None:
    """The median month: one odd month does not make the next one look odd."""
    ordered = sorted(months)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _factor(bill: Reckoned, history: History, policy: Policy) -> list[Anomaly]:
    if bill.power_factor is None or history.power_factor is None:
        return []
    fall = history.power_factor - bill.power_factor.value
    if fall < Decimal(str(policy.number("bill_power_factor_fall"))):
        return []
    return [Anomaly(Oddity.POWER_FACTOR, "", (f"{history.power_factor} → {bill.power_factor.value}",))]
