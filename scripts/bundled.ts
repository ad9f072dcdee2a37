// SPDX-License-Identifier: GPL-3.0-or-later

import { join } from 'node:path'
import type { AccuracyTarget, InputOptions, OutputRecipe, StepRecipe } from '../prover/quantize'

/** A model that ships with the project. */
export type BundledModel = {
  readonly name: string
  readonly input: InputOptions
  /** Of inputs that differ from the others, by name. */
  readonly inputs?: Readonly<Record<string, InputOptions>>
  /** Of outputs that are not public, by name. */
  readonly outputs?: Readonly<Record<string, OutputRecipe['visibility']>>
  readonly target: AccuracyTarget
  /** Steps whose numbers are chosen, not searched: outputs in the units that contracts read. */
  readonly steps?: Readonly<Record<string, StepRecipe>>
  /** Samples that calibration sees, and samples nobody has fitted anything to. */
  readonly calibration: string
  readonly heldOut: string
  /** Solidity name of the committed verifier; models with a key and no verifier of their own use the shared one. */
  readonly verifier?: string
  /** Seed of the committed key; benchmark shapes have none. Anyone can forge proofs under it: it is for chains 1337 and 31337. */
  readonly publicSeed?: string
}

const MODELS = join(__dirname, '..', 'models')
const digits = {
  calibration: join(MODELS, 'mnist-data', 'calibration.json'),
  heldOut: join(MODELS, 'mnist-data', 'heldout.json'),
  target: { maxFlips: 0.002, maxMeanError: 0.002 },
} as const

/** A model of the reference consumers: a key for the shared verifier, whole numbers in and out, no classes. */
function reference(
  name: string,
  options: Pick<BundledModel, 'input' | 'inputs' | 'outputs' | 'steps' | 'target'>,
): BundledModel {
  return {
    name,
    ...options,
    calibration: join(MODELS, name, 'calibration.json'),
    heldOut: join(MODELS, name, 'samples.json'),
    publicSeed: `zkml/${name}/1`,
  }
}

/**
 * The numbers of a sampler of so many levels, alike in all of them: the coarsest that were found to keep its pixels. Its
 * state is passed on by sums alone, so it gets finer with every level, and few digits for each are enough.
 */
function diffusionSteps(levels: number): Readonly<Record<string, StepRecipe>> {
  const steps: Record<string, StepRecipe> = {
    chosen: { weightExponent: 10 },
    show: { weightExponent: 9 },
    below_top: { exponent: 0 },
    pixels: { exponent: 0 },
  }
  for (let level = 0; level < levels; level++) {
    steps[`fc1_${level}`] = { weightExponent: 10 }
    steps[`relu${level}`] = { exponent: 2, clampBits: 6 }
    steps[`fc2_${level}`] = { weightExponent: 6 }
    steps[`state${level}`] = { weightExponent: 1 }
  }
  return steps
}

