"""A flow as a picture: every node and way is in it, nothing covers anything, what is said is readable."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.flow_command import flow_group
from core.config import load
from core.errors import BadInput
from ivr.drawing import draw
from ivr.flow import Flow
from ivr.layers import layout
from ivr.nodes.branch import Branch
from ivr.nodes.hours import Hours
from ivr.nodes.set import Set
from speech.prompts import catalogue

pytestmark = pytest.mark.unit

SVG = "{http://www.w3.org/2000/svg}"
TEXTS = {name: prompt.text for name, prompt in catalogue(site="供电服务热线").items()}


def drawn(flow: Flow) -> ElementTree.Element:
    return ElementTree.fromstring(draw(flow, TEXTS))


def test_every_node_and_every_way_is_drawn_with_its_words(shipped: Flow) -> None:
    picture = drawn(shipped)
    assert {g.get("id") for g in picture.iter(f"{SVG}g")} == {f"node-{name}" for name in shipped.nodes}
    ways = {(name, target) for name, node in shipped.nodes.items() for _, target in node.targets() if name != target}
    assert len([p for p in picture.iter(f"{SVG}path") if "way" in (p.get("class") or "")]) == len(ways)
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert {"▶ welcome", "⚠ trouble", "菜单", "排队", "0", "放弃", "* 返回", "无人在线"} <= set(words)
    assert any("电费电量请按二" in (word or "") for word in words)


def test_boxes_do_not_cover_each_other_and_are_within_the_picture(shipped: Flow) -> None:
    picture = drawn(shipped)
    boxes = [
        tuple(float(g[1].get(side, "")) for side in ("x", "y", "width", "height")) for g in picture.iter(f"{SVG}g")
    ]
    for n, (x, y, w, h) in enumerate(boxes):
        assert x >= 0
        assert x + w <= float(picture.get("width", ""))
        assert y + h <= float(picture.get("height", ""))
        for ox, oy, ow, oh in boxes[:n]:
            assert x + w <= ox or ox + ow <= x or y + h <= oy or oy + oh <= y


def test_other_kinds_of_nodes_say_what_they_go_by(shipped: Flow) -> None:
    more = {
        "pick": Branch(do="branch", when={"hour < 8 and caller_known and accounts > 1": "office"}, next="keep"),
        "office": Hours(do="hours", working=("08:00-12:00",), open="keep", closed="bye"),
        "keep": Set(do="set", values={"kind": "<报修>"}, next="pick"),
    }
    words = [t.text or "" for t in drawn(shipped.model_copy(update={"nodes": shipped.nodes | more})).iter(f"{SVG}text")]
    assert {"分支", "1", "否则", "工作时间", "08:00-12:00", "营业", "休息", "kind = <报修>"} <= set(words)
    assert any(word.startswith("1) hour < 8 and") for word in words)


NAMES = [f"n{number}" for number in range(9)]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=40))
def test_any_graph_has_a_layout_in_which_ways_go_down_or_are_told_as_back(ways: list[tuple[str, str]]) -> None:
    plan = layout(NAMES, ways, "n0")
    assert set(plan.places) == set(NAMES)
    assert set(plan.passes) == {way for way in ways if way[0] != way[1]}
    for source, target in plan.passes:
        up = plan.places[target][1] < plan.places[source][1]
        assert up == ((source, target) in plan.back)
        assert plan.places[target][1] != plan.places[source][1]
    for layer in {at for _, at in plan.places.values()}:
        across = sorted(x for x, at in plan.places.values() if at == layer)
        assert all(b - a >= 0.999 for a, b in pairwise(across))


def test_the_command_draws_the_shipped_flow_into_a_file(tmp_path: Path) -> None:
    runner, settings = CliRunner(), load(None, {})
    result = runner.invoke(flow_group, ["draw", "-o", str(tmp_path / "flow.svg")], obj=settings)
    assert result.exit_code == 0, result.output
    svg = (tmp_path / "flow.svg").read_text("utf-8")
    assert "供电服务热线欢迎您的来电" in svg
    assert runner.invoke(flow_group, ["draw"], obj=settings).stdout == svg
    nowhere = runner.invoke(flow_group, ["draw", "-o", str(tmp_path / "none" / "flow.svg")], obj=settings)
    assert isinstance(nowhere.exception, BadInput)
    assert "name another file with -o" in nowhere.exception.message
