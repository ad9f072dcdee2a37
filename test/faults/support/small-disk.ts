// SPDX-License-Identifier: GPL-3.0-or-later

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** A file system in memory that has room for so much and no more. */
export type SmallDisk = {
  /** Gives it another size. */
  resize(kibibytes: number): void
  remove(): void
}

/** Whether this process may mount file systems. */
export function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0
}

/** Mounts one at a folder, which is made. */
export function mountSmallDisk(folder: string, kibibytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true })
  const mount = (...options: readonly string[]): void =>
    void execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', folder], { stdio: 'pipe' })
  mount(`size=${kibibytes}k`)
  return {
    resize: (next) => mount('remount', `size=${next}k`),
    // A daemon that was killed a moment ago may have files open still.
    remove: () => void execFileSync('umount', ['-l', folder], { stdio: 'pipe' }),
  }
}
