// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { readFileSync } from 'node:fs'
import { getCreateAddress, MaxUint256 } from 'ethers'
import hre from 'hardhat'
import { inferenceCall, proveInference } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel } from '../../../prover/quantize'
import type { MarketPeriod, MarketTrade } from '../../../test/support/flow-market'
import type { Fidelity, Merit, Scene, Story } from '../scene'
import { heading, note, quietly, stage } from '../show'

const PERIOD = 300
const WINDOW = 12
const LIQUIDITY = 10n ** 24n
/** A millionth of the pool. */
const UNIT = 10n ** 18n
const FEES = [1200, 2500]
const CONFIG = { leastVolume: 20n, margin: 700, requestPeriod: 3600, scoreTtl: 6 * 3600, fees: FEES }
const CAST = [
  { name: 'harmless', pace: 0.15, size: 200 },
  { name: 'informed', pace: 0.25, size: 200, knows: { ahead: 15, blur: 4 } },
]
/** Periods of the story, and after how many of them the two are asked about: what is told, and once more. */
const PERIODS = 96
const ASKED_AT = 60
const RENEWED_AT = 78
const SEED = 4
/** What a trader costs, in millionths, from which on the card calls it toxic. */
const TOXIC = 1000

/** Two traders of one pool of Uniswap v4, one of whom knows where the price will be. */
export const flowToxicity: Story = {
  name: 'flow-toxicity',
  contract: 'FlowReputation',
  summary: 'traders of a Uniswap v4 pool pay by what their flow costs it',
  async tell(scene) {
    const pool = await deploy(scene)
    const { reputation, traders, market } = pool
    let gas = 0n
    let milliseconds = 0

    heading(`${(ASKED_AT * PERIOD) / 3600} hours at the highest fee, in which nobody is known`)
    const takings = { before: empty(), after: empty() }
    const wanted = CAST.map(() => 0)
    const feeOf = async (trader: number, volume: number) => {
      const account = traders[trader]
      if (account === undefined) return FEES.at(-1)!
      // Swaps of a period are made at its end, so what came before in it is counted here.
      return Number(await reputation.feeFor(account, (wanted[trader]! += volume)))
    }
    const periods: MarketPeriod[] = []
    let swaps = 0
    for await (const period of market.runMarket(CAST, PERIODS, SEED, feeOf)) {
      const index = periods.push(period) - 1
      await swap(pool, index, period.trades)
      swaps += period.trades.length
      wanted.fill(0)
      if (index > 0) settle(index > ASKED_AT ? takings.after : takings.before, periods[index - 1]!, period.meanTick)
      if (index + 1 === ASKED_AT) {
        note(`${swaps} swaps on the pool manager of Uniswap v4, each reported by the hook`)
        for (const proven of await askAboutAll(scene, pool, index)) ({ gas, milliseconds } = proven)
        heading(`${((PERIODS - ASKED_AT) * PERIOD) / 3600} more hours, each at a fee of its own`)
      }
      if (index + 1 === RENEWED_AT) {
        const left = (await reputation.scoreOf(traders[0])).volumeLeft
        note(`of the volume that its score was good for, the harmless one has ${left} units left`)
        await quietly(() => askAboutAll(scene, pool, index))
        for (const [at, { name }] of CAST.entries()) {
          const { score, fee, volumeLeft } = await reputation.scoreOf(traders[at]!)
          note(`asked again, ${name}: ${Number(score) / 100} bp, pays ${Number(fee) / 100} bp for ${volumeLeft} units`)
        }
      }
    }
    note(`${swaps} swaps in all; what the pool has of each, in millionths of its reserve:`)
    for (const [at, { name }] of CAST.entries()) {
      for (const [when, part] of Object.entries(takings)) {
        const { volume, fee, loss } = part[at]!
        const [paid, cost] = [(1e4 * fee) / volume, (1e4 * loss) / volume].map((value) => value.toFixed(1).padStart(5))
        note(
          `${name} ${when.padEnd(6)} paid ${paid} bp, cost ${cost} bp of ${Math.round(volume)}: net ${(fee - loss).toFixed(1)}`,
        )
      }
    }
    const { fidelity, merit } = await heldOut(scene)
    note('simulated flow; models/flow-toxicity/card.md says what that is worth')
    return { gas, proveMilliseconds: milliseconds, fidelity, merit }
  },
}

type Pool = Awaited<ReturnType<typeof deploy>>

