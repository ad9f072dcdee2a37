// SPDX-License-Identifier: GPL-3.0-or-later

import { join } from 'node:path'
import type { AccuracyTarget, InputOptions } from '../prover/quantize'

/** A model that ships with the project. */
export type BundledModel = {
  readonly name: string
  readonly input: InputOptions
  readonly target: AccuracyTarget
  /** Samples that calibration sees, and samples nobody has fitted anything to. */
  readonly calibration: string
  readonly heldOut: string
  /** Solidity name of the committed verifier; benchmark shapes have none. */
  readonly verifier?: string
  /** Seed of the committed key. Anyone can forge proofs under it: it is for chains 1337 and 31337. */
  readonly publicSeed?: string
}

const MODELS = join(__dirname, '..', 'models')
const digits = {
  calibration: join(MODELS, 'mnist-data', 'calibration.json'),
  heldOut: join(MODELS, 'mnist-data', 'heldout.json'),
  target: { maxFlips: 0.002, maxMeanError: 0.002 },
} as const

/** The bundled models: two that the demo proves, two that the benchmarks measure. */
export const BUNDLED: readonly BundledModel[] = [
  {
    name: 'breast-cancer',
    input: {},
    target: { maxFlips: 0, maxMeanError: 0.001 },
    calibration: join(MODELS, 'breast-cancer', 'calibration.json'),
    heldOut: join(MODELS, 'breast-cancer', 'samples.json'),
    verifier: 'BreastCancerVerifier',
    publicSeed: 'zkml/breast-cancer/1',
  },
  {
    name: 'mnist-cnn',
    input: { visibility: 'hashed' },
    ...digits,
    target: { maxFlips: 0, maxMeanError: 0.0005 },
    verifier: 'MnistCnnVerifier',
    publicSeed: 'zkml/mnist-cnn/1',
  },
  { name: 'mlp-784-56-10', input: {}, ...digits },
  { name: 'lenet-28-6-16-120-84-10', input: {}, ...digits },
]

/** Folder of a bundled model's sources. */
export function modelFolder(name: string): string {
  return join(MODELS, name)
}
