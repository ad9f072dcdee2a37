// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { readFileSync } from 'node:fs'
import { MaxUint256, parseEther } from 'ethers'
import hre from 'hardhat'
import type { LendingMarket, MockPriceFeed, RiskEngine } from '../../../typechain-types'
import { inferenceCall, proveInference } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel, type Sample } from '../../../prover/quantize'
import {
  lendDaily,
  LOANS,
  movesOf,
  OIL_LIMITS,
  readOil,
  riskFeatures,
  riskMetrics,
  thresholdPath,
  WINDOW,
} from '../oil'
import type { Scene, Story, StoryFigures } from '../scene'
import { heading, note, stage } from '../show'

const DAY = 86_400
const UNIT = parseEther('1')
const oil = readOil()
const heldOut = oil.cents.slice(WINDOW)
/** Held-out days of 2008. */
const YEAR = 252

/** A market on oil and what it stands on. */
type Desk = {
  readonly feed: MockPriceFeed
  readonly engine: RiskEngine
  readonly market: LendingMarket
  readonly token: string
  /** Day of the chain that the first price is put on. */
  readonly base: number
}

/** A lending market on crude oil through the crash of 2008, with real prices. */
export const riskEngine: Story = {
  name: 'risk-engine',
  contract: 'RiskEngine',
  summary: 'a lending market asks how far oil may fall',
  async tell(scene) {
    const [deployer, borrower, keeper, liquidator] = scene.accounts
    const desk = await openDesk(scene, deployer!)
    const { engine, market, token } = desk

    heading('Calm: closing prices of oil up to the second of January 2008')
    await writeAndClose(desk, 0, WINDOW)
    const calm = await update(scene, desk, keeper!)
    await market.connect(borrower!).addCollateral(1000n * UNIT, borrower!)
    const value = await market.collateralValue(1000n * UNIT)
    const loan = (value * (await engine.maxLtv(token))) / 10_000n
    await stage('a borrower takes all that is allowed on 1,000 barrels', async () =>
      (await market.connect(borrower!).borrow(loan, borrower!)).wait(),
    )
    note(`${dollars(loan)} on ${dollars(value)}`)

    heading('The other end: nobody proves anything until the first of October')
    const october = oil.days.findIndex((_, index) => dateOf(index) >= '2008-10-01')
    await writeAndClose(desk, WINDOW + 1, october)
    note(`what was proven has expired: at most ${percent(await engine.maxLtv(token))}, the fallback`)
    const crash = await update(scene, desk, keeper!)
    const threshold = await engine.liquidationThreshold(token)
    note(`new loans are bounded at once; the threshold of old ones is still ${percent(threshold)}, and falls:`)
    for (const days of [1, 3, 6]) {
      const { timestamp } = (await hre.ethers.provider.getBlock('latest'))!
      const since = Number((await engine.parametersOf(token)).since)
      await hre.network.provider.send('evm_increaseTime', [since + days * DAY - timestamp])
      await hre.network.provider.send('evm_mine')
      note(`  after ${days} day${days === 1 ? ' ' : 's'} ${percent(await engine.liquidationThreshold(token))}`)
    }
    await writeAndClose(desk, october + 1, october + 10)
    await liquidate(desk, borrower!, liquidator!)

    showYear(scene)
    showYears(scene)
    const proveMilliseconds = Math.max(calm.milliseconds, crash.milliseconds)
    return { gas: crash.gas, proveMilliseconds, ...(await figures(scene)) }
  },
}

async function openDesk({ verifier, modelId }: Scene, deployer: HardhatEthersSigner): Promise<Desk> {
  const { HostileToken__factory, LendingMarket__factory, MockPriceFeed__factory, RiskEngine__factory } =
    await import('../../../typechain-types')
  const feed = await new MockPriceFeed__factory(deployer).deploy(2)
  const collateral = await new HostileToken__factory(deployer).deploy()
  const cash = await new HostileToken__factory(deployer).deploy()
  const token = await collateral.getAddress()
  const { timestamp } = (await hre.ethers.provider.getBlock('latest'))!
  const base = Math.floor(timestamp / DAY) + 1
  // A history begins with a round that is there.
  await feed.push(oil.cents[0]!, timeOf(base, 0))
  const entry = { token, feed: await feed.getAddress(), firstRoundId: 1n, limits: OIL_LIMITS }
  const engine = await new RiskEngine__factory(deployer).deploy(verifier, modelId, [entry])
  const market = await new LendingMarket__factory(deployer).deploy(engine, collateral, cash, LOANS.bonus, 0)
  const accounts = await hre.ethers.getSigners()
  for (const one of [collateral, cash]) {
    for (const account of accounts.slice(0, 5)) {
      await one.mint(account, 10n ** 30n)
      await one.connect(account).approve(market, MaxUint256)
    }
  }
  await market.supply(10n ** 26n)
  note(`RiskEngine at ${await engine.getAddress()}, LendingMarket at ${await market.getAddress()}`)
  const { fallbackThreshold, buffer, minThreshold, maxThreshold, fallPerDay } = OIL_LIMITS
  note(
    `an inference can set a threshold of ${percent(minThreshold)} to ${percent(maxThreshold)}; it falls by ${percent(fallPerDay)} a day at most`,
  )
  note(`without one it is ${percent(fallbackThreshold)}; loans are ${percent(buffer)} below it`)
  return { feed, engine, market, token, base }
}

