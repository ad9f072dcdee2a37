// SPDX-License-Identifier: GPL-3.0-or-later

import { statSync } from 'node:fs'
import { artefactPaths, type ArtefactPaths } from '../../pipeline'

/**
 * What was made from the files of model folders, at most `capacity` of them: those that were asked for last. A file
 * that has changed since makes its folder's entry anew.
 */
export class Shelf<T> {
  private readonly kept = new Map<string, { readonly stamp: string; readonly value: T }>()

  constructor(
    private readonly capacity: number,
    private readonly filesOf: (paths: ArtefactPaths) => readonly string[],
    private readonly make: (folder: string) => T | Promise<T>,
  ) {}

  async get(folder: string): Promise<T> {
    // Before reading: a change meanwhile is seen by whoever asks next.
    const stamp = this.filesOf(artefactPaths(folder)).map(stampOf).join()
    const known = this.kept.get(folder)
    this.kept.delete(folder)
    if (known?.stamp === stamp) {
      this.kept.set(folder, known)
      return known.value
    }
    // Room first, so that never more than `capacity` are in memory.
    while (this.kept.size >= this.capacity) this.kept.delete(this.kept.keys().next().value!)
    const value = await this.make(folder)
    this.kept.set(folder, { stamp, value })
    return value
  }
}

/** What changes when a file is written, replaced or touched. */
function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? 'absent' : `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`
}
