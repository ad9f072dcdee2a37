// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'

import { ZkmlError } from '../errors'

/** A file could not be written; the file that was there before, if any, is untouched. */
export class FileWriteError extends ZkmlError {
  readonly code = 'FILE_WRITE_FAILED'
  readonly path: string

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`cannot write ${path}: ${reason}; check that the folder exists, is writable and has room`, { cause })
    this.path = path
  }
}

/** What {@link writeFileAtomic} wrote. */
export type WrittenFile = {
  readonly path: string
  readonly bytes: number
  /** SHA-256 of the content, lower-case hex. */
  readonly sha256: string
}

/** Told of every temporary file or folder: when it may appear, and when it is gone. */
export type TemporaryWatcher = (path: string, exists: boolean) => void

let watcher: TemporaryWatcher = () => undefined

/** Sets who is told of temporary files, so that a program stopped by a signal can remove those that are left. */
export function watchTemporaries(next: TemporaryWatcher): void {
  watcher = next
}

/** Tells the watcher of a temporary file or folder made elsewhere. */
export function noteTemporary(path: string, exists: boolean): void {
  watcher(path, exists)
}

/**
 * Runs `write` on a temporary name beside `path` and renames the result, a file or a folder, to `path`. If `write`
 * fails, its error is rethrown as it is and what it wrote is removed, so nothing half-written is ever found under
 * `path`.
 */
export async function withTemporaryFile<T>(path: string, write: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`
  watcher(temporary, true)
  try {
    const result = await write(temporary)
    await rename(temporary, path).catch((error: unknown) => {
      throw new FileWriteError(path, error)
    })
    return result
  } catch (error) {
    await rm(temporary, { force: true, recursive: true }).catch(() => undefined)
    throw error
  } finally {
    watcher(temporary, false)
  }
}

/**
 * Writes chunks to a temporary name, flushes them to disk and renames. An error thrown by the chunk producer passes
 * through as it is; an error of the file system becomes a {@link FileWriteError}. Either way nothing is left behind.
 * `mode` restricts who may read the file; 0o600 for secrets.
 *
 * @example
 * ```ts
 * const { sha256 } = await writeFileAtomic('model.r1cs', r1csChunks(r1cs))
 * ```
 */
export async function writeFileAtomic(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  mode = 0o666,
): Promise<WrittenFile> {
  const fail = (error: unknown): never => {
    throw new FileWriteError(path, error)
  }
  return withTemporaryFile(path, async (temporary) => {
    const file = await open(temporary, 'wx', mode).catch(fail)
    const hash = createHash('sha256')
    let bytes = 0
    try {
      for await (const chunk of chunks) {
        for (let done = 0; done < chunk.byteLength;) {
          const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done).catch(fail)
          done += bytesWritten
        }
        hash.update(chunk)
        bytes += chunk.byteLength
      }
      await file.sync().catch(fail)
    } finally {
      await file.close()
    }
    return { path, bytes, sha256: hash.digest('hex') }
  })
}

/** Writes a JSON document, indented by two spaces and ended by a newline, through {@link writeFileAtomic}. */
export async function writeJsonAtomic(path: string, value: unknown, mode?: number): Promise<WrittenFile> {
  return writeFileAtomic(path, [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)], mode)
}

/** SHA-256 of a file of any size, lower-case hex. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
