"""Whether tariff files are whole: gaps and overlaps of validity, unknown or missing parts, ladders, hours, tables."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from desk.billing.model import Part
from desk.billing.tariff_shapes import (
    FactorShape,
    Fault,
    FileShape,
    LadderShape,
    VersionShape,
    every_version,
    spans,
)

NATIONAL = "national"
DAY = 24 * 60
HUNDREDTHS = [Decimal(n) / 100 for n in range(101)]
MOST = 1000
"""No rule is more, unless LIMITS says so."""
LIMITS: Mapping[str, tuple[Decimal | int, int]] = {
    "energy_places": (0, 4),
    "loss_share_up": (0, 1),
    "submeter_parents": (1, 9),
    "submeter_levels": (1, 9),
    "month_days": (28, 31),
    "suspended_share": (0, 1),
    "contract_least": (0, 1),
    "contract_most": (0, 2),
    "demand_over": (1, 10),
    "demand_multiple": (1, 10),
    "demand_reduced": (0, 1),
    "two_part_from": (0, 1_000_000),
    "adjust_surcharges": (0, 1),
    "basic_shared": (0, 2),
    "loss_full_load": (Decimal("0.01"), 1),
    "loss_shape": (Decimal("0.01"), 10),
}
"""What the value of a rule may be."""
WHOLE = {
    "energy_places",
    "loss_share_up",
    "submeter_parents",
    "submeter_levels",
    "month_days",
    "adjust_surcharges",
    "basic_shared",
}
Told = Iterator[tuple[str, str, str]]
"""Place, what is wrong, what to do."""


def faults(name: str, shape: FileShape, national: FileShape) -> list[Fault]:
    """Return what is wrong with a file whose form is right."""
    told = [*_rules(shape, national, name), *_copper(shape), *_versions(shape), *_hours(shape), *_factors(shape)]
    for place, one in every_version(shape):
        told += _version(place, one)
    return [Fault(name, *one) for one in told]


def _rules(shape: FileShape, national: FileShape, name: str) -> Told:
    for key in shape.rules:
        if name != NATIONAL and key not in national.rules:
            yield f"rules.{key}", "there is no such rule", f"known: {', '.join(sorted(national.rules))}"
    for key, rule in shape.rules.items():
        low, high = LIMITS.get(key, (0, MOST))
        if not low <= rule.value <= high:
            yield f"rules.{key}", f"{rule.value} cannot be meant", f"give {low} to {high}"
        elif key in WHOLE and rule.value % 1:
            yield f"rules.{key}", f"{rule.value} is no whole number", f"give {low} to {high}"


def _copper(shape: FileShape) -> Told:
    if shape.copper is None:
        return
    *before, last = [one.upto for one in shape.copper.brackets] or [Decimal(0)]
    ends = [one for one in before if one is not None]
    if last is not None or len(ends) < len(before) or ends != sorted(set(ends)):
        yield "copper.brackets", "they do not rise to one without `upto`", "order them, the last without `upto`"
    if any(not 0 <= one.value <= 1 for one in shape.copper.brackets):
        yield "copper.brackets", "a share is not from 0 to 1", "write 2 % as 0.02"


def _versions(shape: FileShape) -> Told:
    for key, versions in shape.tariffs.items():
        place = f"tariffs.{key}"
        if not versions:
            yield place, "it has no version", "add one, or remove the tariff"
        ordered = sorted(versions, key=lambda one: one.since)
        for one in ordered:
            if one.until is not None and one.until < one.since:
                yield place, f"the version of {one.since} ends on {one.until}", "correct since or until"
        for before, after in pairwise(ordered):
            if before.until is None or before.until >= after.since:
                cure = f"end it on {after.since - timedelta(days=1)}"
                yield place, f"the versions of {before.since} and of {after.since} overlap", cure
            elif before.until + timedelta(days=1) < after.since:
                first = before.until + timedelta(days=1)
                yield place, f"no version holds from {first} to {after.since - timedelta(days=1)}", "close the gap"


def _version(place: str, one: VersionShape) -> Told:
    for part, shape in one.parts.items():
        if (shape.price is None) == (shape.ratio is None):
            yield f"{place}.parts.{part}", "it has not exactly one of price and ratio", "give one of them"
    if one.parts and Part.PEAK not in one.parts and Part.VALLEY not in one.parts:
        yield f"{place}.parts", "neither peak nor valley has a price", "add them, or remove the parts"
    if len({s.name for s in one.surcharges}) < len(one.surcharges):
        yield f"{place}.surcharges", "a surcharge is there twice", "keep one"
    if sum(s.value for s in one.surcharges if s.included) > one.price.value:
        yield f"{place}.surcharges", "they are more than the price that has them in it", "correct price or surcharges"
    if any(s.included and s.without_loss for s in one.surcharges):
        cure = "remove `without_loss`, or charge it beside the price (`included: false`)"
        yield f"{place}.surcharges", "one that is in the price is paid on the loss too", cure
    months = [month for season in one.seasons for month in season.months]
    if len(set(months)) < len(months):
        yield f"{place}.seasons", "a month is in two seasons", "give each month to one"
    if one.free and (one.ladder is None or one.free.value < 0):
        yield f"{place}.free", "free energy is kWh from 0 on, of a ladder", "correct it, or remove it"
    if one.ladder:
        yield from _ladder(f"{place}.ladder", one.ladder)
        if one.category != "residential":
            yield f"{place}.ladder", f"a ladder is for households, this is {one.category}", "correct the category"
    if (one.capacity or one.demand) and one.category != "commercial":
        yield place, f"a two-part tariff is for business, this is {one.category}", "correct the category"


def _ladder(place: str, one: LadderShape) -> Told:
    tiers = len(one.plus)
    months = sorted(month for bounds in one.bounds for month in bounds.months)
    if months != list(range(1, 13)):
        yield place, "its bounds do not name each month once", "give every month of the year one set of bounds"
    for at, bounds in enumerate(one.bounds):
        if len(bounds.upto) != tiers - 1:
            cure = "each tier but the last has an upper end"
            yield f"{place}.bounds[{at}]", f"{tiers} tiers have {len(bounds.upto)} upper ends", cure
        if bounds.upto != sorted(set(bounds.upto)):
            yield f"{place}.bounds[{at}]", "the upper ends do not rise", "order them"
    if one.plus and (one.plus[0] != 0 or one.plus != sorted(one.plus)):
        yield f"{place}.plus", "what tiers add does not rise from 0", "the first adds 0, each further one more"
    if one.large_household:
        yield from _large(place, one)


def _large(place: str, one: LadderShape) -> Told:
    assert one.large_household is not None
    more = [*one.large_household.more, *([Decimal(0)] * len(one.plus))]
    for at, bounds in enumerate(one.bounds):
        ends = [end + more[tier] for tier, end in enumerate(bounds.upto)]
        if ends != sorted(ends):
            yield f"{place}.large_household", f"the ends of bounds[{at}] do not rise with it", "correct `more`"


def _hours(shape: FileShape) -> Told:
    if shape.hours is None:
        return
    taken: list[tuple[int, int, str]] = []
    for part, told in shape.hours.parts.items():
        for text in told:
            try:
                begin, end = spans(text)
            except ValueError:
                yield f"hours.parts.{part}", f"{text!r} is no time", "write HH-HH or HH:MM-HH:MM"
                continue
            pieces = [(begin, end)] if begin < end else [(begin, DAY), (0, end)]
            taken += [(a, b, part) for a, b in pieces if a < b]
    yield from _day(sorted(taken))


def _day(taken: Sequence[tuple[int, int, str]]) -> Told:
    at = 0
    for begin, end, part in taken:
        if begin > at:
            yield "hours", f"no part holds from {_clock(at)} to {_clock(begin)}", "close the gap"
        elif begin < at:
            yield "hours", f"{part} begins at {_clock(begin)}, before another part ends at {_clock(at)}", "part them"
        at = max(at, end)
    if at < DAY:
        yield "hours", f"no part holds from {_clock(at)} to 24:00", "close the gap"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _factors(shape: FileShape) -> Told:
    known: set[Decimal] = set()
    for standard, one in shape.power_factor.items():
        number = _hundredth(standard)
        if number is None or number in known:
            yield f"power_factor.{standard}", "it is no standard, or there twice", "name it by a hundredth, like 0.90"
            continue
        known.add(number)
        yield from _factor(f"power_factor.{standard}", standard, one)


def _factor(place: str, standard: str, one: FactorShape) -> Told:
    rows = {_hundredth(key): value for key, value in one.rows.items()}
    lacking = [key for key in HUNDREDTHS if key not in rows]
    if lacking or len(one.rows) > len(HUNDREDTHS):
        named = ", ".join(f"{key:.2f}" for key in lacking[:5])
        more = "it has rows beyond the hundredths from 0.00 to 1.00"
        yield place, f"it lacks rows: {named}" if lacking else more, "give every hundredth once"
        return
    ordered = [rows[key] for key in HUNDREDTHS]
    if ordered != sorted(ordered, reverse=True):
        yield place, "a better power factor costs more", "correct the rows"
    if (change := rows[_hundredth(standard)]) != 0:
        yield place, f"at the standard itself the money changes by {change} %", "it is 0 there"


def _hundredth(text: str) -> Decimal | None:
    """The hundredth from 0.00 to 1.00 that is written, None when none is."""
    return next((one for one in HUNDREDTHS if text in (f"{one:.2f}", f"{one.normalize():f}")), None)
