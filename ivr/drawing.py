"""Draws a flow as SVG: what is said in each node, and which key or event leads where."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

from ivr.flow import Flow
from ivr.layers import Layout, layout
from ivr.node import Node
from ivr.nodes.branch import Branch
from ivr.nodes.return_ import Return

BOX_W, BOX_H = 210, 74
COLUMN, LAYER, MARGIN = 236, 150, 40
TEXT_CHARS, TEXT_LINES = 15, 2
"""Width of a line in Chinese characters, lines of a box."""
KINDS = {
    "play": ("播放", "#5b7db1"),
    "greet": ("问候", "#5b7db1"),
    "say": ("播报", "#5b7db1"),
    "menu": ("菜单", "#2f7d5b"),
    "collect": ("收号", "#2f7d5b"),
    "verify": ("验证", "#8a6d3b"),
    "branch": ("分支", "#8a6d3b"),
    "hours": ("工作时间", "#8a6d3b"),
    "set": ("赋值", "#8a6d3b"),
    "subflow": ("子流程", "#8a6d3b"),
    "return": ("返回", "#777777"),
    "bill": ("电费", "#7a4f9a"),
    "outage": ("停电", "#7a4f9a"),
    "queue": ("排队", "#b5532c"),
    "survey": ("评价", "#7a4f9a"),
    "hangup": ("挂机", "#777777"),
}
"""The verb as the reader sees it, and its colour; others are shown by their own name."""
WAYS = {
    "next": "",
    "give_up": "放弃",
    "back": "* 返回",
    "person": "0 人工",
    "unidentified": "未识别",
    "again": "重试",
    "locked": "锁定",
    "nobody": "无人在线",
    "too_long": "等候过久",
    "full": "队列已满",
    "open": "营业",
    "closed": "休息",
    "start": "进入",
}
PURPOSES = {
    "bill": "播报来电人的电费和欠费",
    "outage": "播报来电人所在区域的停电信息",
    "verify": "核对户号和查询密码",
}
"""What stands in a box whose words depend on the caller."""
_STYLE = """\
text{font-family:"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif}
.name{font-size:13px;font-weight:600;fill:#222}.verb{font-size:12px;fill:#fff}.said{font-size:12px;fill:#444}
.way{fill:none;stroke:#667;stroke-width:1.4}.back{stroke:#b08a3c;stroke-dasharray:5 4}
.label{font-size:12px;fill:#123;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}"""


def draw(flow: Flow, texts: Mapping[str, str]) -> str:
    """Return the flow as an SVG document; `texts` are the words of prompts by id."""
    labels: dict[tuple[str, str], list[str]] = {}
    for name, node in flow.nodes.items():
        for field, target in node.targets():
            labels.setdefault((name, target), []).append(_label(node, field))
    plan = layout(list(flow.nodes), labels, flow.start)
    width = max(x for x, _ in _points(plan)) * COLUMN + COLUMN / 2 + 2 * MARGIN
    height = max(y for _, y in _points(plan)) * LAYER + BOX_H + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">',
        f"<title>{escape(flow.flow)} {flow.version}</title><style>{_STYLE}</style>",
        '<defs><marker id="tip" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
        '<path d="M0 0 9 4 0 8z" fill="#667"/></marker></defs><rect width="100%" height="100%" fill="#fff"/>',
        *_ways(plan, labels),
        *(_box(flow, name, node, plan, texts) for name, node in flow.nodes.items()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _points(plan: Layout) -> Iterator[tuple[float, int]]:
    yield from plan.places.values()
    for points in plan.passes.values():
        yield from points


def _label(node: Node, field: str) -> str:
    """The word at a way: the key, the number of the condition (they stand in the box), or what happened."""
    name, _, key = field.partition(".")
    if name == "when":
        return str(list(node.when).index(key) + 1) if isinstance(node, Branch) else key
    return key or ("否则" if isinstance(node, Branch) else WAYS.get(name, name))


def _at(place: tuple[float, int]) -> tuple[float, float]:
    """The middle of the top edge of what stands at `place`."""
    return MARGIN + place[0] * COLUMN, MARGIN + place[1] * LAYER


def _ways(plan: Layout, labels: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[str]:
    ports = _ports(plan)
    drawn = []
    for (source, target), words in labels.items():
        if source == target:
            continue
        points = _route(plan, source, target, ports)
        kind = "way back" if (source, target) in plan.back else "way"
        yield f'<path class="{kind}" d="{_curve(points)}" marker-end="url(#tip)"/>'
        if text := " ".join(word for word in words if word):
            drawn.append((points, text))
    yield from (_words(points, text) for points, text in drawn)


def _ports(plan: Layout) -> dict[tuple[str, str, str], float]:
    """Where each way leaves and enters a box, left to right as it goes on: {(end, source, target): shift}."""
    ends: dict[tuple[str, str], list[tuple[float, str, str, str]]] = {}
    for (source, target), points in plan.passes.items():
        back = (source, target) in plan.back
        out = (points[0] if points else plan.places[target])[0]
        into = (points[-1] if points else plan.places[source])[0]
        ends.setdefault((source, "top" if back else "bottom"), []).append((out, "out", source, target))
        ends.setdefault((target, "bottom" if back else "top"), []).append((into, "in", source, target))
    shifts: dict[tuple[str, str, str], float] = {}
    for those in ends.values():
        for number, (_, end, source, target) in enumerate(sorted(those), 1):
            shifts[end, source, target] = (number / (len(those) + 1) - 0.5) * BOX_W * 0.86
    return shifts


def _route(
    plan: Layout, source: str, target: str, ports: Mapping[tuple[str, str, str], float]
) -> list[tuple[float, float]]:
    back = (source, target) in plan.back
    x, y = _at(plan.places[source])
    points = [(x + ports["out", source, target], y if back else y + BOX_H)]
    for passed in plan.passes[source, target]:
        px, py = _at(passed)
        points += [(px, py + BOX_H), (px, py)] if back else [(px, py), (px, py + BOX_H)]
    x, y = _at(plan.places[target])
    return [*points, (x + ports["in", source, target], y + BOX_H if back else y)]


def _curve(points: Sequence[tuple[float, float]]) -> str:
    path = [f"M{points[0][0]:.0f} {points[0][1]:.0f}"]
    for (ax, ay), (bx, by) in pairwise(points):
        if abs(ax - bx) < 1:
            path.append(f"L{bx:.0f} {by:.0f}")
        else:
            middle = (ay + by) / 2
            path.append(f"C{ax:.0f} {middle:.0f} {bx:.0f} {middle:.0f} {bx:.0f} {by:.0f}")
    return " ".join(path)


def _words(points: Sequence[tuple[float, float]], text: str) -> str:
    """The label of a way, close to where it leaves, on the side to which it turns."""
    (ax, ay), (bx, by) = points[0], points[1]
    part = 0.24
    x, y = ax + (bx - ax) * part * 0.5, ay + (by - ay) * part + 4
    return f'<text class="label" text-anchor="middle" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


def _box(flow: Flow, name: str, node: Node, plan: Layout, texts: Mapping[str, str]) -> str:
    x, y = _at(plan.places[name])
    left = x - BOX_W / 2
    word, colour = KINDS.get(node.do, (node.do, "#556"))
    marks = "▶ " * (name == flow.start) + "⚠ " * (name == flow.trouble)
    said = _said(node, texts)
    lines = _wrapped(said)
    band = len(word) * 12 + 14
    rows = "".join(
        f'<text class="said" x="{left + 10:.0f}" y="{y + 42 + n * 18:.0f}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    return (
        f'<g id="node-{escape(name)}"><title>{escape(name)}: {escape(said)}</title>'
        f'<rect x="{left:.0f}" y="{y:.0f}" width="{BOX_W}" height="{BOX_H}" rx="7" fill="#fbfbfd" stroke="{colour}"/>'
        f'<rect x="{left + BOX_W - band - 6:.0f}" y="{y + 6:.0f}" width="{band}" height="19" rx="4" fill="{colour}"/>'
        f'<text class="verb" text-anchor="middle" x="{left + BOX_W - band / 2 - 6:.0f}" y="{y + 20:.0f}">{escape(word)}'
        f'</text><text class="name" x="{left + 10:.0f}" y="{y + 20:.0f}">{marks}{escape(name)}</text>{rows}</g>'
    )


def _wrapped(text: str) -> list[str]:
    """Lines that fit a box; none begins with a mark that ends a sentence, and what is left out shows as …."""
    lines, width = [""], 0.0
    for char in text:
        step = 1.0 if ord(char) > 0x2E80 else 0.55
        if width + step > TEXT_CHARS and char not in "，。！？、；：）":
            lines.append("")
            width = 0.0
        lines[-1] += char
        width += step
    return lines if len(lines) <= TEXT_LINES else [*lines[: TEXT_LINES - 1], f"{lines[TEXT_LINES - 1][:-1]}…"]


def _said(node: Node, texts: Mapping[str, str]) -> str:
    """What a node says first, or else what it is for."""
    prompts = getattr(node, "prompts", ())
    words = "".join(texts.get(prompt, f"〈{prompt}〉") for prompt in prompts)
    return words or str(getattr(node, "text", "")) or _of_its_fields(node) or PURPOSES.get(node.do) or node.note


def _of_its_fields(node: Node) -> str:
    """What a node that says nothing goes by."""
    if isinstance(node, Branch):
        return "　".join(f"{number}) {condition}" for number, condition in enumerate(node.when, 1))
    if isinstance(node, Return):
        return f"出口：{node.exit}"
    values = getattr(node, "values", {})
    return "，".join([*getattr(node, "working", ()), *(f"{name} = {text}" for name, text in values.items())])
