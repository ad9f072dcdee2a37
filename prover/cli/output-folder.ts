// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
import { withTemporaryFile } from '../binfile/atomic'
import type { CompiledModel, CompileReport } from '../pipeline'
import { artefactPaths } from '../pipeline/artefacts'
import { FileError, UsageError } from './errors'
import { statOf } from './files'

const MAX_NAME = 64

/** A model's name: as given, or from its file; a mere `model.onnx` is called as the folder to write, or its own. */
export function modelName(path: string, given: string | undefined, out: string | undefined): string {
  if (given !== undefined) {
    if (!/^[\w][\w .-]*$/.test(given) || given.length > MAX_NAME)
      throw new UsageError(`--name takes up to ${MAX_NAME} letters, digits, dots, dashes and spaces, not "${given}"`)
    return given
  }
  const stem = basename(path, extname(path))
  const folder = out === undefined ? basename(dirname(resolve(path))) : basename(resolve(out), '.zkml')
  const name = stem === 'model' && folder !== '' ? folder : stem
  return (
    name
      .replace(/[^\w.-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, MAX_NAME) || 'model'
  )
}

/**
 * Refuses to write over files that `zkml compile` has not written.
 *
 * @throws FileError
 */
export function checkOutputFolder(out: string, onnx: Uint8Array, recipe: string | undefined): void {
  const stats = statOf(out)
  if (!stats) return
  if (!stats.isDirectory()) throw new FileError(`--out ${out} is a file; give the name of a folder`)
  const paths = artefactPaths(out)
  if (statOf(paths.privateFolder))
    throw new FileError(
      `${paths.privateFolder} holds private weights and the salt of their commitment; give another folder with --out, or move it away`,
    )
  if (isModelFile(paths.model)) return
  const isSameModel = statOf(paths.onnx) && Buffer.compare(readFileSync(paths.onnx), onnx) === 0
  const isSameRecipe =
    recipe !== undefined && statOf(paths.recipe) && realpathSync(paths.recipe) === realpathSync(recipe)
  const others = [
    paths.report,
    paths.r1cs,
    ...(isSameModel ? [] : [paths.onnx]),
    ...(isSameRecipe ? [] : [paths.recipe]),
  ]
  const taken = others.find((path) => statOf(path))
  if (taken !== undefined)
    throw new FileError(
      `${taken} is already there and was not written by "zkml compile"; give another folder with --out`,
    )
}

/** Whether `model.json` is one of ours, of this version or another. */
function isModelFile(path: string): boolean {
  try {
    const { format } = JSON.parse(readFileSync(path, 'utf8')) as { format?: unknown }
    return typeof format === 'string' && format.startsWith('zkml-model/')
  } catch {
    return false
  }
}

/** Writes a compiled model; a folder that is new appears whole or not at all. */
export async function saveModelFolder(
  out: string,
  name: string,
  model: CompiledModel,
  report: CompileReport,
): Promise<void> {
  const { saveModel } = await import('../pipeline')
  if (statOf(out)) {
    await saveModel(out, name, model, report)
    return
  }
  mkdirSync(dirname(resolve(out)), { recursive: true })
  await withTemporaryFile(resolve(out), (temporary) => saveModel(temporary, name, model, report))
}
