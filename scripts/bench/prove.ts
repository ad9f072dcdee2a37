// SPDX-License-Identifier: GPL-3.0-or-later

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeWtns, r1csChunks, writeWtns } from '../../prover/binfile'
import type { R1cs } from '../../prover/binfile/r1cs'
import {
  devSetup,
  type PointEngine,
  pointEngine,
  snarkjsBackend,
  verify,
  verifyingKeyOf,
  withZkey,
} from '../../prover/groth16'
import { nativeBackend } from '../../prover/groth16/native-backend'
import { newPtau } from '../../prover/groth16/ptau/create'
import { wasmEngine } from '../../prover/groth16/wasm-engine'
import { nativeStatus } from '../../prover/native'
import { cacheFolder } from '../../prover/project'
import { parseSamples, quantizeInput } from '../../prover/quantize'
import { WitnessGenerator } from '../../prover/witness'
import { syntheticCircuit } from '../../test/support/synthetic-r1cs'
import { compileBundled } from '../bundle'
import { BUNDLED } from '../bundled'
import { atLeast, atMost, isTrue, median, type Figure } from './figures'
import type { ProofTimes } from './prove-child'
import { provePlot, type Series } from './prove-plot'

const ROUNDS = 5
const PLOT = join(__dirname, '..', '..', 'docs', 'prove.svg')
const LENET = BUNDLED.find(({ name }) => name.startsWith('lenet'))!

/** A key and a witness in files, for 2^power rows. */
type Case = { readonly power: number; readonly zkey: string; readonly wtns: string }
type Measured = { readonly power: number; readonly name: string; readonly runs: readonly ProofTimes[] }

/**
 * Proofs by every backend that is here, round robin on the same keys and witnesses; setups; and the way from an input to a
 * verified proof. Keys are kept in the cache. With `isWritten` the plot goes into docs/prove.svg.
 */
export async function proveFigures(isWritten: boolean): Promise<Figure[]> {
  const folder = join(cacheFolder(), 'bench')
  mkdirSync(folder, { recursive: true })
  const lenet = await lenetCircuit()
  const cases: Case[] = []
  for (const power of [12, 14, 16])
    cases.push(await caseOf(folder, power, syntheticCircuit((15 * 2 ** power) / 16, 20)))
  cases.push(await caseOf(folder, 17, { r1cs: lenet.r1cs, values: lenet.witness() }))
  const measured = cases.flatMap((one) => measure(one))
  if (isWritten) writeFileSync(PLOT, provePlot(seriesOf(measured)))
  return [
    ...measured.map(describe),
    ...ratios(measured),
    ...(await setupFigures(folder, lenet.r1cs)),
    ...(await inferenceFigures(cases.at(-1)!, lenet)),
  ]
}

async function caseOf(folder: string, power: number, circuit: { r1cs: R1cs; values: Uint8Array }): Promise<Case> {
  const hash = createHash('sha256')
  for (const chunk of r1csChunks(circuit.r1cs)) hash.update(chunk)
  const name = `2^${power}-${hash.digest('hex').slice(0, 16)}`
  const zkey = join(folder, `${name}.zkey`)
  const wtns = join(folder, `${name}.wtns`)
  if (!existsSync(zkey)) await devSetup(circuit.r1cs, zkey, { publicSeed: `bench/2^${power}` })
  await writeWtns(wtns, circuit.values)
  return { power, zkey, wtns }
}

async function lenetCircuit() {
  const model = await compileBundled(LENET)
  const { samples } = parseSamples(readFileSync(LENET.heldOut, 'utf8'), model.graph, LENET.heldOut)
  const inputs = model.quantized.inputs.map(({ recipe }, i) => quantizeInput(recipe, samples[0]![i]!))
  const generator = await WitnessGenerator.create(model.circuit)
  return { r1cs: model.circuit.r1cs, witness: () => generator.generate({ inputs, context: 0n }).values }
}

function backends(): readonly string[] {
  return [
    'snarkjs',
    ...(nativeStatus().addon === undefined ? [] : ['native']),
    ...(process.env.ZKML_RAPIDSNARK ? ['rapidsnark'] : []),
  ]
}

