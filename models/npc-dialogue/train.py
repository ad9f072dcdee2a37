# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds model.onnx, vocabulary.json and the sample files from the lines of corpus.py: python train.py"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import corpus  # noqa: E402
import simulated_common as common  # noqa: E402
import step  # noqa: E402

jax, jnp = common.jax, common.jnp

SEED = 20
EPOCHS = 16
BATCH = 32
RATE = 4e-3
DECAY = 0.0
PROMPT = 4
TEST, VALIDATION = 0.15, 0.05
ROWS = 160  # held-out steps in samples.json
CALIBRATION_ROWS = 160
LINES = 100  # held-out lines in samples.json, whole

Line = list[int]  # prompt, words, end


def split() -> dict[str, list[Line]]:
    """
    Lines by part. All stages of an errand go into one part with the rest of their combination: but for work, most of
    them share a line, so that no held-out line, closing aside, is among those of another part.
    """
    ids = {word: i for i, word in enumerate(corpus.vocabulary())}
    groups: dict[tuple[int, ...], list[corpus.Combination]] = defaultdict(list)
    for c in corpus.combinations():
        groups[c[0], c[1], c[2], c[3], c[5]].append(c)
    keys = sorted(groups)
    order = np.random.default_rng(SEED).permutation(len(keys))
    ends = [round(len(keys) * TEST), round(len(keys) * (TEST + VALIDATION)), len(keys)]
    parts: dict[str, list[Line]] = {}
    start = 0
    for name, end in zip(("test", "validation", "train"), ends):
        chosen = [c for k in order[start:end] for c in groups[keys[k]]]
        parts[name] = [[*corpus.prompt(c), *(ids[w] for w in corpus.line(c)), 0] for c in chosen]
        start = end
    return parts


