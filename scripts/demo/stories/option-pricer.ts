// SPDX-License-Identifier: GPL-3.0-or-later

import { time } from '@nomicfoundation/hardhat-network-helpers'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatUnits, MaxUint256, parseUnits } from 'ethers'
import type { OptionVault, ScriptedFeed } from '../../../typechain-types'
import { inferenceCall, proveInference, type LoadedModel } from '../../../prover/pipeline'
import { parseSamples, quantizedOutputs, ReferenceModel, type Sample } from '../../../prover/quantize'
import type { Fidelity, Merit, Scene, Story } from '../scene'
import { heading, note, stage } from '../show'

const DAY = 86_400
const MOVES = 30
const SPOT = parseUnits('2000', 8)
const CONFIG = {
  spread: 2_500,
  maxMove: 100,
  maxLocked: 5_000,
  maxSoldPerDay: 1_000,
  quoteTtl: 600,
  maxPriceAge: 7_200,
  cycle: 28 * DAY,
  window: 2 * DAY,
  grace: DAY,
}
const OUTPUT = join(__dirname, '..', '..', '..', '.zkml', 'demo')
const STRIKES = [7_500, 8_500, 9_000, 9_500, 10_000, 10_500, 11_000, 12_000, 13_500]
const DAYS = [1, 3, 7, 14, 30, 60, 90]

/** A vault prices a call from its own closes, sells it on a proof, and pays it. */
export const optionPricer: Story = {
  name: 'option-pricer',
  contract: 'OptionVault',
  summary: 'covered calls at a proven premium',
  async tell(scene) {
    const { model, accounts } = scene
    const [, depositor, buyer] = accounts
    const { vault, feed, token } = await open(scene)
    await stage('deposit 1,000 of the underlying', async () => {
      await token.mint(depositor!, parseUnits('1000'))
      await token.mint(buyer!, parseUnits('100'))
      await token.connect(depositor!).approve(vault, MaxUint256)
      await token.connect(buyer!).approve(vault, MaxUint256)
      await vault.connect(depositor!).deposit(parseUnits('1000'), 0, depositor!)
    })
    await stage('close a month of days, and wait for the vault to open', () => live(vault, feed))
    const volatility = Number(await vault.volatility())
    note(`spot ${formatUnits(SPOT, 8)}, volatility of thirty daily closes ${(volatility / 100).toFixed(1)}% a year`)

    heading('What the model asks for a call, in basis points of the spot')
    showSurface(model, volatility)

    heading('A buyer wants a call on 10, 5% out of the money, for 14 days')
    const strike = (SPOT * 105n) / 100n
    const amount = parseUnits('10')
    const expiry = (await time.latest()) + 14 * DAY
    await stage('requestQuote: the vault fixes strike, time and volatility', async () =>
      (await vault.connect(buyer!).requestQuote(strike, expiry, amount)).wait(),
    )
    const [requestId, , input] = (await vault.queryFilter(vault.filters.QuoteRequested())).at(-1)!.args
    note(`input: ${input.join(', ')} (strike in bps of the spot, hours, volatility in bps)`)
    const sample = [Float64Array.from(input, Number)]
    const context = scene.contextFor(await vault.getAddress(), requestId, buyer!)
    const { result: proved } = await stage(`prove the premium (${scene.backend.name})`, () =>
      proveInference(model, { sample, context, backend: scene.backend }),
    )
    const share = proved.outputs[0]!.values![0]!
    const premium = await vault.premiumOf(requestId, share)
    note(`the model says ${(share / 100).toFixed(2)} bps; with a spread of ${CONFIG.spread / 100} bps the call costs`)
    note(`${formatUnits(premium)} of the underlying`)
    const { output, proof } = inferenceCall(model.circuit.schema, proved)
    const { result: receipt } = await stage('buy: proof checked on chain, premium paid, 10 locked', async () =>
      (await vault.connect(buyer!).buy(requestId, output, proof, premium)).wait(),
    )

    heading('Two weeks later the price is 2,400')
    await time.increaseTo(expiry)
    await feed.push((SPOT * 12n) / 10n, expiry - 1)
    const round = await feed.latestId()
    await feed.push((SPOT * 12n) / 10n, expiry)
    const before = await token.balanceOf(buyer!)
    await stage('settle: the holder is paid, the rest is free', async () =>
      (await vault.settle(requestId, round)).wait(),
    )
    note(`paid ${formatUnits((await token.balanceOf(buyer!)) - before)}: (2,400 − 2,100) / 2,400 of 10`)
    const [total, locked] = await vault.assets()
    note(`the vault has ${formatUnits(total)}, ${formatUnits(locked)} of it locked`)

    const { witness, prove } = proved.milliseconds
    return { gas: receipt!.gasUsed, proveMilliseconds: witness + prove, ...(await heldOut(scene)) }
  },
}

async function open({ accounts, verifier, modelId }: Scene) {
  const { HostileToken__factory, OptionVault__factory, ScriptedFeed__factory } =
    await import('../../../typechain-types')
  const [deployer] = accounts
  const token = await new HostileToken__factory(deployer!).deploy()
  const feed = await new ScriptedFeed__factory(deployer!).deploy()
  await time.increaseTo((Math.floor((await time.latest()) / DAY) + 1) * DAY + 10)
  const vault = await new OptionVault__factory(deployer!).deploy(verifier, modelId, token, feed, CONFIG)
  note(`OptionVault at ${await vault.getAddress()}`)
  return { vault, feed, token }
}

