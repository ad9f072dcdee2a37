// SPDX-License-Identifier: GPL-3.0-or-later

import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak256, toBeHex } from 'ethers'
import type { RegisteredModel } from '../../chain/types'
import { DEV_SETUP_HASH } from '../../encodings'
import type { Log } from '../log'
import {
  type ArtefactManifest,
  manifestPaths,
  type ManifestFile,
  type ManifestFiles,
  MAX_MANIFEST_BYTES,
  parseManifest,
} from './manifest'
import { isGone, isStale, OWNER } from './owner'
import { writeError } from './partial-file'
import { ModelUnavailableError, rebuildApart, type Rebuild } from './rebuild'
import { ArtefactMismatchError, requireSame } from './rebuild-model'
import { serially } from './shared-tasks'
import { sourcesOf, type FetchPlaces } from './sources'
import type { ArtefactStore, Lease } from './store'
import { parseArtefactUri, parseLocation, resolveLocation, type Location } from './uri'

export type ForeignModelsOptions = {
  readonly store: ArtefactStore
  readonly places: FetchPlaces
  /** Default: a process of its own, within {@link DEFAULT_REBUILD_LIMITS}. */
  readonly rebuild?: Rebuild
  readonly log: Log
}

/** Name of the folder of a registered model, and its key in the catalogue: 0x and 64 hex digits. */
export function modelKey(modelId: bigint): string {
  return toBeHex(modelId, 32)
}

/** Makes models that were only seen on chain: `<root>/models/<model id>`. */
export class ForeignModels {
  private readonly inTurn = serially()

  constructor(private readonly options: ForeignModelsOptions) {}

  /** Folders of models that were made before, by key. */
  async folders(): Promise<ReadonlyMap<string, string>> {
    const { models } = this.options.store
    const names = (await readdir(models)).filter((name) => /^0x[0-9a-f]{64}$/.test(name)).sort()
    return new Map(names.map((name) => [name, join(models, name)]))
  }

  /** Removes what processes that died were making. */
  async cleanUp(): Promise<void> {
    const { models } = this.options.store
    for (const name of await readdir(models)) {
      const owner = /^0x[0-9a-f]{64}\.(.+)\.tmp$/.exec(name)?.[1]
      if (owner === undefined || owner === OWNER) continue
      const stats = await stat(join(models, name)).catch(() => undefined)
      if (stats && (isGone(owner) || isStale(stats.mtimeMs)))
        await rm(join(models, name), { recursive: true, force: true })
    }
  }

  /**
   * Fetches a model by the hashes that its registry entry states, and rebuilds it. Its folder appears whole, after everything
   * was checked, or not at all.
   *
   * @returns The folder.
   * @throws ArtefactUriError, ManifestError, ArtefactFetchError, ArtefactTooLargeError, ArtefactMismatchError, StoreFullError,
   * ModelUnavailableError
   */
  async make(entry: RegisteredModel, signal: AbortSignal): Promise<string> {
    const { sha256, location } = parseArtefactUri(entry.uri)
    const leases: Lease[] = []
    try {
      const manifest = await this.fetchManifest(sha256, location, signal)
      requireSame(manifest, entry)
      const fetched: Partial<Record<keyof ManifestFiles, string>> = {}
      // The small ones first: a model that is refused for them costs little.
      for (const key of ['keyMetadata', 'recipe', 'transcript', 'onnx', 'zkey'] as const) {
        const file = manifest.files[key]
        if (!file) continue
        this.options.log.debug({ model: modelKey(entry.modelId), file: key, bytes: file.bytes }, 'fetching an artefact')
        const lease = await this.fetchFile(file, location, signal)
        leases.push(lease)
        fetched[key] = lease.path
      }
      return await this.inTurn(() => this.build(entry, manifest, fetched as FetchedFiles, signal))
    } finally {
      for (const lease of leases) lease.release()
    }
  }

  private async fetchManifest(
    sha256: string,
    location: Location | undefined,
    signal: AbortSignal,
  ): Promise<ArtefactManifest> {
    const { store, places } = this.options
    const sources = sourcesOf(sha256, location ? [location] : [], places)
    const lease = await store.fetch(sha256, { sources, maxBytes: MAX_MANIFEST_BYTES, signal })
    try {
      return parseManifest(await readFile(lease.path))
    } finally {
      lease.release()
    }
  }

  private fetchFile(file: ManifestFile, base: Location | undefined, signal: AbortSignal): Promise<Lease> {
    const { store, places } = this.options
    const locations = (file.locations ?? []).flatMap((text) => {
      const location = parseLocation(text) ?? (base && resolveLocation(base, text))
      return location ? [location] : []
    })
    return store.fetch(file.sha256, { sources: sourcesOf(file.sha256, locations, places), bytes: file.bytes, signal })
  }

  private async build(
    entry: RegisteredModel,
    { name, files }: ArtefactManifest,
    fetched: FetchedFiles,
    signal: AbortSignal,
  ): Promise<string> {
    const { store, rebuild = rebuildApart } = this.options
    const folder = join(store.models, modelKey(entry.modelId))
    const temporary = `${folder}.${OWNER}.tmp`
    const paths = manifestPaths(temporary)
    try {
      await checkTranscript(entry.setupHash, fetched.transcript)
      try {
        await mkdir(temporary)
        for (const key of ['zkey', 'keyMetadata', 'transcript'] as const)
          if (fetched[key] !== undefined) await place(fetched[key], paths[key])
      } catch (error) {
        throw writeError(temporary, error)
      }
      const { onnx, recipe } = fetched
      const { modelHash, r1csHash, recipeHash, ioSchemaHash, vkHash, setupHash } = entry
      const identity = { modelHash, r1csHash, recipeHash, ioSchemaHash, vkHash, setupHash }
      const zkeySha256 = files.zkey.sha256
      const task = { folder: temporary, name, onnx, recipe, zkeySha256, identity, maxBytes: store.maxFileBytes }
      await rebuild(task, signal)
      // What was written counts as well.
      await store.makeRoom(0)
      try {
        // What may be there already was found damaged.
        await rm(folder, { recursive: true, force: true })
        await rename(temporary, folder)
      } catch (error) {
        throw writeError(folder, error)
      }
      return folder
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
}

type FetchedFiles = Readonly<Record<'onnx' | 'recipe' | 'zkey' | 'keyMetadata', string>> & {
  readonly transcript?: string
}

async function checkTranscript(setupHash: string, transcript: string | undefined): Promise<void> {
  const found = transcript === undefined ? DEV_SETUP_HASH : keccak256(await readFile(transcript))
  if (found !== setupHash)
    throw new ArtefactMismatchError(
      `the transcript of the setup has hash ${found}, the registry entry says ${setupHash}`,
    )
}

/** Gives a file of the store a second name, which keeps it there; a copy where the file system has no such thing. */
async function place(from: string, to: string): Promise<void> {
  await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV' && error.code !== 'EPERM' && error.code !== 'ENOTSUP') throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  })
}

/** That the operator's rules do not allow a model to be fetched. */
export function notAllowed(modelId: bigint): ModelUnavailableError {
  return new ModelUnavailableError(
    `model ${modelKey(modelId)} is not on this machine and may not be fetched; add its folder, or allow it to be fetched`,
  )
}
