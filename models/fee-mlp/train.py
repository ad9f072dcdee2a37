# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from simulated flow: python train.py"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

jax, jnp = common.jax, common.jnp

SEED = 11
PERIODS = 8  # periods the model sees
BLOCKS = 300  # blocks of 12 seconds in a period of one hour
LOWEST, HIGHEST = -1024, 1023  # what an input may hold
TOP = 10_000.0  # largest fee, in millionths
SCALE = 1000.0  # the fee is fitted in units of a tenth of a per cent
LAYERS = (("fc1", 2 * PERIODS, 32), ("fc2", 32, 16), ("fc3", 16, 1))


@dataclass(frozen=True)
class Flow:
    """Windows of closed periods, and the fee that the period after each would have needed."""

    x: np.ndarray  # [n, 16]: move and volume of the latest period, of the one before it, …
    fee: np.ndarray  # [n], in millionths


def simulate(paths: int, hours: int, seed: int) -> Flow:
    """
    A constant-product pool beside a market with stochastic volatility. In every block the market moves, arbitrageurs
    trade the pool to within its fee of the market, and then at most one noise trader comes.
    """
    rng = np.random.default_rng(seed)
    # Volatility of an hour: log-normal between pools and drifting within each (a mean-reverting log).
    home = np.log(0.006) + 0.45 * rng.standard_normal(paths)
    log_sigma = home + 0.3 * rng.standard_normal(paths)
    # Noise traders: how many a block, and what part of the reserve each trades.
    log_rate = np.log(0.08) + 0.4 * rng.standard_normal(paths)
    size = np.exp(np.log(0.0006) + 0.3 * rng.standard_normal(paths))
    fee = np.zeros(paths)
    market, pool = np.zeros(paths), np.zeros(paths)

    moves, volumes, needed = [], [], []
    for hour in range(hours):
        if hour % 12 == 0:
            # Which fee the pool takes changes what it sees, so the model has to see many.
            fee = np.exp(rng.uniform(np.log(0.0005), np.log(0.01), paths))
        log_sigma += 0.08 * (home - log_sigma) + 0.2 * rng.standard_normal(paths)
        log_rate += 0.08 * (np.log(0.08) - log_rate) + 0.15 * rng.standard_normal(paths)
        sigma, rate = np.exp(log_sigma) / np.sqrt(BLOCKS), np.minimum(np.exp(log_rate), 0.8)
        start, volume, loss = pool.copy(), np.zeros(paths), np.zeros(paths)
        for _ in range(BLOCKS):
            step = sigma * rng.standard_normal(paths)
            market += step
            loss += np.cosh(step / 2) - 1  # loss versus rebalancing, as a share of the pool's value
            after = np.clip(pool, market - fee, market + fee)
            volume += np.abs(np.expm1((after - pool) / 2))
            pool = after
            here = rng.random(paths) < rate
            traded = here * size * np.exp(0.8 * rng.standard_normal(paths) - 0.32)
            pool = pool + 2 * np.log1p(traded) * rng.choice((-1.0, 1.0), paths)
            volume += traded
        moves.append(np.rint((pool - start) * 10_000))
        volumes.append(np.rint(volume * 10_000))
        # A trade of a part of one reserve is half that part of the pool's value.
        needed.append(loss / (BLOCKS * rate * size / 2) * 1e6)

    move = np.clip(np.array(moves), LOWEST, HIGHEST)
    volume_bp = np.clip(np.array(volumes), 0, HIGHEST)
    rows, fees = [], []
    # The first half day is left out; windows of one path share no period.
    for end in range(12 + PERIODS, hours, PERIODS + 1):
        window = [part[end - 1 - back] for back in range(PERIODS) for part in (move, volume_bp)]
        rows.append(np.stack(window, axis=1))
        fees.append(np.clip(needed[end], 0, TOP))
    order = rng.permutation(paths * len(rows))
    return Flow(np.concatenate(rows)[order], np.concatenate(fees)[order])


