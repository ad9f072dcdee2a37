// SPDX-License-Identifier: GPL-3.0-or-later

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { getBytes } from 'ethers'
import type { IoSchema, TensorSpec } from '../../prover/encodings'
import {
  canonicalKeyHex,
  checkVerifyingKey,
  parseCanonicalKeyBytes,
  type VerifyingKey,
} from '../../prover/groth16/vkey'
import { readJson, type JsonReader } from './json'

/**
 * Everything that registering a model takes, and what `models/<name>/registration.json` holds. The publisher and the
 * verifier's code hash are added at deployment.
 */
export type ModelRegistration = {
  readonly name: string
  readonly modelHash: string
  readonly r1csHash: string
  readonly recipeHash: string
  readonly setupHash: string
  readonly weightsCommitment: bigint
  readonly verifyingKey: VerifyingKey
  readonly ioSchema: IoSchema
  readonly uri: string
  /** Contract of the generated verifier; the shared one serves the model when there is none. */
  readonly verifierContract?: string
}

/** Reads the registrations of all models below a directory that have one, sorted by name. */
export async function readRegistrations(directory: string): Promise<ModelRegistration[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const models: ModelRegistration[] = []
  for (const name of names.sort()) {
    const json = await readJson(join(directory, name, 'registration.json'))
    if (json !== undefined) models.push(parseRegistration(json))
  }
  return models
}

/** Reads one registration and checks its key. */
export function parseRegistration(json: JsonReader): ModelRegistration {
  const verifyingKey = parseCanonicalKeyBytes(getBytes(json.at('verifyingKey').hex()))
  checkVerifyingKey(verifyingKey)
  const verifierContract = json.optional('verifierContract')?.string()
  return {
    name: json.at('name').string(),
    modelHash: json.at('modelHash').hex(32),
    r1csHash: json.at('r1csHash').hex(32),
    recipeHash: json.at('recipeHash').hex(32),
    setupHash: json.at('setupHash').hex(32),
    weightsCommitment: json.at('weightsCommitment').bigint(),
    verifyingKey,
    ioSchema: parseIoSchema(json.at('ioSchema')),
    uri: json.at('uri').string(),
    ...(verifierContract === undefined ? {} : { verifierContract }),
  }
}

/** The JSON form that {@link parseRegistration} reads; integers beyond 2^53 are decimal strings. */
export function formatRegistration(model: ModelRegistration): unknown {
  const formatSpec = (spec: TensorSpec) => ({ ...spec, lo: spec.lo.toString() })
  return {
    ...model,
    weightsCommitment: model.weightsCommitment.toString(),
    verifyingKey: canonicalKeyHex(model.verifyingKey),
    ioSchema: {
      outputs: model.ioSchema.outputs.map(formatSpec),
      inputs: model.ioSchema.inputs.map(formatSpec),
      weightsCommitted: model.ioSchema.weightsCommitted,
    },
  }
}

function parseIoSchema(json: JsonReader): IoSchema {
  const parseSpec = (spec: JsonReader): TensorSpec => ({
    name: spec.at('name').string(),
    shape: spec
      .at('shape')
      .items()
      .map((size) => size.integer()),
    lo: spec.at('lo').bigint(),
    bits: spec.at('bits').integer(),
    exponent: spec.at('exponent').integer(),
    visibility: spec.at('visibility').oneOf('public', 'hashed', 'private'),
  })
  return {
    outputs: json.at('outputs').items().map(parseSpec),
    inputs: json.at('inputs').items().map(parseSpec),
    weightsCommitted: json.at('weightsCommitted').boolean(),
  }
}
