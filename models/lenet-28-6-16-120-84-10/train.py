# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files: python train.py --mnist DIR"""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import numpy as np
import onnx
from onnx import helper

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import mnist_common as mnist  # noqa: E402

RECIPE = mnist.Recipe(
    epochs=40,
    l1={"conv1_w": 1e-3, "conv2_w": 1e-3, "fc1_w": 1e-3, "fc2_w": 1e-3},
    l2={"fc3_w": 2e-2},
    cap={"conv1_w": 7.5, "conv2_w": 15.5, "fc1_w": 15.5, "fc2_w": 15.5},
    noise={"conv1_w": 1 / 16, "conv2_w": 1 / 32},
)


def forward(p: mnist.Params, x: jax.Array) -> jax.Array:
    x = x.reshape(-1, 1, 28, 28)
    x = mnist.mean_pool(jax.nn.relu(mnist.conv(x, p["conv1_w"], p["conv1_b"], 1)))
    x = mnist.mean_pool(jax.nn.relu(mnist.conv(x, p["conv2_w"], p["conv2_b"], 1)))
    x = jax.nn.relu(x.reshape(-1, 256) @ p["fc1_w"].T + p["fc1_b"])
    x = jax.nn.relu(x @ p["fc2_w"].T + p["fc2_b"])
    return x @ p["fc3_w"].T + p["fc3_b"]


def initial() -> mnist.Weights:
    rng = np.random.default_rng(mnist.SEED)
    shapes = {
        "conv1": (6, 1, 5, 5),
        "conv2": (16, 6, 5, 5),
        "fc1": (120, 256),
        "fc2": (84, 120),
        "fc3": (10, 84),
    }
    weights: mnist.Weights = {}
    for name, shape in shapes.items():
        weights[f"{name}_w"] = mnist.he(rng, *shape)
        weights[f"{name}_b"] = np.zeros(shape[0], np.float32)
    return weights


def pool(name: str, source: str) -> onnx.NodeProto:
    return helper.make_node("AveragePool", [source], [name], name=name, kernel_shape=[2, 2], strides=[2, 2])


def main() -> None:
    split = mnist.load(mnist.arguments(__doc__))
    weights = mnist.fit(initial(), forward, split.train, RECIPE)
    nodes = [
        mnist.convolution("conv1", "scaled", kernel=5, stride=1),
        mnist.relu("relu1", "conv1"),
        pool("pool1", "relu1"),
        mnist.convolution("conv2", "pool1", kernel=5, stride=1),
        mnist.relu("relu2", "conv2"),
        pool("pool2", "relu2"),
        helper.make_node("Flatten", ["pool2"], ["flatten"], name="flatten", axis=1),
        mnist.gemm("fc1", "flatten", "fc1"),
        mnist.relu("relu3", "fc1"),
        mnist.gemm("fc2", "relu3", "fc2"),
        mnist.relu("relu4", "fc2"),
        mnist.gemm("fc3", "relu4", "logits"),
    ]
    mnist.save_onnx(HERE / "model.onnx", "lenet-28-6-16-120-84-10", [1, 28, 28], nodes, weights)
    mnist.finish(HERE, split, weights)


if __name__ == "__main__":
    main()