def arrays(lines: Sequence[Line]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens in [n, SLOTS], tokens to come, and which of those count: all after the prompt."""
    x = np.zeros((len(lines), step.SLOTS), np.int32)
    y = np.zeros_like(x)
    counts = np.zeros(x.shape, np.float32)
    for row, tokens in enumerate(lines):
        size = min(len(tokens) - 1, step.SLOTS)
        x[row, :size], y[row, :size] = tokens[:size], tokens[1 : size + 1]
        counts[row, PROMPT - 1 : size] = 1
    return x, y, counts


def loss(p: common.Params, data: Sequence[jax.Array], key: jax.Array) -> jax.Array:
    x, y, counts = data[0].astype(int), data[1].astype(int), data[2]
    picked = jnp.take_along_axis(jax.nn.log_softmax(step.logits(p, x, key)), y[..., None], -1)[..., 0]
    return -(picked * counts).sum() / counts.sum()


def measure(p: common.Params, lines: Sequence[Line]) -> tuple[float, float]:
    """Share of next tokens that are right, and perplexity, after the true tokens before."""
    x, y, counts = arrays(lines)
    scores = np.concatenate([np.asarray(forward(p, x[i : i + 256])) for i in range(0, len(x), 256)])
    right = (scores.argmax(-1) == y) * counts
    top = scores.max(-1, keepdims=True)
    log_p = scores - top - np.log(np.exp(scores - top).sum(-1, keepdims=True))
    cost = -np.take_along_axis(log_p, y[..., None], -1)[..., 0] * counts
    return float(right.sum() / counts.sum()), float(np.exp(cost.sum() / counts.sum()))


forward = jax.jit(step.logits)

Predict = Callable[[Line, int], int]


def backing_off(
    train: Sequence[Line], contexts: Callable[[Line, int], list[tuple]]
) -> tuple[Predict, Callable[[Line, int], float]]:
    """
    The most frequent token after the longest context that was seen, and its probability: Witten-Bell smoothing, down to
    all tokens alike.
    """
    counts: dict[tuple, Counter[int]] = defaultdict(Counter)
    for tokens in train:
        for i in places(tokens):
            for context in contexts(tokens, i):
                counts[context][tokens[i]] += 1

    def predict(tokens: Line, i: int) -> int:
        seen = next(counts[c] for c in contexts(tokens, i) if c in counts)
        return min(seen, key=lambda token: (-seen[token], token))

    def probability(tokens: Line, i: int) -> float:
        p = 1 / step.VOCABULARY
        for context in reversed(contexts(tokens, i)):
            seen = counts.get(context)
            if seen:
                total = sum(seen.values())
                p = (seen[tokens[i]] + len(seen) * p) / (total + len(seen))
        return p

    return predict, probability


def plain(tokens: Line, i: int) -> list[tuple]:
    """Trigram, bigram, unigram of the words alone."""
    a, b = (tokens[i - 2] if i - 2 >= PROMPT else -1), (tokens[i - 1] if i - 1 >= PROMPT else -1)
    return [(a, b), (b,), ()]


def of_who_and_topic(tokens: Line, i: int) -> list[tuple]:
    """The same, of the lines of this character on this topic, then of this character, then of all."""
    who, topic = tokens[0], tokens[3]
    grams = plain(tokens, i)
    return [(who, topic, *g) for g in grams[:2]] + [(who, "any", *g) for g in grams[:2]] + grams


def nearest(train: Sequence[Line]) -> Callable[[Line], Line]:
    """The train line whose prompt differs least: character, topic, standing and sky count in this order."""
    weight = np.array([8, 2, 3, 5])
    prompts = np.array([tokens[:PROMPT] for tokens in train])
    return lambda tokens: train[int(((prompts != tokens[:PROMPT]) @ weight).argmin())]


def places(tokens: Line) -> range:
    """Where a step of a line gives a token that counts."""
    return range(PROMPT, min(len(tokens), step.SLOTS + 1))


def share(predict: Predict, lines: Sequence[Line]) -> float:
    hits = [predict(tokens, i) == tokens[i] for tokens in lines for i in places(tokens)]
    return sum(hits) / len(hits)


def perplexity(probability: Callable[[Line, int], float], lines: Sequence[Line]) -> float:
    costs = [-np.log(probability(tokens, i)) for tokens in lines for i in places(tokens)]
    return float(np.exp(np.mean(costs)))


class Steps:
    """The ONNX file, run token by token."""

    def __init__(self, path: Path) -> None:
        self.session = common.onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(self, token: int, position: int, cache: np.ndarray) -> tuple[int, np.ndarray]:
        following, cache = self.session.run(None, {"step": np.array([[token, position]], np.int64), "cache": cache})
        return int(following[0, 0]), cache

    def teach(self, tokens: Line) -> tuple[list[int], list[np.ndarray]]:
        """What follows each token of a line but the last, and the cache before each."""
        cache, said, caches = np.zeros((step.SLOTS, step.ROW), np.float32), [], []
        for position, token in enumerate(tokens[:-1][: step.SLOTS]):
            caches.append(cache)
            following, cache = self.run(token, position, cache)
            said.append(following)
        return said, caches

    def speak(self, prompt: Line) -> Line:
        """The line after a prompt, with both; a token that is no word ends it, and so does the last slot."""
        tokens, cache = list(prompt), np.zeros((step.SLOTS, step.ROW), np.float32)
        for position in range(step.SLOTS):
            following, cache = self.run(tokens[position], position, cache)
            if position >= PROMPT - 1:
                tokens.append(following)
                if following < corpus.FIRST_WORD:
                    break
        return tokens


def save_rows(
    path: Path, steps: Steps, lines: Sequence[Line], count: int, rng: np.random.Generator, **more: object
) -> None:
    """Random steps of lines, each with the cache before it and the token that follows, and more of each."""
    picked = []
    rows, labels = [], []
    for index in rng.permutation(len(lines))[:count]:
        tokens = lines[index]
        at = int(rng.integers(PROMPT - 1, min(len(tokens) - 1, step.SLOTS)))
        picked.append((tokens, at + 1))
        rows.append([[tokens[at], at], steps.teach(tokens)[1][at].astype(int).reshape(-1).tolist()])
        labels.append(tokens[at + 1])
    extra = {name: value(picked) if callable(value) else value for name, value in more.items()}
    path.write_text(json.dumps({"input_data": rows, "labels": labels, **extra}, separators=(",", ":")) + "\n")


def save(steps: Steps, parts: dict[str, list[Line]], baseline: Predict) -> None:
    """samples.json from test lines, with what the baseline says, and calibration.json from validation lines."""
    test = parts["test"]
    rng = np.random.default_rng(SEED + 1)
    save_rows(
        HERE / "samples.json",
        steps,
        test,
        ROWS,
        rng,
        baseline=lambda picked: [baseline(tokens, i) for tokens, i in picked],
        whole_lines=[test[i] for i in rng.permutation(len(test))[:LINES]],
    )
    save_rows(HERE / "calibration.json", steps, parts["validation"], CALIBRATION_ROWS, rng)


def main() -> None:
    words = corpus.vocabulary()
    assert len(words) == step.VOCABULARY and words[corpus.FIRST_WORD : corpus.FIRST_WORD + 2] == ["errand", "reward"]
    parts = split()
    train, test = parts["train"], parts["test"]
    different = len({tuple(x[PROMPT:]) for x in train})
    print({name: len(lines) for name, lines in parts.items()}, "lines;", different, "different ones in train")
    words_of = {name: {tuple(x[PROMPT:]) for x in lines} for name, lines in parts.items()}
    assert not words_of["test"] & (words_of["train"] | words_of["validation"])

    weights = step.initial(np.random.default_rng(SEED))
    weights = common.fit(weights, loss, arrays(train), epochs=EPOCHS, batch=BATCH, rate=RATE, decay=DECAY, seed=SEED)
    p = {name: jnp.asarray(w) for name, w in weights.items()}
    is_trial = "--trial" in sys.argv  # looks at no test line
    for name in ("train", "validation", *([] if is_trial else ["test"])):
        print(name, "next token %.4f, perplexity %.4f" % measure(p, parts[name]), flush=True)
    if is_trial:
        return

    step.save_step(HERE / "model.onnx", weights)
    steps = Steps(HERE / "model.onnx")
    for tokens in test[:20]:
        said = steps.teach(tokens)[0]
        whole = np.asarray(forward(p, arrays([tokens])[0])).argmax(-1)[0]
        assert said == whole[: len(said)].tolist(), "the steps differ from the whole line"
    same = sum(steps.speak(tokens[:PROMPT]) == tokens[: step.SLOTS + 1] for tokens in test)
    print(f"{same} of {len(test)} held-out lines word for word")

    trigram, p_trigram = backing_off(train, plain)
    informed, p_informed = backing_off(train, of_who_and_topic)
    closest = nearest(train)
    print("trigram: %.4f, perplexity %.3f" % (share(trigram, test), perplexity(p_trigram, test)))
    of_topic = share(informed, test), perplexity(p_informed, test)
    print("trigram by character and topic: %.4f, perplexity %.3f" % of_topic)
    near = lambda tokens, i: (closest(tokens) + [0] * step.SLOTS)[i]  # noqa: E731
    print("nearest train line: %.4f" % share(near, test))

    save(steps, parts, informed)
    (HERE / "vocabulary.json").write_text(json.dumps(words, indent=1) + "\n")
    print(sum(w.size for w in weights.values()), "parameters")


if __name__ == "__main__":
    main()
