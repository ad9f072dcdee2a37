# SPDX-License-Identifier: GPL-3.0-or-later
"""The extraction rule: what the model reads of an account, computed from public transfers up to the end of a day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np

from simulate import CONTRACTS, EXCHANGES, Chain

HIGHEST = 1023  # what an input may hold; 0 is the least
DUST = 0.001  # coins: a smaller first transfer does not count as funding, nor its sender as a source
FEATURES = (
    "age",
    "active days",
    "transactions",
    "people paid",
    "contracts",
    "sources",
    "balance",
    "fan-out",
    "burst",
    "alike",
    "back",
    "sink mates",
    "trail",
    "path mates",
)


def is_contract(account: int) -> bool:
    return EXCHANGES <= account < EXCHANGES + CONTRACTS


def extract(chain: Chain, until: float) -> dict[int, list[int]]:
    """The features of every account that may claim, was funded and sent something before day `until`; clamped to HIGHEST."""
    order = [i for i in np.argsort(np.array(chain.day), kind="stable") if chain.day[i] < until]
    funded: dict[int, tuple[int, float, float]] = {}  # first funder, day, amount
    balance: Counter[int] = Counter()
    sources: dict[int, set[int]] = defaultdict(set)
    sent: dict[int, list[tuple[float, int, float]]] = defaultdict(list)
    for i in order:
        day, sender, receiver, value = chain.day[i], chain.sender[i], chain.receiver[i], chain.value[i]
        sent[sender].append((day, receiver, value))
        balance[sender] -= value
        balance[receiver] += value
        if value >= DUST and not is_contract(receiver):
            funded.setdefault(receiver, (sender, day, value))
            sources[receiver].add(sender)

    children: dict[int, list[tuple[float, float]]] = defaultdict(list)  # day and amount, by funder, in order of days
    for funder, day, value in sorted(funded.values(), key=lambda entry: entry[1]):
        children[funder].append((day, value))
    eligible = [account for account in chain.kind if account in funded and account in sent]
    main = {account: main_recipient(sent[account]) for account in sent}
    sinks = Counter(recipient for recipient in main.values() if recipient is not None)
    trail = trails({account: sent[account] for account in eligible})
    paths = {account: path(sent[account]) for account in eligible}
    alike_paths = Counter(p for p in paths.values() if p is not None)

    rows: dict[int, list[int]] = {}
    for account in eligible:
        own = sent[account]
        funder, since, amount = funded[account]
        siblings = children[funder]
        days = [day for day, _ in siblings]
        burst = bisect_right(days, since + 1) - bisect_left(days, since - 1) - 1
        near = siblings[bisect_left(days, since - 30) : bisect_right(days, since + 30)]
        alike = sum(abs(value - amount) <= 0.02 * amount for _, value in near) - 1
        paid = sum(value for _, _, value in own)
        back = sum(value for _, receiver, value in own if receiver == funder)
        recipient, p = main[account], paths[account]
        row = [
            int(until - since),
            len({int(day) for day, _, _ in own}),
            len(own),
            len({receiver for _, receiver, _ in own if not is_contract(receiver)}),
            len({receiver for _, receiver, _ in own if is_contract(receiver)}),
            len(sources[account]),
            eighths(balance[account]),
            len(siblings),
            burst,
            alike,
            int(1000 * back / paid) if paid > 0 else 0,
            sinks[recipient] - 1 if recipient is not None else 0,
            trail[account],
            alike_paths[p] - 1 if p is not None else 0,
        ]
        rows[account] = [min(max(value, 0), HIGHEST) for value in row]
    return rows


def eighths(balance: float) -> int:
    """
    ⌊8 · log2(1 + balance / dust)⌋, exactly: the largest k with 2^k · dust^8 ≤ (balance + dust)^8. A logarithm in floats may
    fall on the other side where the two are close.
    """
    ratio = 1 + max(Fraction(balance), Fraction(0)) / Fraction(str(DUST))
    return int(ratio**8).bit_length() - 1


def main_recipient(own: list[tuple[float, int, float]]) -> int | None:
    """Who got most of what an account sent to others than contracts."""
    totals: Counter[int] = Counter()
    for _, receiver, value in own:
        if not is_contract(receiver) and value > 0:
            totals[receiver] += value
    return totals.most_common(1)[0][0] if totals else None


def path(own: list[tuple[float, int, float]]) -> tuple[int, ...] | None:
    """The first four different contracts, in order."""
    contracts = list(dict.fromkeys(receiver for _, receiver, _ in own if is_contract(receiver)))
    return tuple(contracts[:4]) if len(contracts) >= 4 else None


def trails(sent: dict[int, list[tuple[float, int, float]]]) -> dict[int, int]:
    """
    Calls that an account shares with whoever is most alike: pairs of contract and day that both have, in thousandths of
    its own pairs and 4, so that a few by chance do not count for much.
    """
    pairs = {a: {(receiver, int(day)) for day, receiver, _ in own if is_contract(receiver)} for a, own in sent.items()}
    users: dict[tuple[int, int], list[int]] = defaultdict(list)
    for account, own in pairs.items():
        for pair in own:
            users[pair].append(account)
    result: dict[int, int] = {}
    for account, own in pairs.items():
        shared: Counter[int] = Counter()
        for pair in own:
            shared.update(users[pair])
        del shared[account]
        most = max(shared.values(), default=0)
        result[account] = 1000 * most // (len(own) + 4)
    return result
