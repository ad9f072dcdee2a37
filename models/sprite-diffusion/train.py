# SPDX-License-Identifier: GPL-3.0-or-later
"""
Rebuilds model.onnx, the sample files and sheet.png from the art in the npm package @nouns/assets: python train.py [image-data.json]

With --validate, fits to four fifths of the training heads, measures on the others and writes validation.png; this is what
choices were made by.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from onnx import helper

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import simulated_common as common  # noqa: E402

jax, jnp = common.jax, common.jnp

SEED = 41
PACKAGE = HERE.parent.parent / "node_modules" / "@nouns" / "assets" / "dist" / "image-data.json"
SIDE, TOP = 14, 15  # pixels; greatest value of a channel
PIXELS = SIDE * SIDE * 3
BACKGROUND = (0xD5, 0xD7, 0xE1)
HELD = 50  # heads
SAMPLES = 150
NOISE = 126  # principal components, and digits of noise: two words of 63
LEVELS = 16  # values of a digit
MIDDLE, SPREAD = 7.5, np.sqrt((LEVELS**2 - 1) / 12)  # mean and standard deviation of a digit
UNIT = 0.4  # of the range of a channel, in which coordinates are measured
STEPS, LEAST, MOST = 6, 0.15, 8.0  # of noise, in units, beside a picture
HIDDEN = 384
DECAY, EPOCHS = 1.0, 60

Image = np.ndarray  # [32, 32], numbers of colours in the palette, 0 where nothing is
Denoiser = Callable[[np.ndarray, np.ndarray, int], np.ndarray]  # noisy coordinates, one-hot classes, level


class Art:
    """Parts of Nouns, and how to put them together."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise SystemExit(f"{path} does not exist; see card.md")
        document = json.loads(path.read_text())
        self.palette = np.array([[int((c or "000000")[i : i + 2], 16) for i in (0, 2, 4)] for c in document["palette"]], float)
        part = lambda kind: [decode(one["data"]) for one in document["images"][kind]]  # noqa: E731
        self.bodies, self.glasses, self.heads = part("bodies"), part("glasses"), part("heads")
        names = [one["filename"].removeprefix("head-") for one in document["images"]["heads"]]
        classes: dict[str, list[str]] = json.loads((HERE / "classes.json").read_text())
        self.classes = len(classes)
        self.of = np.array([next(k for k, listed in enumerate(classes.values()) if name in listed) for name in names])

    def compose(self, rng: np.random.Generator, heads: np.ndarray, vary: bool) -> np.ndarray:
        """Each head with a body and glasses drawn at random, as whole numbers; with `vary`, mirrored, moved and dyed at random."""
        return np.array([self.one(rng, head, vary) for head in heads], np.float32)

    def one(self, rng: np.random.Generator, head: int, vary: bool) -> np.ndarray:
        image = np.broadcast_to(np.array(BACKGROUND, float), (32, 32, 3))
        body, glasses = self.bodies[rng.integers(len(self.bodies))], self.glasses[rng.integers(len(self.glasses))]
        mask, ink = self.heads[head] > 0, self.palette[self.heads[head]]
        if vary:
            if rng.random() < 0.5:
                mask, ink = mask[:, ::-1], ink[:, ::-1]
            if rng.random() < 0.5:
                ink = ink[..., rng.permutation(3)]
            ink = np.clip(ink @ turn(rng.uniform(-0.6, 0.6)).T * rng.uniform(0.85, 1.15), 0, 255)
            if rng.random() < 0.4:
                by = 2 * rng.choice([-1, 1])  # a whole pixel of the small picture
                mask, ink = np.roll(mask, by, 1), np.roll(ink, by, 1)
        image = np.where(body[..., None] > 0, self.palette[body], image)
        image = np.where(mask[..., None], ink, image)
        image = np.where(glasses[..., None] > 0, self.palette[glasses], image)
        small = image[1:29, 2:30].reshape(SIDE, 2, SIDE, 2, 3).mean(axis=(1, 3))
        return np.rint(small / 255 * TOP).reshape(-1)


def decode(data: str) -> Image:
    """A part: palette, top, right, bottom, left, then runs of (length, colour) within those bounds, row by row."""
    _, top, right, _, left, *runs = bytes.fromhex(data[2:])
    row = np.repeat(runs[1::2], runs[0::2])
    image = np.zeros((32, 32), int)
    block = row.reshape(-1, right - left)
    image[top : top + len(block), left:right] = block
    return image


def turn(angle: float) -> np.ndarray:
    """Turns colours around the axis of greys."""
    c, s = np.cos(angle), np.sin(angle) / np.sqrt(3)
    return np.eye(3) * c + (1 - c) / 3 + s * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])


