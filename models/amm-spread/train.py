# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from simulated flow: python train.py"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

jax, jnp = common.jax, common.jnp

SEED = 29
HOURS = 8  # hours the model sees
DIGITS = 5  # imbalance, volume, volatility, trades and fee of each
STEPS = 60  # the market moves, and arbitrageurs come, once a minute
LOWEST, HIGHEST = -1024, 1023  # what an input may hold
TOP = 10_000.0  # largest fee, in millionths
SCALE = 1000.0  # the fee is fitted in units of a tenth of a per cent
PATIENCE = 0.002  # mean of the highest fee that a noise trader puts up with
DUST = 1e-5  # smaller trades are not counted
TICK = np.log(1.0001)
GRID = np.array((500, 1000, 1500, 2000, 2500, 3000, 4000, 5500, 7500, 10_000))  # fees that are tried, in millionths
TRIAL = 300  # minutes for which they are
LAYERS = (("fc1", HOURS * DIGITS, 32), ("fc2", 32, 16), ("fc3", 16, 1))

LAST, ALL, EVEN, ODD = slice(0, 1), slice(None), slice(0, None, 2), slice(1, None, 2)
# What somebody who shapes hours sets: digit, hours and value.
SHAPES: dict[str, list[tuple[int, slice, int]]] = {
    "as they are": [],
    "volume at its limit in the last hour": [(1, LAST, HIGHEST)],
    "trades at their limit in the last hour": [(3, LAST, HIGHEST)],
    "imbalance and volume at their limits, last hour, +": [(0, LAST, HIGHEST), (1, LAST, HIGHEST)],
    "imbalance and volume at their limits, last hour, -": [(0, LAST, LOWEST), (1, LAST, HIGHEST)],
    "volume at its limit in all": [(1, ALL, HIGHEST)],
    "trades at their limit in all": [(3, ALL, HIGHEST)],
    "imbalance and volume at their limits in all, +": [(0, ALL, HIGHEST), (1, ALL, HIGHEST)],
    "imbalance and volume at their limits in all, -": [(0, ALL, LOWEST), (1, ALL, HIGHEST)],
    "the same, + and - by turns": [(0, EVEN, HIGHEST), (0, ODD, LOWEST), (1, ALL, HIGHEST)],
    "the same and trades, by turns": [(0, EVEN, HIGHEST), (0, ODD, LOWEST), (1, ALL, HIGHEST), (3, ALL, HIGHEST)],
}


@dataclass(frozen=True)
class Flow:
    """Windows of closed hours, and what providers would gain at each fee in the hour after."""

    x: np.ndarray  # [n, 40]: five digits of the latest hour, of the one before it, …
    gain: np.ndarray  # [n, len(GRID)], in basis points of the pool a day, beyond rebalancing


def digits(*hour: np.ndarray) -> np.ndarray:
    return np.stack([np.clip(np.trunc(part), LOWEST, HIGHEST) for part in hour], axis=1)


def markout(before: np.ndarray, after: np.ndarray, market: np.ndarray, fee: np.ndarray) -> np.ndarray:
    """What a trade from one log price to another leaves with providers at the market's price, as a share of the pool."""
    moved = np.where(after < before, np.exp((market - after) / 2) - np.exp((market - before) / 2), 0)
    moved += np.where(after > before, np.exp((after - market) / 2) - np.exp((before - market) / 2), 0)
    return np.cosh((after - market) / 2) - np.cosh((before - market) / 2) + moved / 2 * fee / (1 - fee)


