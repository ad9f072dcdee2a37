// SPDX-License-Identifier: GPL-3.0-or-later

import {
  elementCount,
  encodeOutput,
  EncodingValueError,
  inputCommitment,
  pack,
  tensorCommitment,
  type IoSchema,
  type TensorSpec,
} from '../encodings'
import { quantizeInput } from '../quantize'
import { randomFieldElement } from '../witness'

/** One value list for each input tensor, row-major: real numbers, or as bigint the integers that the circuit takes. */
export type InputValues = readonly (ArrayLike<number> | readonly bigint[])[]

/** An input as a request commits to it. */
export type EncodedInput = {
  readonly inputCommitment: string
  /** Input signals, in order. */
  readonly words: readonly bigint[]
  /** What to publish with a request: all words when all tensors are public, else nothing. */
  readonly hint: string
  /** Of hashed tensors, in signal order. The prover needs them, and nobody else. */
  readonly salts: readonly bigint[]
}

/**
 * Packs an input and commits to it.
 *
 * @param salts - of hashed tensors, in signal order; fresh ones when absent
 * @throws InputRangeError, PackingError or EncodingValueError for values that the circuit does not take.
 * @example
 * ```ts
 * const { inputCommitment, hint } = encodeInput(model.ioSchema, [[5.1, 3.5, 1.4, 0.2]])
 * ```
 */
export function encodeInput(schema: IoSchema, inputs: InputValues, salts?: readonly bigint[]): EncodedInput {
  if (inputs.length !== schema.inputs.length)
    throw new EncodingValueError(`The model has ${schema.inputs.length} input tensors, not ${inputs.length}.`)
  const used: bigint[] = []
  const words = schema.inputs.flatMap((spec, i) => {
    const packed = pack(integers(spec, inputs[i]!), spec)
    if (spec.visibility !== 'hashed') return spec.visibility === 'public' ? packed : []
    const salt = salts?.[used.length] ?? randomFieldElement()
    used.push(salt)
    return [tensorCommitment(packed, salt, { lo: spec.lo, bits: spec.bits, count: elementCount(spec) })]
  })
  const open = schema.inputs.every(({ visibility }) => visibility === 'public')
  return {
    inputCommitment: inputCommitment(schema, words),
    words,
    hint: open ? encodeOutput(words) : '0x',
    salts: used,
  }
}

function integers(spec: TensorSpec, values: ArrayLike<number> | readonly bigint[]): bigint[] {
  const count = elementCount(spec)
  if (values.length !== count)
    throw new EncodingValueError(`The input '${spec.name}' has ${count} values, not ${values.length}.`)
  const list = Array.from<number | bigint>(values)
  if (list.every((value) => typeof value === 'bigint')) return list
  const lo = Number(spec.lo)
  if (!Number.isSafeInteger(lo) || spec.bits > 52)
    throw new EncodingValueError(`The input '${spec.name}' has more digits than a number; give integers as bigint.`)
  return Array.from(quantizeInput({ ...spec, lo }, list.map(Number)), BigInt)
}
