// SPDX-License-Identifier: GPL-3.0-or-later
import { type Curve } from 'ffjavascript'
import * as snarkjs from 'snarkjs'

/**
 * snarkjs keeps one curve with a thread per core alive for the whole process, which then never ends by itself; and two
 * calls that start at once would each make one and lose the first. So every call to snarkjs is made under a lease: the
 * first starts the threads, and the last to be released stops them.
 */
let leases = 0
let curve: Promise<Curve> | undefined

/** A share of snarkjs' threads. Release it, or the process does not exit. */
export type SnarkjsLease = { release(): Promise<void> }

/** Starts snarkjs' threads unless they run already. */
export async function leaseSnarkjs(): Promise<SnarkjsLease> {
  leases++
  curve ??= snarkjs.curves.getCurveFromName('bn128')
  try {
    await curve
  } catch (error) {
    leases--
    curve = undefined
    throw error
  }
  let isHeld = true
  return {
    release: async () => {
      if (!isHeld) return
      isHeld = false
      if (--leases > 0) return
      const last = curve
      curve = undefined
      await (await last)?.terminate()
    },
  }
}

/** Runs `use` with snarkjs' threads up, and stops them afterwards unless someone else holds a lease. */
export async function withSnarkjs<T>(use: () => Promise<T>): Promise<T> {
  const lease = await leaseSnarkjs()
  try {
    return await use()
  } finally {
    await lease.release()
  }
}
