// SPDX-License-Identifier: GPL-3.0-or-later

import { EventEmitter } from 'node:events'
import type { Metrics } from '../metrics'
import type { Queryable } from '../store/database'
import type { Job, JobPatch, JobState } from '../store/job'
import type { Store } from '../store/store'

/** How far the running stage of a job is; null where that cannot be known. */
export type JobProgress = { readonly stage: string; readonly fraction: number | null }

/** News of a job: that it changed, or how far a stage of its proof is. What it says of state is in the store. */
export type JobNews = { readonly jobId: string; readonly stage?: string; readonly fraction?: number }

const MARKET_PRIORITY = 10

/**
 * Moves jobs, counts what moved, and tells whoever listens in this process. News are told after the current transaction has had
 * its chance to commit, and are hints: a listener reads the job.
 */
export class JobBoard {
  private readonly emitter = new EventEmitter().setMaxListeners(0)
  /** How far the proofs are that this process makes. */
  private readonly stages = new Map<string, JobProgress>()
  /** Milliseconds that jobs took here, outside proving and the chain. */
  private readonly overheads = new Map<string, number>()

  constructor(
    private readonly store: Store,
    private readonly metrics: Metrics,
  ) {}

  async move(
    tx: Queryable,
    id: string,
    from: JobState | readonly JobState[],
    to: JobState,
    patch?: JobPatch,
  ): Promise<Job> {
    const job = await this.store.jobs.move(tx, id, from, to, patch)
    this.metrics.jobTransitions.inc({ from: typeof from === 'string' ? from : from.join('|'), to })
    this.tell({ jobId: id })
    return job
  }

  /** Puts a job that is to be proved into its queue, those of the market first: a bond is staked on them. */
  async sendProve(tx: Queryable, { id, origin }: Job): Promise<void> {
    await this.store.queue.send(tx, 'prove', id, origin.kind === 'market' ? { priority: MARKET_PRIORITY } : {})
  }

  tell(news: JobNews): void {
    const { jobId, stage, fraction } = news
    if (stage === undefined) this.stages.delete(jobId)
    else this.stages.set(jobId, { stage, fraction: fraction ?? null })
    setImmediate(() => this.emitter.emit(jobId, news))
  }

  /** How far the proof of a job is, if this process makes it. */
  progress(jobId: string): JobProgress | undefined {
    return this.stages.get(jobId)
  }

  /** @returns stops listening. */
  listen(jobId: string, hear: (news: JobNews) => void): () => void {
    this.emitter.on(jobId, hear)
    return () => this.emitter.off(jobId, hear)
  }

  addOverhead(jobId: string, milliseconds: number): void {
    this.overheads.set(jobId, (this.overheads.get(jobId) ?? 0) + milliseconds)
  }

  /** Counts a job that came to its end. */
  finished(job: Job): void {
    const { kind } = job.origin
    this.metrics.jobSeconds.observe({ kind, outcome: job.state }, (job.updatedAt - job.createdAt) / 1000)
    const overhead = this.overheads.get(job.id)
    this.overheads.delete(job.id)
    if (overhead !== undefined && job.state === 'done') this.metrics.jobOverhead.observe({ kind }, overhead / 1000)
  }
}