/** The feed writes some trading days, and a round in the morning of the next one; then they are closed. */
async function writeAndClose({ feed, engine, token, base }: Desk, from: number, to: number): Promise<void> {
  const [newest] = await feed.latestRoundData()
  const skip = from === 0 ? 1 : 0
  const indices = Array.from({ length: to - from + 1 - skip }, (_, i) => from + skip + i)
  const morning = timeOf(base, to + 1) - 8 * 3600
  const rounds = [...indices.map((index) => [oil.cents[index]!, timeOf(base, index)]), [oil.cents[to]!, morning]]
  const { timestamp } = (await hre.ethers.provider.getBlock('latest'))!
  if (timestamp < morning) await hre.network.provider.send('evm_setNextBlockTimestamp', [morning])
  await feed.pushMany(
    rounds.map(([cents]) => cents!),
    rounds.map(([, time]) => time!),
  )
  // A round of the morning is not the last of its day once the evening has one.
  const first = from === 0 ? 1n : newest + 1n
  const count = BigInt(indices.length + skip)
  const closing = Array.from({ length: Number(count) }, (_, i) => first + BigInt(i))
  await stage(`close ${closing.length} days, up to ${dateOf(to)}, with rounds of the feed`, async () => {
    for (let at = 0; at < closing.length; at += 100) {
      await (await engine.closeDays(token, closing.slice(at, at + 100))).wait()
    }
  })
}

/** Asks, proves and hands in. */
async function update(
  { model, backend, contextFor }: Scene,
  { engine, token }: Desk,
  keeper: HardhatEthersSigner,
): Promise<{ gas: bigint; milliseconds: number }> {
  await stage('requestParameters: the engine fixes the input', async () =>
    (await engine.connect(keeper).requestParameters(token)).wait(),
  )
  const values = (await engine.valuesOf(token)).map(Number)
  note(
    `daily volatility ${(values[0]! / 400).toFixed(2)}%, last move ${(values[1]! / 128).toFixed(1)} of that, week ${(values[10]! / 128).toFixed(1)}`,
  )
  const [requestId] = await engine.requestOf(token)
  const context = contextFor(await engine.getAddress(), requestId, keeper)
  const { result: proved } = await stage(`prove what the model makes of it (${backend.name})`, () =>
    proveInference(model, { sample: [Float64Array.from(values)], context, backend }),
  )
  const { output, proof } = inferenceCall(model.circuit.schema, proved)
  const { result: receipt } = await stage('submitParameters: verified on chain', async () =>
    (await engine.connect(keeper).submitParameters(token, output, proof)).wait(),
  )
  const said = proved.outputs[0]!.values![0]!
  note(
    `the model: ${percent(said)} would be covered on 99 of 100 days; maxLtv is now ${percent(await engine.maxLtv(token))}`,
  )
  const { witness, prove } = proved.milliseconds
  return { gas: receipt!.gasUsed, milliseconds: witness + prove }
}

async function liquidate(desk: Desk, borrower: HardhatEthersSigner, liquidator: HardhatEthersSigner): Promise<void> {
  const { market } = desk
  const debt = await market.debtOf(borrower)
  const value = await market.collateralValue(await market.collateralOf(borrower))
  note(`the old loan: ${dollars(debt)} on ${dollars(value)}`)
  const { result: receipt } = await stage('a liquidator pays it', async () =>
    (await market.connect(liquidator).liquidate(borrower, MaxUint256, 0)).wait(),
  )
  const [event] = await market.queryFilter(market.filters.Liquidated(), receipt!.blockNumber)
  const { repaid, seized, badDebt } = event!.args
  note(`${dollars(repaid)} for ${(Number(seized) / 1e18).toFixed(0)} barrels; nobody pays ${dollars(badDebt)}`)
}

/** What the integers of the circuit say after each held-out day. */
function proposals({ model }: Scene): number[] {
  const moves = movesOf(oil.cents)
  return heldOut.map((_, i) => {
    const features = riskFeatures(moves.slice(i, i + WINDOW).reverse())
    return quantizedOutputs(model.quantized, [Float64Array.from(features)])[0]![0]!
  })
}

