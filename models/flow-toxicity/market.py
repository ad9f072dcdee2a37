# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated flow of a pool: informed and noise traders, and what follows each of their trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WINDOW = 12  # periods with trades that the model sees of a trader, and as many that it is judged by
BLOCKS = 25  # blocks of 12 seconds in a period of five minutes
LOWEST, HIGHEST = -512, 511  # what an input may hold
UNIT = 1e6  # volumes are in millionths of the reserve
LEAST = 20  # least volume of a period that counts
NEVER_PRESSED = 0.35  # share of traders without any information
TRADERS = 8  # traders with a name in each pool


@dataclass(frozen=True)
class Flow:
    """Windows of traders: what was seen of them, and what came after."""

    x: np.ndarray  # [n, 24]: markout and volume bucket of the newest period with trades, of the one before it, …
    loss: np.ndarray  # [n], what the next twelve such periods cost the pool, in basis points of their volume
    volume: np.ndarray  # [n], volume of those, in millionths of the reserve
    informed: np.ndarray  # [n], whether the trader ever knows anything, which no model sees
    pool: np.ndarray  # [n], number of the pool, whose windows share a market


@dataclass(frozen=True)
class Periods:
    """What each trader of each pool did in each period: arrays [period, pool, trader]."""

    markout: np.ndarray
    volume: np.ndarray
    informed: np.ndarray  # [pool, trader]


def trade(paths: int, periods: int, seed: int) -> Periods:
    """
    Pools of constant product beside markets with stochastic volatility and jumps. In each block the market moves,
    anonymous arbitrageurs trade the pool to within their fee, and each trader with a name considers a trade: for reasons of
    its own in a direction of no meaning, or, while it knows something, when it sees more than its fee to gain.
    """
    rng = np.random.default_rng(seed)
    shape = (paths, TRADERS)
    steps = periods * BLOCKS
    home = np.log(0.006) + 0.6 * rng.standard_normal(paths)  # volatility of an hour
    log_sigma, market = home.copy(), np.zeros(paths)
    future = np.empty((steps + 60, paths))
    for t in range(steps + 60):
        if t % BLOCKS == 0:
            log_sigma += 0.03 * (home - log_sigma) + 0.12 * rng.standard_normal(paths)
        jump = (rng.random(paths) < 0.001) * rng.standard_normal(paths) * 60
        market = market + np.exp(log_sigma) / np.sqrt(300) * 1e4 * rng.standard_normal(paths) + jump
        future[t] = market

    pressed = rng.random(shape) >= NEVER_PRESSED
    ahead = rng.choice((0, 5, 15, 40), shape)  # blocks that its knowledge is ahead of the market
    blur = np.exp(np.log(6) + 0.9 * rng.standard_normal(shape))  # error of that, in basis points
    share = np.where(pressed, rng.beta(1.2, 1.2, shape), 0)  # of its attention, while it knows something
    loud = np.exp(0.7 * rng.standard_normal(shape) + 0.9)  # size of informed trades beside its others
    size = np.exp(np.log(0.0001) + 0.8 * rng.standard_normal(shape))
    pace = np.exp(np.log(0.025) + 0.5 * rng.standard_normal(shape))
    knows = rng.random(shape) < 0.6
    # Which fee a trader pays changes what it does, so the model has to see many.
    fee = np.exp(rng.uniform(np.log(3), np.log(35), shape))
    band = np.exp(rng.uniform(np.log(5), np.log(30), paths))
    lean = rng.uniform(0.3, 0.7, shape)

    pool = np.zeros(paths)
    row = np.arange(paths)
    level, markout, volume = [], [], []
    flow: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for period in range(periods):
        knows ^= rng.random(shape) < np.where(knows, 0.012, 0.018)
        net, gross, weighted, mean = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(paths)
        for t in range(period * BLOCKS, (period + 1) * BLOCKS):
            pool = np.clip(pool, future[t] - band, future[t] + band)
            curious = knows & (rng.random(shape) < share)
            seen = rng.standard_normal(shape) * blur
            comes = rng.random(shape) < pace * np.where(curious, 3, 1)
            amount = size * np.exp(0.7 * rng.standard_normal(shape) - 0.25)
            coin = np.where(rng.random(shape) < lean, 1.0, -1.0)
            for k in range(TRADERS):
                gain = future[t + ahead[:, k], row] + seen[:, k] - pool
                here = np.where(curious[:, k], np.abs(gain) > fee[:, k], True) & comes[:, k]
                side = np.where(curious[:, k], np.sign(gain), coin[:, k])
                wanted = amount[:, k] * np.where(curious[:, k], loud[:, k] * np.clip(np.abs(gain) / 30, 0.5, 2), 1)
                traded = np.where(here, np.minimum(wanted, 0.004), 0)
                move = side * 2 * np.log1p(traded) * 1e4
                after = np.rint(pool + move)
                before = np.rint(pool)
                units = np.rint(traded * UNIT)
                net[:, k] += side * units
                gross[:, k] += units
                weighted[:, k] += side * units * (before + after)
                pool = pool + move
            mean += np.rint(pool) / BLOCKS
        level.append(np.floor(mean + 1e-9))
        flow.append((net, gross, weighted))
        if period > 0:
            net, gross, weighted = flow[period - 1]
            here = np.maximum(gross, 1)
            markout.append(np.floor((2 * level[period][:, None] * net - weighted + here) / (2 * here)))
            volume.append(gross)
    return Periods(np.array(markout), np.array(volume), share > 0)


def windows(periods: Periods, seed: int) -> Flow:
    """Windows that share no period, at most a few of each trader."""
    rng = np.random.default_rng(seed)
    rows, losses, volumes, informed, pools = [], [], [], [], []
    _, paths, traders = periods.volume.shape
    for path in range(paths):
        for k in range(traders):
            counts = periods.volume[:, path, k] >= LEAST
            mark = np.clip(periods.markout[counts, path, k], LOWEST, HIGHEST)
            size = periods.volume[counts, path, k]
            for end in range(WINDOW, len(mark) - WINDOW + 1, 2 * WINDOW):
                past, next_ = slice(end - WINDOW, end), slice(end, end + WINDOW)
                bucket = np.floor(np.log2(size[past]))
                rows.append(np.stack([mark[past][::-1], bucket[::-1]], axis=1).ravel())
                losses.append(np.sum(mark[next_] * size[next_]) / np.sum(size[next_]))
                volumes.append(np.sum(size[next_]))
                informed.append(periods.informed[path, k])
                pools.append(path)
    order = rng.permutation(len(rows))
    return Flow(*(np.array(part)[order] for part in (rows, losses, volumes, informed, pools)))


def simulate(paths: int, seed: int, periods: int = 110) -> Flow:
    """Windows of the traders of some pools."""
    return windows(trade(paths, periods, seed), seed)