class Space:
    """Principal components of the training pictures, in units: pictures are 126 coordinates around 0."""

    def __init__(self, pictures: np.ndarray) -> None:
        self.mean = pictures.mean(axis=0, dtype=float)
        axes = np.linalg.svd(pictures[:8000] - self.mean, full_matrices=False)[2][:NOISE]
        self.axes = axes / (UNIT * TOP)
        self.variance = self.encode(pictures).var(axis=0)
        self.back = axes * (UNIT * TOP)

    def encode(self, pictures: np.ndarray) -> np.ndarray:
        return (pictures - self.mean) @ self.axes.T

    def decode(self, z: np.ndarray) -> np.ndarray:
        return self.mean + z @ self.back


class Schedule:
    """
    Levels of noise: x = c·z + s·e with c² + s² = 1 and s/c from LEAST to MOST. A Wiener filter knows of z what `wiener`·x
    says, up to errors of deviation `rest`; the network adds `rest` times what it makes of x, scaled to deviation 1.
    """

    def __init__(self, variance: np.ndarray) -> None:
        angle = np.arctan(np.geomspace(LEAST, MOST, STEPS))
        self.c, self.s = np.cos(angle), np.sin(angle)
        c, s = self.c[:, None], self.s[:, None]
        total = c**2 * variance + s**2
        self.scale = np.sqrt(total)
        self.wiener = c * variance / total
        self.rest = np.sqrt(variance / total) * s
        # As few steps narrow what they are given, they are given more: Wiener filters alone would end at `variance`.
        kept = np.prod([old + new * self.wiener[t] for t in range(STEPS) for old, new in [self.step(t)]], axis=0)
        self.start = np.sqrt(variance) / kept

    def blur(self, z: np.ndarray, e: np.ndarray, t: int) -> np.ndarray:
        return self.c[t] * z + self.s[t] * e

    def step(self, t: int) -> tuple[float, float]:
        """DDIM without noise: the next x is the first times x plus the second times the picture guessed."""
        c, s = (self.c[t - 1], self.s[t - 1]) if t else (1.0, 0.0)
        return s / self.s[t], c - s * self.c[t] / self.s[t]

    def sample(self, denoise: Denoiser, digits: np.ndarray, classes: np.ndarray) -> np.ndarray:
        x = (digits - MIDDLE) / SPREAD * self.start
        for t in reversed(range(STEPS)):
            keep, new = self.step(t)
            x = keep * x + new * denoise(x, classes, t)
        return x


def fit_network(z: np.ndarray, classes: np.ndarray, schedule: Schedule) -> common.Weights:
    rng = np.random.default_rng(SEED)
    weights = common.dense(rng, "fc1", NOISE, HIDDEN) | common.dense(rng, "fc2", HIDDEN, NOISE)
    weights["fc2_w"] *= 0.1
    weights |= {"level": np.zeros((STEPS, HIDDEN), np.float32), "class": np.zeros((classes.shape[1], HIDDEN), np.float32)}
    c, s, scale, wiener, rest = (
        jnp.asarray(a, jnp.float32) for a in (schedule.c, schedule.s, schedule.scale, schedule.wiener, schedule.rest)
    )
    heed = jnp.asarray(np.sqrt(z.var(axis=0)) / np.sqrt(z.var(axis=0)).mean(), jnp.float32)

    def loss(p: common.Params, batch: Sequence[jax.Array], key: jax.Array) -> jax.Array:
        z, k = batch
        first, second = jax.random.split(key)
        t = jax.random.randint(first, (len(z),), 0, STEPS)
        x = c[t, None] * z + s[t, None] * jax.random.normal(second, z.shape)
        h = jax.nn.relu(common.affine(p, "fc1", x / scale[t]) + p["level"][t] + k @ p["class"])
        return jnp.mean(heed * (common.affine(p, "fc2", h) - (z - wiener[t] * x) / rest[t]) ** 2)

    return common.fit(weights, loss, (z, classes), epochs=EPOCHS, batch=128, rate=1e-3, decay=DECAY, seed=SEED)


def network(w: common.Weights, schedule: Schedule) -> Denoiser:
    def denoise(x: np.ndarray, k: np.ndarray, t: int) -> np.ndarray:
        h = np.maximum(x / schedule.scale[t] @ w["fc1_w"].T + w["fc1_b"] + w["level"][t] + k @ w["class"], 0)
        return schedule.wiener[t] * x + schedule.rest[t] * (h @ w["fc2_w"].T + w["fc2_b"])

    return denoise


