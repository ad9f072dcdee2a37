// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { zKey } from 'snarkjs'
import { r1csChunks, readWholeFile, writeJsonAtomic } from '../../binfile'
import {
  parseSnarkjsVerificationKey,
  readKeyMetadata,
  verifyingKeyOf,
  vkHash,
  withSnarkjs,
  withZkey,
} from '../../groth16'
import { artefactPaths, compileModel, compileReport, saveModel } from '../../pipeline'
import { requireKnownKey } from '../../pipeline/known-keys'
import { parseRecipe } from '../../quantize'
import { ServiceError } from '../errors'
import { ArtefactTooLargeError } from './download'
import { IDENTITY, type ModelIdentityHashes } from './manifest'

/** Artefacts are not those that a registry entry speaks of: another model, circuit, schema, recipe or key. */
export class ArtefactMismatchError extends ServiceError {
  readonly code = 'ARTEFACT_MISMATCH'
}

/** A model to be made of artefacts whose content is known, and whose meaning is not. */
export type RebuildTask = {
  /** Holds the proving key and its metadata; the rest is written here. */
  readonly folder: string
  readonly name: string
  readonly onnx: string
  readonly recipe: string
  /** SHA-256 of the proving key, lower-case hex. */
  readonly zkeySha256: string
  /** What the registry entry says. */
  readonly identity: ModelIdentityHashes
  /** Largest circuit that is written, in bytes. */
  readonly maxBytes: number
}

/**
 * Rebuilds a model from its ONNX file and recipe, requires that it is the one of the registry entry, and checks the foreign key
 * against the circuit. The verification key is taken out of the proving key. `model.json` is written last.
 *
 * @throws ArtefactMismatchError, ArtefactTooLargeError, KeyMismatchError, UnsafeVerifyingKeyError and what a model may be
 * refused with
 */
export async function rebuildModel(task: RebuildTask): Promise<void> {
  const { folder, name, identity } = task
  const recipe = parseRecipe(readFileSync(task.recipe, 'utf8'))
  const model = await compileModel(readFileSync(task.onnx), { recipe })
  requireSame(model.hashes, identity)
  const { r1cs } = model.circuit
  let bytes = 0
  for (const chunk of r1csChunks(r1cs)) bytes += chunk.byteLength
  if (bytes > task.maxBytes)
    throw new ArtefactTooLargeError(
      `the circuit of the model has ${bytes} bytes, and ${task.maxBytes} are allowed; raise the cap`,
    )

  const { keyMetadata, zkey, verificationKey } = artefactPaths(folder)
  const metadata = readKeyMetadata(keyMetadata)
  requireSame(metadata, identity)
  if (metadata.zkeyHash !== `0x${task.zkeySha256}`)
    throw new ArtefactMismatchError('the metadata of the proving key is of another key than the manifest names')
  requireSame({ vkHash: vkHash(withZkey(zkey, verifyingKeyOf)) }, identity)
  await requireKnownKey(readWholeFile(zkey), r1cs, identity.r1csHash)
  const json = await withSnarkjs(() => zKey.exportVerificationKey(zkey))
  requireSame({ vkHash: vkHash(parseSnarkjsVerificationKey(json)) }, identity)
  await writeJsonAtomic(verificationKey, json)
  await saveModel(folder, name, model, compileReport(model))
}

/**
 * Requires that all hashes that `found` has are the expected ones.
 *
 * @throws ArtefactMismatchError
 */
export function requireSame(found: Partial<ModelIdentityHashes>, expected: ModelIdentityHashes): void {
  const different = IDENTITY.find((key) => found[key] !== undefined && found[key] !== expected[key])
  if (different !== undefined)
    throw new ArtefactMismatchError(
      `the artefacts of the model have ${different} ${found[different]}, the registry entry ${expected[different]}; do not serve this model`,
    )
}
