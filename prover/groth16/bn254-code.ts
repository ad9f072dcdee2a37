// SPDX-License-Identifier: GPL-3.0-or-later
import { buildBn128 } from 'ffjavascript'

import type { CurveCode } from './bn254-wasm'

// Apart from bn254-wasm.ts, because ffjavascript must not be loaded in a worker: the web-worker package that it
// imports takes every worker for one of its own.

let shared: Promise<CurveCode> | undefined

/** Compiles ffjavascript's BN254 module, once a process; no threads are started. */
export async function loadCurve(): Promise<CurveCode> {
  shared ??= buildBn128(true).then(({ tm, G1, G2 }) => {
    if (tm.code === undefined) throw new Error('ffjavascript no longer exposes its WASM code')
    const module = new WebAssembly.Module(tm.code.slice())
    return { module, g1: G1.gAffine.slice(), g2: G2.gAffine.slice() }
  })
  return shared
}
