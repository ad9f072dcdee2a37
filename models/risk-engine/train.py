# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from the prices in the package arch: python train.py"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import xgboost
from onnx import TensorProto, helper

HERE = Path(__file__).parent
SEED = 23
HORIZON, LEVEL = 5, 0.99  # trading days that a liquidation may take, and the share of them that has to be covered
AHEAD = 10  # trading days over which the trees foresee the size of moves; 5, 10 and 21 were compared, by hand
SPLIT = date(2008, 1, 1)  # rows before it train, rows from it on are held out
BLOCKS = (1986, 1991, 1995, 1999, 2001, 2003, 2005, 2008)  # first years of the folds of cross-validation
PURGE = 120  # days left out beside a fold: more than a window and the days ahead
SERIES = {"sp500": ("sp500", "Close"), "nasdaq": ("nasdaq", "Close"), "wti": ("wti", "DCOILWTICO")}

# What the contract computes, see PriceHistory.sol.
DAYS, MOST_MOVE = 64, 8191
UNIT, LEAST_SIGMA = 4, 40  # volatility is in quarters of a basis point, and at least ten of them
RATIO, LOWEST, HIGHEST = 128, -4096, 4095
FEATURES = (
    *("volatility", "last", "week", "fortnight", "month", "quarter"),
    *("worst week", "worst month", "drop month", "drop quarter", "trend week", "trend month"),
)
# Chosen by cross-validation on the training rows with 100 days left out between folds, and kept. With PURGE days the loss is 10.998, within
# 0.004 of the least of those tried below: 10.994 for 100 trees of depth 2, 10.997 for 100 of depth 3.
TREES, DEPTH, RATE, LEAST = 60, 3, 0.05, 300
LEAF = 4096  # leaves are multiples of 1 / LEAF, so that integers say what floats say


@dataclass(frozen=True)
class Rows:
    """Days at whose end a loan might be opened."""

    x: np.ndarray  # [n, 12], whole numbers
    drop: np.ndarray  # [n], deepest fall of the closing price below this day's within the horizon, basis points
    ahead: np.ndarray  # [n], mean size of the next moves, quarters of a basis point
    day: np.ndarray  # [n], ordinal
    series: np.ndarray  # [n]

    def take(self, mask: np.ndarray) -> Rows:
        return Rows(*(part[mask] for part in (self.x, self.drop, self.ahead, self.day, self.series)))


def load(package: str, column: str) -> tuple[list[date], np.ndarray]:
    """Days with a price above 0, and the prices, without importing the package around them."""
    spec = importlib.util.find_spec("arch")
    if spec is None or spec.origin is None:
        raise SystemExit("arch is not installed; see card.md")
    with gzip.open(Path(spec.origin).parent / "data" / package / f"{package}.csv.gz", "rt") as file:
        rows = [(datetime.strptime(row["Date"], "%m/%d/%Y").date(), row[column]) for row in csv.DictReader(file)]
    # FRED writes a dot where there is no price.
    rows = [(day, float(price)) for day, price in rows if price.replace(".", "", 1).isdigit() and float(price) > 0]
    return [day for day, _ in rows], np.array([price for _, price in rows])


def moves_of(prices: np.ndarray) -> np.ndarray:
    """Moves of the logarithm, whole basis points."""
    return np.clip(np.floor(np.diff(np.log(prices)) * 1e4 + 0.5), -MOST_MOVE, MOST_MOVE).astype(int)


