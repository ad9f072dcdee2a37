// SPDX-License-Identifier: GPL-3.0-or-later

import { lstat, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { partialsIn } from './partial-file'

export type DiskUsage = {
  /** Each file once, however many names it has, and what is promised to files on their way. */
  readonly bytes: number
  /** What nobody needs, longest unused first. */
  readonly removable: readonly { readonly path: string; readonly bytes: number }[]
}

/**
 * What lies below the root of a store. A file with a second name is part of a model and stays.
 *
 * @param reserved Bytes promised to files that are being fetched, by hash.
 */
export async function diskUsage(
  root: string,
  reserved: ReadonlyMap<string, number>,
  isHeld: (sha256: string) => boolean,
): Promise<DiskUsage> {
  let bytes = [...reserved.values()].reduce((sum, size) => sum + size, 0)
  const removable: { path: string; bytes: number; usedAt: number }[] = []
  const seen = new Set<number>()
  for (const folder of ['sha256', 'models']) {
    for (const path of await filesBelow(join(root, folder))) {
      const stats = await lstat(path).catch(() => undefined)
      if (!stats || seen.has(stats.ino)) continue
      seen.add(stats.ino)
      bytes += stats.size
      if (folder === 'sha256' && stats.nlink === 1 && !isHeld(basename(path)))
        removable.push({ path, bytes: stats.size, usedAt: stats.atimeMs })
    }
  }
  for (const partial of await partialsIn(join(root, 'partial'))) {
    if (reserved.has(partial.name.split('.')[0]!)) continue
    bytes += partial.bytes
    if (partial.isLeft) removable.push({ ...partial, usedAt: 0 })
  }
  return { bytes, removable: removable.sort((a, b) => a.usedAt - b.usedAt) }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