async function deploy({ accounts, verifier, modelId }: Scene) {
  const [deployer, lp, harmless, informed, stranger] = accounts as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  // What these import is there once the contracts are compiled.
  const contracts = await import('../../../typechain-types')
  const support = await import('../../../test/support/v4')
  const market = await import('../../../test/support/flow-market')
  const traders = [harmless, informed] as const
  const { result: v4 } = await stage('the pool manager of Uniswap v4, as published', () =>
    support.createV4(deployer, [lp, ...traders, stranger]),
  )
  const router = await new contracts.NamingRouter__factory(deployer).deploy(v4.manager)
  for (const token of v4.tokens) {
    for (const account of [...traders, stranger]) await token.connect(account).approve(router, MaxUint256)
  }
  const { result: hook } = await stage('FlowTierHook at an address that asks for its calls', async () => {
    const reputationAt = getCreateAddress({ from: deployer.address, nonce: (await deployer.getNonce()) + 1 })
    const creation = new contracts.FlowTierHook__factory(deployer).getDeployTransaction(
      v4.manager,
      v4.currencies,
      support.TICK_SPACING,
      reputationAt,
      UNIT,
      LIQUIDITY,
      [await router.getAddress()],
    )
    return contracts.FlowTierHook__factory.connect(await support.deployHook(v4, creation), deployer)
  })
  const reputation = await new contracts.FlowReputation__factory(deployer).deploy(
    verifier,
    modelId,
    [await hook.getAddress()],
    CONFIG,
  )
  const key = await support.poolKeyOf(hook)
  await v4.manager.initialize(key, support.SQRT_PRICE_ONE)
  const { tickLower, tickUpper } = support.FULL_RANGE
  await v4.trader.connect(lp).modifyLiquidity(key, tickLower, tickUpper, LIQUIDITY)
  note(`FlowReputation at ${await reputation.getAddress()}, fees of ${FEES.map((fee) => fee / 100).join(' and ')} bp`)
  const first = Math.floor((await now()) / PERIOD) + 1
  return { ...v4, router, key, reputation, traders, stranger, support, market, first, price: 0 }
}

/** Waits until nothing is open, and proves a score for both. */
async function askAboutAll(scene: Scene, pool: Pool, index: number): Promise<Proven[]> {
  await pass((pool.first + index + 3) * PERIOD)
  // They are quiet while that takes.
  pool.first += 3
  const proven: Proven[] = []
  for (const [at, { name }] of CAST.entries()) proven.push(await askAndProve(scene, pool, name, pool.traders[at]!))
  return proven
}

/** Makes the swaps of a period at their times. */
async function swap(pool: Pool, index: number, list: readonly MarketTrade[]): Promise<void> {
  const { router, key, traders, stranger, support, market } = pool
  for (const { trader, volume, block } of list) {
    pool.price += Math.sign(volume) * 2 * Math.log1p(Math.abs(volume) / 1e6)
    const at = (pool.first + index) * PERIOD + block * market.BLOCK_SECONDS
    await hre.network.provider.send('evm_setNextBlockTimestamp', [Math.max(at, (await now()) + 1)])
    const amount = BigInt(Math.abs(volume)) * UNIT
    const rises = volume > 0
    // Arbitrageurs go to a price; so the pool stays where the simulated market has it.
    const target = support.sqrtPriceX96(Math.exp(pool.price))
    const named = rises ? support.exactIn(false, amount) : support.exactOut(true, amount)
    const connected = router.connect(trader < 0 ? stranger : traders[trader]!)
    await connected.swap(key, trader < 0 ? support.swapTo(!rises, target) : named, '0x')
  }
}

type Proven = { readonly gas: bigint; readonly milliseconds: number }

