// SPDX-License-Identifier: GPL-3.0-or-later

import { parseSnarkjsVerificationKey, readKeyMetadata, vkHash, type VerifyingKey } from '../groth16'
import {
  parseUniversalKey,
  readKeySystem,
  readUniversalKeyMetadata,
  universalKeyHash,
  type UniversalKey,
  type UniversalSystem,
} from '../universal'
import { ArtefactError, readArtefact, type ArtefactPaths } from './artefacts'

/** The verifying key of a folder's circuit, of the system that its metadata names. */
export type CircuitKey = { readonly hash: string } & (
  | { readonly system: 'groth16'; readonly key: VerifyingKey }
  | { readonly system: UniversalSystem; readonly key: UniversalKey }
)

/** The Groth16 verifying key of a model's folder. */
export function readVerifyingKey(paths: ArtefactPaths): VerifyingKey {
  return readKey(paths, parseSnarkjsVerificationKey)
}

function readKey<T>(paths: ArtefactPaths, parse: (json: unknown) => T): T {
  const text = readArtefact(paths.verificationKey, 'zkml setup').toString('utf8')
  try {
    return parse(JSON.parse(text))
  } catch (error) {
    throw new ArtefactError(`${paths.verificationKey}: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * The verifying key, checked to be the one that was set up for a circuit.
 *
 * @throws ArtefactError, KeyMetadataError
 */
export function readCircuitKey(paths: ArtefactPaths, r1csHash: string): CircuitKey {
  readArtefact(paths.keyMetadata, 'zkml setup')
  const system = readKeySystem(paths.keyMetadata)
  const metadata =
    system === 'groth16' ? readKeyMetadata(paths.keyMetadata) : readUniversalKeyMetadata(paths.keyMetadata)
  if (metadata.r1csHash !== r1csHash)
    throw new ArtefactError(`${paths.keyMetadata}: the key was made for another circuit; run "zkml setup" again`)
  const found = system === 'groth16' ? groth16Key(paths) : universalKey(paths)
  if (found.hash !== metadata.vkHash || found.system !== system)
    throw new ArtefactError(`${paths.verificationKey} is not the key that key.json describes; run "zkml setup" again`)
  return found
}

function groth16Key(paths: ArtefactPaths): CircuitKey {
  const key = readVerifyingKey(paths)
  return { system: 'groth16', key, hash: vkHash(key) }
}

function universalKey(paths: ArtefactPaths): CircuitKey {
  const key = readKey(paths, parseUniversalKey)
  return { system: key.system, key, hash: universalKeyHash(key) }
}
