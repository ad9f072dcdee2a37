# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from simulated accounts: python train.py"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

jax, jnp = common.jax, common.jnp

SEED = 23
HIGHEST = 1023  # what an input may hold; 0 is the least
HORIZON = 90  # days
FEATURES = (
    "age in days",
    "days active",
    "interactions",
    "volume bucket",
    "repaid on time",
    "repaid late",
    "defaults",
    "days since the last interaction",
)
# More of the feature may only raise (1) or lower (-1) the score, or do either (0).
DIRECTION = np.array([1, 1, 0, 0, 1, -1, -1, 0], np.float32)
UNIT = np.array([256, 128, 256, 16, 16, 4, 2, 64], np.float32)
RISING = 12  # hidden units of each layer that may only raise the score; as many may only lower it


@dataclass(frozen=True)
class Accounts:
    x: np.ndarray  # [n, 8], as FEATURES
    good: np.ndarray  # [n], whether nothing defaults within the horizon
    chance: np.ndarray  # [n], the true probability of that, which no model sees


def simulate(count: int, seed: int) -> Accounts:
    """
    Accounts that open at some day, act at a rate of their own, borrow, and repay on time, late or never with chances
    that depend on a hidden care and on the strain of the moment. The label is about debts that fall due after the snapshot.
    """
    rng = np.random.default_rng(seed)
    age = np.minimum(rng.gamma(1.3, 260, count), 2500).astype(int) + 1
    care = rng.standard_normal(count)
    pace = np.exp(np.log(0.08) + 0.9 * rng.standard_normal(count) + 0.15 * care)  # chance of an active day
    active = rng.binomial(age, np.minimum(pace, 0.95))
    interactions = active + rng.poisson(active * np.exp(0.3 + 0.6 * rng.standard_normal(count)))
    volume = np.exp(6 + 0.6 * np.log1p(interactions) + 1.5 * rng.standard_normal(count))
    debts = rng.poisson(0.25 * active * np.exp(0.5 * rng.standard_normal(count)))
    # Strain is high while an account is new to debt, or sleeps.
    asleep = np.minimum(rng.geometric(np.clip(pace, 0.002, 0.95), count) - 1, age)
    default_now = 1 / (1 + np.exp(3.4 + 1.9 * care))
    late = rng.binomial(debts, 1 / (1 + np.exp(1.6 + 1.1 * care)))
    defaults = rng.binomial(debts - late, default_now)
    on_time = debts - late - defaults
    # Debts that fall due in the horizon: at least the one that is being asked for.
    due = 1 + rng.poisson(0.15 * pace * HORIZON)
    strain = 0.5 * (asleep > 60) + 0.6 * np.exp(-age / 60) - 0.1 * np.log1p(on_time)
    chance = (1 - 1 / (1 + np.exp(3.2 + 1.9 * care - strain))) ** due
    good = rng.random(count) < chance

    bucket = np.floor(np.log2(1 + volume))
    columns = (age, active, interactions, bucket, on_time, late, defaults, asleep)
    return Accounts(np.clip(np.stack(columns, axis=1), 0, HIGHEST), good.astype(int), chance)


def directed(p: common.Params) -> common.Params:
    """
    Sets weights of the wrong sign to 0, so that the score moves with each feature in one direction only: the first half
    of a layer's units may only rise with the score, the second half may only fall.
    """
    side = jnp.concatenate([jnp.ones(RISING), -jnp.ones(RISING)])
    first = side[:, None] * DIRECTION[None, :]
    inner, last = side[:, None] * side[None, :], side[None, :]
    keep = lambda w, sign: jnp.where(sign == 0, w, sign * jnp.maximum(sign * w, 0))  # noqa: E731
    return p | {"fc1_w": keep(p["fc1_w"], first), "fc2_w": keep(p["fc2_w"], inner), "fc3_w": keep(p["fc3_w"], last)}


def forward(p: common.Params, x: jax.Array) -> jax.Array:
    x = jax.nn.relu(common.affine(p, "fc1", x / UNIT))
    x = jax.nn.relu(common.affine(p, "fc2", x))
    return common.affine(p, "fc3", x)[:, 0]


