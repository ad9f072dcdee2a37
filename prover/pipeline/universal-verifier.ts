// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FileWriteError, writeFileAtomic } from '../binfile'
import {
  generateUniversalVerifier,
  isDevKey,
  MAX_UNIVERSAL_SIGNALS,
  readUniversalKeyMetadata,
  UNIVERSAL_SYSTEMS,
  type UniversalSystem,
} from '../universal'
import { artefactPaths } from './artefacts'
import { readModelFile } from './model-folder'

/**
 * Writes the Solidity verifier of a folder's PLONK or FFLONK key into its folder `verifier`, where it is no part of the
 * MIT contracts: it is made of a GPL-3.0 template of snarkjs.
 *
 * @returns Its path; null for a key with more public signals than fit a contract.
 * @throws KeyMetadataError, FileWriteError and what `generateUniversalVerifier` throws
 */
export async function writeUniversalVerifier(folder: string): Promise<string | null> {
  const paths = artefactPaths(folder)
  const { name } = readModelFile(paths)
  const metadata = readUniversalKeyMetadata(paths.keyMetadata)
  const pathOf = (system: UniversalSystem): string => join(paths.verifier, `${contractNameOf(name, system)}.sol`)
  // Those of an earlier key would pass for those of this one.
  for (const system of UNIVERSAL_SYSTEMS) await rm(pathOf(system), { force: true })
  const { system, nPublic } = metadata
  if (nPublic > MAX_UNIVERSAL_SIGNALS[system]) return null
  const source = await generateUniversalVerifier({
    contractName: contractNameOf(name, system),
    modelName: name.replace(/[^A-Za-z0-9 ._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'model',
    zkey: paths.zkey,
    dev: isDevKey(metadata),
  })
  try {
    mkdirSync(paths.verifier, { recursive: true })
  } catch (error) {
    throw new FileWriteError(paths.verifier, error)
  }
  await writeFileAtomic(pathOf(system), [new TextEncoder().encode(source)])
  return pathOf(system)
}

/** `mnist-cnn` in PLONK is `MnistCnnPlonkVerifier`. */
function contractNameOf(model: string, system: UniversalSystem): string {
  const words = model.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  const name = [...words, system, 'verifier'].map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return /^[A-Za-z]/.test(name) ? name.slice(-64) : `Model${name}`.slice(0, 64)
}
