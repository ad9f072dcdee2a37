// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { readFileSync } from 'node:fs'
import { parseEther, ZeroAddress } from 'ethers'
import hre from 'hardhat'
import { inferenceCall, proveInference, type LoadedModel } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel, type Sample } from '../../../prover/quantize'
import type { DynamicFeeHook, InferenceCoordinator } from '../../../typechain-types'
import type { Fidelity, Merit, Scene, Story } from '../scene'
import { heading, note, quietly, stage } from '../show'

const HOUR = 3600
const LIQUIDITY = 10n ** 24n
const FIXED = 3000n
const PRICE = parseEther('0.01')
const CONFIG = { minFee: 500n, maxFee: 10_000n, fallbackFee: FIXED, feeTtl: 6 * HOUR, updatePeriod: HOUR }
const TERMS = {
  token: ZeroAddress,
  minPrice: PRICE / 10n,
  maxPrice: PRICE,
  rampSeconds: 600,
  lockSeconds: 300,
  lifetime: 1800,
  bond: PRICE,
  callbackGas: 100_000,
}
/** Standard deviation of each hour's move: hours that fill the history, calm, a storm, calm again. */
const WARM_UP = 9
const SIGMAS = [WARM_UP + 3, 8, 5].flatMap((hours, part) => new Array<number>(hours).fill(part === 1 ? 0.025 : 0.004))

/** Two pools of Uniswap v4 live through one storm, one of them with a fee that a model proposes. */
export const ammSpread: Story = {
  name: 'amm-spread',
  contract: 'DynamicFeeHook',
  summary: 'a Uniswap v4 pool whose fee follows the weather',
  async tell(scene) {
    const { model } = scene
    const pools = await deploy(scene)
    const { v4, hook, user, venues, market } = pools
    const { tradeHour } = market
    let from = Math.floor((await now()) / HOUR) * HOUR
    const hours = market.simulateMarket(1, SIGMAS)

    heading(`${WARM_UP} hours at the fallback fee: the hook counts what is swapped`)
    await stage(`${WARM_UP * 60} minutes of arbitrage and noise in both pools`, async () => {
      for (const hour of hours.slice(0, WARM_UP)) {
        await tradeHour(v4, user, venues, [FIXED, FIXED], hour, (from += HOUR))
      }
    })
    await pass((from += HOUR))
    const [imbalance, volume, volatility, trades] = await hook.closedHours()
    note(
      `the last hour: ${trades} trades, volume ${volume} bp, imbalance ${imbalance} bp, volatility ${volatility} ticks`,
    )

    heading('A fee from the last eight hours')
    let answer = await updateFee(scene, pools)
    note(`the fee is now ${percent(answer.fee)} for at most ${CONFIG.feeTtl / HOUR} hours; it was ${percent(FIXED)}`)

    heading('An hour a line: how much the market moves, and the fee')
    for (const [index, hour] of hours.slice(WARM_UP).entries()) {
      if (index > 0) {
        await pass((from += HOUR))
        answer = await quietly(() => updateFee(scene, pools))
      }
      await tradeHour(v4, user, venues, [answer.fee, FIXED], hour, from)
      const moves = `σ ${(100 * hour.sigma).toFixed(1)}%`
      note(`${moves} ${'~'.repeat(Math.round(400 * hour.sigma)).padEnd(10)}  ${percent(answer.fee)} ${bar(answer.fee)}`)
    }

    heading('What it left to those who provide liquidity, in basis points of the pool')
    for (const [index, name] of [`the model's fee`, `${percent(FIXED)}, fixed`].entries()) {
      const { informed, noise, swaps } = venues[index]!
      const [lost, got, net] = [informed, noise, noise - informed].map((part) => (1e4 * part).toFixed(2))
      note(`${name.padEnd(16)} lost to arbitrage ${lost}, got from others ${got}, net ${net}, in ${swaps} swaps`)
    }
    note('simulated flow, on the real pool manager; models/amm-spread/card.md says what that is worth')
    const { fidelity, merit } = await heldOut(scene, model)
    return { gas: answer.gas, proveMilliseconds: answer.milliseconds, fidelity, merit }
  },
}

type Pools = Awaited<ReturnType<typeof deploy>>

async function deploy({ accounts, verifier, modelId }: Scene) {
  const [deployer, lp, user, keeper, prover] = accounts as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  // What these import is there once the contracts are compiled.
  const { DynamicFeeHook__factory, InferenceCoordinator__factory } = await import('../../../typechain-types')
  const support = await import('../../../test/support/v4')
  const market = await import('../../../test/support/amm-market')
  const { result: v4 } = await stage('the pool manager of Uniswap v4, as published', () =>
    support.createV4(deployer, [lp, user]),
  )
  const coordinator = await new InferenceCoordinator__factory(deployer).deploy(verifier, deployer)
  await (await coordinator.connect(prover).deposit(ZeroAddress, PRICE, { value: PRICE })).wait()
  const { result: hook } = await stage('DynamicFeeHook at an address that asks for its calls', async () => {
    const creation = new DynamicFeeHook__factory(deployer).getDeployTransaction(
      coordinator,
      modelId,
      v4.manager,
      v4.currencies,
      support.TICK_SPACING,
      CONFIG,
      TERMS,
    )
    return DynamicFeeHook__factory.connect(await support.deployHook(v4, creation), deployer)
  })
  await pass((Math.floor((await now()) / HOUR) + 1) * HOUR)
  const key = await support.poolKeyOf(hook)
  const { tickLower, tickUpper } = support.FULL_RANGE
  const venues = await Promise.all(
    [key, { ...key, fee: FIXED, hooks: ZeroAddress }].map(async (one) => {
      await v4.manager.initialize(one, support.SQRT_PRICE_ONE)
      await v4.trader.connect(lp).modifyLiquidity(one, tickLower, tickUpper, LIQUIDITY)
      return market.openVenue(one, LIQUIDITY)
    }),
  )
  note(`two pools: one with the hook at ${await hook.getAddress()}, one at ${percent(FIXED)}`)
  return { v4, hook, coordinator, user, keeper, prover, venues, market }
}