def loss(p: common.Params, batch: Sequence[jax.Array], _: jax.Array) -> jax.Array:
    x, good = batch
    z = forward(p, x)
    return jnp.mean(jax.nn.softplus(z) - good * z)


def report(label: str, chance: np.ndarray, good: np.ndarray) -> None:
    right = np.mean((chance >= 0.5) == good)
    print(
        f"{label}: AUC {roc_auc_score(good, chance):.4f}, log loss {log_loss(good, chance):.4f}, "
        f"Brier {np.mean((chance - good) ** 2):.4f}, accuracy at 500 {right:.4f}"
    )


def main() -> None:
    train, calibration, held = (simulate(n, SEED + i) for i, n in enumerate((80_000, 500, 10_000)))
    rng = np.random.default_rng(SEED)
    weights: common.Weights = {}
    for layer in (("fc1", len(FEATURES), 2 * RISING), ("fc2", 2 * RISING, 2 * RISING), ("fc3", 2 * RISING, 1)):
        weights |= common.dense(rng, *layer)
    side = np.repeat(np.array([1, -1], np.float32), RISING)
    weights["fc1_w"] = np.where(DIRECTION == 0, weights["fc1_w"], np.abs(weights["fc1_w"]) * np.outer(side, DIRECTION))
    weights["fc2_w"] = np.abs(weights["fc2_w"]) * np.outer(side, side) / 2
    weights["fc3_w"] = np.abs(weights["fc3_w"]) * side / 2
    weights = common.fit(
        weights, loss, (train.x, train.good), epochs=60, batch=256, rate=3e-3, decay=0.01, seed=SEED, project=directed
    )

    weights = dict(weights, fc1_w=weights["fc1_w"] / UNIT, thousand=np.float32(1000).reshape(()))
    nodes = [
        common.gemm("fc1", "input"),
        common.relu("relu1", "fc1"),
        common.gemm("fc2", "relu1"),
        common.relu("relu2", "fc2"),
        common.gemm("fc3", "relu2"),
        helper.make_node("Sigmoid", ["fc3"], ["chance"], name="chance"),
        helper.make_node("Mul", ["chance", "thousand"], ["permille"], name="permille"),
        # Rounds to whole numbers in the circuit.
        common.relu("score", "permille"),
    ]
    common.save_onnx(HERE / "model.onnx", "reputation-score", (len(FEATURES), 1), "score", nodes, weights)
    for name, part in (("calibration", calibration), ("samples", held)):
        common.save_samples(HERE / f"{name}.json", part.x[:1000], good=part.good[:1000].tolist())

    score = lambda part: common.run_onnx(HERE / "model.onnx", part.x)[:, 0] / 1000  # noqa: E731
    report("train", score(train), train.good)
    report("held out", score(held), held.good)
    report("held out, the 1,000 of samples.json", score(held)[:1000], held.good[:1000])
    linear = LogisticRegression(max_iter=2000).fit(train.x / UNIT, train.good)
    report("logistic regression, held out", linear.predict_proba(held.x / UNIT)[:, 1], held.good)
    logs = LogisticRegression(max_iter=2000).fit(np.log1p(train.x), train.good)
    report("logistic regression on logarithms, held out", logs.predict_proba(np.log1p(held.x))[:, 1], held.good)
    report("constant, held out", np.full(len(held.good), train.good.mean()), held.good)
    report("true chance, held out", held.chance, held.good)
    guess = score(held)
    print(f"held-out scores {1000 * guess.min():.0f}..{1000 * guess.max():.0f}, good {held.good.mean():.3f}")
    for low in range(0, 1000, 200):
        rows = (guess * 1000 >= low) & (guess * 1000 < low + 200)
        print(f"  {low}..{low + 200}: {rows.sum()} rows, mean score {1000 * guess[rows].mean():.0f}, good {1000 * held.good[rows].mean():.0f}")
    for k, name in enumerate(FEATURES):
        part = held.x[:, k]
        print(f"  {name}: {np.percentile(part, (0, 5, 50, 95, 100))}, clamped {np.mean(part == HIGHEST):.4f}")
    common.count_weights(weights)


if __name__ == "__main__":
    main()