def linear(z: np.ndarray, classes: np.ndarray, schedule: Schedule) -> Denoiser:
    """The baseline: at each level the best affine map of x and class, fitted by least squares to the same pictures."""
    rng = np.random.default_rng(SEED)
    maps = []
    for t in range(STEPS):
        x = schedule.blur(z, rng.standard_normal(z.shape), t)
        maps.append(np.linalg.lstsq(np.c_[x, classes], z, rcond=None)[0])
    return lambda x, k, t: np.c_[x, k] @ maps[t]


def save_model(w: common.Weights, space: Space, schedule: Schedule) -> common.Weights:
    """
    The sampler as one graph. Its state y is x = gain·(y − 7.5), with a gain per level and component in which all that
    multiplies x in a step is hidden: y begins as the digits themselves, and a step only adds to it.
    """
    keep = {name: w[name] for name in ("fc1_w", "fc2_w", "fc2_b", "class")} | {"sizes": np.array([NOISE, len(w["class"])], np.int64)}
    nodes = [
        helper.make_node("Split", ["input", "sizes"], ["noise", "choice"], name="split", axis=1),
        helper.make_node("MatMul", ["choice", "class"], ["chosen"], name="chosen"),
    ]
    state, gain = "noise", schedule.start / SPREAD
    for t in reversed(range(STEPS)):
        old, new = schedule.step(t)
        after = (old + new * schedule.wiener[t]) * gain
        keep[f"in{t}"] = (gain / schedule.scale[t]).astype(np.float32)
        keep[f"bias{t}"] = w["fc1_b"] + w["level"][t] - MIDDLE * w["fc1_w"] @ keep[f"in{t}"]
        keep[f"out{t}"] = (new * schedule.rest[t] / after).astype(np.float32)
        nodes += [
            helper.make_node("Mul", [state, f"in{t}"], [f"scaled{t}"], name=f"scaled{t}"),
            helper.make_node("Gemm", [f"scaled{t}", "fc1_w", f"bias{t}"], [f"fc1_{t}"], name=f"fc1_{t}", transB=1),
            helper.make_node("Add", [f"fc1_{t}", "chosen"], [f"sum{t}"], name=f"sum{t}"),
            common.relu(f"relu{t}", f"sum{t}"),
            helper.make_node("Gemm", [f"relu{t}", "fc2_w", "fc2_b"], [f"fc2_{t}"], name=f"fc2_{t}", transB=1),
            helper.make_node("Mul", [f"fc2_{t}", f"out{t}"], [f"change{t}"], name=f"change{t}"),
            helper.make_node("Add", [state, f"change{t}"], [f"state{t}"], name=f"state{t}"),
        ]
        state, gain = f"state{t}", after
    keep["show_w"] = (space.back.T * gain).astype(np.float32)
    keep["show_b"] = (space.mean - MIDDLE * keep["show_w"].sum(axis=1)).astype(np.float32)
    nodes += [common.gemm("show", state), *common.saturate("show", "pixels", TOP, keep)]
    common.save_onnx(HERE / "model.onnx", "sprite-diffusion", (NOISE + len(w["class"]), PIXELS), "pixels", nodes, keep)
    return keep


def whole(pictures: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(pictures), 0, TOP)


def energy_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Of two sets of pictures, by root mean square differences of channels; 0 only if they are drawn alike (Székely and Rizzo)."""

    def mean(u: np.ndarray, v: np.ndarray) -> float:
        square = (u**2).sum(1)[:, None] + (v**2).sum(1)[None] - 2 * u @ v.T
        return float(np.sqrt(np.maximum(square, 0) / u.shape[1]).mean())

    return 2 * mean(a, b) - mean(a, a) - mean(b, b)


def local_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean energy distance of windows of 3×3 pixels, each with the same window of the other set: do neighbours go together?"""
    a, b = (some.reshape(-1, SIDE, SIDE, 3) for some in (a, b))
    corners = [(y, x) for y in range(SIDE - 2) for x in range(SIDE - 2)]
    window = lambda some, y, x: some[:, y : y + 3, x : x + 3].reshape(len(some), -1)  # noqa: E731
    return float(np.mean([energy_distance(window(a, y, x), window(b, y, x)) for y, x in corners]))


def save_sheet(path: Path, pictures: np.ndarray, columns: int) -> None:
    """Pictures in rows, three times enlarged, as a PNG."""
    padded = np.pad(pictures.reshape(-1, SIDE, SIDE, 3), ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows = padded.reshape(-1, columns, SIDE + 2, SIDE + 2, 3).transpose(0, 2, 1, 3, 4).reshape(-1, columns * (SIDE + 2), 3)
    large = (rows * 17).astype(np.uint8).repeat(3, axis=0).repeat(3, axis=1)
    height, width, _ = large.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = np.pad(large.reshape(height, -1), ((0, 0), (1, 0))).tobytes()  # a line starts with its filter: none
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    )


