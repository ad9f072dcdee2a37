# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx, the sample files and sheet.png from drawn creatures: python train.py"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

jax, jnp = common.jax, common.jnp

SEED = 31
SIDE = 16  # pixels
FINE = 4  # strokes are drawn this many times finer and averaged
LATENTS = 8
LEVELS = 16  # values of a latent, and of a pixel
TOP = LEVELS - 1
NOISE = 2.5  # standard deviation of a pixel that the decoder is fitted for: smaller is sharper but less regular
HIDDEN = (48, 80)


def draw(count: int, seed: int) -> np.ndarray:
    """
    Creatures seen from the front, symmetric, 0 for the background to 15 for the white of the eyes: body, ears, arms, feet,
    belly, eyes and mouth, each with sizes of its own. Fourteen numbers say how one looks.
    """
    rng = np.random.default_rng(seed)
    number = lambda low, high: rng.uniform(low, high, count)[:, None, None]  # noqa: E731
    grid = (np.arange(SIDE * FINE) + 0.5) / (SIDE * FINE) * 1.7 - 0.85
    x, y = np.abs(grid)[None, None, :], grid[None, :, None]
    image = np.zeros((count, SIDE * FINE, SIDE * FINE))

    def paint(mask: np.ndarray, ink: np.ndarray | float) -> None:
        nonlocal image
        image = np.where(mask, ink, image)

    def ellipse(cx: np.ndarray, cy: np.ndarray, rx: np.ndarray, ry: np.ndarray) -> np.ndarray:
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1

    width, height, square = number(0.38, 0.68), number(0.45, 0.68), number(1.8, 4.5)
    shade = number(5, 11)
    middle = 0.14 + 0 * width
    ear, tilt = number(0.0, 0.4), number(0.25, 0.85)
    arm, lift = number(0.0, 0.3), number(-0.3, 0.35)
    foot = number(0.15, 0.32)
    eye, apart, gaze = number(0.15, 0.3), number(0.0, 0.42), number(-0.25, 0.05)
    grin, belly = number(0.08, 0.34), number(0.0, 4.0)

    # Ears: triangles that lean outwards.
    reach = middle - height + 0.12 - ear - 0.1
    along = (y - reach) / (ear + 0.35)
    paint((np.abs(x - width * tilt * (1.15 - 0.3 * along)) < 0.22 * along) & (along > 0) & (along < 1), shade - 2)
    paint(ellipse(width + arm * 0.5, middle + 0.1 - lift * 0.6, 0.08 + arm * 0.6, 0.12 + 0 * arm), shade - 2)
    paint(ellipse(width * 0.55, middle + height - 0.02, foot, 0.14 + 0 * foot), shade - 3)
    paint((x / width) ** square + np.abs((y - middle) / height) ** square < 1, shade)
    paint(ellipse(0 * width, middle + height * 0.55, width * 0.6, height * 0.38), shade + belly)
    spot = middle + gaze * height - 0.1
    centre = np.where(apart < 0.16, 0.0, np.maximum(apart, eye * 0.95))  # near eyes become one
    paint(ellipse(centre, spot, eye, eye), TOP)
    paint(ellipse(centre, spot + 0.02, eye * 0.45, eye * 0.5), 1)
    paint(ellipse(0 * grin, spot + eye + 0.16, grin, 0.08 + 0 * grin), 1)

    small = image.reshape(count, SIDE, FINE, SIDE, FINE).mean(axis=(2, 4))
    return np.rint(small).reshape(count, SIDE * SIDE)


def initial() -> common.Weights:
    rng = np.random.default_rng(SEED)
    sizes = {"enc1": (256, 256), "enc2": (256, 128), "enc3": (128, 2 * LATENTS)}
    sizes |= {"fc1": (LATENTS, HIDDEN[0]), "fc2": (HIDDEN[0], HIDDEN[1]), "fc3": (HIDDEN[1], SIDE * SIDE)}
    return {key: w for name, size in sizes.items() for key, w in common.dense(rng, name, *size).items()}


def encode(p: common.Params, image: jax.Array) -> tuple[jax.Array, jax.Array]:
    h = jax.nn.relu(common.affine(p, "enc1", image / TOP))
    h = jax.nn.relu(common.affine(p, "enc2", h))
    mean, log_variance = jnp.split(common.affine(p, "enc3", h), 2, axis=1)
    return mean, jnp.clip(log_variance, -10, 2)


def digits(z: jax.Array) -> jax.Array:
    """A normal variable as one of 16 equally likely whole numbers; gradients pass the rounding."""
    u = LEVELS * jax.scipy.stats.norm.cdf(z) - 0.5
    return u + jax.lax.stop_gradient(jnp.clip(jnp.round(u), 0, TOP) - u)


def decode(p: common.Params, code: jax.Array) -> jax.Array:
    h = jax.nn.relu(common.affine(p, "fc1", (code - 7.5) / 4.61))
    h = jax.nn.relu(common.affine(p, "fc2", h))
    return TOP * (common.affine(p, "fc3", h) + 0.3)


