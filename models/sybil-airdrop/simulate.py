# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated chains: organic accounts and Sybil farms, and every transfer that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

DAYS = 600  # of a chain; the second snapshot is taken at their end
CLOSED = 480  # day from which on nobody joins who is eligible at the first snapshot
EXCHANGES, CONTRACTS, PEOPLE = 4, 80, 600
ORGANIC = ("holder", "user", "trader", "newcomer", "member", "friend")
SHARES = (0.26, 0.36, 0.09, 0.13, 0.10, 0.06)
# Strategies of farms. No chain that the model learns from has the last one.
FARMS = ("star", "chain", "jitter", "exchange", "mimic")
UNSEEN = "relay"


@dataclass
class Chain:
    """What happened: transfers of value between accounts, and calls of contracts, each with its day."""

    day: list[float] = field(default_factory=list)
    sender: list[int] = field(default_factory=list)
    receiver: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    kind: dict[int, str] = field(default_factory=dict)  # of those that may claim: one of ORGANIC, FARMS or UNSEEN
    count: int = EXCHANGES + CONTRACTS

    def account(self, kind: str | None = None) -> int:
        self.count += 1
        if kind is not None:
            self.kind[self.count - 1] = kind
        return self.count - 1

    def send(self, day: float, sender: int, receiver: int, value: float) -> None:
        if day < DAYS:
            self.day.append(float(day))
            self.sender.append(sender)
            self.receiver.append(receiver)
            self.value.append(float(value))

    def call(self, day: float, sender: int, contract: int) -> None:
        self.send(day, sender, EXCHANGES + contract, 0.0)


