// SPDX-License-Identifier: GPL-3.0-or-later
import { parentPort, workerData } from 'node:worker_threads'

import { CurveWasm } from './bn254-wasm'
import { FixedBase } from './fixed-base'
import type { PointTask, PointResult, PoolPlan } from './point-pool'

/** One thread of the point pool: builds the table of its group, and answers each task with its points. */
const { code, group, windowBits } = workerData as PoolPlan
const base = new FixedBase(new CurveWasm(code), code, group, windowBits)

parentPort?.on('message', ({ id, scalars }: PointTask) => {
  const points = base.multiply(scalars)
  scalars.fill(0)
  const result: PointResult = { id, points }
  parentPort?.postMessage(result, [points.buffer as ArrayBuffer])
})