type Update = { readonly fee: bigint; readonly gas: bigint; readonly milliseconds: number }

/** The hook asks, a prover proves what the model says of the hook's hours, and the coordinator delivers it. */
async function updateFee(scene: Scene, { hook, coordinator, keeper, prover }: Pools): Promise<Update> {
  const { model, backend, contextFor } = scene
  await stage('updateFee: the hook asks about its closed hours', async () =>
    (await hook.connect(keeper).updateFee({ value: await hook.updateCost() })).wait(),
  )
  const { request, requestId, values } = await asked(hook, coordinator)
  const { result: proved } = await stage(`a prover runs the model and proves it (${backend.name})`, async () => {
    await (await coordinator.connect(prover).lock(request)).wait()
    const context = contextFor(await coordinator.getAddress(), requestId, prover)
    return proveInference(model, { sample: [Float64Array.from(values, Number)], context, backend })
  })
  const { output, proof } = inferenceCall(model.circuit.schema, proved)
  const { result: receipt } = await stage('fulfill: proof checked, fee set by the callback', async () =>
    (await coordinator.connect(prover).fulfill(request, output, proof)).wait(),
  )
  const { witness, prove } = proved.milliseconds
  return { fee: await hook.currentFee(), gas: receipt!.gasUsed, milliseconds: witness + prove }
}

/** The newest request, and what it is about, as a prover finds them. */
async function asked(hook: DynamicFeeHook, coordinator: InferenceCoordinator) {
  const opened = (await coordinator.queryFilter(coordinator.filters.RequestOpened(), 'latest'))[0]!
  const taken = (await hook.queryFilter(hook.filters.SnapshotTaken(), 'latest'))[0]!
  const { request, requestId } = opened.args
  const { requester, nonce, modelId, inputCommitment, token, minPrice, maxPrice } = request
  const { rampStart, rampSeconds, lockSeconds, deadline, bond, callback, callbackGas } = request
  const offer = {
    token,
    minPrice,
    maxPrice,
    rampStart,
    rampSeconds,
    lockSeconds,
    deadline,
    bond,
    callback,
    callbackGas,
  }
  // Named by place: every result of ethers has a method of the event's name for it.
  return { request: { requester, nonce, modelId, inputCommitment, ...offer }, requestId, values: taken.args[1] }
}

/** What the fees are worth on held-out windows, against a linear policy that was fitted to the same end. */
async function heldOut({ bundled }: Scene, model: LoadedModel): Promise<{ fidelity: Fidelity; merit: Merit }> {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { fees, gains, baseline } = JSON.parse(text) as { fees: number[]; gains: number[][]; baseline: number[] }
  const { samples } = parseSamples(text, model.graph, bundled.heldOut)
  const proved = samples.map((sample) => Number(quantizedOutputs(model.quantized, sample)[0]![0]!))
  const float = await floatFees(model, samples)
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length
  const worth = (answers: readonly number[]): number => mean(answers.map((fee, i) => gainAt(fee, fees, gains[i]!)))
  const range = Math.max(...float) - Math.min(...float)
  return {
    fidelity: { kind: 'values', meanError: mean(proved.map((fee, i) => Math.abs(fee - float[i]!))) / range },
    merit: {
      measure: 'what providers gain on held-out hours, bp of the pool a day',
      baselineName: 'linear policy',
      better: 'higher',
      model: worth(proved),
      baseline: worth(baseline),
    },
  }
}

/** Between the fees that were tried, on a straight line. */
function gainAt(fee: number, fees: readonly number[], gains: readonly number[]): number {
  const bounded = Math.min(Math.max(fee, fees[0]!), fees.at(-1)!)
  const above = Math.max(
    1,
    fees.findIndex((tried) => tried >= bounded),
  )
  const part = (bounded - fees[above - 1]!) / (fees[above]! - fees[above - 1]!)
  return gains[above - 1]! + part * (gains[above]! - gains[above - 1]!)
}

async function floatFees(model: LoadedModel, samples: readonly Sample[]): Promise<number[]> {
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  try {
    return (await runtime.runAll(samples)).map((outputs) => outputs[0]![0]!)
  } finally {
    await runtime.close()
  }
}

async function now(): Promise<number> {
  return (await hre.ethers.provider.getBlock('latest'))!.timestamp
}

/** Goes on to a time. */
async function pass(moment: number): Promise<void> {
  await hre.network.provider.send('evm_setNextBlockTimestamp', [moment])
  await hre.network.provider.send('evm_mine')
}

const percent = (fee: bigint): string => `${(Number(fee) / 1e4).toFixed(3)}%`
const bar = (fee: bigint): string => '█'.repeat(Math.round(Number(fee) / 250))
