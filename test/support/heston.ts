// SPDX-License-Identifier: GPL-3.0-or-later

/** A complex number. */
type Complex = readonly [re: number, im: number]

const add = ([a, b]: Complex, [c, d]: Complex): Complex => [a + c, b + d]
const sub = ([a, b]: Complex, [c, d]: Complex): Complex => [a - c, b - d]
const mul = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c]
const scale = ([a, b]: Complex, by: number): Complex => [a * by, b * by]
const div = (a: Complex, [c, d]: Complex): Complex => scale(mul(a, [c, -d]), 1 / (c * c + d * d))
const exp = ([a, b]: Complex): Complex => [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)]
const log = ([a, b]: Complex): Complex => [Math.log(Math.hypot(a, b)), Math.atan2(b, a)]
const sqrt = (z: Complex): Complex => (z[0] === 0 && z[1] === 0 ? z : exp(scale(log(z), 0.5)))
const ONE: Complex = [1, 0]

/** What `option-pricer` was trained on; its card has them. */
export const HESTON = { kappa: 3, theta: 0.36, xi: 1.2, rho: -0.4 } as const
export const YEAR_HOURS = 8760

/** Characteristic function of the logarithm of the price, after Albrecher et al., "The little Heston trap" (2007). */
function characteristic(u: number, years: number, variance: number): Complex {
  const { kappa, theta, xi, rho } = HESTON
  const b: Complex = [kappa, -rho * xi * u]
  const d = sqrt(add(mul(b, b), [xi * xi * u * u, xi * xi * u]))
  const g = div(sub(b, d), add(b, d))
  const decay = exp(scale(d, -years))
  const rest = sub(ONE, mul(g, decay))
  const drift = sub(scale(sub(b, d), years), scale(log(div(rest, sub(ONE, g))), 2))
  const level = scale(div(mul(sub(b, d), sub(ONE, decay)), rest), variance)
  return exp(scale(add(scale(drift, kappa * theta), level), 1 / (xi * xi)))
}

/** A call under Heston, in units of the spot, by the cosine series of Fang and Oosterlee (2008); `ratio` is strike / spot. */
export function hestonCall(ratio: number, hours: number, volatility: number): number {
  const years = hours / YEAR_HOURS
  const variance = volatility * volatility
  const { kappa, theta, xi } = HESTON
  const spread = theta * years + ((variance - theta) * (1 - Math.exp(-kappa * years))) / kappa
  const width = 12 * Math.sqrt(spread) + 2 * xi * years
  const [low, high] = [-spread / 2 - width, -spread / 2 + width]
  const end = Math.min(high, Math.max(low, Math.log(ratio)))
  let put = 0
  for (let k = 0; k < 192; k++) {
    const u = (k * Math.PI) / (high - low)
    const weight = mul(characteristic(u, years, variance), exp([0, -u * low]))[0] * (k === 0 ? 0.5 : 1)
    const angle = u * (end - low)
    const grown = (Math.cos(angle) * Math.exp(end) - Math.exp(low) + u * Math.sin(angle) * Math.exp(end)) / (1 + u * u)
    put += (weight * 2 * (ratio * (k === 0 ? end - low : Math.sin(angle) / u) - grown)) / (high - low)
  }
  return Math.max(put + 1 - ratio, 1 - ratio, 0)
}

/** Normal distribution, to 10^-7: Abramowitz and Stegun 26.2.17. */
function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * poly
  return x > 0 ? 1 - tail : tail
}

/** A call after Black and Scholes, without interest, in units of the spot. */
export function blackScholesCall(ratio: number, hours: number, volatility: number): number {
  const deviation = volatility * Math.sqrt(hours / YEAR_HOURS)
  const d1 = -Math.log(ratio) / deviation + deviation / 2
  return normal(d1) - ratio * normal(d1 - deviation)
}

/** Spot and volatility day by day, by full truncation Euler in hours. `gauss` gives normal numbers. */
export function hestonPath(
  days: number,
  gauss: () => number,
): { readonly spot: number; readonly volatility: number }[] {
  const { kappa, theta, xi, rho } = HESTON
  const dt = 1 / YEAR_HOURS
  let [logSpot, variance] = [0, theta]
  const path = []
  for (let hour = 0; hour <= 24 * days; hour++) {
    const now = Math.max(variance, 0)
    if (hour % 24 === 0) path.push({ spot: Math.exp(logSpot), volatility: Math.sqrt(now) })
    const z = gauss()
    logSpot += Math.sqrt(now * dt) * z - (now * dt) / 2
    variance += kappa * (theta - now) * dt + xi * Math.sqrt(now * dt) * (rho * z + Math.sqrt(1 - rho * rho) * gauss())
  }
  return path
}

/** Normal numbers from uniform ones. */
export function gaussFrom(random: (below: number) => number): () => number {
  const uniform = (): number => (random(2 ** 30) + 0.5) / 2 ** 30
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}
