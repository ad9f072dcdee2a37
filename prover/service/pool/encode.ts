// SPDX-License-Identifier: GPL-3.0-or-later

import {
  elementCount,
  inputCommitment,
  isFieldElement,
  pack,
  PackingError,
  signalLayout,
  tensorCommitment,
  tensorWords,
  unpack,
  type IoSchema,
  type TensorSpec,
} from '../../encodings'
import { InputRangeError, quantizeInput, realRange } from '../../quantize'
import { ServiceError } from '../errors'
import type { QuantizedInput } from './types'

/*
 * What people and contracts send as an input, to the integers that a circuit takes, and back. The io schema of
 * `model.json` is all that is needed. No message says a value: inputs may be secret, and messages are logged.
 */

/** An input of a request does not have the form that the model's io schema asks for. */
export class InputFormatError extends ServiceError {
  readonly code = 'INPUT_FORMAT'
}

/** The salts of hashed tensors are too few, too many or no field elements. */
export class InputSaltsError extends ServiceError {
  readonly code = 'INPUT_SALTS'
}

/**
 * Reads `{"input_data": [[0.5, …], …]}` or `{"input_integers": [["-3", …], …]}`: a flat row for each input tensor.
 *
 * @throws InputFormatError, InputRangeError
 */
export function inputFromJson(schema: IoSchema, value: unknown): QuantizedInput {
  const { input_data: floats, input_integers: integers } =
    typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  if ((floats === undefined) === (integers === undefined))
    throw new InputFormatError('the input must have either "input_data" or "input_integers": a row for each tensor')
  return floats === undefined ? inputFromIntegers(schema, integers) : inputFromFloats(schema, floats)
}

/**
 * Rounds real numbers to the integers of the circuit, as `quantizeInput` does.
 *
 * @throws InputFormatError; InputRangeError for values outside [lo, lo + 2^bits] · 2^-exponent.
 */
export function inputFromFloats(schema: IoSchema, rows: unknown): QuantizedInput {
  return readRows(schema, rows, 'input_data', (spec, row, at) => {
    const recipe = { ...spec, lo: Number(spec.lo) }
    const [lo, hi] = realRange(recipe)
    const values = row.map((value, i) => {
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw new InputFormatError(`${at}[${i}] is not a finite number`)
      if (value < lo || value > hi)
        throw new InputRangeError(`${at}[${i}] is outside [${lo}, ${hi}], the range of input "${spec.name}"`)
      return value
    })
    return quantizeInput(recipe, values)
  })
}

/**
 * Reads integers q: decimal strings or whole numbers.
 *
 * @throws InputFormatError; InputRangeError for integers outside [lo, lo + 2^bits − 1].
 */
export function inputFromIntegers(schema: IoSchema, rows: unknown): QuantizedInput {
  return readRows(schema, rows, 'input_integers', (spec, row, at) => {
    const lo = Number(spec.lo)
    const hi = lo + 2 ** spec.bits - 1
    return Float64Array.from(row, (value, i) => {
      const isWhole = typeof value === 'string' ? /^-?\d+$/.test(value) : Number.isInteger(value)
      if (!isWhole) throw new InputFormatError(`${at}[${i}] is not a whole number, or a string of one in decimal`)
      // Adding 0 makes −0 a 0.
      const q = Number(value) + 0
      if (!Number.isSafeInteger(q) || q < lo || q > hi)
        throw new InputRangeError(`${at}[${i}] is outside [${lo}, ${hi}], the range of input "${spec.name}"`)
      return q
    })
  })
}

/**
 * Reads the packed words of public inputs, 32 bytes each, as a request's event has them: those of the first tensor, then
 * those of the next.
 *
 * @param words 0x string.
 * @throws InputFormatError
 */
