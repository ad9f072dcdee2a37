# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes test/conformance/node-tests.json.gz: the backend node tests of the package `onnx` that the project counts.

    pip install -r scripts/conformance/requirements.txt
    python scripts/conformance/export.py

A case counts when its operator is in OPERATORS and all its tensors are of a type in STORAGE; the archive names every other
case with the reason. The same package gives the same bytes. Its tests are under the Apache License 2.0.
"""

import base64
import collections
import gzip
import json
import re
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.loader import load_model_tests

ARCHIVE = Path(__file__).parents[2] / "test" / "conformance" / "node-tests.json.gz"

OPERATORS = set(
    """
    Gemm MatMul Add Sub Mul Div Neg Relu LeakyRelu Sigmoid Tanh Clip Conv BatchNormalization AveragePool GlobalAveragePool
    MaxPool Softmax ArgMax Reshape Flatten Squeeze Unsqueeze Identity Dropout Cast Transpose Concat Slice Pad Constant
    Pow Sqrt Reciprocal Exp Log Erf Gelu Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh
    Softplus Softsign Elu Selu Celu PRelu HardSigmoid HardSwish Mish ThresholdedRelu Abs Sign Floor Ceil Round
    Mod Min Max Mean Sum Equal Greater Less GreaterOrEqual LessOrEqual And Or Not Xor
    BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitShift Where
    ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare
    ArgMin TopK OneHot Hardmax LogSoftmax LayerNormalization InstanceNormalization GroupNormalization
    LpPool GlobalMaxPool LpNormalization ConvTranspose Resize Upsample DepthToSpace SpaceToDepth
    Gather GatherElements GatherND ScatterElements ScatterND Expand Tile Split Shape Size ConstantOfShape Range Trilu EyeLike
    CumSum Einsum RNN GRU LSTM Loop Scan If QuantizeLinear DequantizeLinear QLinearConv QLinearMatMul
    TreeEnsembleClassifier TreeEnsembleRegressor TreeEnsemble LinearClassifier LinearRegressor SVMClassifier SVMRegressor
    Scaler Normalizer Binarizer LabelEncoder ZipMap
    """.split()
)

# The generator of these tests feeds every tensor. Inputs that decide shapes or are constants in any real model become
# initializers with the case's values: operator → positions.
ATTRIBUTE_INPUTS = {
    "Clip": [1, 2],  # min, max
    "ConstantOfShape": [0],  # shape
    "CumSum": [1],  # axis
    "DequantizeLinear": [1, 2],  # scale, zero point
    "Dropout": [1, 2],  # ratio, training_mode
    "Expand": [1],  # shape
    "GRU": [4],  # sequence_lens
    "If": [0],  # condition
    "LSTM": [4],  # sequence_lens
    "Loop": [0, 1],  # trip count, condition
    "OneHot": [1],  # depth
    "Pad": [1, 2, 3],  # pads, value, axes
    "Pow": [1],  # exponent
    "QLinearConv": [1, 2, 4, 5, 6, 7],  # scales and zero points
    "QLinearMatMul": [1, 2, 4, 5, 6, 7],  # scales and zero points
    "QuantizeLinear": [1, 2],  # scale, zero point
    "RNN": [4],  # sequence_lens
    "Range": [0, 1, 2],  # start, limit, delta
    "ReduceL1": [1],  # axes
    "ReduceL2": [1],
    "ReduceLogSum": [1],
    "ReduceLogSumExp": [1],
    "ReduceMax": [1],
    "ReduceMean": [1],
    "ReduceMin": [1],
    "ReduceProd": [1],
    "ReduceSum": [1],
    "ReduceSumSquare": [1],
    "Reshape": [1],  # shape
    "Resize": [1, 2, 3],  # roi, scales, sizes
    "Slice": [1, 2, 3, 4],  # starts, ends, axes, steps
    "Split": [1],  # sizes
    "Squeeze": [1],  # axes
    "Tile": [1],  # repeats
    "TopK": [1],  # k
    "Trilu": [1],  # diagonal
    "Unsqueeze": [1],  # axes
    "Upsample": [1],  # scales
}

# Outputs that depend on no input's values, by position. A model of ours must not have any, so such an output is added to
# an input that is 0 (for bool: is combined by Xor with an input that is false).
CONSTANT_OUTPUTS = {
    "Constant": [0],
    "ConstantOfShape": [0],
    "Dropout": [1],  # the mask
    "EyeLike": [0],
    "If": [0],
    "Range": [0],
    "Shape": [0],
    "Size": [0],
}

# Element types that count, each with the little-endian numpy type its values are stored in.
STORAGE = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f4",
    "bfloat16": "<f4",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "|i1",
    "int4": "|i1",
    "uint64": "<u8",
    "uint32": "<u4",
    "uint16": "<u2",
    "uint8": "|u1",
    "uint4": "|u1",
    "bool": "|u1",
}
TYPE_NAMES = {"double": "float64", "float": "float32"}


def type_name(code):
    name = TensorProto.DataType.Name(code).lower()
    return TYPE_NAMES.get(name, name)


def refusal(root, model):
    """Why a case does not count, or None."""
    if root.op_type not in OPERATORS:
        return "operator not listed"
    for value in [*model.graph.input, *model.graph.output]:
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            return f"{kind.removesuffix('_type')} instead of tensor"
        name = type_name(value.type.tensor_type.elem_type)
        if name not in STORAGE:
            return f"element type {name}"
    return None


def read_tensors(folder, prefix, values):
    tensors = []
    for i, value in enumerate(values):
        tensor = TensorProto()
        tensor.ParseFromString((folder / f"{prefix}_{i}.pb").read_bytes())
        tensor.name = value.name
        # bfloat16 is kept as uint16 with the same bits.
        declared = value.type.tensor_type.elem_type
        if declared == TensorProto.BFLOAT16 and tensor.data_type == TensorProto.UINT16:
            tensor.data_type = declared
        assert tensor.data_type == declared, f"{folder}: {value.name} is not of its declared type"
        tensors.append(tensor)
    return tensors


def to_json(tensor):
    name = type_name(tensor.data_type)
    if name == "bfloat16":
        # numpy_helper of this version overflows under numpy 2.
        bits = np.frombuffer(tensor.raw_data, "<u2").astype("<u4") << 16
        values = bits.view("<f4")
    else:
        values = numpy_helper.to_array(tensor).astype(STORAGE[name])
    data = base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
    return {"name": tensor.name, "type": name, "shape": list(tensor.dims), "data": data}


def turn_inputs(root, model, tensors):
    """Makes initializers of attribute-like inputs; returns their names."""
    positions = ATTRIBUTE_INPUTS.get(root.op_type, [])
    names = [root.input[i] for i in positions if i < len(root.input) and root.input[i]]
    model.graph.initializer.extend(tensor for tensor in tensors if tensor.name in names)
    # Before IR version 4 an initializer had to be an input as well.
    if model.ir_version >= 4:
        inputs = [value for value in model.graph.input if value.name not in names]
        del model.graph.input[:]
        model.graph.input.extend(inputs)
    return names


def add_zeros(root, model, inputs):
    """Makes outputs that would be constant depend on new inputs; returns tensors of value 0 for these."""
    # Whatever is computed of no elements is constant.
    is_empty = len(inputs) > 0 and all(0 in tensor.dims for tensor in inputs)
    positions = range(len(root.output)) if is_empty else CONSTANT_OUTPUTS.get(root.op_type, [])
    names = [root.output[i] for i in positions if i < len(root.output) and root.output[i]]
    zeros = []
    for name in names:
        constant, zero = f"{name}_constant", f"{name}_zero"
        for node in model.graph.node:
            node.output[:] = [constant if output == name else output for output in node.output]
        value = next(output for output in model.graph.output if output.name == name)
        code = value.type.tensor_type.elem_type
        op = "Xor" if code == TensorProto.BOOL else "Add"
        model.graph.node.append(helper.make_node(op, [constant, zero], [name], name=f"add_{zero}"))
        model.graph.input.append(helper.make_tensor_value_info(zero, code, []))
        zeros.append(helper.make_tensor(zero, code, [], [0]))
    return zeros


def main():
    tests = {test.name: test for test in load_model_tests(kind="node")}
    cases, excluded = [], []
    for name in sorted(tests):
        test = tests[name]
        folder = Path(test.model_dir)
        model = onnx.load(folder / "model.onnx")
        base = re.sub(r"_expanded(_ver\d+)?$", "", name)
        [root] = onnx.load(Path(tests[base].model_dir) / "model.onnx").graph.node
        reason = refusal(root, model)
        if reason is not None:
            excluded.append({"name": name, "op": root.op_type, "reason": reason})
            continue
        # Every node test has one set of data, so the values of an initializer are clear.
        [data] = folder.glob("test_data_set_*")
        inputs = read_tensors(data, "input", model.graph.input)
        outputs = read_tensors(data, "output", model.graph.output)
        turned = turn_inputs(root, model, inputs)
        zeros = add_zeros(root, model, [tensor for tensor in inputs if tensor.name not in turned])
        domain = root.domain or "ai.onnx"
        opset = next(x.version for x in model.opset_import if (x.domain or "ai.onnx") == domain)
        cases.append(
            {
                "name": name,
                "op": root.op_type,
                "domain": domain,
                "opset": opset,
                "expanded": name != base,
                "rtol": test.rtol,
                "atol": test.atol,
                "turned": turned,
                "zeros": [tensor.name for tensor in zeros],
                "model": base64.b64encode(model.SerializeToString(deterministic=True)).decode(),
                "inputs": [to_json(tensor) for tensor in [*inputs, *zeros] if tensor.name not in turned],
                "outputs": [to_json(tensor) for tensor in outputs],
            }
        )
    archive = {"onnx": onnx.__version__, "cases": cases, "excluded": excluded}
    text = json.dumps(archive, separators=(",", ":"))
    ARCHIVE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(cases)} cases, {len(excluded)} excluded, {ARCHIVE.stat().st_size} bytes")
    for reason, count in collections.Counter(case["reason"] for case in excluded).most_common():
        print(f"  {count} excluded: {reason}")


if __name__ == "__main__":
    main()
