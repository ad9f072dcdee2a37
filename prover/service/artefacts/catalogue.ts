// SPDX-License-Identifier: GPL-3.0-or-later

import { rm, stat } from 'node:fs/promises'
import type { RegisteredModel } from '../../chain/types'
import { sha256File } from '../../binfile'
import { PROOF_SYSTEM_GROTH16 } from '../../encodings'
import { ZkmlError } from '../../errors'
import { readKeyMetadata } from '../../groth16'
import { artefactPaths } from '../../pipeline'
import { ServiceError } from '../errors'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import { ForeignModels, modelKey, notAllowed } from './foreign-models'
import { describeProblem, readLocalModels, type FolderProblem } from './local-models'
import { IDENTITY, identityOf } from './manifest'
import { ArtefactCorruptError, readModelFolder, verifyModelFolder } from './model-files'
import { StoreFullError } from './partial-file'
import type { Rebuild } from './rebuild'
import { serially, SharedTasks } from './shared-tasks'
import type { FetchPlaces } from './sources'
import type { ArtefactStore } from './store'
import type { Catalogue, CatalogueModel } from './types'

export type CatalogueOptions = {
  /** Each is the folder of a model, or has folders of models in it. */
  readonly folders: readonly string[]
  readonly store: ArtefactStore
  /** Which models may be fetched because a registry entry names them. */
  readonly fetch: 'never' | 'any' | readonly bigint[]
  readonly places: FetchPlaces
  /** How a fetched model is rebuilt; by default in a process of its own. */
  readonly rebuild?: Rebuild
  readonly log: Log
  readonly metrics?: Metrics
}

/** A catalogue of folders, which also tells what it could not read. */
export type FolderCatalogue = Catalogue & { problems(): readonly FolderProblem[] }

/** A registry entry that was found bad is not looked at again for this long, in milliseconds, or until a refresh. */
const REMEMBER_FAILURE = 600_000
const MAX_FAILURES = 1000

/**
 * Reads the folders, checks what was fetched earlier, and makes the catalogue.
 *
 * @example
 * ```ts
 * const catalogue = await createCatalogue({ folders: ['models'], store, fetch: 'never', places, log })
 * const model = await catalogue.resolve(entry)
 * ```
 */
export async function createCatalogue(options: CatalogueOptions): Promise<FolderCatalogue> {
  const foreign = new ForeignModels(options)
  await foreign.cleanUp()
  const catalogue = new Models(options, foreign)
  await catalogue.refresh()
  return catalogue
}

/** A model, and its files as they were when it was read. */
type Known = CatalogueModel & { readonly fingerprint: string }
type Failure = { readonly error: ServiceError; readonly until: number }

class Models implements FolderCatalogue {
  private known: readonly Known[] = []
  private troubles: readonly FolderProblem[] = []
  private readonly resolving = new SharedTasks<CatalogueModel>()
  private readonly failures = new Map<string, Failure>()
  private readonly inTurn = serially()
  private readonly soundKeys = new Set<string>()

  constructor(
    private readonly options: CatalogueOptions,
    private readonly foreign: ForeignModels,
  ) {}

  list(): readonly CatalogueModel[] {
    return this.known
  }

  problems(): readonly FolderProblem[] {
    return this.troubles
  }

  get(key: string): CatalogueModel | undefined {
    return (
      this.known.find((model) => model.key === key) ??
      this.known.find(({ file }) => file.modelHash === key) ??
      this.known.find(({ file }) => file.circuitHash === key)
    )
  }

  async refresh(): Promise<void> {
    this.failures.clear()
    await this.inTurn(() => this.read())
  }

  async resolve(entry: RegisteredModel, signal?: AbortSignal): Promise<CatalogueModel> {
    try {
      const found = await this.find(entry)
      if (found) {
        await this.requireSoundKey(found)
        return found
      }
      this.requireAllowed(entry)
      return await this.resolving.run(failureKey(entry), { ...(signal && { signal }) }, (shared) =>
        this.obtain(entry, shared),
      )
    } catch (error) {
      if (error instanceof ServiceError) this.options.metrics?.errors.inc({ code: error.code, module: 'artefacts' })
      throw error
    }
  }

  /** A model that is here and unchanged since it was read. */
  private async find(entry: RegisteredModel): Promise<Known | undefined> {
    const found = this.match(entry)
    if (!found || found.fingerprint === (await fingerprintOf(found.folder))) return found
    await this.inTurn(() => this.read())
    return this.match(entry)
  }

  /**
   * A damaged proving key shows when it is used, and then a bond is staked already: so its bytes are compared with its metadata, once
   * for each state of the folder.
   */
  private async requireSoundKey({ folder, fingerprint }: Known): Promise<void> {
    const state = `${folder} ${fingerprint}`
    if (this.soundKeys.has(state)) return
    const { zkey, keyMetadata } = artefactPaths(folder)
    if (`0x${await sha256File(zkey)}` !== readKeyMetadata(keyMetadata).zkeyHash)
      throw new ArtefactCorruptError(`${zkey} is not the key that key.json describes; restore it, or set it up again`)
    this.soundKeys.add(state)
  }

