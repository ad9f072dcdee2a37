# SPDX-License-Identifier: GPL-3.0-or-later
"""What small models share: the training loop of those on simulated data, sample files and parts of an ONNX file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

# One thread adds in one order, so that a second run on the same machine gives the same bytes.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

Params = dict[str, jax.Array]
Weights = dict[str, np.ndarray]
State = tuple[Params, Params, Params, jax.Array]  # weights, both Adam moments, step
Loss = Callable[[Params, Sequence[jax.Array], jax.Array], jax.Array]


def dense(rng: np.random.Generator, name: str, fan_in: int, fan_out: int) -> Weights:
    """Weights [fan_out, fan_in] after He, and biases of 0."""
    scale = np.sqrt(2 / fan_in)
    return {
        f"{name}_w": (rng.standard_normal((fan_out, fan_in)) * scale).astype(np.float32),
        f"{name}_b": np.zeros(fan_out, np.float32),
    }


def affine(p: Params, name: str, x: jax.Array) -> jax.Array:
    return x @ p[f"{name}_w"].T + p[f"{name}_b"]


def fit(
    weights: Weights,
    loss: Loss,
    data: Sequence[np.ndarray],
    *,
    epochs: int,
    batch: int,
    rate: float,
    decay: float = 0.0,
    seed: int,
    project: Callable[[Params], Params] = lambda p: p,
) -> Weights:
    """Mini-batch Adam with a cosine rate and decoupled weight decay; `project` is applied after each step."""
    p: Params = {name: jnp.asarray(w) for name, w in weights.items()}
    arrays = [jnp.asarray(a, jnp.float32) for a in data]
    count = len(arrays[0]) // batch
    steps = epochs * count

    def step(state: State, index: jax.Array) -> tuple[State, jax.Array]:
        p, m, v, t = state
        key = jax.random.fold_in(jax.random.key(seed), t.astype(int))
        cost, g = jax.value_and_grad(loss)(p, [a[index] for a in arrays], key)
        now = rate * 0.5 * (1 + jnp.cos(jnp.pi * t / steps))
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        fix1, fix2 = 1 - 0.9 ** (t + 1), 1 - 0.999 ** (t + 1)
        p = jax.tree.map(lambda w, a, b: w - now * (a / fix1) / (jnp.sqrt(b / fix2) + 1e-8), p, m, v)
        p = {name: w * (1 - now * decay) if name.endswith("_w") else w for name, w in p.items()}
        return (project(p), m, v, t + 1), cost

    rng = np.random.default_rng(seed)
    zero = jax.tree.map(jnp.zeros_like, p)
    state: State = (project(p), zero, zero, jnp.float32(0))
    epoch = jax.jit(lambda s, order: jax.lax.scan(step, s, order))
    for _ in range(epochs):
        order = rng.permutation(len(arrays[0]))[: count * batch].reshape(count, batch)
        state, _ = epoch(state, jnp.asarray(order))
    return {name: np.asarray(w) for name, w in state[0].items()}


def gemm(name: str, source: str, output: str | None = None) -> onnx.NodeProto:
    return helper.make_node("Gemm", [source, f"{name}_w", f"{name}_b"], [output or name], name=name, transB=1)


def relu(name: str, source: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [source], [name], name=name)


def saturate(source: str, output: str, top: float, weights: Weights) -> list[onnx.NodeProto]:
    """min(max(source, 0), top) as top - source, ReLU, top - that, ReLU: each interval is as narrow as it can be."""
    weights["top"] = np.float32(top).reshape(())
    return [
        helper.make_node("Sub", ["top", source], ["from_top"], name="from_top"),
        relu("below_top", "from_top"),
        helper.make_node("Sub", ["top", "below_top"], ["from_zero"], name="from_zero"),
        helper.make_node("Relu", ["from_zero"], [output], name=output),
    ]


def save_onnx(
    path: Path, name: str, sizes: tuple[int, int], output: str, nodes: Sequence[onnx.NodeProto], weights: Weights
) -> None:
    """A model from `input` [N, sizes[0]] to `output` [N, sizes[1]], holding the weights that its nodes name."""
    used = {source for node in nodes for source in node.input}
    graph = helper.make_graph(
        list(nodes),
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", sizes[0]])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", sizes[1]])],
        [numpy_helper.from_array(np.ascontiguousarray(w), key) for key, w in weights.items() if key in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def run_onnx(path: Path, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"input": x.astype(np.float32)})[0]


def save_samples(path: Path, x: np.ndarray, **more: Sequence[object]) -> None:
    """Rows of whole numbers, and whatever belongs to each row."""
    document = {"input_data": x.astype(int).tolist(), **more}
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")


def count_weights(weights: Weights) -> None:
    print(f"{sum(w.size for w in weights.values())} parameters")
    for name, w in weights.items():
        if name.endswith("_w"):
            print(f"{name}: largest sum of |w| {np.abs(w.astype(np.float64)).sum(axis=1).max():.4f}")
