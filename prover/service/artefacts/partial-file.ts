// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { FileWriteError } from '../../binfile'
import { ServiceError } from '../errors'
import { isGone, isStale, OWNER } from './owner'

/** The disk or the store is full; nothing half-written was left behind. */
export class StoreFullError extends ServiceError {
  readonly code = 'ARTEFACT_STORE_FULL'
  override readonly transient = true
}

/** Bytes of a file that is on its way, in order; whoever takes over after a crash goes on where they end. */
export class PartialFile {
  private hash: Hash = createHash('sha256')
  private size = 0
  private source: { readonly name: string; readonly etag: string | undefined } | undefined

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Goes on with what this process, or one that died, has of a file; or starts it. Nobody else may have it open here. */
  static async open(folder: string, sha256: string): Promise<PartialFile> {
    const path = join(folder, `${sha256}.${OWNER}`)
    try {
      const left = (await partialsIn(folder)).find(({ name, isLeft }) => isLeft && name.startsWith(`${sha256}.`))
      if (left && left.path !== path) await rename(left.path, path)
      const partial = new PartialFile(path, await open(path, left ? 'r+' : 'w+'))
      if (left) await partial.resume()
      return partial
    } catch (error) {
      throw writeError(path, error)
    }
  }

  get bytes(): number {
    return this.size
  }

  /** ETag of the answer that all bytes so far came from, if it came from this source. */
  etagOf(source: string): string | undefined {
    return this.source?.name === source ? this.source.etag : undefined
  }

  /** From here on bytes come from this source. */
  comesFrom(name: string, etag: string | undefined): void {
    this.source = { name, etag: this.size === 0 || this.source?.name === name ? etag : undefined }
  }

  async append(chunk: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < chunk.byteLength;) {
        const { bytesWritten } = await this.file.write(chunk, done, chunk.byteLength - done, this.size + done)
        done += bytesWritten
      }
    } catch (error) {
      throw writeError(this.path, error)
    }
    this.hash.update(chunk)
    this.size += chunk.byteLength
  }

  /** Throws away all bytes. */
  async restart(): Promise<void> {
    await this.file.truncate(0)
    this.hash = createHash('sha256')
    this.size = 0
    this.source = undefined
  }

  /** SHA-256 of the bytes so far, lower-case hex. */
  digest(): string {
    return this.hash.copy().digest('hex')
  }

  /** Makes the file durable, read-only, and moves it to its place. */
  async finish(path: string): Promise<void> {
    try {
      await this.file.sync()
      await this.file.chmod(0o444)
      await rename(this.path, path)
    } catch (error) {
      throw writeError(path, error)
    }
  }

  /** Closes the file; what there is of it stays for the next attempt. */
  async close(): Promise<void> {
    await this.file.close()
    if (this.size === 0) await rm(this.path, { force: true })
  }

  async discard(): Promise<void> {
    this.size = 0
    await rm(this.path, { force: true })
  }

  private async resume(): Promise<void> {
    for await (const chunk of createReadStream(this.path)) {
      this.hash.update(chunk as Buffer)
      this.size += (chunk as Buffer).byteLength
    }
  }
}

export type PartialEntry = {
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** Whether no other process that may still be alive is writing it. */
  readonly isLeft: boolean
  /** Whether it has been left for so long that nobody will go on with it. */
  readonly isOld: boolean
}

/** The partial files of a folder. */
export async function partialsIn(folder: string): Promise<PartialEntry[]> {
  const entries = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name)
      const stats = await stat(path).catch(() => undefined)
      if (!stats) return []
      const owner = name.split('.').slice(1).join('.')
      const isOld = isStale(stats.mtimeMs)
      return [{ name, path, bytes: stats.size, isOld, isLeft: isOld || owner === OWNER || isGone(owner) }]
    }),
  )
  return entries.flat()
}

/** What a failed write means: no room, or something that will not go away by itself. */
export function writeError(path: string, error: unknown): StoreFullError | FileWriteError {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StoreFullError(`${path} cannot be written: the disk is full; free some space`, { cause: error })
  return new FileWriteError(path, error)
}
