// SPDX-License-Identifier: GPL-3.0-or-later
import os from 'node:os'
import { buildBn128, type Curve } from 'ffjavascript'
import * as snarkjs from 'snarkjs'

/**
 * snarkjs keeps one curve with a thread per core alive for the whole process, which then never ends by itself; and two
 * calls that start at once would each make one and lose the first. So every call to snarkjs is made under a lease: the
 * first starts the threads, and the last to be released stops them.
 */
let leases = 0
let curve: Promise<Curve> | undefined

/** A share of snarkjs' threads. Release it, or the process does not exit. */
export type SnarkjsLease = { readonly curve: Curve; release(): Promise<void> }

export type SnarkjsThreads = {
  /**
   * Most threads that snarkjs uses; one per core when absent. Counts for whoever starts them, which is the first lease.
   * With 1 everything is computed on the thread of the caller, which spares copies between threads: where proofs are
   * made in several processes at once, that gives the most of them in a given time.
   */
  readonly threads?: number
}

/** Starts snarkjs' threads unless they run already. */
export async function leaseSnarkjs({ threads }: SnarkjsThreads = {}): Promise<SnarkjsLease> {
  leases++
  curve ??= startCurve(threads)
  let leased: Curve
  try {
    leased = await curve
  } catch (error) {
    leases--
    curve = undefined
    throw error
  }
  let isHeld = true
  return {
    curve: leased,
    release: async () => {
      if (!isHeld) return
      isHeld = false
      if (--leases > 0) return
      const last = curve
      curve = undefined
      const ended = await last
      if (shared.curve_bn128 === ended) shared.curve_bn128 = null
      await ended?.terminate()
    },
  }
}

/** Runs `use` with snarkjs' threads up, and stops them afterwards unless someone else holds a lease. */
export async function withSnarkjs<T>(use: (curve: Curve) => Promise<T>, options: SnarkjsThreads = {}): Promise<T> {
  const lease = await leaseSnarkjs(options)
  try {
    return await use(lease.curve)
  } finally {
    await lease.release()
  }
}

/** Where ffjavascript keeps the curve that it hands out to snarkjs. */
const shared = globalThis as { curve_bn128?: Curve | null }

async function startCurve(threads: number | undefined): Promise<Curve> {
  if (threads === undefined) return snarkjs.curves.getCurveFromName('bn128')
  // Asked for a single-threaded curve, ffjavascript makes one anew for each call of snarkjs; this one is kept.
  if (threads === 1) return (shared.curve_bn128 = await buildBn128(true))
  // It starts a thread for each core that it is told of.
  const { cpus } = os
  Object.assign(os, { cpus: () => cpus().slice(0, threads) })
  try {
    return await snarkjs.curves.getCurveFromName('bn128')
  } finally {
    Object.assign(os, { cpus })
  }
}
