# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files: python train.py --mnist DIR"""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import mnist_common as mnist  # noqa: E402

RECIPE = mnist.Recipe(
    epochs=200,
    l1={"fc1_w": 1e-3},
    l2={"fc2_w": 2e-2},
    cap={"fc1_w": 15.5},
    noise={"fc1_w": 1 / 16},
)


def forward(p: mnist.Params, x: jax.Array) -> jax.Array:
    hidden = jax.nn.relu(x @ p["fc1_w"].T + p["fc1_b"])
    return hidden @ p["fc2_w"].T + p["fc2_b"]


def initial() -> mnist.Weights:
    rng = np.random.default_rng(mnist.SEED)
    return {
        "fc1_w": mnist.he(rng, 56, 784),
        "fc1_b": np.zeros(56, np.float32),
        "fc2_w": mnist.he(rng, 10, 56),
        "fc2_b": np.zeros(10, np.float32),
    }


def main() -> None:
    split = mnist.load(mnist.arguments(__doc__))
    weights = mnist.fit(initial(), forward, split.train, RECIPE)
    nodes = [
        mnist.gemm("fc1", "scaled", "fc1"),
        mnist.relu("relu1", "fc1"),
        mnist.gemm("fc2", "relu1", "logits"),
    ]
    mnist.save_onnx(HERE / "model.onnx", "mlp-784-56-10", [784], nodes, weights)
    mnist.finish(HERE, split, weights)


if __name__ == "__main__":
    main()
