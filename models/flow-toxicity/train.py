# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from simulated flow: python train.py [--compare]"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from onnx import helper
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402
from market import LOWEST, HIGHEST, WINDOW, Flow, simulate  # noqa: E402

jax, jnp = common.jax, common.jnp
Forward = Callable[[common.Params, jax.Array], jax.Array]
Network = tuple[common.Weights, Forward]

SEED = 41
TOP = 10_000.0  # largest score, in millionths of volume
SCALE = 1000.0  # the score is fitted in units of a tenth of a per cent
WORST = 100.0  # basis points beyond which what came after is clipped, either way
TOXIC = 10.0  # basis points from which on a window is called toxic, in AUC
UNITS = np.array([32, 4], np.float32)  # of markouts and of volume buckets
FIRST, CODE, HIDDEN = 16, 8, 16


def target(flow: Flow) -> np.ndarray:
    return np.clip(flow.loss, -WORST, WORST)


def rows(x: jax.Array) -> jax.Array:
    return x.reshape(-1, WINDOW, 2) / UNITS


def layers(seed: int, *shapes: tuple[str, int, int]) -> common.Weights:
    rng = np.random.default_rng(seed)
    return {key: w for shape in shapes for key, w in common.dense(rng, *shape).items()}


def summed(seed: int) -> Network:
    """One small network reads every period, what it says is summed with a weight for each age, another reads the sum."""
    weights = layers(seed, ("e1", 2, FIRST), ("e2", FIRST, CODE), ("fc1", CODE, HIDDEN), ("fc2", HIDDEN, 1))
    weights["ages_b"] = np.full((WINDOW, CODE), 1 / WINDOW, np.float32)

    def forward(p: common.Params, x: jax.Array) -> jax.Array:
        each = jax.nn.relu(common.affine(p, "e2", jax.nn.relu(common.affine(p, "e1", rows(x)))))
        hidden = jax.nn.relu(common.affine(p, "fc1", (each * p["ages_b"]).sum(axis=1)))
        return common.affine(p, "fc2", hidden)[:, 0]

    return weights, forward


def dense(seed: int) -> Network:
    """A plain network on all numbers."""
    weights = layers(seed, ("fc1", 2 * WINDOW, 32), ("fc2", 32, 16), ("fc3", 16, 1))

    def forward(p: common.Params, x: jax.Array) -> jax.Array:
        hidden = jax.nn.relu(common.affine(p, "fc1", rows(x).reshape(-1, 2 * WINDOW)))
        return common.affine(p, "fc3", jax.nn.relu(common.affine(p, "fc2", hidden)))[:, 0]

    return weights, forward


def recurrent(seed: int) -> Network:
    """A GRU from the oldest period to the newest."""
    gates = [(name, 2 + CODE, CODE) for name in ("z", "r", "n")]
    weights = layers(seed, *gates, ("fc1", CODE, HIDDEN), ("fc2", HIDDEN, 1))

    def forward(p: common.Params, x: jax.Array) -> jax.Array:
        each = rows(x)
        state = jnp.zeros((each.shape[0], CODE))
        for t in range(WINDOW - 1, -1, -1):
            both = jnp.concatenate([each[:, t], state], axis=1)
            keep, reset = (jax.nn.sigmoid(common.affine(p, name, both)) for name in ("z", "r"))
            new = jnp.tanh(common.affine(p, "n", jnp.concatenate([each[:, t], reset * state], axis=1)))
            state = keep * state + (1 - keep) * new
        return common.affine(p, "fc2", jax.nn.relu(common.affine(p, "fc1", state)))[:, 0]

    return weights, forward


def fit(network: Network, flow: Flow, seed: int) -> common.Weights:
    weights, forward = network

    def loss(p: common.Params, batch: Sequence[jax.Array], _: jax.Array) -> jax.Array:
        x, cost = batch
        return jnp.mean((forward(p, x) - cost * 100 / SCALE) ** 2)

    return common.fit(weights, loss, (flow.x, target(flow)), epochs=30, batch=256, rate=3e-3, decay=0.01, seed=seed)


