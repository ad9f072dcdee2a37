// SPDX-License-Identifier: GPL-3.0-or-later

import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

const HOST = hostname().replace(/[^\w-]/g, '_')

/** This process, in names of temporary files. Containers start with the same process numbers again and again. */
export const OWNER = `${HOST}.${process.pid}.${randomBytes(6).toString('hex')}`

/** After this time without a write, what another host left is nobody's, in milliseconds. */
const ABANDONED_AFTER = 86_400_000

/** Whether what an owner wrote last at this time, in milliseconds since 1970, is so old that nobody goes on with it. */
export function isStale(writtenAt: number): boolean {
  return Date.now() - writtenAt > ABANDONED_AFTER
}

/** Whether the process that is named cannot be writing any more. */
export function isGone(owner: string): boolean {
  const [host, pid] = owner.split('.')
  if (owner === OWNER || host !== HOST) return false
  return Number(pid) === process.pid || !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
