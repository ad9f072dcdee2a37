// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tensorTag, unpack, weightsCommitment, weightsTag } from '../../prover/encodings'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { linkModel } from '../support/linked-model'
import { floats, type ModelSpec } from '../support/onnx-builder'

/** The circuit's side of the vectors that the TypeScript and Solidity tests read as well. */
function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(join(__dirname, '..', 'vectors', `${name}.json`), 'utf8')) as T
}

type Packing = { lo: string; bits: number; count: number; values: string[]; words: string[] }
type Commitment = {
  lo: string
  bits: number
  count: number
  tag: string
  salt: string
  words: string[]
  commitment: string
}
type Context = { signal: string }
type Weights = {
  tensors: { lo: string; bits: number; count: number; values: string[] }[]
  tag: string
  salt: string
  words: string[]
  commitment: string
}

/** A model that hands its input through, so that input and output are packed alike. */
const identity = (count: number): ModelSpec => ({
  inputs: [{ name: 'x', shape: [1, count] }],
  outputs: [{ name: 'y', shape: [1, count] }],
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
})

/** A model whose weights are tensors of these sizes. */
const joinOf = (sizes: readonly number[]): ModelSpec => ({
  inputs: [{ name: 'x', shape: [1] }],
  outputs: [{ name: 'y' }],
  nodes: [{ op: 'Concat', inputs: ['x', ...sizes.map((_, i) => `w${i}`)], outputs: ['y'], attributes: { axis: 0 } }],
  initializers: Object.fromEntries(sizes.map((size, i) => [`w${i}`, floats([size], i)])),
})

/** Values that inputs can have: the circuit takes digits of up to 40 bits, the encoding up to 252. */
const fits = ({ lo, bits, count }: { lo: string; bits: number; count: number }) =>
  bits <= 40 && count > 0 && BigInt(lo) >= -(2n ** 40n) && BigInt(lo) <= 2n ** 40n

async function signalsOf(
  format: { lo: string; bits: number; count: number },
  values: readonly bigint[],
  visibility: 'public' | 'hashed',
  request: { context: bigint; salts?: readonly bigint[] },
): Promise<readonly bigint[]> {
  const input = { lo: Number(format.lo), bits: format.bits, exponent: 0, visibility }
  const { circuit } = await linkModel(identity(format.count), { inputs: { x: input } })
  const generator = await WitnessGenerator.create(circuit)
  const { values: witness, signals } = generator.generate({ inputs: [Float64Array.from(values, Number)], ...request })
  expect(firstUnsatisfiedRow(circuit.r1cs, witness)).to.equal(undefined)
  return signals
}

describe('shared vectors, in the circuit', function () {
  this.timeout(120_000)

  it('packing: output and input words', async () => {
    const cases = vectors<{ cases: Packing[] }>('packing').cases.filter(fits)
    expect(cases.length).to.be.at.least(3)
    for (const vector of cases) {
      const words = vector.words.map(BigInt)
      const signals = await signalsOf(vector, vector.values.map(BigInt), 'public', { context: 3n })
      expect(signals).to.deep.equal([...words, ...words, 3n])
    }
  })

  it('commitments: tag, salt and Poseidon chain', async () => {
    const cases = vectors<Commitment[]>('commitment').filter(fits)
    expect(cases.length).to.be.at.least(3)
    for (const vector of cases) {
      const format = { lo: BigInt(vector.lo), bits: vector.bits, count: vector.count }
      expect(tensorTag(format)).to.equal(BigInt(vector.tag))
      const values = unpack(vector.words.map(BigInt), format, vector.count)
      const signals = await signalsOf(vector, values, 'hashed', { context: 0n, salts: [BigInt(vector.salt)] })
      expect(signals.at(-2)).to.equal(BigInt(vector.commitment))
    }
  })

  it('commitments to private weights: tag of all tensors, salt and one chain', async () => {
    const cases = vectors<Weights[]>('weights-commitment')
    for (const { tensors, tag, salt, words, commitment } of cases) {
      const formats = tensors.map(({ lo, bits, count }) => ({ lo: BigInt(lo), bits, count }))
      expect(weightsTag(formats)).to.equal(BigInt(tag))
      expect(weightsCommitment(words.map(BigInt), BigInt(salt), formats)).to.equal(BigInt(commitment))
      const { circuit } = await linkModel(joinOf(tensors.map(({ count }) => count)), {
        privateWeights: true,
        inputs: Object.fromEntries(tensors.map(({ lo, bits }, i) => [`w${i}`, { lo: Number(lo), bits, exponent: 0 }])),
      })
      const generator = await WitnessGenerator.create(circuit)
      const weights = tensors.map(({ values }) => Float64Array.from(values, Number))
      const request = { context: 0n, weightsSalt: BigInt(salt) }
      const { values, signals } = generator.generate({ ...request, inputs: [Float64Array.of(0), ...weights] })
      expect(firstUnsatisfiedRow(circuit.r1cs, values)).to.equal(undefined)
      expect(signals.at(-2)).to.equal(BigInt(commitment))
    }
  })

  it('context: the signal a proof is bound to', async () => {
    for (const { signal } of vectors<Context[]>('context')) {
      const signals = await signalsOf({ lo: '0', bits: 2, count: 1 }, [1n], 'public', { context: BigInt(signal) })
      expect(signals.at(-1)).to.equal(BigInt(signal))
    }
  })
})
