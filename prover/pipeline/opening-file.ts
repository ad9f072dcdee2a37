// SPDX-License-Identifier: GPL-3.0-or-later

import { isDeepStrictEqual } from 'node:util'
import { isHexString } from 'ethers'
import { elementCount, isFieldElement } from '../encodings'
import { commitmentOf, OpeningError, type CommitmentSecret, type TensorOpening } from './opening'
import { realValues } from './secrets'

type Fail = (problem: string, cause?: unknown) => never
type Json = Readonly<Record<string, unknown>>

/** JSON of an opening; numbers that may exceed 2^53 are decimal strings, and `values` are for people. */
export function openingToJson(opening: TensorOpening): object {
  const { modelHash, side, name, shape, lo, bits, exponent, commitment, salt, integers } = opening
  return {
    format: 'zkml-opening/1',
    modelHash,
    side,
    name,
    shape,
    lo: lo.toString(),
    bits,
    exponent,
    commitment: commitment.toString(),
    salt: salt.toString(),
    integers: integers.map(String),
    values: realValues(opening),
  }
}

/**
 * Reads an opening, which opens the commitment it names. Whether a proof is about that one is for {@link verifyOpening}.
 *
 * @throws OpeningError
 */
export function openingFromJson(text: string, file: string): TensorOpening {
  const [value, fail] = readObject(text, file, 'zkml-opening/1', 'zkml open')
  const whole = (field: unknown): number => (Number.isSafeInteger(field) ? (field as number) : fail('it has no format'))
  const opening = {
    modelHash: hashOf(value, fail),
    ...secretOf(value, fail),
    shape: listOf(value, 'shape', fail).map(whole),
    lo: integerOf(value['lo'], fail),
    bits: whole(value['bits']),
    exponent: whole(value['exponent']),
  }
  let given: bigint
  try {
    given = commitmentOf(opening)
  } catch (error) {
    return fail(`it opens nothing: ${(error as Error).message}`, error)
  }
  if (given !== opening.commitment) fail('its salt and integers do not give its commitment')
  if (elementCount({ ...opening, visibility: 'hashed' }) !== opening.integers.length)
    fail(`its shape [${opening.shape.join(', ')}] has not as many elements as there are integers`)
  if (!isDeepStrictEqual(value['values'], realValues(opening))) fail('its "values" are not those of its integers')
  return opening
}

/**
 * Reads what `zkml prove` keeps of the hashed tensors of one proof.
 *
 * @throws OpeningError
 */
export function secretsFromJson(
  text: string,
  file: string,
): { readonly modelHash: string; readonly secrets: readonly CommitmentSecret[] } {
  const [value, fail] = readObject(text, file, 'zkml-secrets/1', 'zkml prove')
  const tensors = listOf(value, 'tensors', fail)
  return {
    modelHash: hashOf(value, fail),
    secrets: tensors.map((tensor) => secretOf(isObject(tensor) ? tensor : fail('a tensor is no object'), fail)),
  }
}

function readObject(text: string, file: string, format: string, maker: string): readonly [Json, Fail] {
  const fail: Fail = (problem, cause) => {
    throw new OpeningError(`${file}: ${problem}; it should be as "${maker}" wrote it`, { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return fail('it is not valid JSON', error)
  }
  return isObject(value) && value['format'] === format ? [value, fail] : fail(`its format is not ${format}`)
}

function secretOf(value: Json, fail: Fail): CommitmentSecret {
  const { side, name } = value
  if (side !== 'output' && side !== 'input') return fail('"side" is neither "output" nor "input"')
  if (typeof name !== 'string') return fail('"name" is not a string')
  const field = (key: string): bigint => {
    const element = integerOf(value[key], fail)
    return isFieldElement(element) ? element : fail(`"${key}" is no field element`)
  }
  const integers = listOf(value, 'integers', fail).map((integer) => integerOf(integer, fail))
  return { side, name, commitment: field('commitment'), salt: field('salt'), integers }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null
}

function listOf(value: Json, name: string, fail: Fail): readonly unknown[] {
  const list = value[name]
  return Array.isArray(list) ? (list as readonly unknown[]) : fail(`"${name}" is not a list`)
}

function integerOf(value: unknown, fail: Fail): bigint {
  return typeof value === 'string' && /^-?\d{1,80}$/.test(value)
    ? BigInt(value)
    : fail('a number is not a string of decimal digits')
}

function hashOf({ modelHash }: Json, fail: Fail): string {
  return isHexString(modelHash, 32) ? modelHash : fail('"modelHash" is not a 32-byte hash')
}