def loss(p: common.Params, batch: Sequence[jax.Array], key: jax.Array) -> jax.Array:
    (image,) = batch
    mean, log_variance = encode(p, image)
    z = mean + jnp.exp(log_variance / 2) * jax.random.normal(key, mean.shape)
    raw = decode(p, digits(z))
    # Beyond black and white nothing is wrong, but a slope has to lead back.
    pixel = jnp.clip(raw, 0, TOP)
    error = jnp.sum((pixel - image) ** 2 + 0.02 * (raw - pixel) ** 2, axis=1) / (2 * NOISE**2)
    gap = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - 1 - log_variance, axis=1)
    return jnp.mean(error + gap)


def symmetric(p: common.Params) -> common.Params:
    """Gives each pixel and its mirror image the same weights, so that each picture is symmetric to the last bit."""
    rows = p["fc3_w"].reshape(SIDE, SIDE, HIDDEN[1])
    bias = p["fc3_b"].reshape(SIDE, SIDE)
    rows, bias = (part + part[:, ::-1] for part in (rows, bias))
    return p | {"fc3_w": rows.reshape(-1, HIDDEN[1]) / 2, "fc3_b": bias.reshape(-1) / 2}


def save_sheet(path: Path, images: np.ndarray, columns: int) -> None:
    """Pictures in rows, three times enlarged, as a grey PNG."""
    padded = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    rows = padded.reshape(-1, columns, SIDE + 2, SIDE + 2).transpose(0, 2, 1, 3).reshape(-1, columns * (SIDE + 2))
    large = (rows * 17).astype(np.uint8).repeat(3, axis=0).repeat(3, axis=1)
    height, width = large.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = np.pad(large, ((0, 0), (1, 0))).tobytes()  # a line starts with its filter: none
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    )


def report(label: str, guess: np.ndarray, image: np.ndarray) -> None:
    guess = np.clip(np.rint(guess), 0, TOP)
    off = np.abs(guess - image)
    print(
        f"{label}: mean absolute error {off.mean():.3f}, root mean square {np.sqrt((off**2).mean()):.3f}, "
        f"exact {np.mean(off == 0):.3f}, off by more than 2 {np.mean(off > 2):.3f}"
    )


def main() -> None:
    train, calibration, held = (draw(n, SEED + i) for i, n in enumerate((40_000, 500, 2000)))
    weights = common.fit(initial(), loss, (train,), epochs=60, batch=125, rate=2e-3, seed=SEED, project=symmetric)
    codes = lambda images: np.asarray(digits(encode(weights, jnp.asarray(images, jnp.float32))[0]))  # noqa: E731

    decoder = {key: w for key, w in weights.items() if key.startswith("fc")}
    decoder["fc1_b"] = decoder["fc1_b"] - decoder["fc1_w"].sum(axis=1) * np.float32(7.5 / 4.61)
    decoder["fc1_w"] = decoder["fc1_w"] / np.float32(4.61)
    decoder |= {"fc3_w": decoder["fc3_w"] * np.float32(TOP), "fc3_b": (decoder["fc3_b"] + np.float32(0.3)) * np.float32(TOP)}
    nodes = [
        common.gemm("fc1", "input"),
        common.relu("relu1", "fc1"),
        common.gemm("fc2", "relu1"),
        common.relu("relu2", "fc2"),
        common.gemm("fc3", "relu2"),
        *common.saturate("fc3", "pixels", TOP, decoder),
    ]
    path = HERE / "model.onnx"
    common.save_onnx(path, "sprite-decoder", (LATENTS, SIDE * SIDE), "pixels", nodes, decoder)
    # Calibration sees codes of creatures, and seeds as tokens have them.
    rng = np.random.default_rng(SEED)
    seeds = rng.integers(0, LEVELS, (500, LATENTS))
    common.save_samples(HERE / "calibration.json", np.concatenate([codes(calibration)[:250], seeds[:250]]))
    images = ["".join(f"{int(v):x}" for v in row) for row in held[:500]]
    common.save_samples(HERE / "samples.json", codes(held)[:500], images=images)

    for label, part in (("train", train[:2000]), ("held out", held)):
        report(label, common.run_onnx(path, codes(part)), part)
    mean = train.mean(axis=0)
    report("mean picture, held out", np.broadcast_to(mean, held.shape), held)
    axes = np.linalg.svd((train - mean)[:5000], full_matrices=False)[2][:LATENTS]
    report(f"{LATENTS} principal components, held out", mean + (held - mean) @ axes.T @ axes, held)
    ends = np.percentile((train - mean) @ axes.T, (np.arange(LEVELS) + 0.5) / LEVELS * 100, axis=0)
    score = (held - mean) @ axes.T
    near = np.take_along_axis(ends, np.abs(score[:, None, :] - ends[None]).argmin(axis=1), axis=0)
    report("the same with 16 levels each, held out", mean + near @ axes, held)
    shares = np.bincount(codes(held).astype(int).ravel(), minlength=LEVELS) / (len(held) * LATENTS)
    print("share of each value in held-out codes", np.round(shares, 3))
    seen = common.run_onnx(path, seeds)
    print(f"decoded seeds: lit pixels {(seen > 1).mean():.3f}, those of held-out creatures {(held > 1).mean():.3f}")
    common.count_weights(decoder)
    drawn, decoded, fresh = held[:32], common.run_onnx(path, codes(held[:32])), common.run_onnx(path, seeds[:64])
    save_sheet(HERE / "sheet.png", np.rint(np.concatenate([drawn, decoded, fresh])), 16)


if __name__ == "__main__":
    main()
