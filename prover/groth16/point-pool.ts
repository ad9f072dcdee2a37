// SPDX-License-Identifier: GPL-3.0-or-later
import { availableParallelism } from 'node:os'
import { extname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { FIELD_BYTES } from '../binfile/field'
import { type CurveCode, CurveWasm, G1_BYTES, G2_BYTES } from './bn254-wasm'
import { bestWindow, FixedBase, type GroupName } from './fixed-base'

/** Scalars by which the generator of a group is multiplied. */
export type PointJob = {
  readonly group: GroupName
  /** 32-byte little-endian integers below r. They are secret: every copy is zeroed after use. */
  readonly scalars: Uint8Array
}

/** What a worker is started with. */
export type PoolPlan = { readonly code: CurveCode; readonly windowBits: Readonly<Record<GroupName, number>> }

/** A slice of a job, as a worker gets it, and its answer. */
export type PointTask = { readonly id: number; readonly group: GroupName; readonly scalars: Uint8Array }
export type PointResult = { readonly id: number; readonly points: Uint8Array }

export type PoolOptions = {
  /** Threads to use; 1 computes on the calling thread. Default: one a core, or 1 where that is faster. */
  readonly threads?: number
  /** Called with the share done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void
  readonly signal?: AbortSignal
}

const TASK_SCALARS = 4096
/** Time of a G2 multiplication in units of a G1 multiplication (measured). */
const G2_WEIGHT = 3
/** Below this many G1 multiplications, starting threads costs more than it saves. */
const WORTH_A_THREAD = 8192
const MAX_THREADS = 32

type Slice = PointTask & { readonly job: number; readonly offset: number; readonly weight: number }

/**
 * Multiplies the generators by every scalar of every job, on all cores. The result depends on the scalars alone,
 * not on the number of threads.
 *
 * @returns For each job its points, affine, in the form of `.zkey` files.
 */
export async function multiplyGenerators(
  code: CurveCode,
  jobs: readonly PointJob[],
  options: PoolOptions = {},
): Promise<Uint8Array[]> {
  const count = (group: GroupName): number =>
    jobs.reduce((sum, job) => sum + (job.group === group ? job.scalars.byteLength / FIELD_BYTES : 0), 0)
  const [g1, g2] = [count('G1'), count('G2')]
  const threads = options.threads ?? defaultThreads(g1 + G2_WEIGHT * g2)
  const plan: PoolPlan = { code, windowBits: { G1: bestWindow(g1 / threads), G2: bestWindow(g2 / threads) } }
  const slices = sliceJobs(jobs)
  const out = jobs.map((job) => new Uint8Array((job.scalars.byteLength / FIELD_BYTES) * pointBytes(job.group)))
  const total = slices.reduce((sum, slice) => sum + slice.weight, 0)
  let done = 0
  const accept = (slice: Slice, points: Uint8Array): void => {
    out[slice.job]!.set(points, slice.offset * pointBytes(slice.group))
    done += slice.weight
    options.onProgress?.(done / total)
  }
  options.signal?.throwIfAborted()
  if (threads === 1) await runHere(plan, slices, accept, options.signal)
  else await runOnThreads(plan, slices, Math.min(threads, slices.length), accept, options.signal)
  return out
}

function pointBytes(group: GroupName): number {
  return group === 'G1' ? G1_BYTES : G2_BYTES
}

function defaultThreads(weight: number): number {
  return Math.max(1, Math.min(availableParallelism(), MAX_THREADS, Math.floor(weight / WORTH_A_THREAD)))
}

/** Cuts the jobs into tasks, the slow ones (G2) first, so that threads finish together. */
function sliceJobs(jobs: readonly PointJob[]): Slice[] {
  const slices: Slice[] = []
  for (const [job, { group, scalars }] of jobs.entries()) {
    const count = scalars.byteLength / FIELD_BYTES
    for (let offset = 0; offset < count; offset += TASK_SCALARS) {
      const end = Math.min(count, offset + TASK_SCALARS)
      const weight = (end - offset) * (group === 'G1' ? 1 : G2_WEIGHT)
      const part = scalars.subarray(offset * FIELD_BYTES, end * FIELD_BYTES)
      slices.push({ id: slices.length, job, offset, weight, group, scalars: part })
    }
  }
  return slices.sort((a, b) => (a.group === b.group ? a.id - b.id : a.group === 'G2' ? -1 : 1))
}

async function runHere(
  plan: PoolPlan,
  slices: readonly Slice[],
  accept: (slice: Slice, points: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bases = new Map<GroupName, FixedBase>()
  for (const slice of slices) {
    let base = bases.get(slice.group)
    if (base === undefined) {
      base = new FixedBase(new CurveWasm(plan.code), plan.code, slice.group, plan.windowBits[slice.group])
      bases.set(slice.group, base)
    }
    accept(slice, base.multiply(slice.scalars))
    await nextTurn()
    signal?.throwIfAborted()
  }
}

async function runOnThreads(
  plan: PoolPlan,
  slices: readonly Slice[],
  threads: number,
  accept: (slice: Slice, points: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const waiting = [...slices].reverse()
  const byId = new Map(slices.map((slice) => [slice.id, slice]))
  const workers = Array.from({ length: threads }, () => startWorker(plan))
  let onAbort = (): void => undefined
  try {
    await new Promise<void>((resolve, reject) => {
      let finished = 0
      const give = (worker: Worker): void => {
        const slice = waiting.pop()
        if (slice === undefined) return
        const task: PointTask = { id: slice.id, group: slice.group, scalars: slice.scalars.slice() }
        worker.postMessage(task, [task.scalars.buffer as ArrayBuffer])
      }
      onAbort = () => reject(signal?.reason as Error)
      signal?.addEventListener('abort', onAbort)
      for (const worker of workers) {
        worker.on('error', reject)
        worker.on('exit', (exitCode) => reject(new Error(`a setup thread stopped early (exit code ${exitCode})`)))
        worker.on('message', ({ id, points }: PointResult) => {
          accept(byId.get(id)!, points)
          if (++finished === slices.length) resolve()
          else give(worker)
        })
        give(worker)
      }
      if (slices.length === 0) resolve()
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
