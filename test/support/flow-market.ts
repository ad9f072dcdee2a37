// SPDX-License-Identifier: GPL-3.0-or-later

/** Blocks of 12 seconds in a period of five minutes, as `FlowClock` has them. */
const BLOCKS = 25
export const BLOCK_SECONDS = 12
const LONGEST = 40
const UNIT = 1e6
/** Largest trade, in millionths of the reserve. */
const LARGEST = 4000

/** What a trader in the simulated market is like. */
export type Character = {
  readonly name: string
  /** Chance of considering a trade in a block. */
  readonly pace: number
  /** Median size of trades, in millionths of the reserve. */
  readonly size: number
  /** Blocks that it knows the market ahead, with what error in basis points; nothing for those who know nothing. */
  readonly knows?: { readonly ahead: number; readonly blur: number }
  /** First period in which it uses what it knows. */
  readonly turnsAt?: number
}

/** A trade that was made. */
export type MarketTrade = {
  /** Index of the trader; −1 for arbitrageurs without a name. */
  readonly trader: number
  /** Block within the period, from 0 to 24. */
  readonly block: number
  /** Sum of the ticks before and after. */
  readonly ticks: number
  /** In millionths of the reserve; positive if it raised the price. */
  readonly volume: number
  /** In millionths of the volume. */
  readonly fee: number
}

/** A period of the market. */
export type MarketPeriod = { readonly trades: readonly MarketTrade[]; readonly meanTick: number }

/** Asked before each trade: the fee, in millionths, of a trader (−1: without a name) for a volume. */
export type FeeOf = (trader: number, volume: number) => number | Promise<number>

/** Numbers in [0, 1) and normal ones, the same on every run. */
export function marketRandom(seed: number): { uniform(): number; normal(): number } {
  let state = seed >>> 0
  const uniform = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal }
}

/**
 * A pool of constant product beside a market with jumps, period by period, whatever the fees are: prices and what traders
 * would like to do come from the seed alone, so markets with other fees meet the same wishes. Traders who know nothing
 * come with a fee in mind that they will not go beyond; those who know trade when they see more than their fee to gain.
 */
export async function* runMarket(
  characters: readonly Character[],
  periods: number,
  seed: number,
  feeOf: FeeOf,
): AsyncGenerator<MarketPeriod> {
  const market = pricePath(periods * BLOCKS + LONGEST, seed)
  const { uniform, normal } = marketRandom(seed + 1)
  let pool = 0
  for (let period = 0; period < periods; period++) {
    const trades: MarketTrade[] = []
    let sum = 0
    const push = async (t: number, trader: number, side: number, volume: number, most: number) => {
      const fee = await feeOf(trader, volume)
      if (fee / 100 > most) return
      const before = Math.round(pool)
      pool += side * 2 * Math.log1p(volume / UNIT) * 1e4
      trades.push({ trader, block: t % BLOCKS, ticks: before + Math.round(pool), volume: side * volume, fee })
    }
    for (let t = period * BLOCKS; t < (period + 1) * BLOCKS; t++) {
      const gap = market[t]! - pool
      const band = (await feeOf(-1, 0)) / 100
      if (Math.abs(gap) > band) {
        const volume = Math.round(Math.expm1((Math.abs(gap) - band) / 2e4) * UNIT)
        if (volume > 0) await push(t, -1, Math.sign(gap), volume, Infinity)
      }
      for (const [trader, { pace, size, knows, turnsAt = 0 }] of characters.entries()) {
        const [comes, coin, patience] = [uniform() < pace, uniform() < 0.5 ? 1 : -1, uniform()]
        const [error, scatter] = [normal(), Math.exp(0.7 * normal() - 0.25)]
        if (!comes) continue
        const informed = knows !== undefined && period >= turnsAt
        const gain = informed ? market[t + knows.ahead]! + error * knows.blur - pool : 0
        const eager = informed ? Math.min(2, Math.max(0.5, Math.abs(gain) / 30)) * 2.5 : 1
        const volume = Math.max(1, Math.min(LARGEST, Math.round(size * scatter * eager)))
        // Half of those who know nothing stay away at 8 bp.
        const most = informed ? Math.abs(gain) : -12 * Math.log(1 - patience)
        await push(t, trader, informed ? Math.sign(gain) : coin, volume, most)
      }
      sum += Math.round(pool)
    }
    yield { trades, meanTick: Math.floor(sum / BLOCKS) }
  }
}

