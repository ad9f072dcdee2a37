# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from corpus.csv: python train.py"""

from __future__ import annotations

import csv
import hashlib
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import helper
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

# The number of epochs is chosen, not reached.
warnings.simplefilter("ignore", ConvergenceWarning)

SEED = 5
FEATURES = 62
HELD_OUT = 0.3  # of the families, of those written for the corpus and of those in packages
HELD_PACKAGE = "@axelar-network"
NETWORKS = 4
GRID = [(16, decay, epochs) for decay in (3.0, 10.0) for epochs in (50, 150)]
SHARES = (0.0, 0.25, 0.5, 0.75)  # of the linear path in the logit
THRESHOLD = 500


@dataclass(frozen=True)
class Rows:
    family: np.ndarray
    origin: np.ndarray
    kind: np.ndarray
    x: np.ndarray  # [n, 62] features, as the contract computes them
    plain: np.ndarray  # [n, 256] how often each opcode occurs

    def take(self, which: np.ndarray) -> Rows:
        return Rows(self.family[which], self.origin[which], self.kind[which], self.x[which], self.plain[which])

    @property
    def bad(self) -> np.ndarray:
        return (self.kind != "sound").astype(int)


def log_code(count: np.ndarray) -> np.ndarray:
    """Logarithm of count + 1 in sixteenths, linear between powers of two, at most 255: as OpcodeFeatures.logCode."""
    v = count + 1
    e = np.floor(np.log2(v)).astype(int)
    return np.minimum(255, 16 * e + (16 * (v - 2**e)) // 2**e)


def load() -> Rows:
    with open(HERE / "corpus.csv", encoding="utf-8") as file:
        table = list(csv.reader(file))[1:]
    plain = np.zeros((len(table), 256))
    for i, row in enumerate(table):
        for pair in row[-1].split():
            op, count = pair.split(":")
            plain[i, int(op, 16)] = int(count)
    names = np.array([row[:4] for row in table])
    counts = np.array([[int(value) for value in row[5 : 5 + FEATURES]] for row in table])
    return Rows(names[:, 0], names[:, 1], names[:, 3], log_code(counts), plain)


def held_families(families: set[str]) -> set[str]:
    """The first of them by their hashes, so that nobody chooses which."""
    order = sorted(families, key=lambda name: hashlib.sha256(f"contract-risk/{name}".encode()).hexdigest())
    return set(order[: round(HELD_OUT * len(order))])


def split(rows: Rows) -> tuple[Rows, Rows, Rows]:
    """Train, held-out families, and a package of which nothing else is in the corpus."""
    package = np.array([origin.startswith(HELD_PACKAGE) for origin in rows.origin])
    own = rows.origin == "written"
    held = held_families(set(rows.family[own])) | held_families(set(rows.family[~own & ~package]))
    out = np.isin(rows.family, list(held))
    return rows.take(~out & ~package), rows.take(out & ~package), rows.take(package)


Network = tuple[np.ndarray, np.ndarray, np.ndarray, float]


def fit(x: np.ndarray, bad: np.ndarray, units: int, decay: float, epochs: int, seed: int) -> Network:
    """A network of one hidden layer, with the standardisation of its inputs folded in."""
    scale = StandardScaler().fit(x)
    net = MLPClassifier((units,), alpha=decay, max_iter=epochs, learning_rate_init=2e-3, random_state=seed, tol=0, n_iter_no_change=epochs)
    net.fit(scale.transform(x), bad)
    w = net.coefs_[0] / scale.scale_[:, None]
    return w, net.intercepts_[0] - scale.mean_ @ w, net.coefs_[1][:, 0], float(net.intercepts_[1][0])


def logits(nets: list[Network], x: np.ndarray) -> np.ndarray:
    return np.mean([np.maximum(x @ w + b, 0) @ v + c for w, b, v, c in nets], axis=0)


def chance(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def evenly(rows: Rows) -> float:
    """What takes a logit of the corpus, where most rows are mutations, to one where half of them are."""
    return -float(np.log(rows.bad.mean() / (1 - rows.bad.mean())))


def linear(x: np.ndarray, bad: np.ndarray) -> tuple[np.ndarray, float]:
    model = LogisticRegression(max_iter=3000).fit(x / 64, bad)
    return model.coef_[0] / 64, float(model.intercept_[0])


def cross_validate(train: Rows) -> tuple[int, float, int, float]:
    """Lowest log loss over folds that keep families together, within the training rows."""
    best, chosen = np.inf, (*GRID[0], SHARES[0])
    for units, decay, epochs in GRID:
        z, straight = np.zeros(len(train.bad)), np.zeros(len(train.bad))
        for inside, outside in GroupKFold(5).split(train.x, train.bad, train.family):
            nets = [fit(train.x[inside], train.bad[inside], units, decay, epochs, SEED + k) for k in range(2)]
            z[outside] = logits(nets, train.x[outside])
            w, b = linear(train.x[inside], train.bad[inside])
            straight[outside] = train.x[outside] @ w + b
        for share in SHARES:
            mixed = (1 - share) * z + share * straight
            loss = log_loss(train.bad, chance(mixed))
            print(
                f"  {units} units, decay {decay}, {epochs} epochs, linear {share}: "
                f"log loss {loss:.4f}, AUC {roc_auc_score(train.bad, mixed):.4f}"
            )
            if loss < best:
                best, chosen = loss, (units, decay, epochs, share)
    return chosen


def logistic(train_x: np.ndarray, train: Rows) -> LogisticRegression:
    """Its penalty from the same folds."""
    best, chosen = np.inf, 1.0
    for c in (0.001, 0.01, 0.1, 1.0):
        p = np.zeros(len(train.bad))
        for inside, outside in GroupKFold(5).split(train_x, train.bad, train.family):
            model = LogisticRegression(C=c, max_iter=3000, class_weight="balanced").fit(train_x[inside], train.bad[inside])
            p[outside] = model.predict_proba(train_x[outside])[:, 1]
        if (loss := log_loss(train.bad, p)) < best:
            best, chosen = loss, c
    print(f"  logistic regression: C {chosen}, log loss in cross-validation {best:.4f}")
    return LogisticRegression(C=chosen, max_iter=3000, class_weight="balanced").fit(train_x, train.bad)


def report(label: str, p: np.ndarray, rows: Rows) -> None:
    auc = roc_auc_score(rows.bad, p) if p.std() > 0 else 0.5
    halves = np.where(rows.bad == 1, 0.5 / rows.bad.mean(), 0.5 / (1 - rows.bad.mean()))
    print(
        f"{label}: AUC {auc:.4f}, balanced accuracy at {THRESHOLD} {balanced_accuracy_score(rows.bad, p >= THRESHOLD / 1000):.4f}, "
        f"log loss with both halves alike {log_loss(rows.bad, np.clip(p, 1e-6, 1 - 1e-6), sample_weight=halves):.4f}"
    )


def main() -> None:
    rows = load()
    train, held, package = split(rows)
    for label, part in (("train", train), ("held out", held), ("package", package)):
        print(f"{label}: {len(part.bad)} rows, {part.bad.mean():.3f} unsound, {len(set(part.family))} families")
        print(" ", dict(Counter(part.kind)))
    print("held-out families:", sorted(set(held.family)))

    units, decay, epochs, share = cross_validate(train)
    print(f"chosen: {units} units, decay {decay}, {epochs} epochs, linear {share}")
    nets = [fit(train.x, train.bad, units, decay, epochs, SEED + k) for k in range(NETWORKS)]
    slope, offset = linear(train.x, train.bad)
    weights: common.Weights = {
        "fc1_w": np.concatenate([w for w, *_ in nets], axis=1).T.astype(np.float32),
        "fc1_b": np.concatenate([b for _, b, *_ in nets]).astype(np.float32),
        "fc2_w": ((1 - share) * np.concatenate([v for _, _, v, _ in nets])[None, :] / NETWORKS).astype(np.float32),
        "fc2_b": np.array([(1 - share) * np.mean([c for *_, c in nets]) + evenly(train)], np.float32),
        "straight_w": (share * slope[None, :]).astype(np.float32),
        "straight_b": np.array([share * offset], np.float32),
        "thousand": np.float32(1000).reshape(()),
    }
    nodes = [
        common.gemm("fc1", "input"),
        common.relu("relu1", "fc1"),
        common.gemm("fc2", "relu1"),
        common.gemm("straight", "input"),
        helper.make_node("Add", ["fc2", "straight"], ["logit"], name="logit"),
        helper.make_node("Sigmoid", ["logit"], ["chance"], name="chance"),
        helper.make_node("Mul", ["chance", "thousand"], ["permille"], name="permille"),
        # Rounds to whole numbers in the circuit.
        common.relu("risk", "permille"),
    ]
    common.save_onnx(HERE / "model.onnx", "contract-risk", (FEATURES, 1), "risk", nodes, weights)

    plain = StandardScaler().fit(np.log1p(train.plain))
    ready = lambda part: plain.transform(np.log1p(part.plain))  # noqa: E731
    histogram = logistic(ready(train), train)
    raw = logistic(train.x / 64, train)
    guess = lambda part: common.run_onnx(HERE / "model.onnx", part.x)[:, 0] / 1000  # noqa: E731
    report("train", guess(train), train)
    for label, part in (("held out", held), ("package", package)):
        report(label, guess(part), part)
        report(f"{label}, logistic regression on the opcode histogram", histogram.predict_proba(ready(part))[:, 1], part)
        report(f"{label}, logistic regression on the 62 features", raw.predict_proba(part.x / 64)[:, 1], part)
        report(f"{label}, constant", np.full(len(part.bad), 0.5), part)
    written = held.take(held.origin == "written")
    report("held out, written", guess(written), written)
    report("held out, in packages", guess(other := held.take(held.origin != "written")), other)
    for name, part in (("held out", held), ("package", package)):
        p = guess(part)
        for kind in sorted(set(part.kind)):
            flagged = p[part.kind == kind] >= THRESHOLD / 1000
            print(f"  {name}, {kind}: {len(flagged)} rows, {100 * flagged.mean():.1f}% at {THRESHOLD} or above")

    baseline = np.rint(1000 * histogram.predict_proba(ready(held))[:, 1]).astype(int)
    both = {"unsound": held.bad.tolist(), "baseline": baseline.tolist(), "kinds": held.kind.tolist(), "families": held.family.tolist()}
    common.save_samples(HERE / "samples.json", held.x, **both)
    order = np.random.default_rng(SEED).permutation(len(train.bad))[:500]
    common.save_samples(HERE / "calibration.json", train.x[order])
    common.count_weights(weights)


if __name__ == "__main__":
    main()