function measure({ power, zkey, wtns }: Case): Measured[] {
  const runs = new Map(backends().map((name) => [name, [] as ProofTimes[]]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, times] of runs) {
      const child = spawnSync(
        process.execPath,
        ['-r', 'ts-node/register/transpile-only', join(__dirname, 'prove-child.ts'), name, zkey, wtns],
        { encoding: 'utf8' },
      )
      if (child.status !== 0) throw new Error(`${name} failed at 2^${power}: ${child.stderr}`)
      times.push(JSON.parse(child.stdout) as ProofTimes)
    }
  }
  return [...runs].map(([name, times]) => ({ power, name, runs: times }))
}

const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`
const coldOf = ({ runs }: Measured): number[] => runs.map(({ cold }) => cold)
const warmOf = ({ runs }: Measured): number[] => runs.flatMap(({ warm }) => warm ?? [])
const peakOf = ({ runs }: Measured): number => Math.max(...runs.map(({ peakBytes }) => peakBytes)) / 1e6

function describe(one: Measured): Figure {
  const warm = warmOf(one)
  const value = `${warm.length > 0 ? `${spread(warm)}; ` : ''}key loading included ${spread(coldOf(one))}; ${peakOf(one).toFixed(0)} MB`
  return isTrue(`prove 2^${one.power}, ${one.name}`, true, value, '–')
}

function ratios(measured: readonly Measured[]): Figure[] {
  const find = (power: number, name: string): Measured | undefined =>
    measured.find((one) => one.power === power && one.name === name)
  const figures: Figure[] = []
  for (const [power, bar] of [
    [14, 10],
    [17, 12],
  ] as const) {
    const [ours, theirs] = [find(power, 'native'), find(power, 'snarkjs')]
    if (ours && theirs)
      figures.push(atLeast(`snarkjs / native, 2^${power}`, median(warmOf(theirs)) / median(warmOf(ours)), bar, '×'))
  }
  for (const power of [16, 17]) {
    const [ours, theirs] = [find(power, 'native'), find(power, 'rapidsnark')]
    if (ours && theirs)
      figures.push(
        atLeast(
          `rapidsnark / native, 2^${power}, key loading included`,
          median(coldOf(theirs)) / median(coldOf(ours)),
          1.3,
          '×',
        ),
      )
  }
  const [small, large] = [find(14, 'native'), find(17, 'native')]
  if (small && large) {
    figures.push(atMost('native, 2^17 / 2^14', median(warmOf(large)) / median(warmOf(small)), 9, '×'))
    figures.push(atMost('peak memory, native, 2^17', peakOf(large), 600, 'MB'))
  }
  return figures
}

async function setupFigures(folder: string, r1cs: R1cs): Promise<Figure[]> {
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now()
    await work()
    return (performance.now() - start) / 1000
  }
  const scratch = join(folder, 'scratch')
  const figures: Figure[] = []
  const setupWith = (engine: PointEngine): Promise<number> => seconds(() => devSetup(r1cs, scratch, { engine }))
  if (pointEngine().name === 'native') {
    figures.push(atMost('dev setup, ReLU LeNet, native', await setupWith(pointEngine()), 20, 's'))
    const ptau = await seconds(() => newPtau(scratch, 14, { engine: pointEngine() }))
    figures.push(atMost('powers of tau for 2^14, ready for phase 2', ptau, 60, 's'))
  }
  figures.push(atMost('dev setup, ReLU LeNet, without the addon', await setupWith(wasmEngine), 120, 's'))
  rmSync(scratch)
  return figures
}

/** Witness, proof and verification of the LeNet in this process, by the fastest backend, with nothing loaded before. */
async function inferenceFigures({ zkey }: Case, { witness }: { witness: () => Uint8Array }): Promise<Figure[]> {
  const { addon } = nativeStatus()
  const backend = addon === undefined ? snarkjsBackend() : nativeBackend(addon)
  const start = performance.now()
  const { publicSignals, proof } = await backend.prove(zkey, encodeWtns(witness()))
  const isValid = await verify(withZkey(zkey, verifyingKeyOf), publicSignals, proof)
  const seconds = (performance.now() - start) / 1000
  await backend.close()
  return [
    atMost('ReLU LeNet, input to verified proof', seconds, 3, 's'),
    isTrue('the proof verifies', isValid, String(isValid), 'true'),
  ]
}

function seriesOf(measured: readonly Measured[]): Series[] {
  return [...new Set(measured.map(({ name }) => name))].map((name) => ({
    name,
    points: measured
      .filter((one) => one.name === name)
      .map((one) => ({
        power: one.power,
        median: median(coldOf(one)),
        least: Math.min(...coldOf(one)),
        most: Math.max(...coldOf(one)),
      })),
  }))
}