def split(art: Art) -> tuple[np.ndarray, np.ndarray]:
    """Heads to train on and heads that are held out, each class in proportion."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(art.heads))
    held = [members[: round(HELD * len(members) / len(order))] for members in (order[art.of[order] == k] for k in range(art.classes))]
    out = np.concatenate(held)
    return np.setdiff1d(order, out), out


def denoising(label: str, denoise: Denoiser, space: Space, schedule: Schedule, pictures: np.ndarray, classes: np.ndarray) -> None:
    """Mean squared error of the channels, as shares of their range, at each level of noise."""
    rng = np.random.default_rng(SEED)
    z = space.encode(pictures)
    errors = []
    for t in range(STEPS):
        guess = space.decode(denoise(schedule.blur(z, rng.standard_normal(z.shape), t), classes, t))
        errors.append((((guess - pictures) / TOP) ** 2).mean())
    print(f"{label}: denoising error {np.mean(errors):.5f}, by level {np.round(errors, 4)}")


def main() -> None:
    validate = "--validate" in sys.argv
    paths = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    art = Art(Path(paths[0]) if paths else PACKAGE)
    one_hot = np.eye(art.classes, dtype=np.float32)
    # Split before anything is fitted.
    train, held = split(art)
    if validate:
        train = np.random.default_rng(SEED).permutation(train)
        train, held = train[len(train) // 5 :], train[: len(train) // 5]
    rng = np.random.default_rng(SEED)
    heads = np.resize(rng.permutation(train), 40_000)
    pictures, shown = art.compose(rng, heads, vary=True), art.compose(rng, np.repeat(held, 20), vary=False)
    seen, seen_class = art.compose(rng, np.repeat(train, 5), vary=False), one_hot[art.of[np.repeat(train, 5)]]
    classes, shown_class = one_hot[art.of[heads]], one_hot[art.of[np.repeat(held, 20)]]
    space = Space(pictures)
    schedule = Schedule(space.variance)
    z = space.encode(pictures)
    weights = fit_network(z, classes, schedule)
    denoisers = {"this model": network(weights, schedule), "linear": linear(z, classes, schedule)}
    means = np.stack([z[classes[:, k] == 1].mean(axis=0) for k in range(art.classes)])
    denoisers["mean of the class"] = lambda x, k, t: k @ means

    for label, denoise in denoisers.items():
        denoising(f"train, {label}", denoise, space, schedule, seen, seen_class)
        denoising(f"held out, {label}", denoise, space, schedule, shown, shown_class)
    print(f"kept by {NOISE} components, held out: error {(((space.decode(space.encode(shown)) - shown) / TOP) ** 2).mean():.5f}")
    digits = rng.integers(0, LEVELS, (500, NOISE))
    asked = one_hot[np.arange(500) % art.classes]
    drawn = {name: whole(space.decode(schedule.sample(d, digits, asked))) for name, d in denoisers.items()}
    drawn["train pictures"] = art.compose(rng, np.resize(train, 500), vary=False)
    for name, some in drawn.items():
        whole_one, local = energy_distance(some, shown), local_distance(some, shown)
        print(f"{name}: energy distance to held-out pictures {whole_one:.4f}, of windows {local:.4f}, deviation {some.std(axis=0).mean():.3f}")
    sheet = np.concatenate([shown[:: len(shown) // 16][:16], drawn["linear"][:16], drawn["this model"][:64]])
    if validate:
        save_sheet(HERE / "validation.png", sheet, 16)
        return

    keep = save_model(weights, space, schedule)
    common.count_weights(keep)
    common.save_samples(HERE / "calibration.json", np.c_[digits, asked][SAMPLES : SAMPLES + 40])
    hexadecimal = lambda some: ["".join(f"{int(v):x}" for v in row) for row in some]  # noqa: E731
    apart = shown[:: len(shown) // SAMPLES][:SAMPLES]
    rows = np.c_[digits, asked][:SAMPLES]
    common.save_samples(
        HERE / "samples.json", rows, baseline=hexadecimal(drawn["linear"][:SAMPLES]), pictures=hexadecimal(apart)
    )
    made = whole(common.run_onnx(HERE / "model.onnx", rows))
    print(f"model.onnx against the formula: largest difference {np.abs(made - drawn['this model'][:SAMPLES]).max()}")
    print(f"this model, {SAMPLES} samples: windows {local_distance(made, apart):.4f}, linear {local_distance(drawn['linear'][:SAMPLES], apart):.4f}")
    save_sheet(HERE / "sheet.png", sheet, 16)


if __name__ == "__main__":
    main()
