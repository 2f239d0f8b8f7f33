"""The named steps that a bill is reckoned in: what went in, how it was reckoned and rounded, and who says so.

A step is made by reckoning it, so the tree of steps under an amount is its explanation; there is no second reckoning.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal

CONTEXT = Context(prec=28, rounding=ROUND_HALF_UP)
"""In which bills are reckoned: 28 significant digits, so only quotients and roots are not exact before rounding."""
ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rounding:
    """To multiples of `quantum`, by a mode of `decimal`."""

    quantum: Decimal
    mode: str = ROUND_HALF_UP

    def of(self, value: Decimal) -> Decimal:
        return value.quantize(self.quantum, self.mode)


FEN = Rounding(Decimal("0.01"))
"""Money to whole fen, half up."""
HUNDREDTH = Rounding(Decimal("0.01"))
"""A power factor to two decimals, half up ([domain 15.5])."""


def places(count: int, *, up: bool = False) -> Rounding:
    """Return the rounding to `count` decimals, half up, or upwards with `up`."""
    return Rounding(ONE.scaleb(-count), ROUND_CEILING if up else ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """A way of reckoning: `work` on the values that go in, `writes` the formula with their words in place."""

    name: str
    work: Callable[[Sequence[Decimal]], Decimal]
    writes: Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A value with its name and how it came about; one without `op` is given, not reckoned.

    `key` is its name (words: `step_words.py`), `of` what it is about (a meter, a part of the day, a tier), `source` the
    rule it follows or where it was read; `tariff`: whose line it is, where an account has several.
    """

    key: str
    value: Decimal
    unit: str = ""
    op: Op | None = None
    inputs: tuple["Step", ...] = ()
    rounding: Rounding | None = None
    source: str = ""
    of: str = ""
    tariff: str = ""


def given(key: str, value: Decimal, unit: str = "", *, source: str = "", of: str = "") -> Step:
    """Return a step that is known, not reckoned."""
    return Step(key, value, unit, None, (), None, source, of)


def reckon(
    key: str,
    op: Op,
    inputs: tuple[Step, ...],
    unit: str = "",
    rounding: Rounding | None = None,
    source: str = "",
    of: str = "",
) -> Step:
    """Reckon a step of others, and round it."""
    value = op.work([one.value for one in inputs])
    if rounding is not None:
        value = value.quantize(rounding.quantum, rounding.mode)
    return Step(key, value, unit, op, inputs, rounding, source, of)


def recomputed(step: Step) -> Decimal:
    """Return the value of a step from the given ones at the ends of its tree, trusting none in between."""
    return _recomputed(step, {})


def _recomputed(step: Step, known: dict[int, Decimal]) -> Decimal:
    if step.op is None:
        return step.value
    found = known.get(id(step))
    if found is None:
        found = step.op.work([_recomputed(one, known) for one in step.inputs])
        if step.rounding:
            found = step.rounding.of(found)
        known[id(step)] = found
    return found


def _product(values: Sequence[Decimal]) -> Decimal:
    total = values[0]
    for value in values[1:]:
        total *= value
    return total


def _difference(values: Sequence[Decimal]) -> Decimal:
    return values[0] - sum(values[1:], ZERO)


def _within(values: Sequence[Decimal]) -> Decimal:
    before, after, lower, upper = values
    return max(ZERO, min(after, upper) - max(before, lower))


def _beyond(values: Sequence[Decimal]) -> Decimal:
    before, after, lower = values
    return max(ZERO, after - max(before, lower))


def _rolled(values: Sequence[Decimal]) -> Decimal:
    after, before, modulus = values
    return after - before if after >= before else after - before + modulus


def _power_factor(values: Sequence[Decimal]) -> Decimal:
    active, reactive = values
    if not reactive:
        return ONE
    return active / (active * active + reactive * reactive).sqrt()


def _share(values: Sequence[Decimal]) -> Decimal:
    whole, part, of = values
    return whole * part / of if of else ZERO


SUM = Op("sum", lambda v: sum(v[1:], v[0]), lambda w: " + ".join(w))
DIFFERENCE = Op("difference", _difference, lambda w: " − ".join(w))
PRODUCT = Op("product", _product, lambda w: " × ".join(w))
QUOTIENT = Op("quotient", lambda v: v[0] / v[1], lambda w: f"{w[0]} ÷ {w[1]}")
CREDIT = Op("credit", lambda v: -_product(v), lambda w: f"−({' × '.join(w)})")
PERCENT = Op("percent", lambda v: v[0] * v[1] / 100, lambda w: f"{w[0]} × {w[1]} %")
LEAST = Op("least", min, lambda w: f"min({', '.join(w)})")
MOST = Op("most", max, lambda w: f"max({', '.join(w)})")
ABOVE = Op("above", lambda v: max(ZERO, v[0] - v[1]), lambda w: f"max(0, {w[0]} − {w[1]})")
WITHIN = Op("within", _within, lambda w: f"min({w[1]}, {w[3]}) − max({w[0]}, {w[2]})")
"""Of usage from `before` to `after`, what lies between two bounds."""
BEYOND = Op("beyond", _beyond, lambda w: f"{w[1]} − max({w[0]}, {w[2]})")
"""Of usage from `before` to `after`, what lies beyond a bound."""
ROLLED = Op("rolled", _rolled, lambda w: f"{w[0]} − {w[1]} (+ {w[2]})")
"""A register's difference; one that has passed its highest figure began anew at 0: the modulus 10ⁿ is added."""
SHARE = Op("share", _share, lambda w: f"{w[0]} × {w[1]} ÷ {w[2]}")
POWER_FACTOR = Op("power_factor", _power_factor, lambda w: f"{w[0]} ÷ √({w[0]}² + {w[1]}²)")
SQUARES = Op("squares", lambda v: v[0] * v[0] + v[1] * v[1], lambda w: f"{w[0]}² + {w[1]}²")


def table(name: str, rows: dict[Decimal, Decimal]) -> Op:
    """Return the op that looks its one value up in a table."""
    return Op(name, lambda v: rows[v[0]], lambda w: f"{name}[{w[0]}]")


def bracket(name: str, bounds: Sequence[tuple[Decimal | None, Decimal]]) -> Op:
    """Return the op that finds the first bound that its value is not above, None being no bound."""

    def work(values: Sequence[Decimal]) -> Decimal:
        return next(found for bound, found in bounds if bound is None or values[0] <= bound)

    return Op(name, work, lambda w: f"{name}[{w[0]}]")
