// SPDX-License-Identifier: GPL-3.0-or-later
import { parentPort, workerData } from 'node:worker_threads'

import { CurveWasm } from './bn254-wasm'
import { FixedBase, type GroupName } from './fixed-base'
import type { PointTask, PointResult, PoolPlan } from './point-pool'

/**
 * One thread of the point pool: builds the table of a group when the first task for it arrives, and answers each task
 * with its points.
 */
const { code, windowBits } = workerData as PoolPlan
const bases = new Map<GroupName, FixedBase>()

parentPort?.on('message', ({ id, group, scalars }: PointTask) => {
  let base = bases.get(group)
  if (base === undefined) {
    base = new FixedBase(new CurveWasm(code), code, group, windowBits[group])
    bases.set(group, base)
  }
  const points = base.multiply(scalars)
  scalars.fill(0)
  const result: PointResult = { id, points }
  parentPort?.postMessage(result, [points.buffer as ArrayBuffer])
})