def mean_markout(x: np.ndarray) -> np.ndarray:
    return x[:, ::2].mean(axis=1, keepdims=True)


def weighted_markout(x: np.ndarray) -> np.ndarray:
    size = 2.0 ** x[:, 1::2]
    return ((x[:, ::2] * size).sum(axis=1) / size.sum(axis=1))[:, None]


def report(label: str, guess: np.ndarray, flow: Flow) -> None:
    """Of guesses in basis points: no score is below 0, so none of these is."""
    guess, actual = np.clip(guess, 0, WORST), target(flow)
    r2 = 1 - np.sum((guess - actual) ** 2) / np.sum((actual - actual.mean()) ** 2)
    auc = roc_auc_score(actual > TOXIC, guess)
    print(f"{label}: R2 {r2:.3f}, mean absolute error {np.mean(np.abs(guess - actual)):.2f} bp, AUC {auc:.3f}", flush=True)


def baselines(train: Flow, held: Flow) -> None:
    """The rule as it is, and regressions fitted to the train windows."""
    report("mean markout as it is", mean_markout(held.x)[:, 0], held)
    for label, features in (
        ("mean markout", mean_markout),
        ("markout weighted by volume", weighted_markout),
        ("all inputs", lambda x: x),
    ):
        model = LinearRegression().fit(features(train.x), target(train))
        report(f"linear regression, {label}", model.predict(features(held.x)), held)
        toxic = LogisticRegression(max_iter=2000).fit(features(train.x), target(train) > TOXIC)
        auc = roc_auc_score(target(held) > TOXIC, toxic.predict_proba(features(held.x))[:, 1])
        print(f"logistic regression, {label}: AUC {auc:.3f}")
    report("constant", np.full(len(held.x), target(train).mean()), held)


def margins(guess: np.ndarray, baseline: np.ndarray, flow: Flow, draws: int = 500) -> None:
    """How far the model is above a baseline, with 95% intervals: pools are drawn with replacement, as their windows share a market."""
    rng = np.random.default_rng(SEED)
    actual = target(flow)
    pools = [np.flatnonzero(flow.pool == pool) for pool in np.unique(flow.pool)]

    def above(part: np.ndarray) -> tuple[float, float]:
        truth = actual[part]
        squares = [np.sum((one[part] - truth) ** 2) for one in (baseline, guess)]
        areas = [roc_auc_score(truth > TOXIC, one[part]) for one in (baseline, guess)]
        return (squares[0] - squares[1]) / np.sum((truth - truth.mean()) ** 2), areas[1] - areas[0]

    drawn = [above(np.concatenate([pools[i] for i in rng.integers(len(pools), size=len(pools))])) for _ in range(draws)]
    for name, value, (low, high) in zip(("R2", "AUC"), above(np.arange(len(actual))), np.percentile(drawn, (2.5, 97.5), axis=0).T):
        print(f"{name} above the baseline: {value:.4f}, interval {low:.4f} to {high:.4f}, {len(pools)} pools")


def compare() -> None:
    """How the architecture was chosen: on windows of pools that are in no other set."""
    train, validation = simulate(4000, 1), simulate(600, 2)
    print(f"{len(train.x)} train, {len(validation.x)} validation")
    baselines(train, validation)
    for label, make in (("summed", summed), ("dense", dense), ("GRU", recurrent)):
        network = make(1)
        fitted = {name: jnp.asarray(w) for name, w in fit(network, train, 1).items()}
        guess = jax.jit(network[1])(fitted, jnp.asarray(validation.x, jnp.float32))
        report(label, np.asarray(guess) * SCALE / 100, validation)


