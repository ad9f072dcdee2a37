// SPDX-License-Identifier: GPL-3.0-or-later

import { AbiCoder, keccak256 } from 'ethers'
import { DOMAIN_SCHEMA } from './domains'
import { SchemaError } from './errors'
import { WORD_BITS, wordCount } from './packing'

/** What others see of a tensor: its packed words, a commitment to them, or (inputs only) nothing. */
export type Visibility = 'public' | 'hashed' | 'private'

/** A tensor of integers q in [lo, lo + 2^bits − 1], of real value ≈ q · 2^-exponent. */
export type TensorSpec = {
  readonly name: string
  readonly shape: readonly number[]
  readonly lo: bigint
  readonly bits: number
  readonly exponent: number
  readonly visibility: Visibility
}

/** Everything a stranger needs to encode a model's inputs and decode its outputs. */
export type IoSchema = {
  readonly outputs: readonly TensorSpec[]
  readonly inputs: readonly TensorSpec[]
  readonly weightsCommitted: boolean
}

/** How many public signals each part of a statement has; their order is that of the fields. */
export type SignalLayout = {
  readonly outputs: number
  readonly inputs: number
  readonly weightsCommitment: 0 | 1
  readonly context: 1
  readonly total: number
}

/** The schema as `Schema.IoSchema` in Solidity; arrays are mutable because typechain's are. */
export type SolidityIoSchema = {
  readonly outputs: SolidityTensorSpec[]
  readonly inputs: SolidityTensorSpec[]
  readonly weightsCommitted: boolean
}

export type SolidityTensorSpec = {
  readonly name: string
  readonly shape: bigint[]
  readonly lo: bigint
  readonly bits: number
  readonly exponent: number
  readonly visibility: number
}

const TENSOR_TYPE = 'tuple(string name, uint256[] shape, int256 lo, uint8 bits, int16 exponent, uint8 visibility)'

/** ABI type of an io schema. */
export const IO_SCHEMA_TYPE = `tuple(${TENSOR_TYPE}[] outputs, ${TENSOR_TYPE}[] inputs, bool weightsCommitted)`

const VISIBILITY_CODES: Record<Visibility, number> = { public: 0, hashed: 1, private: 2 }

/** The limits below are also checked on chain, by `Schema.sol`. */
export const MAX_MAGNITUDE = 1n << 251n
const MAX_TENSORS = 64
const MAX_RANK = 8
const MAX_NAME_BYTES = 64
const MAX_DIMENSION = 2 ** 32 - 1
const MAX_WORDS = 2 ** 16 - 1

/** Number of elements of a tensor; a scalar has one. */
export const elementCount = (spec: TensorSpec): number => spec.shape.reduce((product, size) => product * size, 1)

/** Number of words a tensor packs into, whoever sees them. */
export const tensorWords = (spec: TensorSpec): number => wordCount(elementCount(spec), spec.bits)

/** Number of public signals a tensor contributes. */
export function tensorSignals(spec: TensorSpec): number {
  if (spec.visibility === 'private') return 0
  return spec.visibility === 'hashed' ? 1 : tensorWords(spec)
}

/** Counts the public signals of a schema: outputs…, inputs…, weightsCommitment?, context. */
export function signalLayout(schema: IoSchema): SignalLayout {
  const count = (specs: readonly TensorSpec[]): number => specs.reduce((sum, spec) => sum + tensorSignals(spec), 0)
  const outputs = count(schema.outputs)
  const inputs = count(schema.inputs)
  const weightsCommitment = schema.weightsCommitted ? 1 : 0
  return { outputs, inputs, weightsCommitment, context: 1, total: outputs + inputs + weightsCommitment + 1 }
}

/**
 * Refuses a schema the registry would refuse, with a sentence that says which tensor and why.
 *
 * @throws {SchemaError}
 */
export function checkIoSchema(schema: IoSchema): void {
  for (const [side, specs] of [
    ['output', schema.outputs],
    ['input', schema.inputs],
  ] as const) {
    if (specs.length < 1 || specs.length > MAX_TENSORS) {
      throw new SchemaError(`A model has 1 to ${MAX_TENSORS} ${side} tensors, this one has ${specs.length}.`)
    }
    for (const spec of specs) checkTensorSpec(spec, side)
  }
}

function checkTensorSpec(spec: TensorSpec, side: 'input' | 'output'): void {
  const refuse = (reason: string): never => {
    throw new SchemaError(`The ${side} tensor '${spec.name}' ${reason}.`)
  }
  if (Buffer.byteLength(spec.name) > MAX_NAME_BYTES) refuse(`has a name longer than ${MAX_NAME_BYTES} bytes`)
  if (spec.shape.length > MAX_RANK) refuse(`has rank ${spec.shape.length}; at most ${MAX_RANK} is possible`)
  if (spec.shape.some((size) => !Number.isInteger(size) || size < 1 || size > MAX_DIMENSION)) {
    refuse(`has shape [${spec.shape.join(', ')}]; every dimension is a positive integer below 2^32`)
  }
  if (!Number.isInteger(spec.bits) || spec.bits < 1 || spec.bits > WORD_BITS) {
    refuse(`has ${spec.bits} bits; 1 to ${WORD_BITS} are possible`)
  }
  if (spec.lo < -MAX_MAGNITUDE || spec.lo >= MAX_MAGNITUDE) refuse(`has a lower bound beyond ±2^251`)
  if (!Number.isInteger(spec.exponent) || spec.exponent < -(2 ** 15) || spec.exponent >= 2 ** 15) {
    refuse(`has exponent ${spec.exponent}; it is a 16-bit integer`)
  }
  if (spec.visibility === 'private' && side === 'output') refuse('is private; only inputs can be')
  if (tensorWords(spec) > MAX_WORDS) refuse(`takes ${tensorWords(spec)} words; at most ${MAX_WORDS} are possible`)
}

/** The schema in the form contracts take it, for typed contract calls. */
export function toSolidityIoSchema(schema: IoSchema): SolidityIoSchema {
  const convert = (spec: TensorSpec): SolidityTensorSpec => ({
    name: spec.name,
    shape: spec.shape.map(BigInt),
    lo: spec.lo,
    bits: spec.bits,
    exponent: spec.exponent,
    visibility: VISIBILITY_CODES[spec.visibility],
  })
  return {
    outputs: schema.outputs.map(convert),
    inputs: schema.inputs.map(convert),
    weightsCommitted: schema.weightsCommitted,
  }
}

/** keccak256(abi.encode(DOMAIN_SCHEMA, schema)). */
export function ioSchemaHash(schema: IoSchema): string {
  const known = hashes.get(schema)
  if (known !== undefined) return known
  checkIoSchema(schema)
  const hash = keccak256(
    AbiCoder.defaultAbiCoder().encode(['bytes32', IO_SCHEMA_TYPE], [DOMAIN_SCHEMA, toSolidityIoSchema(schema)]),
  )
  hashes.set(schema, hash)
  return hash
}

/** A schema is immutable, and its hash is asked for with every proof. */
const hashes = new WeakMap<IoSchema, string>()