class Markets:
    """
    Full-range pools beside markets with stochastic volatility and storms. In every minute the market moves, arbitrageurs
    trade the pool to within its fee of the market, and then at most one noise trader comes, who may find the fee too high.
    """

    def __init__(self, pools: int, seed: int) -> None:
        self.rng, self.pools = np.random.default_rng(seed), pools
        # Volatility of an hour: log-normal between pools, drifting within each, and three times that in storms.
        self.home = np.log(0.005) + 0.4 * self.normal()
        self.calm = self.home + 0.3 * self.normal()
        self.storm = self.rng.random(pools) < 0.2
        # Noise traders: how many a minute, and what part of the reserve each trades.
        self.usual = np.log(0.35) + 0.4 * self.normal()
        self.log_rate = self.usual + 0.3 * self.normal()
        self.size = np.exp(np.log(0.0008) + 0.3 * self.normal())
        self.market, self.pool = np.zeros(pools), np.zeros(pools)
        # Sums: what informed flow took from providers, and what noise traders left them.
        self.informed, self.noise = np.zeros(pools), np.zeros(pools)

    def normal(self) -> np.ndarray:
        return self.rng.standard_normal(self.pools)

    def drift(self) -> None:
        """The state of the next hour."""
        rng = self.rng
        self.calm += 0.05 * (self.home - self.calm) + 0.12 * self.normal()
        self.storm = np.where(self.storm, rng.random(self.pools) > 0.08, rng.random(self.pools) < 0.02)
        self.log_rate += 0.05 * (self.usual - self.log_rate) + 0.12 * self.normal()
        self.sigma = np.exp(self.calm + np.log(3) * self.storm) / np.sqrt(STEPS)
        self.rate = np.minimum(np.exp(self.log_rate), 0.9)

    def minute(self, market: np.ndarray, pool: np.ndarray, fee: np.ndarray) -> tuple[np.ndarray, ...]:
        """The market's price, and the pool's after arbitrage and after noise."""
        rng = self.rng
        market = market + self.sigma * self.normal()
        between = np.clip(pool, market - fee, market + fee)
        comes = (rng.random(self.pools) < self.rate) & (rng.exponential(PATIENCE, self.pools) >= fee)
        noise = comes * rng.choice((-1.0, 1.0), self.pools) * self.size * np.exp(0.8 * self.normal() - 0.32)
        after = between - np.sign(noise) * 2 * np.log1p(np.abs(noise) * (1 - fee))
        return market, between, after

    def hour(self, fee: np.ndarray) -> np.ndarray:
        """One hour at a fee: its digits as the hook counts them."""
        self.drift()
        imbalance, volume, variance, trades = (np.zeros(self.pools) for _ in range(4))
        for _ in range(STEPS):
            before = self.pool
            self.market, between, self.pool = self.minute(self.market, before, fee)
            self.informed -= markout(before, between, self.market, fee)
            self.noise += markout(between, self.pool, self.market, fee)
            for start, end in ((before, between), (between, self.pool)):
                # What the root of the price moves by; the first token comes in when the price falls.
                part = -np.expm1(-np.abs(end - start) / 2)
                imbalance += np.sign(start - end) * part
                volume += part
                trades += part >= DUST
            variance += (np.floor(self.pool / TICK) - np.floor(before / TICK)) ** 2
        return digits(imbalance * 1e4, volume * 1e4, np.sqrt(variance), trades, fee * 1e5)

    def trial(self) -> np.ndarray:
        """What each fee of the grid would give providers in a long hour like the next one, all under the same draws."""
        self.drift()
        fee = GRID[:, None] / 1e6
        market, pool = self.market, np.broadcast_to(self.pool, (len(GRID), self.pools))
        gain = np.zeros((len(GRID), self.pools))
        for _ in range(TRIAL):
            before = pool
            market, between, pool = self.minute(market, before, fee)
            gain += markout(before, between, market, fee) + markout(between, pool, market, fee)
        return gain.T * (24 * 60 / TRIAL) * 1e4


def simulate(pools: int, windows: int, seed: int) -> Flow:
    """
    Windows of pools whose fee is drawn anew every six hours: it changes what a pool sees, so the model has to see many.
    Windows of one pool share no hour; the first half day is left out.
    """
    markets = Markets(pools, seed)
    rows, gains, fee, hours = [], [], np.zeros(pools), 0
    for window in range(windows):
        seen = []
        for _ in range(HOURS + (12 if window == 0 else 1)):
            if hours % 6 == 0:
                fee = np.exp(markets.rng.uniform(np.log(0.0005), np.log(0.01), pools))
            seen.append(markets.hour(fee))
            hours += 1
        rows.append(np.concatenate(seen[:-HOURS - 1:-1], axis=1))
        gains.append(markets.trial())
    order = markets.rng.permutation(pools * windows)
    return Flow(np.concatenate(rows)[order], np.concatenate(gains)[order])


Policy = Callable[[np.ndarray], np.ndarray]


