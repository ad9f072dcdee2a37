// SPDX-License-Identifier: GPL-3.0-or-later

import type { IoSchema } from '../../encodings'
import { randomFieldElement } from '../../witness'
import type { CatalogueModel } from '../artefacts/types'
import {
  inputFromIntegers,
  inputFromWords,
  inputSalts,
  inputToIntegers,
  quantizedInputCommitment,
} from '../pool/encode'
import type { QuantizedInput } from '../pool/types'
import type { Queryable } from '../store/database'
import type { Job } from '../store/job'
import type { Store } from '../store/store'
import { InputMismatchError } from './errors'

/** An input to prove, with the salts of hashed tensors where they are given, in signal order. */
export type JobInput = { readonly input: QuantizedInput; readonly salts?: readonly bigint[] }

/** An input as the store keeps it, encrypted: packed words as a request's event has them, or integers and salts. */
type StoredInput =
  { readonly words: string } | { readonly integers: readonly (readonly string[])[]; readonly salts?: readonly string[] }

/**
 * Salts of every hashed tensor in signal order, outputs first: those of the outputs fresh, those of the inputs as given.
 */
export function withOutputSalts({ outputs }: IoSchema, inputSalts: readonly bigint[]): readonly bigint[] {
  const hashed = outputs.filter(({ visibility }) => visibility === 'hashed')
  return [...hashed.map(randomFieldElement), ...inputSalts]
}

/** Keeps the input of a job. */
export async function saveInput(store: Store, tx: Queryable, jobId: string, { input, salts }: JobInput): Promise<void> {
  const stored: StoredInput = {
    integers: inputToIntegers(input),
    ...(salts && { salts: salts.map(String) }),
  }
  await store.secrets.put(tx, jobId, 'input', stored)
}

/**
 * The input of a job. That of a market job has the commitment which the request names: whoever opened a request or sent the input
 * may have lied.
 */
export async function loadInput(
  store: Store,
  job: Job,
  model: CatalogueModel,
): Promise<JobInput | { readonly missing: string; readonly code: string }> {
  const stored = (await store.secrets.get(store.db, job.id, 'input')) as StoredInput | undefined
  if (stored === undefined)
    return {
      code: 'INPUT_MISSING',
      missing: 'its input has not arrived; the requester sends it to /v1/requests/{id}/input',
    }
  let input: JobInput
  try {
    input = readInput(stored, model)
    if (job.origin.kind === 'market') checkCommitment(model, input, job.origin.request.inputCommitment)
  } catch (error) {
    return { code: 'INPUT_MISMATCH', missing: `its input is not the one it asks about: ${(error as Error).message}` }
  }
  return input
}

function readInput(stored: StoredInput, { file: { schema } }: CatalogueModel): JobInput {
  if ('words' in stored) {
    const input = inputFromWords(schema, stored.words)
    const salts = withOutputSalts(schema, [])
    return salts.length === 0 ? { input } : { input, salts }
  }
  const { integers, salts } = stored
  return { input: inputFromIntegers(schema, integers), ...(salts && { salts: salts.map(BigInt) }) }
}

/**
 * Checks that an input is the one a request asks about.
 *
 * @throws InputMismatchError
 */
export function checkCommitment(
  { file: { schema } }: CatalogueModel,
  { input, salts }: JobInput,
  expected: string,
): void {
  const hashed = [...schema.outputs, ...schema.inputs].filter(({ visibility }) => visibility === 'hashed').length
  if (hashed > 0 && salts === undefined)
    throw new InputMismatchError('the salts of its hashed tensors are missing; send them with the input')
  const actual = quantizedInputCommitment(schema, input, inputSalts(schema, salts ?? []))
  if (actual.toLowerCase() !== expected.toLowerCase())
    throw new InputMismatchError(`it has the commitment ${actual}, and the request names ${expected}`)
}
