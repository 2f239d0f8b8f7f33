"""How a quantity goes to several in proportion, so that the shares sum to it whatever their rounding."""

from collections.abc import Mapping
from typing import TypeVar

from desk.billing.steps import DIFFERENCE, LEAST, SHARE, SUM, Rounding, Step, reckon

K = TypeVar("K")


def shares(whole: Step, weights: Mapping[K, Step], rest: K, rounding: Rounding, key: str, source: str) -> dict[K, Step]:
    """Return the share of each weight, rounded and never more than is left; `rest` gets what remains."""
    if len(weights) == 1:
        return {rest: whole}
    total = reckon(f"{key}.of", SUM, tuple(weights.values()), next(iter(weights.values())).unit)
    out: dict[K, Step] = {}
    left = whole.value
    for one, weight in weights.items():
        if one == rest:
            continue
        share = reckon(key, SHARE, (whole, weight, total), whole.unit, rounding, source, weight.of)
        if share.value > left:
            share = reckon(
                f"{key}.left", LEAST, (share, _left(key, whole, out)), whole.unit, source=source, of=weight.of
            )
        out[one] = share
        left -= share.value
    remainder = _left(key, whole, out)
    out[rest] = Step(
        remainder.key,
        remainder.value,
        remainder.unit,
        remainder.op,
        remainder.inputs,
        source=source,
        of=weights[rest].of,
    )
    return {one: out[one] for one in weights}


def _left(key: str, whole: Step, given_away: Mapping[K, Step]) -> Step:
    return reckon(f"{key}.rest", DIFFERENCE, (whole, *given_away.values()), whole.unit)
