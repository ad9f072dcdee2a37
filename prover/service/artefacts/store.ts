// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync } from 'node:fs'
import { mkdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { FileWriteError, sha256File } from '../../binfile'
import type { Log } from '../log'
import type { Metrics } from '../metrics'
import { ArtefactTooLargeError, download, type DownloadRules } from './download'
import { ArtefactCorruptError } from './model-files'
import { PartialFile, partialsIn, StoreFullError, writeError } from './partial-file'
import { serially, SharedTasks, type TaskUser } from './shared-tasks'
import type { Source } from './sources'
import { diskUsage } from './usage'

export type StoreOptions = {
  /** Largest file that is fetched, in bytes. */
  readonly maxFileBytes: number
  /** Most that is kept below the root, in bytes: files, and models made of them. */
  readonly maxStoreBytes: number
  readonly log: Log
  readonly metrics?: Metrics
  /** Patience with sources; see {@link DEFAULT_RULES}. */
  readonly rules?: Partial<DownloadRules>
}

/** A file of the store, which stays there until it is released. */
export type Lease = { readonly path: string; release(): void }

export type FetchRequest = TaskUser & {
  readonly sources: readonly Source[]
  /** Size of the file, where it is known. */
  readonly bytes?: number
  /** Most bytes otherwise. */
  readonly maxBytes?: number
}

export const DEFAULT_RULES: DownloadRules = {
  timeouts: { answer: 30_000, idle: 30_000 },
  slowest: 256 * 1024,
  attempts: 4,
  backoff: 500,
}

/**
 * Files by their SHA-256: `<root>/sha256/<first two digits>/<hash>`. What enters was hashed on its way in; what is handed out
 * is hashed again unless size, time and inode are as they were. Within a process, one store serves a root; several processes
 * may share it.
 *
 * @example
 * ```ts
 * const store = await ArtefactStore.open('state/artefacts', { maxFileBytes: 2 ** 31, maxStoreBytes: 2 ** 34, log })
 * const lease = await store.fetch(sha256, { sources: [folderSource('/mnt/mirror', sha256)] })
 * ```
 */
export class ArtefactStore {
  private readonly downloads = new SharedTasks<void>()
  private readonly verified = new Map<string, string>()
  private readonly leases = new Map<string, number>()
  /** What is being fetched now, and the room that it was promised. */
  private readonly reserved = new Map<string, number>()

  private readonly inTurn = serially()

  private constructor(
    readonly root: string,
    private readonly options: StoreOptions,
  ) {}

  /** Opens a store, making its folders and removing partial files that nobody will go on with. */
  static async open(root: string, options: StoreOptions): Promise<ArtefactStore> {
    const store = new ArtefactStore(root, options)
    try {
      for (const folder of ['sha256', 'partial', 'models']) await mkdir(join(root, folder), { recursive: true })
    } catch (error) {
      throw writeError(root, error)
    }
    for (const { path, isOld } of await partialsIn(store.partials)) if (isOld) await rm(path, { force: true })
    await store.measure()
    return store
  }

  get maxFileBytes(): number {
    return this.options.maxFileBytes
  }

  /** Folder of models made of files of this store. */
  get models(): string {
    return join(this.root, 'models')
  }

  /** Where the file of a hash is, or would be. */
  pathOf(sha256: string): string {
    return join(this.root, 'sha256', sha256.slice(0, 2), sha256)
  }

  /**
   * A file that is here, or undefined.
   *
   * @throws ArtefactCorruptError when it was here and has changed; it is removed.
   */
  async lease(sha256: string): Promise<Lease | undefined> {
    const release = this.hold(sha256)
    const path = this.pathOf(sha256)
    try {
      if (await this.isGood(path, sha256)) return { path, release }
      release()
      return undefined
    } catch (error) {
      release()
      throw error
    }
  }

  /**
   * A file, fetched from the first source that delivers it. Whoever wants the same file at the same time waits for the same
   * download.
   *
   * @throws ArtefactFetchError, ArtefactTooLargeError, StoreFullError, FileWriteError
   */
  async fetch(sha256: string, request: FetchRequest): Promise<Lease> {
    const release = this.hold(sha256)
    const path = this.pathOf(sha256)
    try {
      if (!(await this.isGoodOrGone(path, sha256)))
        await this.downloads.run(sha256, request, (signal, report) => this.download(sha256, request, signal, report))
      return { path, release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Forgets which files were found good, so that each is hashed again before its next use. */
  distrust(): void {
    this.verified.clear()
  }

  /**
   * Makes room by removing the files that nobody holds, none of the models needs, and that were longest unused.
   *
   * @param bytes How much is to be added.
   * @throws StoreFullError when there is none to be made.
   */
  async makeRoom(bytes: number): Promise<void> {
    const { maxStoreBytes, log } = this.options
    const usage = await this.measure()
    let free = maxStoreBytes - usage.bytes
    for (const file of usage.removable) {
      if (free >= bytes) break
      await rm(file.path, { force: true })
      log.info({ path: file.path, bytes: file.bytes }, 'removed an artefact to make room')
      free += file.bytes
    }
    if (free < bytes)
      throw new StoreFullError(
        `${this.root} has no room for ${bytes} bytes more within ${maxStoreBytes}; raise the cap or remove models from it`,
      )
    await this.measure()
  }

  private get partials(): string {
    return join(this.root, 'partial')
  }

  private async download(
    sha256: string,
    { sources, bytes, maxBytes = this.options.maxFileBytes }: FetchRequest,
    signal: AbortSignal,
    report: (bytes: number, total: number | undefined) => void,
  ): Promise<void> {
    const most = Math.min(bytes ?? maxBytes, this.options.maxFileBytes)
    try {
      if (bytes !== undefined && bytes > most)
        throw new ArtefactTooLargeError(
          `the artefact ${sha256} has ${bytes} bytes, and ${most} are allowed; raise the cap`,
        )
      await this.reserve(sha256, most)
      const path = this.pathOf(sha256)
      const wanted = { sha256, bytes, maxBytes: most }
      const rules = { ...DEFAULT_RULES, ...this.options.rules }
      const partial = await PartialFile.open(this.partials, sha256)
      try {
        await download(partial, wanted, sources, rules, signal, report)
        await mkdir(join(path, '..'), { recursive: true }).catch((error: unknown) => {
          throw writeError(path, error)
        })
        await partial.finish(path)
      } catch (error) {
        // Bytes that were read stay for the next attempt, unless it is the disk that fails.
        if (error instanceof StoreFullError || error instanceof FileWriteError) await partial.discard()
        throw error
      } finally {
        await partial.close()
      }
      await this.remember(path, sha256)
    } finally {
      this.reserved.delete(sha256)
      await this.measure()
    }
  }

  /** Promises room to a download; one at a time, so that none is promised twice. */
  private reserve(sha256: string, bytes: number): Promise<void> {
    return this.inTurn(async () => {
      await this.makeRoom(bytes)
      this.reserved.set(sha256, bytes)
    })
  }

  private hold(sha256: string): () => void {
    this.leases.set(sha256, (this.leases.get(sha256) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const left = this.leases.get(sha256)! - 1
      if (left > 0) this.leases.set(sha256, left)
      else this.leases.delete(sha256)
    }
  }

  private async isGoodOrGone(path: string, sha256: string): Promise<boolean> {
    try {
      return await this.isGood(path, sha256)
    } catch (error) {
      if (!(error instanceof ArtefactCorruptError)) throw error
      this.options.log.warn({ path, code: error.code }, 'an artefact has changed on disk and is fetched again')
      return false
    }
  }

  private async isGood(path: string, sha256: string): Promise<boolean> {
    if (!existsSync(path)) return false
    if (this.verified.get(sha256) !== (await fingerprint(path)) && (await sha256File(path)) !== sha256) {
      this.verified.delete(sha256)
      await rm(path, { force: true })
      throw new ArtefactCorruptError(`${path} no longer has the content that its name says; it was removed`)
    }
    await this.remember(path, sha256)
    return true
  }

  /** Notes that a file is good, and in use now. */
  private async remember(path: string, sha256: string): Promise<void> {
    const { mtime } = await stat(path)
    await utimes(path, new Date(), mtime)
    this.verified.set(sha256, await fingerprint(path))
  }

  private async measure(): Promise<Awaited<ReturnType<typeof diskUsage>>> {
    const usage = await diskUsage(this.root, this.reserved, (sha256) => this.leases.has(sha256))
    this.options.metrics?.artefactBytes.set(usage.bytes)
    return usage
  }
}

/** What cannot stay the same when a file's content is replaced. */
async function fingerprint(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path)
  return `${size}:${mtimeMs}:${ino}`
}