def mirrored(x: np.ndarray) -> np.ndarray:
    """The same flow with the pool's two tokens exchanged."""
    other = x.copy()
    other[:, ::2] = np.clip(-other[:, ::2], LOWEST, HIGHEST)
    return other


def forward(p: common.Params, x: jax.Array) -> jax.Array:
    x = jax.nn.relu(common.affine(p, "fc1", x / 128))
    x = jax.nn.relu(common.affine(p, "fc2", x))
    return common.affine(p, "fc3", x)[:, 0]


def loss(p: common.Params, batch: Sequence[jax.Array], _: jax.Array) -> jax.Array:
    x, fee = batch
    return jnp.mean((forward(p, x) - fee / SCALE) ** 2)


def report(label: str, guess: np.ndarray, fee: np.ndarray) -> None:
    guess = np.clip(guess, 0, TOP)
    r2 = 1 - np.sum((guess - fee) ** 2) / np.sum((fee - fee.mean()) ** 2)
    short = np.mean(np.maximum(fee - guess, 0))
    print(f"{label}: R2 {r2:.3f}, mean absolute error {np.mean(np.abs(guess - fee)):.0f}, shortfall {short:.0f}")


def linear(x: np.ndarray, fee: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Least squares with an intercept."""
    one = lambda rows: np.column_stack([rows, np.ones(len(rows))])  # noqa: E731
    return one(held) @ np.linalg.lstsq(one(x), fee, rcond=None)[0]


def main() -> None:
    train, calibration, held = (simulate(n, 12 + 9 * 9, SEED + i) for i, n in enumerate((6000, 56, 448)))
    x, fee = np.concatenate([train.x, mirrored(train.x)]), np.concatenate([train.fee, train.fee])
    rng = np.random.default_rng(SEED)
    weights = {key: w for layer in LAYERS for key, w in common.dense(rng, *layer).items()}
    weights = common.fit(weights, loss, (x, fee), epochs=40, batch=256, rate=3e-3, decay=0.02, seed=SEED)

    weights = dict(weights, fc1_w=weights["fc1_w"] / np.float32(128))
    weights |= {key: weights[key] * np.float32(SCALE) for key in ("fc3_w", "fc3_b")}
    nodes = [
        common.gemm("fc1", "input"),
        common.relu("relu1", "fc1"),
        common.gemm("fc2", "relu1"),
        common.relu("relu2", "fc2"),
        common.gemm("fc3", "relu2"),
        *common.saturate("fc3", "fee", TOP, weights),
    ]
    common.save_onnx(HERE / "model.onnx", "fee-mlp", (2 * PERIODS, 1), "fee", nodes, weights)
    for name, part in (("calibration", calibration), ("samples", held)):
        common.save_samples(HERE / f"{name}.json", part.x[:1000], fees=np.rint(part.fee[:1000]).astype(int).tolist())

    print(f"{len(train.x)} train, {len(calibration.x)} calibration, {len(held.x)} held out")
    for label, part in (("train", train), ("held out", held)):
        report(label, common.run_onnx(HERE / "model.onnx", part.x)[:, 0], part.fee)
    first = slice(0, 1000)
    report("samples.json", common.run_onnx(HERE / "model.onnx", held.x[first])[:, 0], held.fee[first])
    report("mirrored, held out", common.run_onnx(HERE / "model.onnx", mirrored(held.x))[:, 0], held.fee)
    report("constant (mean)", np.full_like(held.fee, train.fee.mean()), held.fee)
    report("constant (median)", np.full_like(held.fee, np.median(train.fee)), held.fee)
    report("linear", linear(train.x, train.fee, held.x), held.fee)
    report("linear, sizes of moves", linear(np.abs(train.x), train.fee, np.abs(held.x)), held.fee)
    print("fees", np.percentile(held.fee, (0, 5, 25, 50, 75, 95, 100)).round())
    for k, name in enumerate(("moves", "volumes")):
        part = held.x[:, k::2]
        print(name, np.percentile(part, (0, 1, 5, 50, 95, 99, 100)), "clamped", np.mean(np.isin(part, (LOWEST, HIGHEST))))
    common.count_weights(weights)


if __name__ == "__main__":
    main()
