// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ZkmlError } from '../errors'

/** Thrown when a folder does not hold what a command needs, or holds files that do not belong together. */
export class ArtefactError extends ZkmlError {
  readonly code = 'ARTEFACT_INVALID'
}

/** Where everything of one model lies. */
export type ArtefactPaths = {
  readonly folder: string
  readonly onnx: string
  readonly recipe: string
  /** Identity, io schema and counts. */
  readonly model: string
  readonly report: string
  readonly r1cs: string
  readonly zkey: string
  readonly verificationKey: string
  readonly keyMetadata: string
  /** Of the ceremony that made the key, if one did. */
  readonly transcript: string
  /** The key before any contribution, which a ceremony starts from. */
  readonly initialKey: string
  /** The model with its private weights, and what commits to them: nothing of it may leave the machine. */
  readonly privateFolder: string
  readonly privateOnnx: string
  readonly privateSalt: string
  /** Folder of the Solidity verifier of a PLONK or FFLONK key. */
  readonly verifier: string
}

export function artefactPaths(folder: string): ArtefactPaths {
  return {
    folder,
    onnx: join(folder, 'model.onnx'),
    recipe: join(folder, 'recipe.json'),
    model: join(folder, 'model.json'),
    report: join(folder, 'report.json'),
    r1cs: join(folder, 'circuit.r1cs'),
    zkey: join(folder, 'proving_key.zkey'),
    verificationKey: join(folder, 'verification_key.json'),
    keyMetadata: join(folder, 'key.json'),
    transcript: join(folder, 'transcript.json'),
    initialKey: join(folder, 'ceremony', 'circuit_0000.zkey'),
    privateFolder: join(folder, 'private'),
    privateOnnx: join(folder, 'private', 'model.onnx'),
    privateSalt: join(folder, 'private', 'weights.json'),
    verifier: join(folder, 'verifier'),
  }
}

/**
 * Reads a file a command depends on.
 *
 * @throws ArtefactError that names the command which makes the file.
 */
export function readArtefact(path: string, madeBy: string): Buffer {
  if (!existsSync(path)) throw new ArtefactError(`${path} does not exist; run "${madeBy}" first`)
  try {
    return readFileSync(path)
  } catch (error) {
    throw new ArtefactError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
