# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx and the sample files from the rows of ../breast-cancer: python train.py"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

_spec = importlib.util.spec_from_file_location("breast_cancer", HERE.parent / "breast-cancer" / "train.py")
assert _spec is not None and _spec.loader is not None
breast_cancer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(breast_cancer)

SEED = breast_cancer.SEED
NETWORKS = 3
FOLDS = 5
UNIT = 32  # steps in one standard deviation
MOST_MISSED = 0.01  # share of the malignant training rows that may stay below the threshold, out of fold
# The features of the linear classifier that the data was published with: mean texture, worst area, worst smoothness.
PUBLISHED = (1, 23, 24)


def rows(name: str) -> tuple[np.ndarray, np.ndarray]:
    """z-scores as a circuit takes them, and 1 for malignant, in the split of ../breast-cancer."""
    document = json.loads((HERE.parent / "breast-cancer" / f"{name}.json").read_text())
    return np.round(UNIT * np.array(document["input_data"])) / UNIT, 1 - np.array(document["labels"])


def fit(x: np.ndarray, malignant: np.ndarray) -> list[common.Weights]:
    """Networks of ../breast-cancer from different starts; its classes are 0 malignant and 1 benign."""
    return [breast_cancer.fit(x, 1 - malignant, breast_cancer.DECAY, seed=SEED + k) for k in range(NETWORKS)]


def margin(networks: list[common.Weights], x: np.ndarray) -> np.ndarray:
    """Mean logit of malignant over benign."""
    logits = [np.asarray(breast_cancer.forward(w, x.astype(np.float32))) for w in networks]
    return np.mean([z[:, 0] - z[:, 1] for z in logits], axis=0)


def linear(columns: tuple[int, ...] | slice):  # noqa: ANN201
    def margins(x: np.ndarray, malignant: np.ndarray, held: np.ndarray) -> np.ndarray:
        return LogisticRegression(max_iter=2000).fit(x[:, columns], malignant).decision_function(held[:, columns])

    return margins


BASELINE = "logistic regression, 30 features"
CANDIDATES = {
    "this model": lambda x, malignant, held: margin(fit(x, malignant), held),
    BASELINE: linear(slice(None)),
    "logistic regression, the 3 published features": linear(PUBLISHED),
}


def out_of_fold(margins, x: np.ndarray, malignant: np.ndarray) -> np.ndarray:  # noqa: ANN001
    result = np.zeros(len(x))
    for a, b in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(x, malignant):
        result[b] = margins(x[a], malignant[a], x[b])
    return result


def threshold_of(margins: np.ndarray, malignant: np.ndarray) -> float:
    """The highest threshold below which at most MOST_MISSED of the malignant rows are, rounded down to hundredths."""
    allowed = int(MOST_MISSED * malignant.sum())
    return float(np.floor(100 * np.sort(margins[malignant == 1])[allowed]) / 100)


def block_diagonal(parts: list[np.ndarray]) -> np.ndarray:
    height, width = (sum(part.shape[axis] for part in parts) for axis in (0, 1))
    result = np.zeros((height, width), np.float32)
    top = left = 0
    for part in parts:
        result[top : top + part.shape[0], left : left + part.shape[1]] = part
        top, left = top + part.shape[0], left + part.shape[1]
    return result


def save_model(networks: list[common.Weights], threshold: float) -> common.Weights:
    """The networks side by side, the mean of their margins and one comparison."""
    stack = lambda name: np.concatenate([w[name] for w in networks])  # noqa: E731
    weights: common.Weights = {
        "fc1_w": stack("fc1_w"),
        "fc1_b": stack("fc1_b"),
        "fc2_w": block_diagonal([w["fc2_w"] for w in networks]),
        "fc2_b": stack("fc2_b"),
        "fc3_w": np.concatenate([w["fc3_w"][:1] - w["fc3_w"][1:] for w in networks], axis=1) / NETWORKS,
        "fc3_b": np.mean([w["fc3_b"][:1] - w["fc3_b"][1:] for w in networks], axis=0),
        "threshold": np.array([threshold], np.float32),
    }
    nodes = [
        common.gemm("fc1", "input"),
        common.relu("relu1", "fc1"),
        common.gemm("fc2", "relu1"),
        common.relu("relu2", "fc2"),
        common.gemm("fc3", "relu2"),
        helper.make_node("GreaterOrEqual", ["fc3", "threshold"], ["reached"], name="reached"),
        helper.make_node("Cast", ["reached"], ["result"], name="result", to=TensorProto.FLOAT),
    ]
    common.save_onnx(HERE / "model.onnx", "tumour-screening", (30, 1), "result", nodes, weights)
    return weights


def save_samples(name: str, x: np.ndarray, malignant: np.ndarray, **more: list[int]) -> None:
    document = {"input_data": x.tolist(), "labels": malignant.tolist(), **more}
    (HERE / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


def report(label: str, z: np.ndarray, malignant: np.ndarray, threshold: float) -> None:
    found = z >= threshold
    print(
        f"{label}: AUC {roc_auc_score(malignant, z):.4f}, log loss {log_loss(malignant, 1 / (1 + np.exp(-z))):.4f}, "
        f"threshold {threshold:.2f}: accuracy {np.mean(found == malignant):.4f}, sensitivity {found[malignant == 1].mean():.4f} "
        f"({np.sum(malignant & ~found)} missed), specificity {1 - found[malignant == 0].mean():.4f} ({np.sum((1 - malignant) & found)} referred); "
        f"at 0: accuracy {np.mean((z >= 0) == malignant):.4f}"
    )


def main() -> None:
    (x, malignant), (held, held_malignant) = rows("calibration"), rows("samples")
    thresholds = {}
    for label, margins in CANDIDATES.items():
        z = out_of_fold(margins, x, malignant)
        thresholds[label] = threshold_of(z, malignant)
        report(f"{label}, out of fold", z, malignant, thresholds[label])
    for label, margins in CANDIDATES.items():
        report(f"{label}, held out", margins(x, malignant, held), held_malignant, thresholds[label])
    networks = fit(x, malignant)
    weights = save_model(networks, thresholds["this model"])
    save_samples("calibration", x, malignant)
    found = CANDIDATES[BASELINE](x, malignant, held) >= thresholds[BASELINE]
    save_samples("samples", held, held_malignant, baseline=found.astype(int).tolist())
    result = common.run_onnx(HERE / "model.onnx", held)[:, 0]
    if not np.array_equal(result, margin(networks, held) >= np.float32(thresholds["this model"])):
        raise SystemExit("the results of model.onnx are not those of the networks")
    gaps = np.sort(np.abs(margin(networks, held) - thresholds["this model"]))
    print(f"nothing found, held out: accuracy {1 - held_malignant.mean():.4f}; smallest distances to the threshold {gaps[:3]}")
    common.count_weights(weights)


if __name__ == "__main__":
    main()
