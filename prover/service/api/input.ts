// SPDX-License-Identifier: GPL-3.0-or-later

import { getAddress } from 'ethers'
import { elementCount, isFieldElement, type IoSchema, type TensorSpec } from '../../encodings'
import { InputRangeError, quantizeInput, type InputRecipe } from '../../quantize'
import type { CatalogueModel } from '../artefacts/types'
import type { QuantizedInput } from '../pool/types'
import type { StoredContext } from '../store/job'
import { InputShapeError, RequestInvalidError } from './errors'

/** An input as clients write it: exactly one of the two. */
export type InputBody = {
  readonly input_data?: readonly (readonly number[])[]
  readonly input_integers?: readonly (readonly (string | number)[])[]
}

type InputFormat = { readonly recipe: InputRecipe; readonly elements: number }

const formats = new WeakMap<IoSchema, readonly InputFormat[]>()

function inputFormats(schema: IoSchema): readonly InputFormat[] {
  let known = formats.get(schema)
  if (!known) {
    known = schema.inputs.map((spec) => ({
      recipe: { ...spec, lo: Number(spec.lo) },
      elements: elementCount(spec),
    }))
    formats.set(schema, known)
  }
  return known
}

/**
 * The integers of an input, whichever way it was written.
 *
 * @throws RequestInvalidError, InputShapeError, InputRangeError
 */
export function readInput(model: CatalogueModel, body: InputBody): QuantizedInput {
  const { input_data: values, input_integers: integers } = body
  const rows = values ?? integers
  if (!rows || (values && integers))
    throw new RequestInvalidError('The body needs exactly one of "input_data" and "input_integers"; give one.')
  const inputs = inputFormats(model.file.schema)
  if (rows.length !== inputs.length)
    throw new InputShapeError(`The input has ${rows.length} rows; the model has ${inputs.length} input tensors.`)
  return inputs.map(({ recipe, elements }, i) => {
    if (rows[i]!.length !== elements)
      throw new InputShapeError(`Row ${i} has ${rows[i]!.length} values; input "${recipe.name}" takes ${elements}.`)
    return values ? quantizeInput(recipe, values[i]!) : readIntegers(recipe, integers![i]!)
  })
}

function readIntegers(recipe: InputRecipe, row: readonly (string | number)[]): Float64Array {
  const top = recipe.lo + 2 ** recipe.bits - 1
  return Float64Array.from(row, (value, i) => {
    const q = Number(value)
    if (!(q >= recipe.lo && q <= top))
      throw new InputRangeError(
        `input "${recipe.name}"[${i}] = ${value} is outside the integers [${recipe.lo}, ${top}] that this circuit accepts`,
      )
    return q
  })
}

/** The integers of an input as exact numbers, for signatures over them. */
export function inputIntegers(input: QuantizedInput): bigint[][] {
  return input.map((row) => Array.from(row, BigInt))
}

/**
 * Salts for the hashed tensors among some, in order.
 *
 * @throws InputShapeError for another number of salts or one that is no field element.
 */
export function readSalts(tensors: readonly TensorSpec[], salts: readonly string[]): bigint[] {
  const hashed = tensors.filter(({ visibility }) => visibility === 'hashed').length
  if (salts.length !== hashed)
    throw new InputShapeError(`There are ${salts.length} salts for ${hashed} hashed tensors; give one for each.`)
  return salts.map((salt) => readField(salt, 'A salt'))
}

/** A field element in decimal. */
export function readField(value: string, what: string): bigint {
  const element = BigInt(value)
  if (!isFieldElement(element)) throw new InputShapeError(`${what} is not below the field's order r; draw it below r.`)
  return element
}

/** A tensor as clients write it: exactly one of the two. */
export type TensorBody = {
  readonly values?: readonly number[]
  readonly integers?: readonly (string | number)[]
}

/**
 * The integers of any tensor of a model, to open a commitment with. Their range is checked when they are packed.
 *
 * @throws RequestInvalidError, InputShapeError
 */
export function readTensor(spec: TensorSpec, { values, integers }: TensorBody): bigint[] {
  const row = integers ?? values?.map((value) => Math.round(value * 2 ** spec.exponent))
  if (!row || (values && integers))
    throw new RequestInvalidError('The body needs exactly one of "values" and "integers"; give one.')
  if (row.length !== elementCount(spec))
    throw new InputShapeError(`There are ${row.length} values; tensor "${spec.name}" has ${elementCount(spec)}.`)
  if (values && !row.every(Number.isSafeInteger))
    throw new InputShapeError(`A value of "${spec.name}" is too large to be exact; give "integers" instead.`)
  return row.map(BigInt)
}

/**
 * A context as it is stored: checksummed addresses.
 *
 * @throws RequestInvalidError
 */
export function readContext(context: StoredContext): StoredContext {
  const account = (name: 'caller' | 'prover') => {
    try {
      return getAddress(context[name])
    } catch {
      throw new RequestInvalidError(`body/context/${name} has a wrong checksum; correct the address.`)
    }
  }
  return {
    chainId: readWord(context.chainId, 'body/context/chainId'),
    caller: account('caller'),
    requestId: context.requestId.toLowerCase(),
    modelId: readWord(context.modelId, 'body/context/modelId'),
    prover: account('prover'),
  }
}

/**
 * The id of a model in a registry, without leading zeros.
 *
 * @throws RequestInvalidError
 */
export const readModelId = (modelId: string): string => readWord(modelId, 'body/submit/modelId')

function readWord(decimal: string, where: string): string {
  const word = BigInt(decimal)
  if (word >> 256n !== 0n) throw new RequestInvalidError(`${where} does not fit 256 bits; correct it.`)
  return word.toString()
}
