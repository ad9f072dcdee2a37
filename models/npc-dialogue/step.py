# SPDX-License-Identifier: GPL-3.0-or-later
"""The step model: one token in, the next one out, with all keys and values so far as a tensor that goes in and out.

The cache is a shift register of SLOTS rows, the newest last, of whole numbers; rows that nothing has reached yet are 0.
Here are its sizes, the same computation for whole lines at once (jax, for training) and the ONNX graph.
"""

from __future__ import annotations

import os

# One thread adds in one order, so that a second run on the same machine gives the same bytes.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VOCABULARY = 295
SLOTS = 35
LAYERS = 4
HEADS = 2
WIDTH = 32
KEY = 8
VALUE = 8
HIDDEN = 48
ROW = LAYERS * (KEY + VALUE)
# Keys and values are whole numbers of six bits.
LOWEST, HIGHEST = -32, 31
STEPS = np.float32(8)
# What the products of queries and keys are divided by.
SCALE = np.float32(16)
# What a slot that is still empty has less: its key is 0, and so is its value.
EMPTY = -8.0

Weights = dict[str, np.ndarray]
Params = dict[str, jax.Array]


def initial(rng: np.random.Generator) -> Weights:
    def normal(*shape: int, scale: float) -> np.ndarray:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    weights = {
        "tokens": normal(VOCABULARY, WIDTH, scale=0.5),
        "positions": normal(SLOTS, WIDTH, scale=0.3),
        "head": normal(WIDTH, VOCABULARY, scale=WIDTH**-0.5),
        "head_b": np.zeros(VOCABULARY, np.float32),
    }
    for layer in range(LAYERS):
        weights |= {
            f"q{layer}": normal(WIDTH, HEADS * KEY, scale=WIDTH**-0.5),
            f"k{layer}": normal(WIDTH, KEY, scale=WIDTH**-0.5),
            f"v{layer}": normal(WIDTH, VALUE, scale=WIDTH**-0.5),
            f"o{layer}": normal(HEADS * VALUE, WIDTH, scale=0.5 * (HEADS * VALUE) ** -0.5),
            f"near{layer}": np.zeros((HEADS, SLOTS), np.float32),
            f"at{layer}": np.zeros((HEADS, SLOTS), np.float32),
            f"up{layer}": normal(WIDTH, HIDDEN, scale=(2 / WIDTH) ** 0.5),
            f"up{layer}_b": np.zeros(HIDDEN, np.float32),
            f"down{layer}": normal(HIDDEN, WIDTH, scale=0.5 * HIDDEN**-0.5),
            f"down{layer}_b": np.zeros(WIDTH, np.float32),
        }
    return weights


def shaken(x: jax.Array, key: jax.Array | None, size: float) -> jax.Array:
    """With noise of at most that size, for training: what comes after has to bear what integers round away."""
    return x if key is None else x + jax.random.uniform(key, x.shape, minval=-size, maxval=size)


def whole(x: jax.Array) -> jax.Array:
    """Rounded and clipped; the gradient passes where nothing is clipped."""
    clipped = jnp.clip(x, LOWEST, HIGHEST)
    return clipped + jax.lax.stop_gradient(jnp.clip(jnp.round(x), LOWEST, HIGHEST) - clipped)


def bias(p: Params, layer: int) -> jax.Array:
    """[HEADS, position, slot]: what a head adds for how far back a slot is, for its position, or for being empty."""
    position = jnp.arange(SLOTS)[:, None]
    slot = jnp.arange(SLOTS)[None, :]
    held = position - (SLOTS - 1 - slot)
    near = p[f"near{layer}"][:, SLOTS - 1 - jnp.arange(SLOTS)][:, None, :]
    at = p[f"at{layer}"][:, jnp.clip(held, 0, SLOTS - 1)]
    return jnp.where(held[None] >= 0, near + at, EMPTY)


def logits(p: Params, tokens: jax.Array, key: jax.Array | None = None) -> jax.Array:
    """[N, T] tokens, T at most SLOTS, to [N, T, VOCABULARY]: what the steps give in turn. With a key, shaken."""
    keys = [None] * 3 * LAYERS if key is None else list(jax.random.split(key, 3 * LAYERS))
    count, length = tokens.shape
    x = p["tokens"][tokens] + p["positions"][:length]
    # Place j of the sequence is in slot SLOTS − 1 − (i − j) at position i.
    i, j = jnp.arange(length)[:, None], jnp.arange(length)[None, :]
    slot = jnp.clip(SLOTS - 1 - (i - j), 0, SLOTS - 1)
    empty = (SLOTS - 1 - jnp.arange(length)) * jnp.exp(EMPTY)
    for layer in range(LAYERS):
        q = (x @ p[f"q{layer}"]).reshape(count, length, HEADS, KEY)
        k = whole(shaken(x @ p[f"k{layer}"] * STEPS, keys[3 * layer], 1))
        v = whole(shaken(x @ p[f"v{layer}"] * STEPS, keys[3 * layer + 1], 1))
        table = bias(p, layer)[:, i, slot]
        scores = jnp.einsum("nihk,njk->nhij", q, k) / SCALE + table[None]
        scores = jnp.where(j <= i, scores, -1e9)
        # Empty slots have key and value 0: they only add to the sum.
        top = jnp.maximum(scores.max(-1, keepdims=True), EMPTY)
        e = jnp.exp(scores - top)
        a = e / (e.sum(-1, keepdims=True) + empty[None, None, :, None] * jnp.exp(-top))
        mixed = jnp.einsum("nhij,njv->nihv", a, v).reshape(count, length, HEADS * VALUE)
        x = x + shaken(mixed, keys[3 * layer + 2], 1) / STEPS @ p[f"o{layer}"]
        x = x + jax.nn.relu(x @ p[f"up{layer}"] + p[f"up{layer}_b"]) @ p[f"down{layer}"] + p[f"down{layer}_b"]
    return x @ p["head"] + p["head_b"]