  private match(entry: RegisteredModel): Known | undefined {
    return this.known.find((model) => isSameModel(model, entry))
  }

  private requireAllowed({ modelId, weightsCommitment, proofSystemId }: RegisteredModel): void {
    const { fetch } = this.options
    const isListed = typeof fetch === 'string' ? fetch === 'any' : fetch.includes(modelId)
    if (!isListed || weightsCommitment !== 0n || proofSystemId !== PROOF_SYSTEM_GROTH16) throw notAllowed(modelId)
  }

  private async obtain(entry: RegisteredModel, signal: AbortSignal): Promise<CatalogueModel> {
    const key = failureKey(entry)
    const earlier = this.failures.get(key)
    if (earlier && Date.now() < earlier.until) throw earlier.error
    const started = performance.now()
    const { log } = this.options
    const model = modelKey(entry.modelId)
    try {
      await this.foreign.make(entry, signal)
      // Read anew, with every byte hashed, like what is found at a start.
      await this.inTurn(() => this.read())
      const made = this.match(entry)
      if (!made) throw new ArtefactCorruptError(`model ${model} changed while it was made; fetch it again`)
      log.info({ model, seconds: (performance.now() - started) / 1000 }, 'fetched and rebuilt a registered model')
      return made
    } catch (error) {
      if (error instanceof ServiceError) {
        log.warn({ model, code: error.code, reason: error.message }, 'a registered model is not served')
        // A full store is not filled again at once: a model may have been rebuilt before there was no room.
        if (!error.transient || error instanceof StoreFullError) this.remember(key, error)
      }
      throw error
    }
  }

  private remember(key: string, error: ServiceError): void {
    const oldest = this.failures.keys().next().value
    if (this.failures.size >= MAX_FAILURES && oldest !== undefined) this.failures.delete(oldest)
    this.failures.set(key, { error, until: Date.now() + REMEMBER_FAILURE })
  }

  private async read(): Promise<void> {
    const { folders, log, metrics } = this.options
    const { models, problems } = readLocalModels(folders)
    for (const { folder, code, message } of problems) {
      metrics?.errors.inc({ code, module: 'artefacts' })
      log.warn({ folder, code, reason: message }, 'a folder holds no model that can be served')
    }
    const local = await Promise.all(
      models.map(async (model) => ({ ...model, fingerprint: await fingerprintOf(model.folder) })),
    )
    const fetched: Known[] = []
    for (const [key, folder] of await this.foreign.folders()) {
      const model = await this.readFetched(key, folder)
      if (model) fetched.push(model)
    }
    this.troubles = problems
    this.known = [...local, ...fetched]
  }

  /**
   * A model that was fetched: every byte is hashed again unless it is as it was. A damaged one is removed; one that the system
   * could not read now may be good later.
   */
  private async readFetched(key: string, folder: string): Promise<Known | undefined> {
    const { log, metrics, store } = this.options
    try {
      const fingerprint = await fingerprintOf(folder)
      const isKnown = this.known.some((model) => model.folder === folder && model.fingerprint === fingerprint)
      const { file, vkHash, setupHash } = isKnown ? readModelFolder(folder) : await verifyModelFolder(folder)
      return { key, folder, file, vkHash, setupHash, source: 'fetched', fingerprint }
    } catch (error) {
      const { code, message } = describeProblem(error)
      metrics?.errors.inc({ code, module: 'artefacts' })
      log.warn({ folder, code, reason: message }, 'a fetched model is damaged and is not used')
      if (isDamage(error)) await rm(folder, { recursive: true, force: true })
      store.distrust()
      return undefined
    }
  }
}

/** Whether the content is at fault, and not that a system call failed. */
function isDamage(error: unknown): boolean {
  return error instanceof ZkmlError && typeof (error.cause as NodeJS.ErrnoException | undefined)?.code !== 'string'
}

/** Whether a registry entry speaks of a model that is here: same ONNX, recipe, circuit, schema and key, and nothing private. */
export function isSameModel(model: CatalogueModel, entry: RegisteredModel): boolean {
  const hashes = identityOf(model)
  const isServable = entry.weightsCommitment === 0n && entry.proofSystemId === PROOF_SYSTEM_GROTH16
  return isServable && IDENTITY.every((hash) => hashes[hash] === entry[hash])
}

function failureKey({ modelId, uri }: RegisteredModel): string {
  return `${modelKey(modelId)} ${uri}`
}

/** What cannot stay the same when a file of a model is replaced. */
async function fingerprintOf(folder: string): Promise<string> {
  const { onnx, recipe, model, zkey, verificationKey, keyMetadata } = artefactPaths(folder)
  const stats = await Promise.all(
    [onnx, recipe, model, zkey, verificationKey, keyMetadata].map((path) => stat(path).catch(() => undefined)),
  )
  return stats.map((file) => `${file?.size}:${file?.mtimeMs}:${file?.ino}`).join(' ')
}
