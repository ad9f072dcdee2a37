# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from Heston prices: python train.py"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import NodeProto, helper
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402
from heston import Heston, black_scholes, call_by_quadrature, calls, simulate  # noqa: E402

jax, jnp = common.jax, common.jnp

SEED = 17
MODEL = Heston(kappa=3.0, theta=0.36, xi=1.2, rho=-0.4)
RATIOS, HOURS, VOLATILITIES = (5000, 15000), (24, 2160), (2000, 15000)  # strike / spot in bps, hours, bps a year
YEAR = 8760
UNIT = 1e6  # the spot, in hundredths of a basis point
FAR = 8.0  # deviations from the money beyond which the network sees no further
HIDDEN = 40
LAYERS = (("fc1", 5, HIDDEN), ("fc2", HIDDEN, HIDDEN), ("fc3", HIDDEN, 1))


def price(x: np.ndarray) -> np.ndarray:
    """True calls, in units of the spot, of rows of whole numbers: strike ratio, hours, volatility."""
    ratio, hours, volatility = x.T
    parts = np.array_split(np.arange(len(x)), max(1, len(x) // 4000))
    return np.concatenate(
        [calls(MODEL, hours[p] / YEAR, (volatility[p] / 1e4) ** 2, ratio[p, None] / 1e4)[:, 0] for p in parts]
    )


def draw(rng: np.random.Generator, count: int, beyond: float = 0.0) -> np.ndarray:
    """
    Half of the rows uniform over strikes, half near the money, by the deviation that the row's price will have; times
    log-uniform, volatilities uniform. What is drawn `beyond` a range, as a part of it, counts as its end: rows on the edges.
    """

    def uniform(low: float, high: float) -> np.ndarray:
        room = beyond * (high - low)
        return np.clip(rng.uniform(low - room, high + room, count), low, high)

    hours = np.rint(np.exp(uniform(np.log(HOURS[0]), np.log(HOURS[1]))))
    volatility = np.rint(uniform(*VOLATILITIES))
    deviation = np.sqrt(MODEL.total_variance(hours / YEAR, (volatility / 1e4) ** 2))
    near = 1e4 * np.exp(1.5 * deviation * rng.standard_normal(count))
    ratio = np.where(rng.random(count) < 0.5, uniform(*RATIOS), near)
    return np.stack([np.rint(np.clip(ratio, *RATIOS)), hours, volatility], axis=1)


def features(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What the network reads, and the expected deviation of the logarithm of the price, as the graph computes them."""
    moneyness, years, volatility = x[:, 0] / 1e4 - 1, x[:, 1] / YEAR, x[:, 2] / 1e4
    decay = jnp.exp(-MODEL.kappa * years)
    variance = volatility**2
    deviation = jnp.sqrt(MODEL.theta * years + (variance - MODEL.theta) * (1 - decay) / MODEL.kappa)
    z = jnp.clip(moneyness / deviation, -FAR, FAR)
    return jnp.stack([jax.nn.relu(z), jax.nn.relu(-z), deviation, decay, volatility], axis=1), deviation


def network(p: common.Params, inputs: jax.Array) -> jax.Array:
    x = jnp.tanh(common.affine(p, "fc1", inputs))
    x = jnp.tanh(common.affine(p, "fc2", x))
    return common.affine(p, "fc3", x)[:, 0]


def loss(p: common.Params, batch: Sequence[jax.Array], _: jax.Array) -> jax.Array:
    """Of the time value in units of its deviation; long expiries, where an error costs more of the spot, count more."""
    inputs, deviation, target = batch
    return jnp.mean(deviation * (network(p, inputs) - target) ** 2)


def nodes(weights: common.Weights) -> list[NodeProto]:
    """The graph, from whole numbers to the price in hundredths of a basis point of the spot."""
    op = helper.make_node

    def linear(name: str, row: tuple[float, float, float], offset: float = 0.0) -> NodeProto:
        weights[f"{name}_w"], weights[f"{name}_b"] = np.array([row], np.float32), np.array([offset], np.float32)
        return common.gemm(name, "input")

    def scaled(source: str, name: str, factor: float) -> NodeProto:
        weights[f"{name}_by"] = np.array([factor], np.float32)
        return op("Mul", [source, f"{name}_by"], [name], name=name)

    weights["far"], weights["minus_far"] = np.float32(FAR).reshape(()), np.float32(-FAR).reshape(())
    weights["one"], weights["theta"] = np.float32(1).reshape(()), np.float32(MODEL.theta).reshape(())
    return [
        linear("moneyness", (1e-4, 0, 0), -1),
        linear("reverted", (0, -MODEL.kappa / YEAR, 0)),
        linear("long_run", (0, MODEL.theta / YEAR, 0)),
        linear("volatility", (0, 0, 1e-4)),
        linear("in_the_money", (-UNIT / 1e4, 0, 0), UNIT),
        op("Exp", ["reverted"], ["decay"], name="decay"),
        op("Mul", ["volatility", "volatility"], ["variance"], name="variance"),
        op("Sub", ["variance", "theta"], ["excess"], name="excess"),
        op("Sub", ["one", "decay"], ["faded"], name="faded"),
        op("Mul", ["excess", "faded"], ["product"], name="product"),
        scaled("product", "transient", 1 / MODEL.kappa),
        op("Add", ["long_run", "transient"], ["total_variance"], name="total_variance"),
        op("Sqrt", ["total_variance"], ["deviation"], name="deviation"),
        op("Div", ["moneyness", "deviation"], ["distance"], name="distance"),
        op("Clip", ["distance", "minus_far", "far"], ["near"], name="near"),
        op("Neg", ["near"], ["mirrored"], name="mirrored"),
        common.relu("above", "near"),
        common.relu("below", "mirrored"),
        op("Concat", ["above", "below", "deviation", "decay", "volatility"], ["features"], name="features", axis=1),
        common.gemm("fc1", "features"),
        op("Tanh", ["fc1"], ["tanh1"], name="tanh1"),
        common.gemm("fc2", "tanh1"),
        op("Tanh", ["fc2"], ["tanh2"], name="tanh2"),
        common.gemm("fc3", "tanh2"),
        common.relu("share", "fc3"),
        op("Mul", ["share", "deviation"], ["part"], name="part"),
        scaled("part", "time_value", UNIT),
        common.relu("intrinsic", "in_the_money"),
        op("Add", ["time_value", "intrinsic"], ["sum"], name="sum"),
        *common.saturate("sum", "premium", UNIT, weights),
    ]


def plain(x: np.ndarray, averaged: bool = False) -> np.ndarray:
    """Black–Scholes at the volatility of each row, or at the variance that Heston expects on the way."""
    years, variance = x[:, 1] / YEAR, (x[:, 2] / 1e4) ** 2
    total = MODEL.total_variance(years, variance) if averaged else variance * years
    return black_scholes(np.sqrt(total), x[:, 0] / 1e4)


def polynomial(x: np.ndarray, truth: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Least squares on all products up to degree 6 of strike, root of time and volatility; never below what a call pays now."""
    columns = lambda rows: np.stack([rows[:, 0], np.sqrt(rows[:, 1]), rows[:, 2]], axis=1)  # noqa: E731
    fitted = make_pipeline(StandardScaler(), PolynomialFeatures(6), LinearRegression()).fit(columns(x), truth)
    return np.maximum(fitted.predict(columns(held)), np.maximum(0, 1 - held[:, 0] / 1e4))


def errors(label: str, guess: np.ndarray, truth: np.ndarray) -> None:
    """In basis points of the spot."""
    wrong = np.abs(guess - truth) * 1e4
    print(f"{label}: mean {wrong.mean():.3f} bps, 99.9% {np.quantile(wrong, 0.999):.2f}, largest {wrong.max():.2f}")


def check_labels(rng: np.random.Generator) -> None:
    """What the labels stand on: a second formula, a simulation, and a limit that has a closed form."""
    x = draw(rng, 300)
    second = [call_by_quadrature(MODEL, h / YEAR, (v / 1e4) ** 2, r / 1e4) for r, h, v in x]
    print(f"labels: the series' puts by put-call parity against calls by quadrature, largest {np.abs(price(x) - second).max() * 1e4:.1e} bps")
    flat = Heston(kappa=3.0, theta=0.36, xi=1e-3, rho=0.0)
    t, strikes = np.array([0.02, 0.25]), np.array([[0.9, 1.0, 1.1], [0.7, 1.0, 1.3]])
    limit = black_scholes(np.sqrt(flat.total_variance(t, np.full(2, 0.36)))[:, None], strikes)
    print(f"labels: xi -> 0 against Black-Scholes, largest {np.abs(calls(flat, t, np.full(2, 0.36), strikes) - limit).max() * 1e4:.1e} bps")
    for days, volatility in ((1, 0.6), (30, 0.3), (90, 0.6), (90, 1.2)):
        t, paths = days / 365, 50_000
        end = simulate(MODEL, t, volatility**2, paths, 50 + 2 * days, SEED)
        for strike in (0.9, 1.0, 1.2):
            paid = np.maximum(end - strike, 0).reshape(2, paths).mean(axis=0)
            mean, deviation = paid.mean() * 1e4, paid.std() / np.sqrt(paths) * 1e4
            true = calls(MODEL, np.array([t]), np.array([volatility**2]), np.array([[strike]]))[0, 0] * 1e4
            print(f"labels: {days:2} days, {volatility:.0%}, strike {strike}: {true:8.2f} bps, Monte Carlo {mean:8.2f} +- {deviation:.2f}")


def main() -> None:
    rng = np.random.default_rng(SEED)
    check_labels(np.random.default_rng(SEED + 1))
    train, calibration, held = draw(rng, 120_000, 0.06), draw(rng, 500), draw(rng, 10_000)
    known = {tuple(row) for row in np.concatenate([train, calibration])}
    held = np.array([row for row in held if tuple(row) not in known])
    truth = price(train)
    inputs, deviation = (np.asarray(part, np.float64) for part in features(jnp.asarray(train, jnp.float32)))
    target = (truth - np.maximum(0, 1 - train[:, 0] / 1e4)) / deviation
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)

    weights = {key: w for layer in LAYERS for key, w in common.dense(rng, *layer).items()}
    data = ((inputs - mean) / spread, deviation, target)
    weights = common.fit(weights, loss, data, epochs=120, batch=512, rate=5e-3, seed=SEED)
    weights["fc1_b"] = weights["fc1_b"] - weights["fc1_w"] @ (mean / spread).astype(np.float32)
    weights["fc1_w"] = weights["fc1_w"] / spread.astype(np.float32)
    common.save_onnx(HERE / "model.onnx", "option-pricer", (3, 1), "premium", nodes(weights), weights)

    held_truth = price(held)
    rivals = {
        "Black-Scholes at the realised volatility": plain(held),
        "Black-Scholes at Heston's mean variance": plain(held, averaged=True),
        "polynomial of degree 6": polynomial(train, truth, held),
    }
    whole = lambda values: np.rint(values[:1000] * UNIT).astype(int).tolist()  # noqa: E731
    common.save_samples(HERE / "calibration.json", calibration)
    baseline = rivals["Black-Scholes at the realised volatility"]
    common.save_samples(HERE / "samples.json", held[:1000], prices=whole(held_truth), baseline=whole(baseline))

    guess = lambda x: common.run_onnx(HERE / "model.onnx", x)[:, 0] / UNIT  # noqa: E731
    print(f"{len(train)} train, {len(calibration)} calibration, {len(held)} held out")
    errors("train", guess(train), truth)
    errors("held out", guess(held), held_truth)
    errors("samples.json", guess(held[:1000]), held_truth[:1000])
    ratios, hours, volatilities = np.linspace(*RATIOS, 51), np.geomspace(*HOURS, 21), np.linspace(*VOLATILITIES, 14)
    grid = np.stack(np.meshgrid(ratios, hours, volatilities, indexing="ij"), axis=-1).reshape(-1, 3).round()
    errors(f"grid of {len(grid)} with its edges", guess(grid), price(grid))
    for label, values in rivals.items():
        errors(label, values, held_truth)
        errors(f"{label}, samples.json", values[:1000], held_truth[:1000])
    common.count_weights(weights)


if __name__ == "__main__":
    main()
