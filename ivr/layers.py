"""Places the nodes of a graph in layers from top to bottom, with points through which longer ways pass.

The usual four steps (Sugiyama, Tagawa, Toda 1981): turn the ways that lead back, layer by the longest way, order
each layer by the middle of its neighbours, then set places. Small graphs only: it looks at everything often.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24
Way = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """`places` of nodes (middle, in units of one column and one layer) and, for each way, the points it passes."""

    places: Mapping[str, tuple[float, int]]
    passes: Mapping[Way, Sequence[tuple[float, int]]]
    back: frozenset[Way]
    """Ways that lead upwards; their points too go from their source to their target."""


def layout(nodes: Sequence[str], ways: Iterable[Way], start: str) -> Layout:
    """Place `nodes`, beginning with `start` at the top; `ways` to oneself are left out."""
    unique = [way for way in dict.fromkeys(ways) if way[0] != way[1]]
    back = _back(nodes, unique, start)
    down = {way: (way[1], way[0]) if way in back else way for way in unique}
    rank = _ranks(nodes, set(down.values()))
    chains = {way: _chain(way, *down[way], rank) for way in unique}
    rank |= {name: at for chain in chains.values() for name, at in chain}
    links = {(a[0], b[0]) for chain in chains.values() for a, b in pairwise(chain)}
    layers = _ordered(rank, links)
    across = _across(layers, links)
    places = {name: (across[name], rank[name]) for name in nodes}
    passes = {
        way: [(across[name], at) for name, at in (reversed(chain) if way in back else chain)][1:-1]
        for way, chain in chains.items()
    }
    return Layout(places, passes, back)


def _back(nodes: Sequence[str], ways: Sequence[Way], start: str) -> frozenset[Way]:
    """The ways that lead towards `start`, counted in steps from it; among nodes equally far, to an earlier one."""
    following: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in ways:
        following[source].append(target)
    order: dict[str, tuple[int, int]] = {}
    for first in (start, *nodes):
        level = [first] if first not in order else []
        depth = 0
        while level:
            order |= {name: (depth, len(order) + number) for number, name in enumerate(level)}
            level = list(dict.fromkeys(t for name in level for t in following[name] if t not in order))
            depth += 1
    return frozenset(way for way in ways if order[way[1]] < order[way[0]])


def _ranks(nodes: Sequence[str], down: set[Way]) -> dict[str, int]:
    rank = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for source, target in down:
            rank[target] = max(rank[target], rank[source] + 1)
    return rank


def _chain(way: Way, top: str, bottom: str, rank: Mapping[str, int]) -> list[tuple[str, int]]:
    between = [(f"{way[0]}>{way[1]}:{at}", at) for at in range(rank[top] + 1, rank[bottom])]
    return [(top, rank[top]), *between, (bottom, rank[bottom])]


def _ordered(rank: Mapping[str, int], links: set[Way]) -> list[list[str]]:
    layers: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
    for name, at in rank.items():
        layers[at].append(name)
    near: dict[str, list[str]] = {name: [] for name in rank}
    for a, b in sorted(links):
        near[a].append(b)
        near[b].append(a)
    for sweep in range(SWEEPS):
        turned = layers if sweep % 2 == 0 else layers[::-1]
        for beside, layer in pairwise(turned):
            shares = {name: place / max(1, len(beside) - 1) for place, name in enumerate(beside)}
            middles = {name: _middle([shares[other] for other in near[name] if other in shares], 0.5) for name in layer}
            layer.sort(key=middles.__getitem__)
    return layers


def _middle(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _width(name: str) -> float:
    return 0.32 if ">" in name else 1.0


def _across(layers: Sequence[Sequence[str]], links: set[Way]) -> dict[str, float]:
    """Columns: neighbours draw each other, and those of a layer keep their order and distance."""
    near: dict[str, list[str]] = {name: [] for layer in layers for name in layer}
    for a, b in sorted(links):
        near[a].append(b)
        near[b].append(a)
    across: dict[str, float] = {}
    for layer in layers:
        for place, name in enumerate(layer):
            across[name] = place - len(layer) / 2
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 else reversed(layers):
            wanted = [_middle([across[o] for o in near[name]], across[name]) for name in layer]
            across.update(zip(layer, _apart(layer, wanted), strict=True))
    left = min(across[name] - _width(name) / 2 for name in across)
    return {name: at - left for name, at in across.items()}


def _apart(layer: Sequence[str], wanted: Sequence[float]) -> list[float]:
    """The places nearest to `wanted` (least squares) that keep order and distance: pools of those that touch."""
    offsets = [0.0]
    for a, b in pairwise(layer):
        offsets.append(offsets[-1] + (_width(a) + _width(b)) / 2)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before, more = pools.pop()
            total, count = total + before, count + more
        pools.append((total, count))
    placed = [total / count for total, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(placed, offsets, strict=True)]
