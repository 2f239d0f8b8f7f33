"""Rewrites the graph of the voice's model so that a CPU with 8-bit dot products runs it in two thirds of the time.

The sound stays the same in every bit. The published graph convolves unsigned activations with unsigned weights, for
which the engine has no fast kernel; it has one (VNNI) for unsigned times signed. So each convolution becomes a matrix
product: the weights, times the activations less 128, one row for each channel and tap. Without VNNI that kernel
saturates at 16 bits, which is audible, so other CPUs keep the published convolutions.
Only the voice's worker imports this module: it loads the ONNX library.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from speech.sound import write_bytes

_VERSION = 1
"""Goes up with every change of what `rewritten` makes, so that files of older versions are not taken."""
_TO_THE_END = 2**62


def prepared(model: Path, outputs: Iterable[str]) -> Path:
    """Return the file of `model` rewritten for this CPU, beside it, made when it is not there yet.

    `outputs`: inner values that the graph shall also give out.
    """
    fast = "vnni" in Path("/proc/cpuinfo").read_text()
    file = model.with_name(f"{model.stem}.{'vnni' if fast else 'plain'}{_VERSION}.onnx")
    if not file.exists():
        write_bytes(file, rewritten(model.read_bytes(), outputs, fast=fast))
    return file


def rewritten(model: bytes, outputs: Iterable[str], *, fast: bool = True) -> bytes:
    """Return an ONNX model that computes the same and also gives out `outputs`; `fast`: by the VNNI kernel."""
    proto = onnx.load_from_string(model)
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
    _Rewriting(proto.graph).run(fast=fast)
    made: bytes = proto.SerializeToString()
    return made


class _Rewriting:
    """The nodes of one graph, replaced one by one; what two convolutions of one input share is made once."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._makers = {name: node for node in graph.node for name in node.output}
        self._signed: dict[str, tuple[str, str]] = {}
        self._columns: dict[tuple[str, int, int], str] = {}
        self._nodes: list[onnx.NodeProto] = []

    def run(self, *, fast: bool) -> None:
        for node in self._graph.node:
            if fast and node.op_type == "ConvInteger" and (taps := self._taps(node)):
                self._product(node, *taps)
            elif node.op_type == "Pow" and self._is_two(node.input[1]):
                self._nodes.append(helper.make_node("Mul", [node.input[0]] * 2, list(node.output), name=node.name))
            else:
                self._nodes.append(node)
        used = {name for node in self._nodes for name in node.input}
        constants = [tensor for name, tensor in self._constants.items() if name in used]
        del self._graph.node[:], self._graph.initializer[:]
        self._graph.node.extend(self._nodes)
        self._graph.initializer.extend(constants)

    def _taps(self, node: onnx.NodeProto) -> tuple[int, int] | None:
        """Return the taps of a convolution along time that keeps the length, and the steps between two of them."""
        how = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        (taps, *more), step = how["kernel_shape"], how["dilations"][0]
        same = how["pads"] == [step * (taps - 1) // 2] * 2 and taps % 2
        source = self._makers.get(node.input[0])
        quantized = source is not None and source.op_type == "DynamicQuantizeLinear"
        return (taps, step) if same and quantized and not more and how["strides"] == [1] and how["group"] == 1 else None

    def _product(self, node: onnx.NodeProto, taps: int, step: int) -> None:
        activations, zero = self._as_signed(self._makers[node.input[0]])
        weights = numpy_helper.to_array(self._constants[node.input[1]])
        rows = np.ascontiguousarray(weights.transpose(0, 2, 1)).reshape(len(weights), -1)
        inputs = [
            self._constant(f"{node.input[1]}/rows", rows),
            self._as_columns(activations, zero, taps, step),
            node.input[3],
            zero,
        ]
        self._nodes.append(helper.make_node("MatMulInteger", inputs, list(node.output), name=node.name))

    def _as_signed(self, source: onnx.NodeProto) -> tuple[str, str]:
        """Return the activations that `source` quantizes as 0 to 255 and their zero point, both less 128."""
        value, scale, zero = source.output
        if value not in self._signed:
            below = self._constant("signed", np.arange(-128, 128, dtype=np.int8))
            index = self._add("Cast", [zero], f"{zero}/index", to=onnx.TensorProto.INT32)
            signed_zero = self._add("Gather", [below, index], f"{zero}/signed")
            signed = self._add("QuantizeLinear", [source.input[0], scale, signed_zero], f"{value}/signed")
            self._signed[value] = (signed, signed_zero)
        return self._signed[value]

    def _as_columns(self, activations: str, zero: str, taps: int, step: int) -> str:
        """Return a matrix with a column for each time, holding all channels at all taps."""
        if taps == 1:
            return activations
        name = f"{activations}/{taps}x{step}"
        if (activations, taps, step) not in self._columns:
            reach = step * (taps - 1)
            pads = self._integers(0, 0, reach // 2, 0, 0, reach // 2)
            padded = self._add("Pad", [activations, pads, zero], f"{name}/padded")
            shifted = [
                self._add("Slice", [padded, *self._span(at, at - reach)], f"{name}/{at}")
                for at in range(0, reach + 1, step)
            ]
            self._columns[activations, taps, step] = self._add("Concat", shifted, name, axis=1)
        return self._columns[activations, taps, step]

    def _span(self, first: int, last: int) -> tuple[str, str, str]:
        return self._integers(first), self._integers(last or _TO_THE_END), self._integers(2)

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _integers(self, *values: int) -> str:
        return self._constant("/".join(map(str, values)), np.array(values, np.int64))

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(values, name)
        return name

    def _is_two(self, name: str) -> bool:
        tensor = self._constants.get(name)
        return tensor is not None and numpy_helper.to_array(tensor).ravel().tolist() == [2.0]
