// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ZkmlError } from '../../errors'
import { ArtefactError, artefactPaths } from '../../pipeline'
import { readModelFolder } from './model-files'
import type { CatalogueModel } from './types'

/** A folder that holds no model which can be served, and why. */
export type FolderProblem = { readonly folder: string; readonly code: string; readonly message: string }

/**
 * The models that the operator put on this machine: each folder is that of a model or has folders of models in it. A folder
 * with a problem does not keep others from being served. A model is called as its folder; of several with one name, the first
 * keeps it and the next are `<name>-2`, `<name>-3`, in the order of the folders and, within one, of the alphabet.
 */
export function readLocalModels(folders: readonly string[]): {
  readonly models: readonly CatalogueModel[]
  readonly problems: readonly FolderProblem[]
} {
  const models = new Map<string, CatalogueModel>()
  const problems: FolderProblem[] = []
  const seen = new Set<string>()
  const attempt = (folder: string, read: () => void) => {
    try {
      read()
    } catch (error) {
      problems.push({ folder, ...describeProblem(error) })
    }
  }
  for (const given of folders) {
    attempt(given, () => {
      for (const folder of modelFolders(given)) {
        attempt(folder, () => {
          const path = realpathSync(folder)
          if (seen.has(path)) return
          seen.add(path)
          const model = readModelFolder(path)
          const { file, vkHash, setupHash } = model
          if (file.weightsCommitment !== undefined)
            throw new ArtefactError(
              `${path}: its weights are private; such models are proven by "zkml prove", not served`,
            )
          const key = freeKey(basename(path), models)
          models.set(key, { key, folder: path, file, vkHash, setupHash, source: 'local' })
        })
      }
    })
  }
  return { models: [...models.values()], problems }
}

/** A folder itself when it is that of a model, or else those in it that are. */
function modelFolders(folder: string): string[] {
  const isModel = (path: string) => existsSync(artefactPaths(path).model)
  if (isModel(folder)) return [folder]
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter(isModel)
}

function freeKey(name: string, taken: ReadonlyMap<string, unknown>): string {
  let key = name
  for (let count = 2; taken.has(key); count++) key = `${name}-${count}`
  return key
}

export function describeProblem(error: unknown): Omit<FolderProblem, 'folder'> {
  const code = error instanceof ZkmlError ? error.code : ((error as NodeJS.ErrnoException).code ?? 'INTERNAL')
  return { code, message: error instanceof Error ? error.message : String(error) }
}
