// SPDX-License-Identifier: GPL-3.0-or-later
import { buildBn128, type Curve } from 'ffjavascript'

import type { CurveCode } from './bn254-wasm'

// Apart from bn254-wasm.ts, because ffjavascript must not be loaded in a worker: the web-worker package that it
// imports takes every worker for one of its own.

let curve: Promise<Curve> | undefined
let code: Promise<CurveCode> | undefined

/** ffjavascript's BN254 on this thread, once a process; it keeps no process alive. */
export async function loadPlainCurve(): Promise<Curve> {
  return (curve ??= buildBn128(true))
}

/** Compiles ffjavascript's BN254 module, once a process; no threads are started. */
export async function loadCurve(): Promise<CurveCode> {
  code ??= loadPlainCurve().then(({ tm, G1, G2 }) => {
    if (tm.code === undefined) throw new Error('ffjavascript no longer exposes its WASM code')
    const module = new WebAssembly.Module(tm.code.slice())
    return { module, g1: G1.gAffine.slice(), g2: G2.gAffine.slice() }
  })
  return code
}