class Town:
    """The chain's contracts, campaigns and people, and those who join it."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.chain = Chain()
        rng = self.rng
        self.launch = np.where(rng.random(CONTRACTS) < 0.5, 0, rng.uniform(0, DAYS, CONTRACTS))
        fame = 1 / np.arange(1, CONTRACTS + 1) ** 0.9
        self.fame = rng.permutation(fame / fame.sum())
        # A campaign asks for a few contracts in an order, within some days: organic accounts follow it like farms do.
        self.campaigns = [(rng.uniform(60, CLOSED), rng.permutation(CONTRACTS)[:4]) for _ in range(6)]
        self.people: list[tuple[int, float]] = []  # accounts that others may pay, and since when

    def contracts(self, day: float, count: int) -> np.ndarray:
        weight = np.where(self.launch <= day, self.fame, 0)
        return self.rng.choice(CONTRACTS, count, p=weight / weight.sum())

    def exchange(self) -> int:
        return int(self.rng.choice(EXCHANGES, p=(0.45, 0.3, 0.15, 0.1)))

    def live(self, account: int, start: float, pace: float, funds: float, *, until: float = DAYS, social: float = 1.0) -> None:
        """Days of an account: it calls contracts, pays people, cashes out to a deposit address of its own and tops up."""
        rng, chain = self.rng, self.chain
        deposit = chain.account()
        taste = self.contracts(start, 3 + rng.poisson(4 + 30 * pace))
        gone = start + rng.exponential(900)  # some lose interest
        days = np.flatnonzero(rng.random(DAYS) < pace)
        for day in days[(days > start) & (days < min(gone, until))]:
            for at in np.sort(rng.random(1 + rng.poisson(0.8))):
                chance = rng.random()
                if chance < 0.72:
                    fresh = rng.random() < 0.25
                    contract = self.contracts(day, 1)[0] if fresh else rng.choice(taste)
                    chain.call(day + at, account, int(contract))
                elif chance < 0.72 + 0.12 * social and len(self.people) > 20:
                    other, since = self.people[rng.integers(len(self.people))]
                    if since <= day:
                        chain.send(day + at, account, other, funds * rng.lognormal(-3.5, 1))
                elif chance < 0.93:
                    chain.send(day + at, account, deposit, funds * rng.lognormal(-2, 1))
                elif chance < 0.96:
                    chain.send(day + at, self.exchange(), account, funds * rng.lognormal(-1, 0.8))

    def follow(self, account: int, start: float) -> None:
        """Takes part in some of the campaigns."""
        for day, steps in self.campaigns:
            if start < day and self.rng.random() < 0.25:
                for step, contract in enumerate(steps):
                    if self.rng.random() < 0.85:
                        self.chain.call(day + 0.02 * step + self.rng.integers(3) + 0.9 * self.rng.random(), account, int(contract))

    def organic(self, kind: str) -> None:
        rng, chain = self.rng, self.chain
        start = rng.uniform(CLOSED - 90, CLOSED) if kind == "newcomer" else CLOSED * np.sqrt(rng.random()) * 0.98
        pace = {
            "holder": 0.012, "user": 0.07, "trader": 0.3, "newcomer": 0.09, "member": 0.05, "friend": 0.06
        }[kind] * rng.lognormal(0, 0.7)
        funds = rng.lognormal(0.2, 1.3)
        account, funder = chain.account(kind), self.exchange()
        if rng.random() < 0.2:  # comes with a wallet of before
            funder = chain.account()
            chain.send(start - rng.exponential(30), self.exchange(), funder, 2 * funds)
        chain.send(start, funder, account, funds)
        self.live(account, start, min(pace, 0.9), funds)
        if kind in ("user", "newcomer", "trader"):
            self.follow(account, start)
        self.people.append((account, start))

    def members(self, count: int) -> None:
        """Who works for an organisation is paid by it, on the same days, and often the same."""
        rng, chain = self.rng, self.chain
        treasury = chain.account()
        chain.send(rng.uniform(0, 60), self.exchange(), treasury, 1000)
        first, wage = rng.uniform(80, 380), rng.lognormal(0.5, 0.5)
        shared = self.contracts(first, 2)
        for _ in range(count):
            account = chain.account("member")
            start = first + 30 * rng.integers(3)
            paid = wage * rng.choice((1, 1, 1.5))
            for month in np.arange(start, min(start + rng.exponential(250) + 1, DAYS), 30):
                chain.send(month + 0.3 + 0.05 * rng.random(), treasury, account, paid)
                if rng.random() < 0.5:
                    chain.call(month + rng.random() * 4, account, int(rng.choice(shared)))
            self.live(account, start, min(0.05 * rng.lognormal(0, 0.7), 0.9), paid)
            self.people.append((account, start))

    def friends(self, count: int) -> None:
        """One brings others in, funds them, and shows them what to do."""
        rng, chain = self.rng, self.chain
        start = rng.uniform(30, CLOSED - 40)
        first = chain.account("friend")
        chain.send(start, self.exchange(), first, rng.lognormal(1, 0.8))
        self.live(first, start, 0.08, 1.5)
        tour = self.contracts(start, 4)
        for _ in range(count):
            account, day = chain.account("friend"), start + rng.uniform(1, 30)
            gift = rng.choice((0.05, 0.1, 0.1, 0.2))
            chain.send(day, first, account, gift)
            for step, contract in enumerate(tour):
                chain.call(day + 0.05 + step * 0.02, account, int(contract))
            if rng.random() < 0.4:
                chain.send(day + rng.uniform(5, 60), account, first, gift)
            chain.send(day + rng.uniform(1, 40), self.exchange(), account, rng.lognormal(-0.5, 1))
            self.live(account, day, min(0.05 * rng.lognormal(0, 0.7), 0.9), 0.8)
        self.people.append((first, start))

    def farm(self, strategy: str, size: int) -> None:
        """Accounts of one operator, who wants each to look like a person, with little money and less time."""
        rng, chain = self.rng, self.chain
        start = rng.uniform(60, CLOSED - 40)
        operator, sink = chain.account(), chain.account()
        chain.send(start - rng.uniform(0.1, 20), self.exchange(), operator, 50)
        stake = rng.lognormal(-0.5 if strategy == "mimic" else -1.5, 0.7)
        # (days over which accounts are funded, spread of amounts, days of jitter, share of a script that one does)
        spread, noise, jitter, share = {
            "star": (0.1, 0.0, 0.3, 1.0),
            "chain": (1.0, 0.01, 0.6, 1.0),
            "jitter": (25, 0.25, 8, 0.75),
            "exchange": (8, 0.04, 3, 0.8),
            "mimic": (120, 0.8, 20, 0.45),
            "relay": (40, 0.2, 6, 0.7),
        }[strategy]
        care = rng.uniform(0.5, 1.5)  # of this operator
        spread, jitter = spread * care, jitter * care
        visits = 1 + rng.poisson(2.5)
        script = [(start + spread + rng.uniform(3, 150), self.contracts(start, 4 + rng.poisson(3))) for _ in range(visits)]
        alive = rng.random() < 0.5  # whether the accounts are kept busy after the first snapshot
        if alive:
            script.append((rng.uniform(545, 590), self.contracts(CLOSED, 3)))
        accounts = [chain.account(strategy) for _ in range(size)]
        before = operator
        for number, account in enumerate(accounts):
            day = min(start + spread * (number / size if strategy == "chain" else rng.random()), CLOSED + 10)
            amount = stake * np.exp(noise * rng.standard_normal())
            if strategy == "chain":
                chain.send(day, before, account, stake * (1 - 0.6 * number / size))
                before = account
            elif strategy == "relay":
                relay = chain.account()
                chain.send(day - rng.uniform(0.05, 3), operator, relay, amount * 1.01)
                chain.send(day, relay, account, amount)
            else:
                chain.send(day, self.exchange() if strategy in ("exchange", "mimic") else operator, account, amount)
            for when, contracts in script:
                order = rng.permutation(contracts) if strategy in ("mimic", "relay", "jitter") else contracts
                begin = max(when + jitter * rng.standard_normal(), day + 0.1)
                for step, contract in enumerate(order):
                    if rng.random() < share:
                        chain.call(begin + step * (0.01 if jitter < 1 else 0.3 * rng.random()), account, int(contract))
            if strategy in ("jitter", "relay"):
                for _ in range(rng.poisson(2)):  # pays accounts of the same farm, to have counterparties
                    chain.send(day + rng.uniform(1, 100), account, int(rng.choice(accounts)), amount * 0.1)
            if strategy in ("exchange", "mimic", "relay"):
                for _ in range(rng.poisson(0.8)):  # tops up from an exchange
                    chain.send(day + rng.uniform(5, 200), self.exchange(), account, amount * rng.lognormal(-1, 0.5))
            if strategy == "mimic":
                self.live(account, day, min(0.03 * rng.lognormal(0, 0.5), 0.5), amount, social=0.5)
                if rng.random() < 0.3:
                    self.follow(account, day)
            back = {"star": operator, "jitter": operator, "chain": operator}.get(strategy, sink)
            if rng.random() < {"mimic": 0.12, "relay": 0.5}.get(strategy, 0.7) / care:
                chain.send(day + rng.uniform(20, 200), account, back, amount * rng.uniform(0.3, 0.8))


def simulate(seed: int, strategies: Sequence[str]) -> Chain:
    """A chain with farms of the given strategies; no two seeds share an account or a farm."""
    town = Town(seed)
    rng = town.rng
    alone = [kind for kind in rng.choice(ORGANIC, PEOPLE, p=SHARES) if kind not in ("member", "friend")]
    for kind in alone:
        town.organic(str(kind))
    for _ in range(3):
        town.members(int(rng.integers(8, 35)))
    for _ in range(8):
        town.friends(int(rng.integers(3, 9)))
    for strategy in strategies:
        town.farm(strategy, int(np.clip(rng.lognormal(3.1, 0.5), 8, 80)))
    return town.chain