def features(window: Sequence[int]) -> list[int]:
    """The model's input from the last 64 moves, newest first, in the contract's integers."""
    variance = 0
    for move in reversed(window):
        variance = (94 * variance + 6 * move * move * UNIT * UNIT * 1024) // 100
    sigma = min(max(math.isqrt(variance // 1024), LEAST_SIGMA), HIGHEST)
    ratio = lambda value: min(max(int(value * UNIT * RATIO / sigma), LOWEST), HIGHEST)  # noqa: E731
    mean = lambda days: math.isqrt(sum(m * m for m in window[:days]) * 4096 // days) / 64  # noqa: E731
    sums = np.concatenate([[0], np.cumsum(window)])
    return [
        sigma,
        ratio(window[0]),
        ratio(mean(5)),
        ratio(mean(10)),
        ratio(mean(21)),
        ratio(mean(64)),
        ratio(-min(*window[:5], 0)),
        ratio(-min(*window[:21], 0)),
        ratio(-min(sums[:22])),
        ratio(-min(sums)),
        ratio(sums[5]),
        ratio(sums[21]),
    ]


def rows_of(prices: np.ndarray, days: Sequence[int], series: int, every: int = 1) -> Rows:
    """A row for every day with a whole window before it and enough days after it."""
    moves = moves_of(prices)
    at = range(DAYS, len(prices) - AHEAD, every)
    x = np.array([features(moves[t - DAYS : t][::-1].tolist()) for t in at])
    drop = np.array([1e4 * max(0.0, 1 - prices[t + 1 : t + 1 + HORIZON].min() / prices[t]) for t in at])
    ahead = np.array([UNIT * np.abs(moves[t : t + AHEAD]).mean() for t in at])
    return Rows(x, drop, ahead, np.array([days[t] for t in at]), np.full(len(x), series))


def join(parts: Sequence[Rows]) -> Rows:
    return Rows(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("x", "drop", "ahead", "day", "series")))


def simulate(paths: int, seed: int) -> Rows:
    """Jump diffusions: the logarithm of volatility reverts to a home of its own and rises when prices fall."""
    rng = np.random.default_rng(seed)
    home = np.log(0.013) + 0.5 * rng.standard_normal(paths)
    log_sigma = home + 0.35 * rng.standard_normal(paths)
    steps = []
    for _ in range(60 + 300):
        shock, other = rng.standard_normal((2, paths))
        jump = (rng.random(paths) < 0.01) * (-0.5 + 2.5 * rng.standard_normal(paths))
        sigma = np.exp(log_sigma)
        steps.append(sigma * (shock + jump) - sigma**2 / 2)
        log_sigma += 0.02 * (home - log_sigma) + 0.06 * (-0.3 * shock + math.sqrt(1 - 0.3**2) * other)
    prices = np.exp(np.cumsum(steps[60:], axis=0))
    return join([rows_of(prices[:, k], [0] * len(prices), -1, every=11) for k in range(paths)])


def pinball(drop: np.ndarray, cover: np.ndarray) -> float:
    rest = drop - cover
    return float(np.mean(np.maximum(LEVEL * rest, (LEVEL - 1) * rest)))


def multiple(drop: np.ndarray, scale: np.ndarray) -> float:
    """The multiple of a scale with the least pinball loss."""
    tries = np.arange(0.2, 12, 0.02)
    return float(tries[np.argmin([pinball(drop, k * scale) for k in tries])])


def fit(rows: Rows, trees: int, depth: int, rate: float, least: int, seed: int = SEED) -> xgboost.Booster:
    """Trees for how much larger or smaller the coming moves are than the volatility of the past."""
    sigma = rows.x[:, 0]
    data = xgboost.QuantileDMatrix(rows.x[:, 1:], rows.ahead / sigma, weight=np.minimum(sigma / 400, 3), max_bin=64)
    settings = dict(objective="reg:squarederror", max_depth=depth, eta=rate, min_child_weight=least)
    more = dict(subsample=0.5, colsample_bytree=0.7, nthread=1, seed=seed, tree_method="hist", max_bin=64)
    return xgboost.train({**settings, **more}, data, trees)


def scale_of(model: xgboost.Booster, x: np.ndarray) -> np.ndarray:
    """Size of the coming moves, basis points."""
    return x[:, 0] * np.maximum(model.predict(xgboost.DMatrix(x[:, 1:])), 0) / UNIT


def month_of(x: np.ndarray) -> np.ndarray:
    """Realised volatility of 21 days, basis points."""
    return x[:, 0] * x[:, FEATURES.index("month")] / (UNIT * RATIO)


def out_of_fold(rows: Rows, make: Callable[[Rows], xgboost.Booster]) -> np.ndarray:
    """What is said of each row by trees that saw no row of its years, nor of the days beside them."""
    scale = np.zeros(len(rows.x))
    for first, last in zip(BLOCKS, BLOCKS[1:]):
        begin, end = date(first, 1, 1).toordinal(), date(last, 1, 1).toordinal()
        fold = (rows.day >= begin) & (rows.day < end)
        others = (rows.day < begin - PURGE) | (rows.day >= end + PURGE)
        scale[fold] = scale_of(make(rows.take(others)), rows.x[fold])
    return scale


def tree_attributes(model: xgboost.Booster, factor: float) -> dict[str, list[int] | list[float] | list[str]]:
    """The trees as ONNX writes them, leaves times a factor; the first tree's leaves hold the intercept as well."""
    document = json.loads(model.save_raw("json"))["learner"]
    base = float(document["learner_model_param"]["base_score"].strip("[]"))
    names = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")
    nodes: dict[str, list] = {f"nodes_{name}": [] for name in names}
    leaves: dict[str, list] = {f"target_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(document["gradient_booster"]["model"]["trees"]):
        for node, (left, right) in enumerate(zip(tree["left_children"], tree["right_children"])):
            value = tree["split_conditions"][node]
            leaf = left == -1
            # x < value and x < ceil(value) say the same of whole numbers.
            row = (number, node, 0 if leaf else tree["split_indices"][node] + 1, "LEAF" if leaf else "BRANCH_LT")
            row = (*row, 0.0 if leaf else float(math.ceil(value)), max(left, 0), 0 if leaf else right)
            for name, cell in zip(names, row):
                nodes[f"nodes_{name}"].append(cell)
            if leaf:
                weight = round((value + (base if number == 0 else 0)) * factor * LEAF) / LEAF
                for name, cell in zip(("treeids", "nodeids", "ids", "weights"), (number, node, 0, weight)):
                    leaves[f"target_{name}"].append(cell)
    return {**nodes, **leaves}


def save_model(model: xgboost.Booster, factor: float) -> None:
    """ltv = 10,000 - volatility times what the trees say, saturated."""
    constants = {"first": np.array([0], np.int64), "top": np.float32(10_000).reshape(())}
    attributes = {"domain": "ai.onnx.ml", "n_targets": 1, **tree_attributes(model, factor)}
    nodes = [
        helper.make_node("TreeEnsembleRegressor", ["input"], ["multiple"], name="multiple", **attributes),
        helper.make_node("Gather", ["input", "first"], ["volatility"], name="volatility", axis=1),
        helper.make_node("Mul", ["volatility", "multiple"], ["drop"], name="drop"),
        helper.make_node("Relu", ["drop"], ["above_zero"], name="above_zero"),
        helper.make_node("Sub", ["top", "above_zero"], ["rest"], name="rest"),
        helper.make_node("Relu", ["rest"], ["ltv"], name="ltv"),
    ]
    info = lambda name, size: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size])  # noqa: E731
    initializers = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "risk-engine", [info("input", len(FEATURES))], [info("ltv", 1)], initializers)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    document = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(document, full_check=True)
    (HERE / "model.onnx").write_bytes(document.SerializeToString(deterministic=True))


def run_onnx(x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])
    return session.run(None, {"input": x.astype(np.float32)})[0][:, 0]


