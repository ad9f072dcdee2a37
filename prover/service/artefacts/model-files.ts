// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { sha256File } from '../../binfile'
import { recipeHash } from '../../encodings'
import { readKeyMetadata, verifyingKeyOf, vkHash, withZkey } from '../../groth16'
import { artefactPaths, readArtefact, readModelFile, readVerifyingKey, type ModelFile } from '../../pipeline'
import { parseRecipe } from '../../quantize'
import { ServiceError } from '../errors'

/** A file is no longer what it was when it was checked; it is not used. */
export class ArtefactCorruptError extends ServiceError {
  readonly code = 'ARTEFACT_CORRUPT'
}

/** A model's folder, as its small files describe it. */
export type ModelFolder = {
  readonly folder: string
  readonly file: ModelFile
  readonly vkHash: string
  readonly setupHash: string
  readonly zkeyHash: string
}

/**
 * Reads a folder that `zkml compile` and `zkml setup` made. Only small files and the header of the proving key are read, so
 * that many models are listed in no time: those who prove check the rest.
 *
 * @throws ArtefactError, KeyMetadataError, BinFileError
 */
export function readModelFolder(folder: string): ModelFolder {
  const paths = artefactPaths(folder)
  const file = readModelFile(paths)
  for (const path of [paths.onnx, paths.recipe]) if (!existsSync(path)) readArtefact(path, 'zkml compile')
  for (const path of [paths.keyMetadata, paths.zkey]) if (!existsSync(path)) readArtefact(path, 'zkml setup')
  const metadata = readKeyMetadata(paths.keyMetadata)
  const expect = (path: string, actual: string, expected: string): void => {
    if (actual !== expected)
      throw new ArtefactCorruptError(`${path} does not belong to the other files of its folder; run "zkml setup" again`)
  }
  expect(paths.keyMetadata, metadata.r1csHash, file.r1csHash)
  expect(paths.verificationKey, vkHash(readVerifyingKey(paths)), metadata.vkHash)
  expect(paths.zkey, vkHash(withZkey(paths.zkey, verifyingKeyOf)), metadata.vkHash)
  return { folder, file, vkHash: metadata.vkHash, setupHash: metadata.setupHash, zkeyHash: metadata.zkeyHash }
}

/**
 * Reads a model's folder and every byte of its ONNX file, recipe, circuit and key, which must have the hashes that are stated.
 *
 * @throws ArtefactCorruptError and what {@link readModelFolder} throws
 */
export async function verifyModelFolder(folder: string): Promise<ModelFolder> {
  const model = readModelFolder(folder)
  const paths = artefactPaths(folder)
  const { modelHash, r1csHash } = model.file
  for (const [path, hash] of [
    [paths.onnx, modelHash],
    [paths.r1cs, r1csHash],
    [paths.zkey, model.zkeyHash],
  ] as const) {
    if (!existsSync(path)) readArtefact(path, 'zkml compile')
    if (`0x${await sha256File(path)}` !== hash)
      throw new ArtefactCorruptError(`${path} does not have the hash ${hash} that the folder states; make it again`)
  }
  if (recipeHash(parseRecipe(readFileSync(paths.recipe, 'utf8'))) !== model.file.recipeHash)
    throw new ArtefactCorruptError(`${paths.recipe} is not the recipe that model.json states; make it again`)
  return model
}
