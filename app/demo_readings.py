"""Readings and terms of some of the demo's accounts, so that their bills explain themselves.

Each shows another thing: use alone (1), another tier (2), hours (6), figures that differ from those issued (8), much
more use than usual (12), a bill that is refused (13), and a factory (21) with basic charge by demand, hours and power
factor over thirteen months.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from desk.billing.model import Bill, Line, Part, month_before
from desk.billing.reckoning import reckon_bill
from desk.billing.steps import Step
from desk.billing.supply import Basic, BasicKind, Capacity, Dial, Meter, Point, Register, Supply
from desk.billing.tariff_file import book

FACTORY = 21
JUMPED = 12
"""A household that used nearly three times as much as usual last month."""
USED = (162, 158, 171, 165, 149, 168, 468)
"""kWh of its months, the last one odd."""
REGION = "demo"
RATIO = 4_000
"""PT 100 × CT 40."""
MONTHS = (
    (43.2, 14.6, 12.9, 18.9, 0.146), (44.0, 14.9, 13.0, 19.0, 0.149), (43.1, 14.4, 13.1, 18.6, 0.147),
    (41.5, 14.0, 12.6, 18.0, 0.143), (38.2, 12.7, 11.8, 16.7, 0.139), (42.6, 14.2, 12.8, 18.3, 0.147),
    (43.4, 14.5, 12.7, 18.8, 0.148), (44.9, 15.2, 12.9, 19.4, 0.150), (47.3, 16.4, 13.1, 20.6, 0.154),
    (47.9, 16.8, 13.2, 20.9, 0.156), (45.1, 15.3, 13.0, 19.6, 0.151), (44.0, 15.0, 13.0, 19.1, 0.150),
    (46.5, 18.0, 12.0, 26.4, 0.166),
)  # fmt: skip
"""What the factory's meter counted in thirteen months: total, peak, valley, reactive, highest demand.

The last month has more use at the peak, a worse power factor and a demand above what was agreed.
"""


def supplies(today: date, fixed: date) -> tuple[Supply, ...]:
    """Return readings up to the month before `today`; those of the first account are of the month `fixed`."""
    last = month_before(today)
    before, year = month_before(last), date(fixed.year - 1, fixed.month, 1)
    return (
        _supply(1, year, "residential", (9_180, 9_421)),
        _supply(1, month_before(fixed), "residential", (12_105, 12_407)),
        _supply(1, fixed, "residential", (12_407, 12_693)),
        _supply(2, before, "residential", (30_074, 30_195), used_before=4_074),
        _supply(2, last, "residential", (30_195, 30_373), used_before=4_195),
        _supply(4, last, "business", (3_310, 4_030), ratio=120),
        _by_hour(6, last),
        _supply(8, last, "residential", (5_120, 5_332)),
        _supply(13, last, "residential", (8_210, 8_021), digits=None),
        *_jumped(last),
        *_factory(last),
    )


def _supply(
    account: int,
    period: date,
    tariff: str,
    total: tuple[int, int],
    *,
    ratio: int = 1,
    digits: int | None = 5,
    used_before: int = 0,
) -> Supply:
    dials = (Dial(Register.TOTAL, Decimal(total[0]), Decimal(total[1])),)
    meter = Meter(f"D{account:04d}", dials, Decimal(1), Decimal(ratio), digits=digits)
    return _of(account, period, Point(meter.id, tariff, meter=meter), used_before)


def _of(account: int, period: date, point: Point, used_before: int = 0) -> Supply:
    number = f"32{account:08d}"
    return Supply(
        number, period, period, _after(period), (point,), region=REGION, used_before=Decimal(used_before)
    )  # fmt: skip


def _after(period: date) -> date:
    return date(period.year + period.month // 12, period.month % 12 + 1, 1)


def _by_hour(account: int, period: date) -> Supply:
    readings = ((Register.TOTAL, 2_000, 2_192), (Register.PEAK, 1_200, 1_312), (Register.VALLEY, 800, 880))
    dials = tuple(Dial(register, Decimal(before), Decimal(after)) for register, before, after in readings)
    meter = Meter(f"D{account:04d}", dials, Decimal(1), Decimal(1), digits=5)
    return _of(account, period, Point(meter.id, "residential_tou", meter=meter))


def _jumped(last: date) -> Iterator[Supply]:
    period, shown = _earlier(last, len(USED) - 1), 6_204
    for kwh in USED:
        yield _supply(JUMPED, period, "residential", (shown, shown + kwh))
        shown, period = shown + kwh, _after(period)


def _earlier(period: date, months: int) -> date:
    for _ in range(months):
        period = month_before(period)
    return period


def _factory(last: date) -> Iterator[Supply]:
    period = _earlier(last, len(MONTHS) - 1)
    registers = (Register.TOTAL, Register.PEAK, Register.VALLEY, Register.REACTIVE)
    shown = [Decimal("812.4"), Decimal("270.9"), Decimal("241.7"), Decimal("352.2")]
    for month in MONTHS:
        counted = [Decimal(str(one)) for one in month]
        after = [before + one for before, one in zip(shown, counted[:4], strict=True)]
        dials = [Dial(*one) for one in zip(registers, shown, after, strict=True)]
        dials.append(Dial(Register.DEMAND, Decimal(0), counted[4]))
        meter = Meter(f"D{FACTORY:04d}", tuple(dials), Decimal(100), Decimal(40), digits=5)
        basic = Basic(BasicKind.CONTRACT_DEMAND, (Capacity(Decimal(1_000)),), Decimal(600))
        point = Point(meter.id, "business_two_part", meter=meter)
        yield Supply(
            f"32{FACTORY:08d}", period, period, _after(period), (point,), basic=basic, region=REGION,
            power_factor=Decimal("0.90"),
        )  # fmt: skip
        shown, period = after, _after(period)


def issued_bills(today: date, zone: ZoneInfo) -> Iterator[Bill]:
    """Yield what was issued to the factory and who used so much: bills of their readings, the last to be paid yet."""
    last = month_before(today)
    for supply in (*_factory(last), *_jumped(last)):
        bill = reckon_bill(supply, book(REGION))
        months = (last.year - supply.period.year) * 12 + last.month - supply.period.month
        due = today + timedelta(days=8 - 30 * months)
        paid = datetime.combine(due - timedelta(days=6), time(10, 5), zone) if months else None
        lines = tuple(_line(one) for one in bill.lines if one.key == "charge.energy")
        number, home = supply.account, supply.basic is None
        yield Bill(number, supply.period, bill.used.value, bill.amount.value, lines, due, paid, residential=home)


def _line(one: Step) -> Line:
    kwh, price = one.inputs
    tier, part = (int(one.of), None) if one.of.isdigit() else (None, Part(one.of))
    return Line(kwh.value, price.value, one.value, tier, part)