def save(name: str, **document: object) -> None:
    (HERE / name).write_text(json.dumps(document, separators=(",", ":")) + "\n")


def report(label: str, rows: Rows, cover: np.ndarray) -> None:
    beyond = rows.drop > cover
    share = f"beyond {100 * beyond.mean():.2f}%, mean cover {cover.mean():.0f}"
    print(f"{label}: pinball loss {pinball(rows.drop, cover):.3f}, {share}")


def interval(rows: Rows, cover: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """95% interval of how much more a cover loses than another one, by resampling quarters of a year."""
    quarter = np.array([date.fromordinal(day).year * 4 + (date.fromordinal(day).month - 1) // 3 for day in rows.day])
    loss = lambda c: np.maximum(LEVEL * (rows.drop - c), (LEVEL - 1) * (rows.drop - c))  # noqa: E731
    more = loss(cover) - loss(other)
    sums = np.array([[more[quarter == q].sum(), (quarter == q).sum()] for q in np.unique(quarter)])
    picks = np.random.default_rng(SEED).integers(0, len(sums), (4000, len(sums)))
    means = [sums[pick, 0].sum() / sums[pick, 1].sum() for pick in picks]
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def main() -> None:
    series = {name: load(*source) for name, source in SERIES.items()}
    ordinals = lambda days: [day.toordinal() for day in days]  # noqa: E731
    every = join([rows_of(prices, ordinals(days), k) for k, (days, prices) in enumerate(series.values())])
    split = SPLIT.toordinal()
    # Days whose next ones come after the split belong to neither side.
    train, held = every.take(every.day < split - 2 * AHEAD), every.take(every.day >= split)
    simulated = simulate(200, SEED)
    print(f"{len(train.x)} train, {len(simulated.x)} simulated, {len(held.x)} held out")

    for trees, depth in ((60, 2), (60, 3), (100, 2), (100, 3)):
        for label, more in (("with simulated rows", [simulated]), ("real rows only", [])):
            scale = out_of_fold(train, lambda rows: fit(join([rows, *more]), trees, depth, RATE, LEAST))
            loss = pinball(train.drop, multiple(train.drop, scale) * scale)
            print(f"cross-validation, {trees} trees of depth {depth}, {label}: {loss:.3f}")
    make = lambda rows: fit(join([rows, simulated]), TREES, DEPTH, RATE, LEAST)  # noqa: E731
    factor = multiple(train.drop, out_of_fold(train, make))
    ewma = multiple(train.drop, train.x[:, 0] / UNIT)
    month = multiple(train.drop, month_of(train.x))
    constant = float(np.quantile(train.drop, LEVEL))
    print(f"cross-validation, RiskMetrics: {pinball(train.drop, ewma * train.x[:, 0] / UNIT):.3f}")
    multiples = f"{factor:.2f} of the trees, {ewma:.2f} of RiskMetrics' volatility, {month:.2f} of the month's"
    print(f"multiples: {multiples}; constant {constant:.0f}")

    model = make(train)
    save_model(model, factor / UNIT)
    fifth = np.concatenate([np.flatnonzero(held.series == k)[::HORIZON] for k in range(len(series))])
    samples = held.take(fifth)
    save("calibration.json", input_data=train.x[::HORIZON].tolist())
    rule = lambda rows: np.rint(np.clip(1e4 - ewma * rows.x[:, 0] / UNIT, 0, 1e4)).astype(int)  # noqa: E731
    save(
        "samples.json",
        input_data=samples.x.tolist(),
        drop=np.rint(samples.drop).astype(int).tolist(),
        baseline=rule(samples).tolist(),
        constant=round(1e4 - constant),
        series=samples.series.tolist(),
    )
    days, prices = series["wti"]
    begin = next(i for i, day in enumerate(days) if day >= SPLIT) - DAYS
    since = [(day - days[begin]).days for day in days[begin:]]
    cents = np.rint(prices[begin:] * 100).astype(int).tolist()
    save("prices.json", first=days[begin].isoformat(), days=since, cents=cents)

    by_xgboost = np.clip(1e4 - factor * scale_of(model, held.x), 0, 1e4)
    print(f"largest distance of model.onnx to xgboost: {np.abs(run_onnx(held.x) - by_xgboost).max():.2f} bps")
    parts = [("train", train), ("held out", held), ("samples.json", samples)]
    parts += [(f"held out, {name}", held.take(held.series == k)) for k, name in enumerate(series)]
    for label, rows in parts:
        report(f"{label}, model", rows, 1e4 - run_onnx(rows.x))
        report(f"{label}, RiskMetrics", rows, ewma * rows.x[:, 0] / UNIT)
        report(f"{label}, volatility of 21 days", rows, month * month_of(rows.x))
        report(f"{label}, constant", rows, np.full(len(rows.x), constant))
    cover = 1e4 - run_onnx(held.x)
    for label, other in (
        ("RiskMetrics", ewma * held.x[:, 0] / UNIT),
        ("volatility of 21 days", month * month_of(held.x)),
        ("constant", np.full(len(held.x), constant)),
    ):
        low, high = interval(held, cover, other)
        more = pinball(held.drop, cover) - pinball(held.drop, other)
        print(f"held out, model less {label}: {more:.3f}, 95% interval {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()
