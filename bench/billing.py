"""How long bills take: 100,000 households and 10,000 industrial accounts, each with its tree of steps, on one core.

A household reads one register, in a yearly ladder, every tenth by the hour; an industrial account has four
parts of the day, reactive energy, a transformer loss, a sub-meter, capacity or demand, power
factor. One explanation is a bill reckoned, compared with the month before, and rendered as the tree and as a message.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from random import Random

from desk.billing import explained
from desk.billing.comparison import compare
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.supply import (
    Basic,
    BasicKind,
    Capacity,
    Dial,
    Household,
    Kind,
    LossMethod,
    Meter,
    People,
    Point,
    Register,
    Supply,
    Transformer,
)
from desk.billing.tariff_file import book

PERIOD, END = date(2026, 10, 1), date(2026, 11, 1)
ONE = Decimal(1)
LIMIT_S = 60
EXPLANATION_LIMIT_MS = 10


def _reading(rng: Random, register: Register, most: int) -> Dial:
    before = Decimal(rng.randrange(80_000_000)) / 10_000
    return Dial(register, before, before + Decimal(rng.randrange(most * 10_000)) / 10_000)


def households(rng: Random, count: int) -> Iterator[Supply]:
    """Yield households; every tenth is billed by the hour, every twentieth has five people."""
    for number in range(count):
        total = _reading(rng, Register.TOTAL, 600)
        used, hours = total.after - total.before, number % 10 == 0
        dials = [total]
        if hours:
            half = (used / 2).quantize(Decimal("0.0001"))
            dials += [Dial(Register.PEAK, ONE, ONE + half), Dial(Register.VALLEY, ONE, ONE + half / 2)]
        meter = Meter(f"H{number}", tuple(dials), ONE, ONE, 5)
        people = (People(date(2020, 1, 1), 5 if number % 20 == 0 else 3),)
        yield Supply(
            account=f"{number:010}",
            period=PERIOD,
            since=PERIOD,
            until=END,
            points=(Point(meter.id, "residential_tou" if hours else "residential", meter=meter),),
            household=Household(people=people),
            used_before=Decimal(rng.randrange(6000)),
        )


def industry(rng: Random, count: int) -> Iterator[Supply]:
    """Yield industrial accounts of every kind of basic charge and loss."""
    methods = (
        Transformer(LossMethod.FORMULA, Decimal(630), Decimal("0.81"), Decimal("6.2"), Decimal("0.6"), Decimal("4.5")),
        Transformer(LossMethod.SIMPLE, Decimal(630), Decimal("0.81")),
        Transformer(LossMethod.AGREED, agreed_active=Decimal(770), agreed_reactive=Decimal(6344)),
    )
    for number in range(count):
        parts = [_reading(rng, one, 120) for one in (Register.SHARP, Register.PEAK, Register.VALLEY)]
        total = sum((one.after - one.before for one in parts), Decimal(rng.randrange(50, 200)))
        dials = (
            Dial(Register.TOTAL, ONE, ONE + total),
            *parts,
            _reading(rng, Register.REACTIVE, 200),
            Dial(Register.DEMAND, ONE, Decimal(rng.randrange(1, 6))),
        )
        meter = Meter(f"I{number}", dials, ONE, Decimal(120), 5)
        kind = list(BasicKind)[number % 3]
        yield Supply(
            account=f"{number:010}",
            period=PERIOD,
            since=PERIOD,
            until=END,
            points=(
                Point(meter.id, "business_two_part", meter=meter),
                Point("L1", "business", Kind.RATIO, quantity=Decimal("0.03"), parents=(meter.id,)),
            ),
            transformer=methods[number % 3],
            basic=Basic(kind, (Capacity(Decimal(630)),), Decimal(400)),
            power_factor=Decimal("0.90"),
        )


def run(quick: bool = False) -> dict[str, object]:
    """Reckon all bills and explain some; returns seconds of CPU and milliseconds."""
    rng, share = Random(7), 100 if quick else 1
    book("demo")
    homes, plants = list(households(rng, 100_000 // share)), list(industry(rng, 10_000 // share))
    gc.freeze()
    home_s, plant_s = (_timed(partial(_reckoned, some)) for some in (homes, plants))
    told = sorted(_explanations([*homes[:500], *plants[:500]]))
    return {
        "households": len(homes),
        "industrial": len(plants),
        "households_cpu_s": round(home_s, 2),
        "industrial_cpu_s": round(plant_s, 2),
        "together_cpu_s": round(home_s + plant_s, 2),
        "limit_s": LIMIT_S,
        "a_household_us": round(home_s / len(homes) * 1e6),
        "an_industrial_us": round(plant_s / len(plants) * 1e6),
        "an_explanation_ms": {
            "p50": round(told[len(told) // 2], 2),
            "p99": round(told[len(told) * 99 // 100], 2),
            "most": round(told[-1], 2),
            "limit": EXPLANATION_LIMIT_MS,
        },
    }


def _reckoned(supplies: Sequence[Supply]) -> list[Reckoned]:
    tariffs = book("demo")
    return [reckon_bill(one, tariffs) for one in supplies]


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    kept = work()
    taken = time.process_time() - start
    del kept
    return taken


def _explanations(supplies: Sequence[Supply]) -> Iterator[float]:
    tariffs = book("demo")
    for one in supplies:
        start = time.process_time()
        bill, before = reckon_bill(one, tariffs), reckon_bill(one, tariffs)
        change = compare(before, bill)
        explained.text(bill, "zh-CN")
        explained.message(bill, change)
        yield (time.process_time() - start) * 1000