def save_model(weights: common.Weights) -> common.Weights:
    weights = {
        "shape": np.array([0, WINDOW, 2], np.int64),
        "axis": np.array([1], np.int64),
        "e1_w": (weights["e1_w"] / UNITS).T,
        "e1_b": weights["e1_b"],
        "e2_w": weights["e2_w"].T,
        "e2_b": weights["e2_b"],
        "ages": weights["ages_b"],
        "fc1_w": weights["fc1_w"],
        "fc1_b": weights["fc1_b"],
        "fc2_w": weights["fc2_w"] * np.float32(SCALE),
        "fc2_b": weights["fc2_b"] * np.float32(SCALE),
    }
    node = lambda op, inputs, name, **more: helper.make_node(op, inputs, [name], name=name, **more)  # noqa: E731
    nodes = [
        node("Reshape", ["input", "shape"], "periods"),
        node("MatMul", ["periods", "e1_w"], "e1_product"),
        node("Add", ["e1_product", "e1_b"], "e1"),
        common.relu("seen1", "e1"),
        node("MatMul", ["seen1", "e2_w"], "e2_product"),
        node("Add", ["e2_product", "e2_b"], "e2"),
        common.relu("seen2", "e2"),
        node("Mul", ["seen2", "ages"], "aged"),
        node("ReduceSum", ["aged", "axis"], "sum", keepdims=0),
        common.gemm("fc1", "sum"),
        common.relu("relu1", "fc1"),
        common.gemm("fc2", "relu1"),
        *common.saturate("fc2", "score", TOP, weights),
    ]
    common.save_onnx(HERE / "model.onnx", "flow-toxicity", (2 * WINDOW, 1), "score", nodes, weights)
    return weights


def main() -> None:
    if "--compare" in sys.argv[1:]:
        return compare()
    train, calibration, held = (simulate(n, SEED + i) for i, n in enumerate((6000, 60, 800)))
    weights = save_model(fit(summed(SEED), train, SEED))

    # The strongest of the baselines below goes beside the samples.
    linear = LinearRegression().fit(weighted_markout(train.x), target(train))
    line = np.clip(linear.predict(weighted_markout(held.x)) * 100, 0, TOP)
    losses = lambda flow: np.rint(target(flow)[:1000] * 100).astype(int).tolist()  # noqa: E731
    common.save_samples(HERE / "calibration.json", calibration.x[:1000], losses=losses(calibration))
    baseline = np.rint(line[:1000]).astype(int).tolist()
    common.save_samples(HERE / "samples.json", held.x[:1000], losses=losses(held), baseline=baseline)

    print(f"{len(train.x)} train, {len(calibration.x)} calibration, {len(held.x)} held out")
    score = lambda flow: common.run_onnx(HERE / "model.onnx", flow.x)[:, 0] / 100  # noqa: E731
    report("train", score(train), train)
    report("held out", score(held), held)
    first = Flow(held.x[:1000], held.loss[:1000], held.volume[:1000], held.informed[:1000], held.pool[:1000])
    report("samples.json", score(first), first)
    report("samples.json, its baseline", line[:1000] / 100, first)
    baselines(train, held)
    guess, actual = score(held), target(held)
    margins(guess, line / 100, held)
    for low, high in ((0, 0.01), (0.01, 2), (2, 5), (5, 10), (10, 20), (20, 100)):
        part = (guess >= low) & (guess < high)
        cost = np.average(actual[part], weights=held.volume[part])
        print(f"score {low}..{high} bp: {part.sum()} windows, mean score {guess[part].mean():.2f}, then {actual[part].mean():.2f} bp, by volume {cost:.2f}")
    print("what came after", np.percentile(actual, (0, 1, 5, 25, 50, 75, 95, 99, 100)).round(2))
    for k, name in enumerate(("markouts", "volume buckets")):
        part = held.x[:, k::2]
        print(name, np.percentile(part, (0, 1, 5, 50, 95, 99, 100)), "clamped", np.mean(np.isin(part, (LOWEST, HIGHEST))))
    print(f"never informed: {1 - held.informed.mean():.3f} of the held-out windows")
    common.count_weights(weights)


if __name__ == "__main__":
    main()