/** A month of rounds before now, handed in day by day, and two days more. */
async function live(vault: OptionVault, feed: ScriptedFeed): Promise<void> {
  const first = Math.floor((await time.latest()) / DAY) - MOVES - 1
  const price = (day: number): bigint =>
    day - first > MOVES ? SPOT : (SPOT * BigInt(1000 + ((day * 37) % 60))) / 1000n
  const last = first + MOVES + 2
  for (let day = first; day <= last; day++) {
    if (day - first > MOVES) await time.increaseTo((day + 1) * DAY + 100)
    await feed.push(price(day), (day + 1) * DAY - 60)
    // What was said last before the end of the day before is now known to be that.
    if (day > first) await vault.poke(day - 1, (await feed.latestId()) - 1n)
  }
  await feed.push(SPOT, await time.latest())
  await vault.poke(last, (await feed.latestId()) - 1n)
}

function showSurface(model: LoadedModel, volatility: number): void {
  const premium = (ratio: number, days: number): number =>
    quantizedOutputs(model.quantized, [Float64Array.of(ratio, 24 * days, volatility)])[0]![0]! / 100
  note(`strike  ${DAYS.map((days) => `${days} d`.padStart(8)).join('')}`)
  for (const ratio of STRIKES) {
    const row = DAYS.map((days) => premium(ratio, days).toFixed(1).padStart(8))
    note(`${(ratio / 100).toFixed(0).padStart(5)}%  ${row.join('')}`)
  }
  mkdirSync(OUTPUT, { recursive: true })
  const path = join(OUTPUT, 'option-pricer.svg')
  writeFileSync(path, surfaceSvg(premium))
  note(`time value drawn in ${path}`)
}

/** Time value by strike (left to right) and time (front to back), from dark to light. */
function surfaceSvg(premium: (ratio: number, days: number) => number): string {
  const [columns, rows, cell] = [48, 32, 14]
  const points = Array.from({ length: columns * rows }, (_, i) => {
    const ratio = Math.round(6_000 + ((i % columns) * 8_000) / (columns - 1))
    const days = Math.round(90 ** (Math.floor(i / columns) / (rows - 1)))
    return premium(ratio, days) - Math.max(0, 10_000 - ratio)
  })
  const top = Math.max(...points)
  const cells = points.map((value, i) => {
    const share = Math.sqrt(Math.max(0, value) / top)
    const colour = `hsl(${Math.round(250 - 200 * share)} 80% ${Math.round(15 + 60 * share)}%)`
    const [x, y] = [cell * (i % columns), cell * (rows - 1 - Math.floor(i / columns))]
    return `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${colour}"/>`
  })
  const caption = 'time value of a call: strike 60% … 140% of the spot, 1 (below) … 90 days (above)'
  const text = `<text x="4" y="${cell * rows + 16}" font-family="sans-serif" font-size="13">${caption}</text>`
  const size = `width="${cell * columns}" height="${cell * rows + 24}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} shape-rendering="crispEdges">${cells.join('')}${text}</svg>\n`
}

async function heldOut({ bundled, model }: Scene): Promise<{ fidelity: Fidelity; merit: Merit }> {
  const text = readFileSync(bundled.heldOut, 'utf8')
  const { prices, baseline } = JSON.parse(text) as { prices: number[]; baseline: number[] }
  const { samples } = parseSamples(text, model.graph, bundled.heldOut)
  heading(`${samples.length} held-out calls against their true Heston prices`)
  const proved = samples.map((sample) => quantizedOutputs(model.quantized, sample)[0]![0]!)
  const float = await floats(model, samples)
  const mean = (of: (index: number) => number): number => samples.reduce((sum, _, i) => sum + of(i), 0) / samples.length
  const errorOf = (guess: readonly number[]): number => mean((i) => Math.abs(guess[i]! - prices[i]!)) / 100
  const range = Math.max(...float) - Math.min(...float)
  const [own, plain] = [errorOf(proved), errorOf(baseline)]
  note(`mean error ${own.toFixed(2)} bps of the spot; Black–Scholes at the same volatility ${plain.toFixed(2)} bps`)
  const largest = Math.max(...proved.map((guess, i) => Math.abs(guess - prices[i]!))) / 100
  note(`largest ${largest.toFixed(2)} bps, as proved`)
  return {
    fidelity: { kind: 'values', meanError: mean((i) => Math.abs(proved[i]! - float[i]!)) / range },
    merit: {
      measure: 'mean absolute error against Heston, bps of the spot',
      baselineName: 'Black–Scholes at the same volatility',
      better: 'lower',
      model: own,
      baseline: plain,
    },
  }
}

async function floats(model: LoadedModel, samples: readonly Sample[]): Promise<number[]> {
  const runtime = await ReferenceModel.load(model.graph, model.onnx)
  try {
    return (await runtime.runAll(samples)).map((outputs) => outputs[0]![0]!)
  } finally {
    await runtime.close()
  }
}
