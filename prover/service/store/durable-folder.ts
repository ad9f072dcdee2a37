// SPDX-License-Identifier: GPL-3.0-or-later

import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Input/output error, as WASI counts errors. */
const EIO = 29

type Stream = { readonly nfd?: number; readonly node: unknown }
type Module = {
  onAbort?: () => void
  readonly FS: { readonly streams: readonly (Stream | null | undefined)[] }
  readonly NODEFS: {
    readonly stream_ops: { fsync?: (stream: Stream) => number }
    realPath(node: unknown): string
  }
}

/**
 * PGlite's folder, with `fsync`. The package mounts it without, so what PostgreSQL believes to be on the disk would be lost
 * in a power cut.
 */
export class DurableFolder extends NodeFS {
  #module: Module | undefined
  #aborted = false

  /** Whether PostgreSQL gave up on this folder, as it does when the disk is full: only a new start reads what it holds. */
  get aborted(): boolean {
    return this.#aborted
  }

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args)
    const mend = (given: unknown): void => {
      const module = given as Module
      this.#module = module
      module.onAbort = () => (this.#aborted = true)
      module.NODEFS.stream_ops.fsync = (stream) => {
        try {
          // Folders have no descriptor here.
          if (stream.nfd === undefined) syncPath(module.NODEFS.realPath(stream.node))
          else fsyncSync(stream.nfd)
          return 0
        } catch {
          // An exception would pass through PostgreSQL unseen.
          return EIO
        }
      }
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), mend] } }
  }

  /** Closes the files that an aborted PostgreSQL left open. */
  abandon(): void {
    this.#aborted = true
    for (const stream of this.#module?.FS.streams ?? []) {
      if (stream?.nfd !== undefined) closeSync(stream.nfd)
    }
    this.#module = undefined
  }
}

/**
 * PGlite's parameters, but with commits that wait for the disk: it sets `-F`, and its `fdatasync`, the default for the log, does
 * nothing.
 */
export const DURABLE_PARAMETERS: string[] = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...['-c', 'wal_sync_method=fsync'],
  // Logs that are kept to be written anew; the default, 80 MB, is for busier databases.
  ...['-c', 'min_wal_size=32MB'],
  // A timer that would outlive a start that failed.
  ...['-c', 'log_startup_progress_interval=0'],
]

/** Makes sure that a folder and all in it are on the disk. */
export function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) syncTree(path)
    else if (entry.isFile()) syncPath(path)
  }
  syncPath(folder)
}

/** Makes sure that one file, or the entries of one folder, are on the disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
