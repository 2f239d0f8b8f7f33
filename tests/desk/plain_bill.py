"""A second, plain reckoning of bills, like a sheet of paper: fractions, no code of ours, no numbers from our files."""

from fractions import Fraction
from math import ceil, floor, isqrt


def half_up(value: Fraction, places: int = 0) -> Fraction:
    """Half away from zero, as money is rounded."""
    scaled = abs(value) * 10**places
    whole = Fraction(floor(scaled + Fraction(1, 2)), 10**places)
    return whole if value >= 0 else -whole


def ladder(kwh: int, before: int, ends: list[int], prices: list[str]) -> Fraction:
    """A household by tiers, each tier rounded to fen; it looks at every kWh by itself."""
    counts = [0] * len(prices)
    for number in range(before, before + kwh):
        tier = sum(number >= end for end in ends)
        counts[tier] += 1
    return sum((half_up(n * Fraction(price), 2) for n, price in zip(counts, prices, strict=True)), Fraction(0))


def hours(peak: int, valley: int, flat: int, before: int, ends: list[int]) -> Fraction:
    """A household of Zhejiang by the hour: prices of the first tier, and what the higher tiers add."""
    base = [half_up(n * Fraction(p), 2) for n, p in ((peak, "0.568"), (valley, "0.288"), (flat, "0.538"))]
    counts = [0, 0, 0]
    for number in range(before, before + peak + valley + flat):
        counts[sum(number >= end for end in ends)] += 1
    return sum(base, half_up(counts[1] * Fraction("0.05"), 2) + half_up(counts[2] * Fraction("0.30"), 2))


def factor(active: Fraction, reactive: Fraction) -> Fraction:
    """P ÷ √(P² + Q²) in hundredths, half up, by whole numbers only."""
    if not reactive:
        return Fraction(1)
    square = active * active / (active * active + reactive * reactive)
    # The root of the square in two hundred-thousandths, exact enough to tell halves of a hundredth apart.
    thousandths = isqrt(floor(square * (2 * 10**5) ** 2))
    return half_up(Fraction(thousandths, 2 * 10**5), 2)


def percent_085(found: Fraction) -> Fraction:
    """The adjustment of the standard 0.85, counted hundredth by hundredth from the standard."""
    total, at = Fraction(0), Fraction("0.85")
    while at < found:
        at += Fraction(1, 100)
        if at <= Fraction("0.90"):
            total -= Fraction("0.1")
        elif at <= Fraction("0.94"):
            total -= Fraction("0.15")
    while at > found:
        at -= Fraction(1, 100)
        total += Fraction("0.5") if at >= Fraction("0.65") else 1 if at >= Fraction("0.60") else 2
    return total


def industry(total: int, peak: int, valley: int, reactive: int, loss: int, kva: int) -> dict[str, Fraction]:
    """A two-part account of the demo tariff: loss by energy upwards with the rest to flat, ratios, capacity, factor."""
    flat = total - peak - valley
    left = loss
    shares = []
    for part in (peak, valley):
        share = min(left, ceil(Fraction(part * loss, total))) if total else 0
        shares.append(share)
        left -= share
    kwh = [peak + shares[0], valley + shares[1], flat + left]
    prices = [
        (Fraction("0.58") - Fraction("0.0298")) * ratio + Fraction("0.0298")
        for ratio in (Fraction("1.5"), Fraction("0.5"), Fraction(1))
    ]
    money = sum((half_up(n * price, 2) for n, price in zip(kwh, prices, strict=True)), Fraction(0))
    basic = Fraction(kva * 28)
    found = factor(Fraction(sum(kwh)), Fraction(reactive))
    base = money + basic - sum(kwh) * Fraction("0.0298")
    adjusted = half_up(base * percent_085(found) / 100, 2)
    return {"energy": money, "basic": basic, "factor": found, "adjusted": adjusted, "amount": money + basic + adjusted}


def shared_by(fen: int, weights: list[Fraction]) -> list[int]:
    """Fen among tariffs in proportion, half up; the first has what the others leave."""
    total = sum(weights, Fraction(0))
    others: list[int] = []
    for weight in weights[1:]:
        own = floor(fen * weight / total + Fraction(1, 2)) if total else 0
        others.append(min(own, fen - sum(others)))
    return [fen - sum(others), *others]
