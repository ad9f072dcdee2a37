# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from simulated chains: python train.py"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import xgboost
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import simulated_common as common  # noqa: E402
from features import FEATURES, HIGHEST, extract  # noqa: E402
from simulate import FARMS, ORGANIC, UNSEEN, simulate  # noqa: E402

SEED = 41
FIRST, SECOND = 540, 600  # days that the snapshots of claims and of appeals are of
TRAIN, HELD = range(1, 13), range(201, 204)  # seeds of chains
WIDE = range(301, 313)  # more held-out chains, for figures only: three have few farms of each strategy
FARMS_OF_A_CHAIN, MIX = 14, (0.15, 0.15, 0.25, 0.2, 0.25)
EVEN, DOUBLING = 500, 50  # the score at even odds, and what it gains when they double
TOP = 1000
THRESHOLD, FLOOR = 500, 400
# More of the feature may only raise (1) or lower (-1) the score, or do either (0).
DIRECTION = (1, 1, 0, 1, 1, 1, 1, 0, 0, -1, -1, -1, -1, -1)
CANDIDATES = tuple(product((60, 100), (3, 4), (0.1, 0.2)))  # trees, depth, rate


@dataclass(frozen=True)
class Accounts:
    x: np.ndarray  # [n, 14], as FEATURES, at the first snapshot
    later: np.ndarray  # the same accounts at the second
    human: np.ndarray  # [n], 1 or 0
    kind: np.ndarray  # [n], of ORGANIC, FARMS or UNSEEN
    chain: np.ndarray  # [n], the seed


def accounts(seeds: Sequence[int], unseen: int) -> Accounts:
    rows = []
    for seed in seeds:
        known = np.random.default_rng(1000 + seed).choice(FARMS, FARMS_OF_A_CHAIN, p=MIX)
        chain = simulate(seed, (*known.tolist(), *[UNSEEN] * unseen))
        first, second = extract(chain, FIRST), extract(chain, SECOND)
        rows += [(first[a], second[a], chain.kind[a], seed) for a in first]
    x, later, kind, chain = (np.array(column) for column in zip(*rows))
    return Accounts(x.astype(float), later.astype(float), np.isin(kind, ORGANIC).astype(int), kind, chain)


def boost(x: np.ndarray, human: np.ndarray, trees: int, depth: int, rate: float) -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(
        n_estimators=trees, max_depth=depth, learning_rate=rate, max_bin=32, min_child_weight=5, subsample=0.8,
        monotone_constraints=DIRECTION, random_state=SEED, n_jobs=1,
    ).fit(x, human)  # fmt: skip