def run(policy: Policy, pools: int, days: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pools that follow a policy hour by hour: informed loss, noise gain (shares of the pool a day) and mean fee of each."""
    markets = Markets(pools, seed)
    seen = [markets.hour(np.full(pools, 0.003)) for _ in range(HOURS)]
    markets.informed[:], markets.noise[:] = 0, 0
    fees = np.zeros(pools)
    for _ in range(24 * days):
        fee = np.clip(policy(np.concatenate(seen[::-1][:HOURS], axis=1)), 500, TOP) / 1e6
        seen.append(markets.hour(fee))
        fees += fee
    return markets.informed / days, markets.noise / days, fees / (24 * days) * 1e6


def mirrored(x: np.ndarray) -> np.ndarray:
    """The same flow with the pool's two tokens exchanged."""
    other = x.copy()
    other[:, ::DIGITS] = np.clip(-other[:, ::DIGITS], LOWEST, HIGHEST)
    return other


def washed(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """
    The same flow beside somebody who trades to shape what is seen: in half of the hours, in the last one or in all, any of
    imbalance (to either side), volume and trades are farther out, to any degree. What he cannot do as cheaply, moving the
    price from block to block, is as before.
    """
    other = x.copy()
    some = rng.random((len(x), HOURS)) < 0.5
    last = np.broadcast_to(np.arange(HOURS) == 0, some.shape)
    where = np.choose(rng.integers(3, size=(len(x), 1)), (some, last, np.ones_like(some)))
    for digit in (0, 1, 3):
        chosen = where & (rng.random((len(x), 1)) < 0.7)
        added = np.rint(np.exp(rng.uniform(0, np.log(HIGHEST), some.shape)))
        # A quarter goes to the limit.
        added = np.where(rng.random((len(x), 1)) < 0.25, HIGHEST - LOWEST, added)
        if digit == 0:
            added *= rng.choice((-1, 1), some.shape)
        other[:, digit::DIGITS] = np.clip(other[:, digit::DIGITS] + chosen * added, LOWEST, HIGHEST)
    return other


def forward(p: common.Params, x: jax.Array) -> jax.Array:
    x = jax.nn.relu(common.affine(p, "fc1", x / 128))
    x = jax.nn.relu(common.affine(p, "fc2", x))
    return common.affine(p, "fc3", x)[:, 0]


def gained(fee: jax.Array, gain: jax.Array) -> jax.Array:
    """Between the fees that were tried, on a straight line."""
    return jax.vmap(jnp.interp, (0, None, 0))(fee, jnp.asarray(GRID, jnp.float32), gain)


def loss(p: common.Params, batch: Sequence[jax.Array], _: jax.Array) -> jax.Array:
    x, gain = batch
    fee = forward(p, x) * SCALE
    outside = jnp.maximum(fee - TOP, 0) + jnp.maximum(GRID[0] - fee, 0)
    return jnp.mean(-gained(fee, gain) / 10 + (outside / SCALE) ** 2)


def linear(p: common.Params, batch: Sequence[jax.Array], key: jax.Array) -> jax.Array:
    """The same, for one layer on inputs whose signs are dropped."""
    x, gain = batch
    same, none = jnp.eye(HOURS * DIGITS), jnp.zeros(HOURS * DIGITS)
    through = {"fc1_w": same, "fc1_b": none, "fc2_w": same, "fc2_b": none}
    return loss({**through, "fc3_w": p["one_w"], "fc3_b": p["one_b"]}, (jnp.abs(x), gain), key)


def linear_policy(data: Sequence[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Answers of the linear layer, fitted as the network is."""
    line = {"one_w": np.zeros((1, HOURS * DIGITS), np.float32), "one_b": np.full(1, 3, np.float32)}
    line = common.fit(line, linear, data, epochs=30, batch=256, rate=2e-3, decay=0.02, seed=SEED)
    return np.clip((np.abs(x) / 128 @ line["one_w"].T + line["one_b"])[:, 0] * SCALE, GRID[0], TOP)


def report(label: str, fee: np.ndarray, flow: Flow) -> None:
    value = np.asarray(gained(jnp.asarray(np.clip(fee, GRID[0], TOP), jnp.float32), jnp.asarray(flow.gain, jnp.float32)))
    print(f"{label:28} {value.mean():6.3f} +- {value.std() / len(value) ** 0.5:.3f} bp a day, mean fee {fee.mean():.0f}")


def main() -> None:
    train, calibration, held = (simulate(n, 9, SEED + i) for i, n in enumerate((6000, 56, 448)))
    rng = np.random.default_rng(SEED)
    rows = np.concatenate([train.x, mirrored(train.x)])
    data = np.concatenate([rows, washed(rng, rows)]), np.concatenate([train.gain] * 4)
    weights = {key: w for layer in LAYERS for key, w in common.dense(rng, *layer).items()}
    weights["fc3_b"] += 3
    weights = common.fit(weights, loss, data, epochs=30, batch=256, rate=2e-3, decay=0.02, seed=SEED)
    clean = rows, np.concatenate([train.gain] * 2)
    # The better of the two linear policies is the baseline: the one that nobody washes.
    baseline, alike = (linear_policy(part, held.x) for part in (clean, data))

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
    common.save_onnx(HERE / "model.onnx", "amm-spread", (HOURS * DIGITS, 1), "fee", nodes, weights)
    first = slice(0, 1000)
    common.save_samples(HERE / "calibration.json", calibration.x[first])
    common.save_samples(
        HERE / "samples.json",
        held.x[first],
        fees=GRID.tolist(),
        gains=np.round(held.gain[first], 2).tolist(),
        baseline=np.rint(baseline[first]).astype(int).tolist(),
    )

    print(f"{len(train.x)} train, {len(calibration.x)} calibration, {len(held.x)} held out; what providers gain:")
    answers = common.run_onnx(HERE / "model.onnx", held.x)[:, 0]
    report("train", common.run_onnx(HERE / "model.onnx", train.x)[:, 0], train)
    report("held out", answers, held)
    report("held out, mirrored", common.run_onnx(HERE / "model.onnx", mirrored(held.x))[:, 0], held)
    report("held out, washed", common.run_onnx(HERE / "model.onnx", washed(rng, held.x))[:, 0], held)
    report("linear, on sizes", baseline, held)
    report("linear, also on washed", alike, held)
    for fee in GRID:
        report(f"fixed {fee}", np.full(len(held.x), float(fee)), held)
    report("best of each window", GRID[held.gain.argmax(axis=1)].astype(float), held)
    print("fees", np.percentile(answers, (0, 1, 5, 25, 50, 75, 95, 99, 100)).round())
    for k, name in enumerate(("imbalance", "volume", "volatility", "trades", "fee")):
        part = held.x[:, k::DIGITS]
        clamped = np.mean(np.isin(part, (LOWEST, HIGHEST)))
        print(name, np.percentile(part, (0, 1, 5, 50, 95, 99, 100)), "clamped", round(float(clamped), 4))
    common.count_weights(weights)

    calm = held.x[held.x[:, 2::DIGITS].max(axis=1) < 100]
    stormy = held.x[held.x[:, 2::DIGITS].mean(axis=1) > 200]
    print(f"fees of {len(calm)} calm and {len(stormy)} stormy windows, as they are and with washed hours (5%, median, 95%)")
    for what, shape in SHAPES.items():
        fees = []
        for part in (calm, stormy):
            shaped = part.reshape(-1, HOURS, DIGITS).copy()
            for digit, hours, value in shape:
                shaped[:, hours, digit] = value
            answers = common.run_onnx(HERE / "model.onnx", shaped.reshape(len(part), -1))[:, 0]
            fees.append(np.percentile(answers, (5, 50, 95)).round())
        print(f"{what:50}", *fees)

    print("500 other pools that live under the fee for 10 days, in bp of the pool a day")
    net = {}
    policies: dict[str, Policy] = {"the model, hourly": lambda rows: common.run_onnx(HERE / "model.onnx", rows)[:, 0]}
    for fixed in (2000, 2500, 3000, 4000, 5000, 10_000):
        policies[f"fixed {fixed}"] = lambda rows, fixed=fixed: np.full(len(rows), fixed)
    for name, policy in policies.items():
        informed, noise, fees = run(policy, 500, 10, SEED + 3)
        net[name] = noise - informed
        ahead = np.mean(net["the model, hourly"] > net[name])
        lost, got, kept = (float(part.mean()) * 1e4 for part in (informed, noise, net[name]))
        means = f"lost {lost:5.2f}  noise {got:5.2f}  net {kept:5.2f}  fee {fees.mean():5.0f}"
        print(f"{name:20} {means}  model ahead in {ahead:.3f}")


if __name__ == "__main__":
    main()
