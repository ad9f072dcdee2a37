# SPDX-License-Identifier: GPL-3.0-or-later
"""
European calls under Heston, no interest: the labels of option-pricer. Prices are in units of the spot, the strike is a
ratio of it, time is in years and `v0` a variance a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import erf

import numpy as np


@dataclass(frozen=True)
class Heston:
    """dS/S = √v dW, dv = kappa (theta − v) dt + xi √v dZ, dW dZ = rho dt."""

    kappa: float
    theta: float
    xi: float
    rho: float

    def total_variance(self, t: np.ndarray, v0: np.ndarray) -> np.ndarray:
        """Expected integral of the variance until t."""
        return self.theta * t + (v0 - self.theta) * -np.expm1(-self.kappa * t) / self.kappa

    def characteristic(self, u: np.ndarray, t: np.ndarray, v0: np.ndarray) -> np.ndarray:
        """
        E exp(iu ln(S_t / S_0)) in the form that stays on one branch of the logarithm: Albrecher, Mayer, Schoutens and
        Tistaert, "The little Heston trap", 2007.
        """
        b = self.kappa - 1j * self.rho * self.xi * u
        d = np.sqrt(b * b + self.xi**2 * (u * u + 1j * u))
        g = (b - d) / (b + d)
        decay = np.exp(-d * t)
        c = (b - d) * t - 2 * np.log((1 - g * decay) / (1 - g))
        variance = v0 * (b - d) * (1 - decay) / (1 - g * decay)
        return np.exp((self.kappa * self.theta * c + variance) / self.xi**2)


def calls(model: Heston, t: np.ndarray, v0: np.ndarray, strikes: np.ndarray, terms: int = 256) -> np.ndarray:
    """
    Calls [n, k] at n pairs of time and variance and k strikes each, by cosine series: Fang and Oosterlee, "A novel pricing
    method for European options based on Fourier-cosine series expansions", 2008. The put's series, then put–call parity.
    """
    t, v0 = t[:, None], v0[:, None]
    spread = model.total_variance(t, v0)
    # 12 deviations around the mean, and room for the skew and the fat tails of long expiries.
    width = 12 * np.sqrt(spread) + 2 * model.xi * t
    low, high = -spread / 2 - width, -spread / 2 + width
    k = np.arange(terms)
    u = k * np.pi / (high - low)
    weights = (model.characteristic(u, t, v0) * np.exp(-1j * u * low)).real
    weights[:, 0] /= 2
    log_strike = np.clip(np.log(strikes), low, high)
    result = np.empty(strikes.shape)
    for column in range(strikes.shape[1]):
        end, strike = log_strike[:, column : column + 1], strikes[:, column : column + 1]
        angle = u * (end - low)
        # Integrals of e^x cos and of cos from the low end to the strike.
        grown = (np.cos(angle) * np.exp(end) - np.exp(low) + u * np.sin(angle) * np.exp(end)) / (1 + u * u)
        plain = np.where(k == 0, end - low, np.sin(angle) / np.where(u == 0, 1, u))
        put = np.sum(weights * 2 / (high - low) * (strike * plain - grown), axis=1)
        result[:, column] = put + 1 - strikes[:, column]
    return np.maximum(result, np.maximum(0, 1 - strikes))


@cache
def nodes() -> tuple[np.ndarray, np.ndarray]:
    """Of Gauss–Legendre."""
    return np.polynomial.legendre.leggauss(800)


def call_by_quadrature(model: Heston, t: float, v0: float, strike: float) -> float:
    """One call by Gauss–Legendre, another formula than the series: Lewis, "Option valuation under stochastic volatility", 2000."""
    width = 60 / np.sqrt(model.total_variance(np.array(t), np.array(v0)))
    points, weights = nodes()
    u = (points + 1) * width / 2
    phi = model.characteristic(u - 0.5j, np.array(t), np.array(v0))
    integrand = (np.exp(-1j * u * np.log(strike)) * phi).real / (u * u + 0.25)
    return float(1 - np.sqrt(strike) / np.pi * np.sum(weights * integrand) * width / 2)


def simulate(model: Heston, t: float, v0: float, paths: int, steps: int, seed: int) -> np.ndarray:
    """Prices at t of paths that start at 1, by full truncation Euler, each path with its mirror image."""
    rng = np.random.default_rng(seed)
    dt = t / steps
    log_price, v = np.zeros(2 * paths), np.full(2 * paths, v0)
    for _ in range(steps):
        half = rng.standard_normal((2, paths))
        z, other = np.concatenate([half, -half], axis=1)
        now = np.maximum(v, 0)
        log_price += np.sqrt(now * dt) * z - now * dt / 2
        v += model.kappa * (model.theta - now) * dt
        v += model.xi * np.sqrt(now * dt) * (model.rho * z + np.sqrt(1 - model.rho**2) * other)
    return np.exp(log_price)


def black_scholes(deviation: np.ndarray, strike: np.ndarray) -> np.ndarray:
    """Calls on a log-normal price with this deviation of its logarithm."""
    d1 = -np.log(strike) / deviation + deviation / 2
    normal = np.vectorize(lambda x: (1 + erf(x / np.sqrt(2))) / 2, otypes=[float])
    return normal(d1) - strike * normal(d1 - deviation)
