# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files: python train.py --mnist DIR"""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import numpy as np
from onnx import helper

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import mnist_common as mnist  # noqa: E402

RECIPE = mnist.Recipe(
    epochs=100,
    l1={"conv1_w": 1e-3, "conv2_w": 1e-3},
    l2={"fc1_w": 2e-2},
    cap={"conv1_w": 7.75, "conv2_w": 15.5},
)


def forward(p: mnist.Params, x: jax.Array) -> jax.Array:
    x = x.reshape(-1, 1, 28, 28)
    x = jax.nn.relu(mnist.conv(x, p["conv1_w"], p["conv1_b"], 2))
    x = jax.nn.relu(mnist.conv(x, p["conv2_w"], p["conv2_b"], 2))
    return x.reshape(-1, 200) @ p["fc1_w"].T + p["fc1_b"]


def initial() -> mnist.Weights:
    rng = np.random.default_rng(mnist.SEED)
    return {
        "conv1_w": mnist.he(rng, 4, 1, 5, 5),
        "conv1_b": np.zeros(4, np.float32),
        "conv2_w": mnist.he(rng, 8, 4, 3, 3),
        "conv2_b": np.zeros(8, np.float32),
        "fc1_w": mnist.he(rng, 10, 200),
        "fc1_b": np.zeros(10, np.float32),
    }


def main() -> None:
    split = mnist.load(mnist.arguments(__doc__))
    weights = mnist.fit(initial(), forward, split.train, RECIPE)
    nodes = [
        mnist.convolution("conv1", "scaled", kernel=5, stride=2),
        mnist.relu("relu1", "conv1"),
        mnist.convolution("conv2", "relu1", kernel=3, stride=2),
        mnist.relu("relu2", "conv2"),
        helper.make_node("Flatten", ["relu2"], ["flatten"], name="flatten", axis=1),
        mnist.gemm("fc1", "flatten", "logits"),
    ]
    mnist.save_onnx(HERE / "model.onnx", "mnist-cnn", [1, 28, 28], nodes, weights)
    mnist.finish(HERE, split, weights)


if __name__ == "__main__":
    main()