def logistic(x: np.ndarray, human: np.ndarray, form: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    scale = StandardScaler().fit(form(x))
    fitted = LogisticRegression(max_iter=5000).fit(scale.transform(form(x)), human)
    return lambda rows: fitted.predict_proba(scale.transform(form(rows)))[:, 1]


def cross_validate(train: Accounts) -> tuple[int, int, float]:
    """The candidate of the lowest log loss on chains that it did not see: four folds of whole chains."""
    best: tuple[float, tuple[int, int, float]] | None = None
    for candidate in CANDIDATES:
        guess = np.zeros(len(train.human))
        for fold in range(4):
            out = train.chain % 4 == fold
            guess[out] = boost(train.x[~out], train.human[~out], *candidate).predict_proba(train.x[out])[:, 1]
        cost = log_loss(train.human, guess)
        print(f"cross-validation, trees, depth, rate {candidate}: log loss {cost:.4f}, AUC {roc_auc_score(train.human, guess):.4f}")
        if best is None or cost < best[0]:
            best = cost, candidate
    assert best is not None
    return best[1]


def thumb(train: Accounts) -> tuple[int, int]:
    """The rule of thumb that is right most often in train: so many transactions, and so many days of age."""
    def right(rule: tuple[int, int]) -> float:
        return float(np.mean(passes_thumb(train.x, rule) == train.human))

    return max(product((1, 3, 5, 10, 15, 20, 30, 50), (0, 30, 60, 90, 180, 270)), key=right)


def passes_thumb(x: np.ndarray, rule: tuple[int, int]) -> np.ndarray:
    return (x[:, FEATURES.index("transactions")] >= rule[0]) & (x[:, FEATURES.index("age")] >= rule[1])


def forest(model: xgboost.XGBClassifier, mean: float) -> tuple[dict[str, object], int, int]:
    """
    The trees as attributes of TreeEnsembleRegressor. Features are whole, so x < t is x < ⌈t⌉; leaves are rounded to whole
    points, so that sums of them are exact in float32 and in the circuit.
    """
    nodes: dict[str, list[object]] = {name: [] for name in (
        "treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")}  # fmt: skip
    leaves: dict[str, list[object]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    cuts = set()

    def put(tree: int, node: dict[str, object]) -> None:
        ids = {"treeids": tree, "nodeids": node["nodeid"]}
        if "leaf" in node:
            points = round(float(node["leaf"]) / np.log(2) * DOUBLING)
            more = {"featureids": 0, "modes": "LEAF", "values": 0.0, "truenodeids": 0, "falsenodeids": 0}
            for name, value in (ids | {"ids": 0, "weights": float(points)}).items():
                leaves[name].append(value)
        else:
            feature, cut = int(str(node["split"])[1:]), float(np.ceil(float(node["split_condition"])))
            cuts.add((feature, cut))
            more = {"featureids": feature, "modes": "BRANCH_LT", "values": cut}
            more |= {"truenodeids": node["yes"], "falsenodeids": node["no"]}
        for name, value in (ids | more).items():
            nodes[name].append(value)
        for child in node.get("children", []):
            put(tree, child)

    for tree, text in enumerate(model.get_booster().get_dump(dump_format="json")):
        put(tree, json.loads(text))
    attributes: dict[str, object] = {f"nodes_{name}": values for name, values in nodes.items()}
    attributes |= {f"target_{name}": values for name, values in leaves.items()}
    base = EVEN + DOUBLING * np.log2(mean / (1 - mean))
    return attributes | {"n_targets": 1, "base_values": [float(round(base))]}, len(nodes["treeids"]), len(cuts)


def save_model(attributes: dict[str, object]) -> None:
    constants: common.Weights = {}
    nodes = [
        helper.make_node("TreeEnsembleRegressor", ["input"], ["points"], name="points", domain="ai.onnx.ml", **attributes),
        *common.saturate("points", "score", TOP, constants),
    ]
    graph = helper.make_graph(
        nodes,
        "sybil-airdrop",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", len(FEATURES)])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    (HERE / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))


def report(label: str, guess: np.ndarray, human: np.ndarray) -> None:
    print(f"{label}: AUC {roc_auc_score(human, guess):.4f}, accuracy {np.mean((guess >= 0.5) == human):.4f}, log loss {log_loss(human, guess):.4f}")


def compare(where: str, part: Accounts, models: dict[str, Callable[[np.ndarray], np.ndarray]]) -> None:
    known, unseen = part.kind != UNSEEN, (part.kind == UNSEEN) | (part.human == 1)
    for label, chance in models.items():
        for farms, rows in (("known strategies", known), ("the unseen strategy", unseen)):
            report(f"{label}, {where}, farms of {farms}", chance(part.x[rows]), part.human[rows])


def gates(where: str, part: Accounts, passes: dict[str, np.ndarray]) -> None:
    human = part.human == 1
    print(f"{where}: {human.sum()} organic, {np.sum(~human)} Sybil")
    for label, pass_ in passes.items():
        shares = ", ".join(f"{kind} {100 * pass_[part.kind == kind].mean():.1f}%" for kind in (*ORGANIC, *FARMS, UNSEEN))
        print(f"  {label}: organic {100 * pass_[human].mean():.1f}%, Sybil {100 * pass_[~human].mean():.1f}% pass; {shares}")


def main() -> None:
    # Whole chains are train or held out, so no farm and no account is in both.
    train, held = accounts(TRAIN, 0), accounts(HELD, 2)
    print(f"train {len(train.human)}, {train.human.mean():.3f} human; held out {len(held.human)}, {held.human.mean():.3f}")
    chosen = cross_validate(train)
    model = boost(train.x, train.human, *chosen)
    attributes, nodes, cuts = forest(model, float(train.human.mean()))
    save_model(attributes)
    print(f"chosen {chosen}: {nodes} nodes, {cuts} different comparisons")

    linear = logistic(train.x, train.human, lambda rows: rows)
    logs = logistic(train.x, train.human, np.log1p)
    rule = thumb(train)
    pick = np.random.default_rng(SEED).permutation(len(train.human))[:500]
    common.save_samples(HERE / "calibration.json", train.x[pick], human=train.human[pick].tolist())
    common.save_samples(
        HERE / "samples.json",
        held.x,
        human=held.human.tolist(),
        kind=held.kind.tolist(),
        chain=held.chain.tolist(),
        later=held.later.astype(int).tolist(),
        baseline=np.round(1000 * linear(held.x)).astype(int).tolist(),
    )

    score = lambda x: common.run_onnx(HERE / "model.onnx", x)[:, 0]  # noqa: E731
    odds = lambda points: 1 / (1 + 2.0 ** ((EVEN - points) / DOUBLING))  # noqa: E731
    report("train", odds(score(train.x)), train.human)
    for label, part in (("held out", held), ("held out, wide", accounts(WIDE, 2))):
        compare(label, part, {
            "this model": lambda x: odds(score(x)),
            "trees before rounding": lambda x: model.predict_proba(x)[:, 1],
            "logistic regression": linear,
            "logistic regression on logarithms": logs,
            "constant": lambda x: np.full(len(x), train.human.mean()),
        })  # fmt: skip
        first, second = score(part.x), score(part.later)
        gates(label, part, {
            "model, claims": first >= THRESHOLD,
            "model, claims or appeals": (first >= THRESHOLD) | ((first >= FLOOR) & (second >= THRESHOLD)),
            "model, floor of appeals": first >= FLOOR,
            "logistic regression": linear(part.x) >= 0.5,
            "10 transactions and 30 days": passes_thumb(part.x, (10, 30)),
            f"fitted to train: {rule[0]} transactions and {rule[1]} days": passes_thumb(part.x, rule),
        })  # fmt: skip
    for kind in (*ORGANIC, *FARMS, UNSEEN):
        print(f"  {kind}: {np.sum(held.kind == kind)} held out, median score {np.median(score(held.x)[held.kind == kind]):.0f}")
    for k, name in enumerate(FEATURES):
        part = held.x[:, k]
        print(f"  {name}: {np.percentile(part, (0, 5, 50, 95, 100))}, clamped {np.mean(part == HIGHEST):.4f}")


if __name__ == "__main__":
    main()