/** What a pool gained from each trader (the last one: without a name), in millionths of its reserve, and what they paid. */
export type Takings = { readonly fees: number[]; readonly losses: number[]; readonly volumes: number[] }

/** Counts as the ledger does: a trade is worth what the mean of the next period says. */
export function takingsOf(periods: readonly MarketPeriod[], traders: number): Takings {
  const [fees, losses, volumes] = [0, 1, 2].map(() => new Array<number>(traders + 1).fill(0)) as [
    number[],
    number[],
    number[],
  ]
  periods.slice(0, -1).forEach(({ trades }, index) => {
    const level = periods[index + 1]!.meanTick
    for (const { trader, ticks, volume, fee } of trades) {
      const at = trader < 0 ? traders : trader
      volumes[at]! += Math.abs(volume)
      fees[at]! += (Math.abs(volume) * fee) / 1e6
      losses[at]! += (volume * (level - ticks / 2)) / 1e4
    }
  })
  return { fees, losses, volumes }
}

/** Logarithm of the market price in basis points, block by block: drifting volatility, and jumps. */
function pricePath(blocks: number, seed: number): number[] {
  const { uniform, normal } = marketRandom(seed)
  const path: number[] = []
  let [price, logSigma] = [0, Math.log(0.006)]
  for (let t = 0; t < blocks; t++) {
    if (t % BLOCKS === 0) logSigma += 0.03 * (Math.log(0.006) - logSigma) + 0.12 * normal()
    const jump = uniform() < 0.001 ? 60 * normal() : 0
    price += (Math.exp(logSigma) / Math.sqrt(300)) * 1e4 * normal() + jump
    path.push(price)
  }
  return path
}

/** Traders of the demo and of the economic test. */
export const CAST: readonly Character[] = [
  ...Array.from({ length: 4 }, (_, index) => ({ name: `harmless ${index + 1}`, pace: 0.03, size: 150 })),
  ...Array.from({ length: 2 }, (_, index) => ({ name: `harmless, large ${index + 1}`, pace: 0.02, size: 500 })),
  { name: 'informed, three minutes ahead', pace: 0.06, size: 150, knows: { ahead: 15, blur: 5 } },
  { name: 'informed, eight minutes ahead', pace: 0.06, size: 150, knows: { ahead: 40, blur: 8 } },
  { name: 'informed, one minute ahead', pace: 0.08, size: 200, knows: { ahead: 5, blur: 3 } },
  { name: 'turncoat', pace: 0.04, size: 200, knows: { ahead: 20, blur: 6 }, turnsAt: 150 },
]

/** Fees by score, in millionths, and what they cover above it. */
export const TIERS = { fees: [1200, 2500], margin: 700 } as const

/** Single fees that they are compared with. */
export const FIXED_FEES = [500, 1000, 1500, 2000, 2500, 3000, 4000] as const

/** What a pool has in the end: fees less what trades cost it. */
export function netOf({ fees, losses }: Takings): number {
  return fees.reduce((sum, fee) => sum + fee, 0) - losses.reduce((sum, loss) => sum + loss, 0)
}

/** Mean fee, in basis points of volume, of the traders of the cast whose name begins so. */
export function paidBy({ fees, volumes }: Takings, kind: string): number {
  const sum = (list: readonly number[]) =>
    CAST.reduce((total, { name }, at) => total + (name.startsWith(kind) ? list[at]! : 0), 0)
  return (1e4 * sum(fees)) / sum(volumes)
}
