"""Sub-meters (套表): energy that a parent's meter counts too is taken off it ([domain 15.1], points 5 and 6).

Real ones are taken off first, then fixed quantities, then fixed ratios of what is left; within a kind those with one
parent first, then by name, so that the order in which they are told changes nothing. What a first parent cannot give
passes to the second, part of the day by part. What to do when neither can is not in the source: it is refused.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from desk.billing.model import Part
from desk.billing.readings import Measured, Parts, added, measured
from desk.billing.sharing import shares
from desk.billing.steps import DIFFERENCE, PRODUCT, SUM, Rounding, Step, given, reckon
from desk.billing.supply import Kind, Point, Unusable
from desk.billing.tariff import TariffBook

SOURCE = "[seed 000] sub-meters: real, fixed quantity, fixed ratio"


@dataclass(slots=True)
class _Account:
    """What is known of a point while energy is taken off: its own parts and what each gave away."""

    point: Point
    parts: Parts
    given_away: dict[Part | None, list[Step]] = field(default_factory=dict)
    left: dict[Part | None, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = {part: kwh.value for part, kwh in self.parts.items()}

    def remainder(self, part: Part | None) -> Step:
        """Return what is left of a part as a step."""
        taken = self.given_away.get(part)
        if not taken:
            return self.parts[part]
        of = part.value if part else ""
        return reckon("energy.without_sub_meters", DIFFERENCE, (self.parts[part], *taken), "kWh", source=SOURCE, of=of)

    def remainders(self) -> Parts:
        """Return what is left of each part."""
        return {part: self.remainder(part) for part in self.parts}

    def take(self, part: Part | None, kwh: Step) -> None:
        self.left[part] -= kwh.value
        self.given_away.setdefault(part, []).append(kwh)


@dataclass(frozen=True, slots=True)
class Metered:
    """Energy of each point without that of its sub-meters, by part; `whole`: of points without a parent, with it."""

    parts: Mapping[str, Parts]
    whole: Mapping[str, Parts]
    roots: Mapping[str, Measured]


def metered(points: Sequence[Point], book: TariffBook) -> Metered:
    """Return the energy of each point, that of its sub-meters taken off. Raises Unusable."""
    rounding = book.energy_rounding()
    if len(points) == 1 and not points[0].parents and points[0].kind is Kind.REAL:
        only = points[0]
        read = measured(only, rounding)
        return Metered({only.id: read.parts}, {only.id: read.parts}, {only.id: read})
    by_id, levels = _checked(points, book)
    read_by_id = {one.id: measured(one, rounding) for one in points if one.kind is Kind.REAL}
    accounts: dict[str, _Account] = {one_id: _Account(by_id[one_id], read.parts) for one_id, read in read_by_id.items()}
    for kind in Kind:
        children = [one for one in points if one.kind is kind and one.parents]
        children.sort(key=lambda one: (levels[one.id], len(one.parents), one.id))
        if kind is Kind.RATIO:
            _take_ratios(children, accounts, levels, rounding)
            continue
        for child in children:
            if kind is Kind.FIXED:
                accounts[child.id] = _Account(child, _fixed(child, accounts))
        for child in children:
            _take_off(child, accounts, rounding)
    parts = {one.id: {part: accounts[one.id].remainder(part) for part in accounts[one.id].parts} for one in points}
    roots = {one.id: read_by_id[one.id] for one in points if not one.parents}
    return Metered(parts, {root: read.parts for root, read in roots.items()}, roots)


def with_later(parts: Parts, point: Point) -> Parts:
    """Return the parts with make-up energy after the meter, which took no part in deduction and loss."""
    return added(parts, point.after_meter, point.id) if point.after_meter else parts


def _checked(points: Sequence[Point], book: TariffBook) -> tuple[dict[str, Point], dict[str, int]]:
    """Return points and levels by id. Raises Unusable."""
    by_id = {one.id: one for one in points}
    if len(by_id) < len(points):
        twice = next(name for name, times in Counter(one.id for one in points).items() if times > 1)
        raise Unusable("point_twice", twice, point=twice)
    most, deepest = int(book.rules["submeter_parents"].value), int(book.rules["submeter_levels"].value)
    for one in points:
        _check_point(one, by_id, most)
    levels = _levels(points)
    for one in points:
        if levels[one.id] > deepest:
            raise Unusable("too_deep", one.id, level=levels[one.id], most=deepest)
    return by_id, levels


def _check_point(one: Point, by_id: Mapping[str, Point], most: int) -> None:
    if len(one.parents) > most:
        raise Unusable("too_many_parents", one.id, count=len(one.parents), most=most)
    if len(set(one.parents)) < len(one.parents):
        raise Unusable("parent_twice", one.id, parent=one.parents[0])
    if unknown := [parent for parent in one.parents if parent not in by_id]:
        raise Unusable("parent_unknown", one.id, parent=unknown[0])
    if one.kind is not Kind.REAL:
        if not one.parents:
            raise Unusable("no_parent", one.id, kind=one.kind)
        if one.quantity is None or one.quantity < 0 or (one.kind is Kind.RATIO and one.quantity > 1):
            if one.kind is Kind.RATIO:
                raise Unusable("share_out_of_range", one.id, quantity=one.quantity)
            raise Unusable("quantity_out_of_range", one.id, quantity=one.quantity)
    order = list(Kind)
    for parent in one.parents:
        if order.index(by_id[parent].kind) > order.index(one.kind):
            raise Unusable("parent_known_later", one.id, kind=one.kind, parent=parent, parent_kind=by_id[parent].kind)


def _levels(points: Sequence[Point]) -> dict[str, int]:
    """Return how deep each point lies, the main meter being level 1. Raises Unusable at a circle."""
    below: dict[str, list[Point]] = {}
    for one in points:
        for parent in one.parents:
            below.setdefault(parent, []).append(one)
    waits = {one.id: len(one.parents) for one in points}
    levels = {one.id: 1 for one in points if not one.parents}
    found = list(levels)
    for parent in found:
        for child in below.get(parent, ()):
            waits[child.id] -= 1
            levels[child.id] = max(levels.get(child.id, 1), levels[parent] + 1)
            if not waits[child.id]:
                found.append(child.id)
    if len(found) < len(points):
        _tell_circle([one for one in points if waits[one.id]])
    return levels


def _tell_circle(waiting: Sequence[Point]) -> None:
    """Raise Unusable with a circle among points each of which waits for a parent that waits itself."""
    by_id = {one.id: one for one in waiting}
    way = [waiting[0].id]
    while way.count(way[-1]) < 2:
        way.append(next(parent for parent in by_id[way[-1]].parents if parent in by_id))
    circle = way[way.index(way[-1]) :]
    raise Unusable("circle", circle[0], circle=" → ".join(circle))


def _fixed(child: Point, accounts: Mapping[str, _Account]) -> Parts:
    """The agreed quantity, over the parts of the first parent in proportion, flat as the remainder."""
    quantity = given("energy.agreed", child.quantity or Decimal(0), "kWh", source="agreed (定量)", of=child.id)
    return added(_spread(quantity, accounts[child.parents[0]].parts), (*child.changes, *child.before_meter), child.id)


def _spread(quantity: Step, over: Parts) -> Parts:
    if None in over:
        return {None: quantity}
    rounding = Rounding(Decimal(1).scaleb(min(0, int(quantity.value.as_tuple().exponent))))
    return shares(quantity, over, Part.FLAT, rounding, "energy.share", SOURCE)


def _take_ratios(
    children: Sequence[Point], accounts: dict[str, _Account], levels: Mapping[str, int], rounding: Rounding
) -> None:
    """Ratios are of what real and fixed ones left, so all of one level are reckoned before any is taken off."""
    for level in sorted({levels[one.id] for one in children}):
        of_level = [one for one in children if levels[one.id] == level]
        left_of = {name: accounts[name].remainders() for name in {one.parents[0] for one in of_level}}
        for child in of_level:
            ratio = given("ratio", child.quantity or Decimal(0), source="agreed (定比)", of=child.id)
            parts: Parts = {}
            for part, left in left_of[child.parents[0]].items():
                of = part.value if part else ""
                parts[part] = reckon("energy.ratio", PRODUCT, (left, ratio), "kWh", rounding, SOURCE, of)
            accounts[child.id] = _Account(child, added(parts, (*child.changes, *child.before_meter), child.id))
        for child in of_level:
            _take_off(child, accounts, rounding)


def _take_off(child: Point, accounts: Mapping[str, _Account], rounding: Rounding) -> None:
    first = accounts[child.parents[0]]
    parts = accounts[child.id].parts
    if set(parts) != set(first.parts):
        whole = parts[None] if None in parts else reckon("energy.total", SUM, tuple(parts.values()), "kWh", of=child.id)
        parts = {None: whole} if None in first.parts else _spread(whole, first.parts)
    for part, kwh in parts.items():
        _take_part(child, part, kwh, accounts)


def _take_part(child: Point, part: Part | None, kwh: Step, accounts: Mapping[str, _Account]) -> None:
    first = accounts[child.parents[0]]
    if kwh.value <= first.left[part]:
        first.take(part, kwh)
        return
    second = accounts[child.parents[1]] if len(child.parents) > 1 else None
    lacking = kwh.value - max(Decimal(0), first.left[part])
    room = None if second is None else second.left.get(part)
    if second is None or room is None or room < lacking:
        lacking -= room or Decimal(0)
        if part is None:
            raise Unusable("more_than_parents_have", child.id, kwh=kwh.value, lacking=lacking)
        raise Unusable("part_more_than_parents_have", child.id, kwh=kwh.value, part=part, lacking=lacking)
    left = first.remainder(part)
    of = part.value if part else ""
    over = reckon("energy.overflow", DIFFERENCE, (kwh, left), "kWh", source=SOURCE, of=of)
    first.take(part, left)
    second.take(part, over)