/** Anyone asks, anyone proves, and the trader has its fee. */
async function askAndProve(scene: Scene, pool: Pool, name: string, trader: HardhatEthersSigner): Promise<Proven> {
  const { model, backend, contextFor } = scene
  const { reputation, stranger } = pool
  heading(`${name}: what the chain saw, and what the model makes of it`)
  await stage('requestScore: what is due is settled, the history is fixed', async () =>
    (await reputation.connect(stranger).requestScore(trader)).wait(),
  )
  const [requestId] = await reputation.requestOf(trader)
  const features = [...(await reputation.flowOf(trader)).features].map(Number)
  note('markouts of its last twelve periods, in ticks (the newest first), and the logarithm of their volume')
  for (let at = 0; at < WINDOW; at++) {
    const [markout, size] = features.slice(2 * at, 2 * at + 2) as [number, number]
    const bar = (markout < 0 ? '░' : '█').repeat(Math.min(40, Math.ceil(Math.abs(markout) / 3)))
    note(`${String(markout).padStart(5)}  ${String(size).padStart(3)}  ${bar}`)
  }
  const context = contextFor(await reputation.getAddress(), requestId, stranger)
  const { result: proved } = await stage(`anyone runs the model and proves it (${backend.name})`, () =>
    proveInference(model, { sample: [Float64Array.from(features)], context, backend }),
  )
  const { output, proof } = inferenceCall(model.circuit.schema, proved)
  const { result: receipt } = await stage('submitScore: proof checked on chain', async () =>
    (await reputation.connect(stranger).submitScore(trader, output, proof)).wait(),
  )
  const { score, fee } = await reputation.scoreOf(trader)
  note(`expected to cost ${Number(score) / 100} bp of its volume: pays ${Number(fee) / 100} bp`)
  const { witness, prove } = proved.milliseconds
  return { gas: receipt!.gasUsed, milliseconds: witness + prove }
}

type Part = { volume: number; fee: number; loss: number }

function empty(): Part[] {
  return CAST.map(() => ({ volume: 0, fee: 0, loss: 0 }))
}

/** Adds what the trades of a period paid, and cost by the mean of the next one. */
function settle(parts: Part[], { trades }: MarketPeriod, meanTick: number): void {
  for (const { trader, ticks, volume, fee } of trades) {
    const part = parts[trader]
    if (part === undefined) continue
    part.volume += Math.abs(volume)
    part.fee += (Math.abs(volume) * fee) / 1e6
    part.loss += (volume * (meanTick - ticks / 2)) / 1e4
  }
}

/** What integers cost, and what the model is worth beside a line through the markouts, on held-out traders. */
async function heldOut({ bundled, model }: Scene): Promise<{ fidelity: Fidelity; merit: Merit }> {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { losses, baseline } = JSON.parse(text) as { readonly losses: number[]; readonly baseline: number[] }
  const { samples } = parseSamples(text, model.graph, bundled.heldOut)
  heading(`${samples.length} held-out traders: what the score said, and what they cost afterwards`)
  const proved = samples.map((sample) => quantizedOutputs(model.quantized, sample)[0]![0]!)
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  const floats = await runtime.runAll(samples).finally(() => runtime.close())
  const float = floats.map((outputs) => outputs[0]![0]!)
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length
  for (const [low, high] of [
    [0, 200],
    [200, 500],
    [500, 1000],
    [1000, 10_001],
  ] as const) {
    const rows = [...losses.keys()].filter((at) => proved[at]! >= low && proved[at]! < high)
    const [said, cost] = [proved, losses].map((list) => mean(rows.map((at) => list[at]!)) / 100) as [number, number]
    const bar = '█'.repeat(Math.max(0, Math.round(cost)))
    note(
      `${String(rows.length).padStart(4)} traders: score ${said.toFixed(1).padStart(4)} bp, then ${cost.toFixed(1).padStart(4)} bp  ${bar}`,
    )
  }
  const errorOf = (guess: readonly number[]) => mean(losses.map((loss, at) => Math.abs(guess[at]! - loss))) / 100
  note(`mean absolute error ${errorOf(proved).toFixed(2)} bp, of the baseline ${errorOf(baseline).toFixed(2)} bp`)
  const range = Math.max(...float) - Math.min(...float)
  return {
    fidelity: { kind: 'values', meanError: mean(float.map((value, at) => Math.abs(value - proved[at]!))) / range },
    merit: {
      measure: `AUC, traders that cost ${TOXIC / 100} bp and more afterwards`,
      baselineName: 'linear regression on the markout weighted by volume',
      better: 'higher',
      model: auc(proved, losses),
      baseline: auc(baseline, losses),
    },
  }
}

/** Chance that a toxic trader has a higher score than another one has; ties count half. */
function auc(scores: readonly number[], losses: readonly number[]): number {
  const [toxic, others] = [true, false].map((is) => scores.filter((_, at) => losses[at]! > TOXIC === is)) as [
    number[],
    number[],
  ]
  let above = 0
  for (const score of toxic) for (const other of others) above += score > other ? 1 : score === other ? 0.5 : 0
  return above / (toxic.length * others.length)
}

async function now(): Promise<number> {
  return (await hre.ethers.provider.getBlock('latest'))!.timestamp
}

async function pass(until: number): Promise<void> {
  await hre.network.provider.send('evm_setNextBlockTimestamp', [until])
  await hre.network.provider.send('evm_mine')
}