def save_step(path: Path, weights: Weights) -> None:
    """`step` [1, 2] (token, position) and `cache` [SLOTS, ROW] to `next` [1, 1] and `cache_next` [SLOTS, ROW]."""
    constants: dict[str, np.ndarray] = {}
    nodes: list[onnx.NodeProto] = []

    def constant(name: str, value: np.ndarray) -> str:
        constants[name] = np.ascontiguousarray(value)
        return name

    def node(op: str, name: str, *inputs: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def ints(name: str, *values: int) -> str:
        return constant(name, np.array(values, np.int64))

    def affine(name: str, source: str) -> str:
        w, b = constant(f"{name}_w", weights[name]), constant(f"{name}_b", weights[f"{name}_b"])
        return node("Gemm", name, source, w, b)

    first, second = ints("first", 0), ints("second", 1)
    token = node("Gather", "token", "step", first, axis=1)
    position = node("Gather", "position", "step", second, axis=1)
    flat = ints("flat", -1)
    token, position = node("Reshape", "token_id", token, flat), node("Reshape", "position_id", position, flat)
    word = node("Gather", "word", constant("tokens", weights["tokens"]), token, axis=0)
    # All that depends on the position is one table: place, then what each layer adds to its scores.
    p = {name: jnp.asarray(w) for name, w in weights.items()}
    tables = [np.asarray(bias(p, layer)).transpose(1, 0, 2).reshape(SLOTS, HEADS * SLOTS) for layer in range(LAYERS)]
    by_position = constant("by_position", np.concatenate([weights["positions"], *tables], axis=1))
    given = node("Gather", "given", by_position, position, axis=0)
    place = node("Slice", "place", given, first, ints("width", WIDTH), second)
    x = node("Add", "x", word, place)
    kept = node("Slice", "kept", "cache", second, ints("end", SLOTS), first)
    lowest = constant("lowest", np.float32(LOWEST).reshape(()))
    highest = constant("highest", np.float32(HIGHEST).reshape(()))
    rows = []
    for layer in range(LAYERS):
        q = node("MatMul", f"q{layer}", x, constant(f"q{layer}_w", weights[f"q{layer}"] / SCALE))
        queries = node("Reshape", f"queries{layer}", q, ints(f"heads{layer}", HEADS, KEY))
        kv_w = constant(f"kv{layer}_w", np.concatenate([weights[f"k{layer}"], weights[f"v{layer}"]], axis=1) * STEPS)
        raw = node("MatMul", f"kv{layer}", x, kv_w)
        row = node("Clip", f"row{layer}", node("Round", f"round{layer}", raw), lowest, highest)
        rows.append(row)
        at = layer * (KEY + VALUE)
        old = node("Slice", f"old{layer}", kept, ints(f"from{layer}", at), ints(f"to{layer}", at + KEY + VALUE), second)
        both = node("Concat", f"both{layer}", old, row, axis=0)
        key_end, row_end = ints(f"key_end{layer}", KEY), ints(f"row_end{layer}", KEY + VALUE)
        keys = node("Slice", f"keys{layer}", both, first, key_end, second)
        values = node("Slice", f"values{layer}", both, key_end, row_end, second)
        dots = node("MatMul", f"dots{layer}", queries, node("Transpose", f"turned{layer}", keys, perm=[1, 0]))
        start = WIDTH + layer * HEADS * SLOTS
        begin, end = ints(f"b{layer}", start), ints(f"e{layer}", start + HEADS * SLOTS)
        added = node("Slice", f"bias{layer}", given, begin, end, second)
        added = node("Reshape", f"added{layer}", added, ints(f"square{layer}", HEADS, SLOTS))
        weights_of = node("Softmax", f"attention{layer}", node("Add", f"scores{layer}", dots, added), axis=1)
        mixed = node("MatMul", f"mixed{layer}", weights_of, values)
        line = node("Reshape", f"line{layer}", mixed, ints(f"one{layer}", 1, HEADS * VALUE))
        o = node("MatMul", f"o{layer}", line, constant(f"o{layer}_w", weights[f"o{layer}"] / STEPS))
        x = node("Add", f"attended{layer}", x, o)
        hidden = node("Relu", f"relu{layer}", affine(f"up{layer}", x))
        x = node("Add", f"x{layer}", x, affine(f"down{layer}", hidden))
    scores = node("Gemm", "scores", x, constant("head_w", weights["head"]), constant("head_b", weights["head_b"]))
    node("ArgMax", "next", scores, axis=1, keepdims=1)
    node("Concat", "cache_next", kept, node("Concat", "row", *rows, axis=1), axis=0)
    used = {source for one in nodes for source in one.input}
    graph = helper.make_graph(
        nodes,
        "npc-dialogue",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, [1, 2]),
            helper.make_tensor_value_info("cache", TensorProto.FLOAT, [SLOTS, ROW]),
        ],
        [
            helper.make_tensor_value_info("next", TensorProto.INT64, [1, 1]),
            helper.make_tensor_value_info("cache_next", TensorProto.FLOAT, [SLOTS, ROW]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
