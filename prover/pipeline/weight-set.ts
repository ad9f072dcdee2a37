// SPDX-License-Identifier: GPL-3.0-or-later

import { constants, cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { writeJsonAtomic } from '../binfile'
import { withTemporaryFile } from '../binfile/atomic'
import { architectureOf, parseModel } from '../onnx'
import { parseRecipe } from '../quantize'
import { ArtefactError, artefactPaths, readArtefact, type ArtefactPaths } from './artefacts'
import { compiledCircuitHash, hashOnnx, quantizeModel } from './compile'
import { readModelFile, readReport, schemaToJson, type ModelFile } from './model-folder'
import { commitWeights, savePrivateWeights } from './private-weights'

/** What a folder for other weights of the same architecture takes over: circuit, recipe and keys. */
function sharedFiles(paths: ArtefactPaths): readonly string[] {
  const { onnx, recipe, r1cs, zkey, verificationKey, keyMetadata, transcript, verifier } = paths
  return [onnx, recipe, r1cs, zkey, verificationKey, keyMetadata, transcript, verifier].filter((path) =>
    existsSync(path),
  )
}

/**
 * Commits to other weights of an architecture: a new folder with the circuit and keys of the first, weights and commitment
 * of its own. It is a model of its own in the registry, under the same key.
 *
 * @param folder - what "zkml compile --weights private" wrote
 * @param onnx - a model of the same architecture
 * @param out - the folder to make, whole or not at all
 * @throws ArtefactError when the model is of another architecture; InputRangeError when a weight lies outside the range
 *   that the recipe declares.
 */
export async function commitWeightSet(folder: string, onnx: Uint8Array, out: string, name: string): Promise<ModelFile> {
  const paths = artefactPaths(folder)
  const file = readModelFile(paths)
  if (file.weightsCommitment === undefined)
    throw new ArtefactError(`${folder}: its weights are fixed in the circuit; compile it with --weights private first`)
  const modelHash = hashOnnx(architectureOf(onnx))
  if (modelHash !== file.modelHash)
    throw new ArtefactError(
      `the model is of another architecture than ${folder} (${modelHash}, not ${file.modelHash}); only weights may differ`,
    )
  if (existsSync(out) && !(statSync(out).isDirectory() && readdirSync(out).length === 0))
    throw new ArtefactError(`${out} is already there; give the name of a new folder`)
  const recipe = parseRecipe(readArtefact(paths.recipe, 'zkml compile').toString('utf8'))
  const graph = parseModel(onnx, { privateWeights: true })
  const weights = commitWeights(onnx, graph, quantizeModel(onnx, recipe))
  const next: ModelFile = {
    ...file,
    name,
    weightsCommitment: weights.commitment.toString(),
    circuitHash: compiledCircuitHash(file, weights.commitment),
  }
  // Accuracy was measured on the first weights.
  const report = { ...readReport(folder), accuracy: null, alternatives: null, circuitHash: next.circuitHash }
  await withTemporaryFile(out, async (temporary) => {
    mkdirSync(temporary, { recursive: true })
    for (const path of sharedFiles(paths))
      cpSync(path, join(temporary, basename(path)), { recursive: true, mode: constants.COPYFILE_FICLONE })
    const own = artefactPaths(temporary)
    await savePrivateWeights(own, onnx, weights)
    await writeJsonAtomic(own.report, report)
    await writeJsonAtomic(own.model, { ...next, schema: schemaToJson(next.schema) })
  })
  return next
}
