// SPDX-License-Identifier: GPL-3.0-or-later
import { nativeStatus } from '../native'
import { nativeEngine } from './native-engine'
import type { PointEngine } from './point-engine'
import { wasmEngine } from './wasm-engine'

/** The fastest engine that this installation has. */
export function pointEngine(): PointEngine {
  const { addon } = nativeStatus()
  return addon === undefined ? wasmEngine : nativeEngine(addon)
}
