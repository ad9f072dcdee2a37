// SPDX-License-Identifier: GPL-3.0-or-later

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatArtefactUri, type ManifestFile } from '../../../prover/service/artefacts'
import {
  createManifest,
  encodeManifest,
  manifestHash,
  manifestPaths,
  type ManifestFiles,
} from '../../../prover/service/artefacts/manifest'
import type { MarketModel } from './models'

/** A model's artefacts at a mirror. */
export type Mirrored = {
  /** What to register. */
  readonly uri: string
  /** The file of the mirror that holds a part of the model. */
  path(part: keyof ManifestFiles): string
}

/** Puts the artefacts of a model into a folder, by hash, from where daemons can fetch them. */
export async function mirrorModel(mirror: string, { folder }: MarketModel): Promise<Mirrored> {
  const manifest = await createManifest(folder)
  const sources = manifestPaths(folder)
  const place = (sha256: string): string => join(mirror, 'sha256', sha256)
  mkdirSync(join(mirror, 'sha256'), { recursive: true })
  for (const [part, file] of Object.entries(manifest.files) as [keyof ManifestFiles, ManifestFile][]) {
    copyFileSync(sources[part], place(file.sha256))
  }
  const sha256 = manifestHash(manifest)
  writeFileSync(place(sha256), encodeManifest(manifest))
  return {
    uri: formatArtefactUri({ sha256 }),
    path(part) {
      const file = manifest.files[part]
      if (file === undefined) throw new Error(`The manifest has no ${part}.`)
      return place(file.sha256)
    },
  }
}