export function inputFromWords(schema: IoSchema, words: string): QuantizedInput {
  if (schema.inputs.some(({ visibility }) => visibility !== 'public'))
    throw new InputFormatError('the model has inputs that are not public, so their words say nothing of them')
  const count = signalLayout(schema).inputs
  if (words.length !== 2 + 64 * count || !/^0x[0-9a-fA-F]*$/.test(words))
    throw new InputFormatError(`the input is not hexadecimal of ${count} words of 32 bytes`)
  let next = 2
  return schema.inputs.map((spec) => {
    const packed = Array.from({ length: tensorWords(spec) }, () => BigInt(`0x${words.slice(next, (next += 64))}`))
    try {
      return Float64Array.from(unpack(packed, spec, elementCount(spec)), Number)
    } catch (error) {
      if (!(error instanceof PackingError)) throw error
      throw new InputFormatError(`the words of input "${spec.name}" are no packed tensor of its schema`, {
        cause: error,
      })
    }
  })
}

/** The `input_integers` of an input. */
export function inputToIntegers(input: QuantizedInput): string[][] {
  return input.map((tensor) => Array.from(tensor, String))
}

/** The `input_data` of an input: what its integers stand for. */
export function inputToFloats(schema: IoSchema, input: QuantizedInput): number[][] {
  return input.map((tensor, i) => Array.from(tensor, (q) => q * 2 ** -schema.inputs[i]!.exponent))
}

/**
 * The salts of hashed inputs, out of those of all hashed tensors in signal order, in which outputs come first.
 *
 * @throws InputSaltsError
 */
export function inputSalts(schema: IoSchema, salts: readonly bigint[]): readonly bigint[] {
  const [outputs, inputs] = [hashedIn(schema.outputs), hashedIn(schema.inputs)]
  if (salts.length !== outputs + inputs)
    throw new InputSaltsError(`${salts.length} salts were given; the model has ${outputs + inputs} hashed tensors`)
  if (!salts.every(isFieldElement))
    throw new InputSaltsError('a salt is not a field element; draw it uniformly below r')
  return salts.slice(outputs)
}

/**
 * The input signals of a statement: words of public tensors, commitments of hashed ones.
 *
 * @param salts of hashed inputs; see {@link inputSalts}.
 * @throws InputSaltsError, PackingError
 */
export function inputWords(schema: IoSchema, input: QuantizedInput, salts: readonly bigint[] = []): bigint[] {
  if (salts.length !== hashedIn(schema.inputs))
    throw new InputSaltsError(
      `${salts.length} salts were given; the model has ${hashedIn(schema.inputs)} hashed inputs`,
    )
  const rest = [...salts]
  return schema.inputs.flatMap((spec, i) => {
    if (spec.visibility === 'private') return []
    const words = pack(Array.from(input[i]!, BigInt), spec)
    if (spec.visibility === 'public') return words
    return [tensorCommitment(words, rest.shift()!, { ...spec, count: elementCount(spec) })]
  })
}

/**
 * ERC-7992's `inputCommitment` of an input.
 *
 * @example
 * ```ts
 * quantizedInputCommitment(file.schema, inputFromJson(file.schema, body)) // '0x…'
 * ```
 */
export function quantizedInputCommitment(
  schema: IoSchema,
  input: QuantizedInput,
  salts: readonly bigint[] = [],
): string {
  return inputCommitment(schema, inputWords(schema, input, salts))
}

const hashedIn = (specs: readonly TensorSpec[]): number =>
  specs.filter(({ visibility }) => visibility === 'hashed').length

function readRows(
  { inputs }: IoSchema,
  rows: unknown,
  name: string,
  read: (spec: TensorSpec, row: readonly unknown[], at: string) => Float64Array,
): QuantizedInput {
  if (!Array.isArray(rows) || rows.length !== inputs.length)
    throw new InputFormatError(`"${name}" must be a list of ${inputs.length} rows, one for each input tensor`)
  return inputs.map((spec, i) => {
    const row = rows[i] as unknown
    const size = elementCount(spec)
    if (!Array.isArray(row) || row.length !== size)
      throw new InputFormatError(`${name}[${i}] must be a flat list of the ${size} values of input "${spec.name}"`)
    return read(spec, row, `${name}[${i}]`)
  })
}