/** Price, maximum loan-to-value and threshold through 2008, a line a fortnight. */
function showYear(scene: Scene): void {
  heading('2008, with a proof after every day   █ lent at most   ▒ up to the threshold   ░ the price')
  const { targets, thresholds } = thresholdPath(proposals(scene), oil.days.slice(WINDOW), OIL_LIMITS)
  for (let day = 0; day < YEAR; day += 9) {
    const ltv = targets[day]! - OIL_LIMITS.buffer
    const cells = (share: number): number => Math.round((share * heldOut[day]!) / 250)
    const bar = Array.from({ length: cells(1) }, (_, i) =>
      i < cells(ltv / 10_000) ? '█' : i < cells(thresholds[day]! / 10_000) ? '▒' : '░',
    ).join('')
    note(
      `${dateOf(WINDOW + day)} ${(heldOut[day]! / 100).toFixed(2).padStart(7)} ${percent(ltv).padStart(6)} ${percent(thresholds[day]!).padStart(6)} ${bar}`,
    )
  }
}

/** Loans of eleven years by the model, by a fixed number and by a rule of one line. */
function showYears(scene: Scene): void {
  const days = oil.days.slice(WINDOW)
  const path = thresholdPath(proposals(scene), days, OIL_LIMITS)
  const level = path.targets.reduce((sum, target) => sum + target) / path.targets.length
  const moves = movesOf(oil.cents)
  const sigmas = heldOut.map((_, i) => riskFeatures(moves.slice(i, i + WINDOW).reverse())[0]!)
  const rule = thresholdPath(sigmas.map(riskMetrics), days, OIL_LIMITS)
  const constant = heldOut.map(() => level)
  heading(`A loan a day for ${heldOut.length} held-out days, liquidators every fifth day`)
  for (const [label, targets, thresholds] of [
    ['this model', path.targets, path.thresholds],
    [`fixed at ${percent(level)}, the same mean`, constant, constant],
    ['RiskMetrics, a multiple of volatility', rule.targets, rule.thresholds],
  ] as const) {
    const ltv = targets.map((target) => target - OIL_LIMITS.buffer)
    const { lent, liquidated, badLoans, badDebt } = lendDaily(heldOut, ltv, thresholds)
    const sums = `lent ${(lent / 100).toFixed(0)}, liquidated ${liquidated}, bad ${badLoans}, lost ${(badDebt / 100).toFixed(2)}`
    note(`${label.padEnd(38)} ${sums}`)
  }
}

type HeldOut = {
  /** Deepest fall within five days, basis points. */
  readonly drop: readonly number[]
  /** What RiskMetrics says, and a fixed number from the training rows. */
  readonly baseline: readonly number[]
  readonly constant: number
}

async function figures({ model, bundled }: Scene): Promise<Pick<StoryFigures, 'fidelity' | 'merit'>> {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { samples } = parseSamples(text, model.graph, bundled.heldOut)
  const { drop, baseline, constant } = JSON.parse(text) as HeldOut
  const proved = samples.map((sample) => quantizedOutputs(model.quantized, sample)[0]![0]!)
  const float = await floatOutputs(model, samples)
  const range = Math.max(...float) - Math.min(...float)
  const meanError = mean(proved.map((value, i) => Math.abs(value - float[i]!))) / range
  const lossOf = (ltv: (index: number) => number): number =>
    mean(drop.map((fall, i) => (fall > 10_000 - ltv(i) ? 0.99 : -0.01) * (fall - 10_000 + ltv(i))))
  note(`pinball loss on ${samples.length} held-out days: ${lossOf((i) => proved[i]!).toFixed(2)} bps as proved`)
  note(
    `  fixed ${lossOf(() => constant).toFixed(2)}, RiskMetrics ${lossOf((i) => baseline[i]!).toFixed(2)}: as good as the model, within what these days can tell`,
  )
  return {
    fidelity: { kind: 'values', meanError },
    merit: {
      measure: 'pinball loss at 99%, bps, held-out days',
      baselineName: 'a fixed loan-to-value',
      better: 'lower',
      model: lossOf((i) => proved[i]!),
      baseline: lossOf(() => constant),
    },
  }
}

async function floatOutputs(model: Scene['model'], samples: readonly Sample[]): Promise<number[]> {
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  try {
    return (await runtime.runAll(samples)).map((outputs) => outputs[0]![0]!)
  } finally {
    await runtime.close()
  }
}

/** Evening of a trading day, on the chain. */
function timeOf(base: number, index: number): number {
  return (base + oil.days[index]!) * DAY + 20 * 3600
}

function dateOf(index: number): string {
  return new Date(Date.parse(oil.first) + oil.days[index]! * DAY * 1000).toISOString().slice(0, 10)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value) / values.length
}

function percent(bps: number | bigint): string {
  return `${(Number(bps) / 100).toFixed(1)}%`
}

function dollars(amount: bigint): string {
  return `$${Math.round(Number(amount) / 1e18).toLocaleString('en-US')}`
}