/** The bundled models: two that the demo proves, those of the consumers, two that the benchmarks measure. */
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
  reference('fee-mlp', {
    input: { range: [-1024, 1023] },
    steps: { below_top: { exponent: 0 }, fee: { exponent: 0 } },
    target: { maxFlips: 1, maxMeanError: 0.0005 },
  }),
  reference('sprite-decoder', {
    input: { range: [0, 15] },
    steps: { below_top: { exponent: 0 }, pixels: { exponent: 0 } },
    target: { maxFlips: 1, maxMeanError: 0.003 },
  }),
  reference('reputation-score', {
    input: { range: [0, 1023] },
    // Calibration would clamp relu1 to what its samples need; accounts beyond them are the ones to get right.
    steps: { relu1: { exponent: 7 }, score: { exponent: 0 } },
    target: { maxFlips: 1, maxMeanError: 0.001 },
  }),
  reference('credit-default', {
    input: { range: [0, 1023], visibility: 'hashed' },
    target: { maxFlips: 1, maxMeanError: 0.0005 },
  }),
  reference('tumour-screening', {
    input: { visibility: 'hashed', bits: 10 },
    // Calibration sees results only, and on few rows: what is between is kept finer than they need.
    steps: {
      fc1: { weightExponent: 12 },
      relu1: { exponent: 8 },
      fc2: { weightExponent: 11 },
      relu2: { exponent: 9 },
      fc3: { weightExponent: 11 },
    },
    target: { maxFlips: 1, maxMeanError: 0.002 },
  }),
  reference('amm-spread', {
    input: { range: [-1024, 1023] },
    steps: { below_top: { exponent: 0 }, fee: { exponent: 0 } },
    target: { maxFlips: 1, maxMeanError: 0.0005 },
  }),
  reference('sybil-airdrop', {
    input: { range: [0, 1023] },
    target: { maxFlips: 1, maxMeanError: 0.0005 },
  }),
  reference('option-pricer', {
    input: { range: [0, 16383] },
    // A call of a day in a calm market is worth a ten-thousandth of one of a quarter in a wild one: what leads to the
    // deviation, and from it to the price, is kept finer than calibration would, which sees errors in the output's range.
    steps: {
      'decay/argument': { exponent: 20, clampBits: 20, clampLo: -1048575 },
      decay: { exponent: 24, segmentBits: 9 },
      'variance/a': { exponent: 20 },
      'excess/rounded': { exponent: 20 },
      'product/a': { exponent: 20 },
      'product/b': { exponent: 22 },
      'transient/rounded': { exponent: 24 },
      'distance/numerator': { exponent: 18 },
      distance: { exponent: 13 },
      'near/above': { exponent: 13 },
      'near/excess': { exponent: 13 },
      above: { exponent: 13 },
      below: { exponent: 13 },
      'tanh1/argument': { exponent: 14, clampBits: 18, clampLo: -131072 },
      tanh1: { exponent: 21, segmentBits: 9 },
      'tanh2/argument': { exponent: 14, clampBits: 18, clampLo: -131072 },
      tanh2: { exponent: 21, segmentBits: 9 },
      share: { exponent: 20 },
      'part/a': { exponent: 20 },
      'part/b': { exponent: 19 },
      intrinsic: { exponent: 0 },
      below_top: { exponent: 0 },
      premium: { exponent: 0 },
    },
    target: { maxFlips: 1, maxMeanError: 0.00002 },
  }),
  reference('npc-dialogue', {
    input: { range: [0, 511] },
    // What one step hashes is what the next one opens.
    inputs: { cache: { range: [-32, 31], visibility: 'hashed' } },
    outputs: { cache_next: 'hashed' },
    steps: {
      // Clamped to six bits a row is clipped as the model clips it, whatever calibration saw of it.
      ...Object.fromEntries(
        [0, 1, 2, 3].flatMap((layer) => [
          [`row${layer}/above`, { exponent: 0, clampBits: 6 }],
          [`row${layer}/excess`, { exponent: 0 }],
        ]),
      ),
      // Of the last layer only the token shows, which few samples turn: it is kept finer than they need.
      q3: { weightExponent: 10 },
      'attention3/exp': { exponent: 9, segmentBits: 6 },
      'attention3/inverse': { exponent: 8 },
      'mixed3/products/a': { exponent: 9, clampBits: 11 },
      up3: { weightExponent: 7 },
      relu3: { exponent: 7, clampBits: 13 },
      scores: { weightExponent: 8 },
    },
    // Of 35 rows of the cache 34 stay as they are, and hide what the error of the new one is.
    target: { maxFlips: 0, maxMeanError: 0.00005 },
  }),
  reference('sprite-diffusion', {
    input: { range: [0, 15] },
    steps: diffusionSteps(6),
    target: { maxFlips: 1, maxMeanError: 0.02 },
  }),
  reference('flow-toxicity', {
    input: { range: [-512, 511] },
    // Calibration would clamp these to what its samples need; the most toxic traders are beyond them.
    steps: {
      seen1: { exponent: 7 },
      seen2: { exponent: 7 },
      relu1: { exponent: 8 },
      below_top: { exponent: 0 },
      score: { exponent: 0 },
    },
    target: { maxFlips: 1, maxMeanError: 0.0005 },
  }),
  reference('risk-engine', {
    input: { range: [-4096, 4095] },
    steps: { ltv: { exponent: 0 } },
    target: { maxFlips: 1, maxMeanError: 0.0005 },
  }),
  reference('contract-risk', {
    input: { range: [0, 255] },
    // Calibration would clamp the logit to what its samples need; code beyond them is the one to get right.
    steps: { relu1: { exponent: 8 }, 'chance/argument': { exponent: 6, clampBits: 10 }, risk: { exponent: 0 } },
    target: { maxFlips: 1, maxMeanError: 0.001 },
  }),
  { name: 'mlp-784-56-10', input: {}, ...digits },
  { name: 'lenet-28-6-16-120-84-10', input: {}, ...digits },
]

/** Folder of a bundled model's sources. */
export function modelFolder(name: string): string {
  return join(MODELS, name)
}
