"""A rewritten graph gives the same bits as the published one, and the voice says the same."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from speech import voice_model
from speech.install import ensure_voice
from speech.kokoro import Kokoro
from speech.render import user_cache

CHANNELS = 8
CONVOLUTIONS = ((1, 1, 1), (3, 1, 1), (3, 5, 1), (11, 3, 1), (3, 1, 2))
"""Taps, steps between taps, stride."""
SAYINGS = {
    "zf_xiaoyi": ("您好。", "本期电费一百五十六元四角一分，请按1。"),
    "af_heart": ("Your bill is 156 yuan.",),
}


def _graph() -> bytes:
    """Convolutions of one input by turns, each followed by a square."""
    random = np.random.default_rng(7)
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"])]
    constants = [numpy_helper.from_array(np.array(2, np.float32), "two")]
    constants += [numpy_helper.from_array(np.array(121, np.uint8), "middle")]
    for place, (taps, step, stride) in enumerate(CONVOLUTIONS):
        weights = random.integers(0, 256, (CHANNELS, CHANNELS, taps)).astype(np.uint8)
        constants.append(numpy_helper.from_array(weights, f"w{place}"))
        how = {"kernel_shape": [taps], "dilations": [step], "strides": [stride], "group": 1}
        how["pads"] = [step * (taps - 1) // 2] * 2
        nodes += [
            helper.make_node("ConvInteger", ["q", f"w{place}", "zero", "middle"], [f"i{place}"], **how),
            helper.make_node("Cast", [f"i{place}"], [f"f{place}"], to=TensorProto.FLOAT),
            helper.make_node("Pow", [f"f{place}", "two"], [f"y{place}"]),
        ]
    outputs = [
        helper.make_tensor_value_info(f"y{place}", TensorProto.FLOAT, None) for place in range(len(CONVOLUTIONS))
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, "time"])]
    graph = helper.make_graph(nodes, "convolutions", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return made.SerializeToString()


def _run(model: bytes, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    found: list[NDArray[np.float32]] = onnxruntime.InferenceSession(model).run(None, {"x": x})
    return found


def _kinds(model: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(model).graph.node]


@pytest.mark.unit
@pytest.mark.parametrize("length", [2, 60, 1001])
@pytest.mark.parametrize("fast", [True, False])
def test_convolutions_as_products_give_the_same_bits(length: int, fast: bool) -> None:
    fast = fast and "vnni" in Path("/proc/cpuinfo").read_text()
    x = np.random.default_rng(length).normal(0.3, 2, (1, CHANNELS, length)).astype(np.float32)
    plain = _run(_graph(), x)
    *same, extra = _run(voice_model.rewritten(_graph(), ["f1"], fast=fast), x)
    assert all(np.array_equal(one, other) for one, other in zip(plain, same, strict=True))
    assert np.array_equal(extra**2, plain[1])


@pytest.mark.unit
def test_only_what_the_fast_kernel_can_do_becomes_a_product() -> None:
    fast, plain = (_kinds(voice_model.rewritten(_graph(), [], fast=fast)) for fast in (True, False))
    assert (fast.count("MatMulInteger"), fast.count("ConvInteger"), fast.count("QuantizeLinear")) == (4, 1, 1)
    assert (plain.count("MatMulInteger"), plain.count("ConvInteger")) == (0, len(CONVOLUTIONS))
    assert "Pow" not in fast + plain


@pytest.mark.integration
@pytest.mark.parametrize("name", SAYINGS)
def test_the_voice_says_the_same_in_every_bit(name: str) -> None:
    files = ensure_voice(user_cache(), lambda _: None, name=name)
    published = onnx.load(files.model)
    published.graph.output.append(onnx.ValueInfoProto(name="/encoder/Clip_output_0"))
    voice, plain = Kokoro(files), Kokoro(files)
    plain.__dict__["_session"] = onnxruntime.InferenceSession(published.SerializeToString())
    for text in SAYINGS[name]:
        said, expected = voice.speak(text), plain.speak(text)
        assert np.array_equal(said.samples, expected.samples)
        assert said.marks == expected.marks


@pytest.mark.integration
def test_a_rewritten_model_is_made_once_and_found_again(tmp_path: Path) -> None:
    model = tmp_path / "abc.onnx"
    model.write_bytes(_graph())
    made = voice_model.prepared(model, [])
    model.write_bytes(b"")
    assert voice_model.prepared(model, []) == made
    assert made.parent == tmp_path
    assert onnx.load(made).graph.node
