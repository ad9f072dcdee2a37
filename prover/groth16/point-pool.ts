// SPDX-License-Identifier: GPL-3.0-or-later
import { availableParallelism } from 'node:os'
import { extname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { FIELD_BYTES } from '../binfile/field'
import { type CurveCode, CurveWasm, G1_BYTES, G2_BYTES } from './bn254-wasm'
import { bestWindow, FixedBase, type GroupName } from './fixed-base'
import type { EngineOptions } from './point-engine'

/** What a worker is started with. */
export type PoolPlan = { readonly code: CurveCode; readonly group: GroupName; readonly windowBits: number }

/** A slice of the scalars, as a worker gets it, and its answer. */
export type PointTask = { readonly id: number; readonly scalars: Uint8Array }
export type PointResult = { readonly id: number; readonly points: Uint8Array }

const TASK_SCALARS = 4096
/** Time of a G2 multiplication in units of a G1 multiplication (measured). */
const G2_WEIGHT = 3
/** Below this many G1 multiplications, starting threads costs more than it saves. */
const WORTH_A_THREAD = 8192
const MAX_THREADS = 32

/**
 * Multiplies the generator of a group by every scalar, on all cores. The result depends on the scalars alone, not on the
 * number of threads.
 *
 * @param scalars 32-byte little-endian integers below r. They are secret: every copy is zeroed after use.
 * @param options Threads: 1 computes on the calling thread; one a core, or 1 where that is faster, when absent.
 * @returns The points, affine, in the form of `.zkey` files.
 */
export async function multiplyGenerator(
  code: CurveCode,
  group: GroupName,
  scalars: Uint8Array,
  options: EngineOptions = {},
): Promise<Uint8Array> {
  const count = scalars.byteLength / FIELD_BYTES
  const threads = options.threads ?? defaultThreads(count * (group === 'G1' ? 1 : G2_WEIGHT))
  const plan: PoolPlan = { code, group, windowBits: bestWindow(count / threads) }
  const tasks = slicesOf(scalars)
  const size = pointBytes(group)
  const out = new Uint8Array(count * size)
  let done = 0
  const accept = ({ id, points }: PointResult): void => {
    out.set(points, id * TASK_SCALARS * size)
    done += points.byteLength
    options.onProgress?.(done / out.byteLength)
  }
  options.signal?.throwIfAborted()
  if (threads === 1) await runHere(plan, tasks, accept, options.signal)
  else await runOnThreads(plan, tasks, Math.min(threads, tasks.length), accept, options.signal)
  return out
}

function pointBytes(group: GroupName): number {
  return group === 'G1' ? G1_BYTES : G2_BYTES
}

function defaultThreads(weight: number): number {
  return Math.max(1, Math.min(availableParallelism(), MAX_THREADS, Math.floor(weight / WORTH_A_THREAD)))
}

function slicesOf(scalars: Uint8Array): PointTask[] {
  const bytes = TASK_SCALARS * FIELD_BYTES
  return Array.from({ length: Math.ceil(scalars.byteLength / bytes) }, (_, id) => ({
    id,
    scalars: scalars.subarray(id * bytes, (id + 1) * bytes),
  }))
}

async function runHere(
  { code, group, windowBits }: PoolPlan,
  tasks: readonly PointTask[],
  accept: (result: PointResult) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const base = new FixedBase(new CurveWasm(code), code, group, windowBits)
  for (const { id, scalars } of tasks) {
    accept({ id, points: base.multiply(scalars) })
    await nextTurn()
    signal?.throwIfAborted()
  }
}

async function runOnThreads(
  plan: PoolPlan,
  tasks: readonly PointTask[],
  threads: number,
  accept: (result: PointResult) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const waiting = [...tasks].reverse()
  const workers = Array.from({ length: threads }, () => startWorker(plan))
  let onAbort = (): void => undefined
  try {
    await new Promise<void>((resolve, reject) => {
      let finished = 0
      const give = (worker: Worker): void => {
        const next = waiting.pop()
        if (next === undefined) return
        const task: PointTask = { id: next.id, scalars: next.scalars.slice() }
        worker.postMessage(task, [task.scalars.buffer as ArrayBuffer])
      }
      onAbort = () => reject(signal?.reason as Error)
      signal?.addEventListener('abort', onAbort)
      for (const worker of workers) {
        worker.on('error', reject)
        worker.on('exit', (exitCode) => reject(new Error(`a setup thread stopped early (exit code ${exitCode})`)))
        worker.on('message', (result: PointResult) => {
          accept(result)
          if (++finished === tasks.length) resolve()
          else give(worker)
        })
        give(worker)
      }
      if (tasks.length === 0) resolve()
    })
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** Starts the worker from the same kind of file as this one: JavaScript when built, TypeScript under ts-node. */
function startWorker(plan: PoolPlan): Worker {
  const extension = extname(__filename)
  const file = join(__dirname, `fixed-base-worker${extension}`)
  if (extension !== '.ts') return new Worker(file, { workerData: plan })
  // ts-node looks for tsconfig.json from TS_NODE_CWD upwards; the process may run anywhere.
  return new Worker(file, {
    workerData: plan,
    execArgv: ['-r', require.resolve('ts-node/register/transpile-only')],
    env: { ...process.env, TS_NODE_CWD: __dirname },
  })
}
