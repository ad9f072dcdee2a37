# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx, features.json and the sample files: python train.py"""

from __future__ import annotations

import json
import os
from pathlib import Path

# One thread adds in one order, so that a second run on the same machine gives the same bytes.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split

HERE = Path(__file__).parent
SEED = 7
LAYERS = (("fc1", 30, 16), ("fc2", 16, 8), ("fc3", 8, 2))
LOW, HIGH = -4.0, 11.9999
STEPS, RATE = 1000, 5e-3
DECAY = 4.0  # lowest log loss in five-fold cross-validation on the training rows

Params = dict[str, jax.Array]
Weights = dict[str, np.ndarray]
State = tuple[Params, Params, Params]  # weights, both Adam moments


def forward(p: Params, x: jax.Array) -> jax.Array:
    x = jax.nn.relu(x @ p["fc1_w"].T + p["fc1_b"])
    x = jax.nn.relu(x @ p["fc2_w"].T + p["fc2_b"])
    return x @ p["fc3_w"].T + p["fc3_b"]


def fit(x: np.ndarray, y: np.ndarray, decay: float, seed: int = SEED) -> Weights:
    """Full-batch Adam with a cosine rate and decoupled weight decay."""
    rng = np.random.default_rng(seed)
    p: Params = {}
    for name, fan_in, fan_out in LAYERS:
        p[f"{name}_w"] = jnp.asarray(rng.standard_normal((fan_out, fan_in)) * np.sqrt(2 / fan_in), jnp.float32)
        p[f"{name}_b"] = jnp.zeros(fan_out, jnp.float32)
    inputs, target = jnp.asarray(x, jnp.float32), jax.nn.one_hot(y, 2)

    def loss(p: Params) -> jax.Array:
        return -jnp.mean(jnp.sum(target * jax.nn.log_softmax(forward(p, inputs)), axis=1))

    def step(state: State, t: jax.Array) -> tuple[State, None]:
        p, m, v = state
        g = jax.grad(loss)(p)
        rate = RATE * 0.5 * (1 + jnp.cos(jnp.pi * t / STEPS))
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        fix1, fix2 = 1 - 0.9 ** (t + 1), 1 - 0.999 ** (t + 1)
        p = jax.tree.map(lambda w, a, b: w - rate * (a / fix1) / (jnp.sqrt(b / fix2) + 1e-8), p, m, v)
        p = {name: w * (1 - rate * decay) if name.endswith("_w") else w for name, w in p.items()}
        return (p, m, v), None

    zero = jax.tree.map(jnp.zeros_like, p)
    (p, _, _), _ = jax.jit(lambda s: jax.lax.scan(step, s, jnp.arange(STEPS, dtype=jnp.float32)))((p, zero, zero))
    return {name: np.asarray(w) for name, w in p.items()}


def cross_validate(x: np.ndarray, y: np.ndarray) -> None:
    """Prints accuracy and log loss for several decays, on folds of the training rows only."""
    for decay in (0.5, 1.0, 2.0, 4.0, 8.0):
        right, cost = 0, 0.0
        for a, b in StratifiedKFold(5, shuffle=True, random_state=SEED).split(x, y):
            z = np.asarray(jax.nn.log_softmax(forward(fit(x[a], y[a], decay), x[b].astype(np.float32))))
            right += int((z.argmax(axis=1) == y[b]).sum())
            cost -= float(z[np.arange(len(b)), y[b]].sum())
        print(f"decay {decay}: cross-validated accuracy {right / len(y):.4f}, log loss {cost / len(y):.4f}")


def save_samples(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    document = {"input_data": x.tolist(), "labels": y.tolist()}
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")


def save_onnx(path: Path, weights: Weights) -> None:
    nodes = [
        helper.make_node("Gemm", ["input", "fc1_w", "fc1_b"], ["fc1"], name="fc1", transB=1),
        helper.make_node("Relu", ["fc1"], ["relu1"], name="relu1"),
        helper.make_node("Gemm", ["relu1", "fc2_w", "fc2_b"], ["fc2"], name="fc2", transB=1),
        helper.make_node("Relu", ["fc2"], ["relu2"], name="relu2"),
        helper.make_node("Gemm", ["relu2", "fc3_w", "fc3_b"], ["logits"], name="fc3", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "breast-cancer",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 30])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(np.ascontiguousarray(w), name) for name, w in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def report(label: str, guess: np.ndarray, y: np.ndarray) -> None:
    """Malignant (0) is the finding: sensitivity is its recall, specificity that of benign."""
    print(
        f"{label}: accuracy {np.mean(guess == y):.4f} ({np.sum(guess != y)} wrong of {len(y)}), "
        f"sensitivity {np.mean(guess[y == 0] == 0):.4f}, specificity {np.mean(guess[y == 1] == 1):.4f}"
    )


def main() -> None:
    data = load_breast_cancer()
    raw, held_raw, y, held_y = train_test_split(
        data.data, data.target, train_size=0.6, stratify=data.target, random_state=SEED
    )
    mean = np.array([float(f"{v:.6g}") for v in raw.mean(axis=0)])
    std = np.array([float(f"{v:.6g}") for v in raw.std(axis=0)])
    x, held = (np.round(np.clip((part - mean) / std, LOW, HIGH), 4) for part in (raw, held_raw))
    features = [
        {"name": str(name), "mean": float(m), "std": float(s)} for name, m, s in zip(data.feature_names, mean, std)
    ]
    (HERE / "features.json").write_text(json.dumps(features, indent=2) + "\n")
    save_samples(HERE / "calibration.json", x, y)
    save_samples(HERE / "samples.json", held, held_y)

    cross_validate(x, y)
    weights = fit(x, y, DECAY)
    save_onnx(HERE / "model.onnx", weights)

    session = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])
    for label, rows, truth in (("train", x, y), ("held out", held, held_y)):
        z = session.run(["logits"], {"input": rows.astype(np.float32)})[0]
        gap = np.sort(np.abs(z[:, 0] - z[:, 1]))
        report(label, z.argmax(axis=1), truth)
        print(f"  logits {z.min():.3f}..{z.max():.3f}, smallest gaps {np.round(gap[:3], 4).tolist()}")
        print(f"  inputs {rows.min()}..{rows.max()}")
    linear = LogisticRegression(max_iter=1000).fit(x, y)
    report("logistic regression, held out", linear.predict(held), held_y)
    report("always benign, held out", np.ones_like(held_y), held_y)
    for name, w in weights.items():
        if name.endswith("_w"):
            print(f"{name}: largest sum of |w| {np.abs(w.astype(np.float64)).sum(axis=1).max():.3f}")


if __name__ == "__main__":
    main()
