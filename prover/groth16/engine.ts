// SPDX-License-Identifier: GPL-3.0-or-later
import type { PointEngine } from './point-engine'
import { wasmEngine } from './wasm-engine'

/** The fastest engine that this installation has. */
export async function pointEngine(): Promise<PointEngine> {
  return Promise.resolve(wasmEngine)
}
