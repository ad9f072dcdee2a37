// SPDX-License-Identifier: GPL-3.0-or-later

import type { Log } from '../log'
import { Child } from './child'
import { ProverCrashedError, ProverFaultError, ProverTimeoutError, RemoteError } from './errors'
import type { Failure, Report, Work, WorkerOptions } from './messages'
import type { ProveStage } from './types'

/** Something to be done by a process, and who waits for it. */
export type Task = {
  readonly id: number
  readonly work: Work
  /** Nothing is handed to a process behind one that is not: another process may be free earlier. */
  readonly isQuick: boolean
  readonly onProgress: ((stage: ProveStage, fraction: number) => void) | undefined
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

export type SlotOptions = {
  readonly worker: WorkerOptions
  /** Tasks that a process may have at once; it does them one after another. */
  readonly depth: number
  readonly timeoutSeconds: number
  /** Tasks, quick runs not counted, after which a process is replaced. */
  readonly recycleAfter: number
  readonly maxResidentBytes: number
  readonly log: Log
}

export type SlotEvents = {
  /** There may be room. */
  readonly onChange: () => void
  /** Tasks that their process had not begun when it ended. */
  readonly onReturn: (tasks: readonly Task[]) => void
  /** `wasReady`: whether it had started well. */
  readonly onCrash: (wasReady: boolean) => void
}

/** Waits before a process is started after so many deaths in a row, in milliseconds. */
const RESTART_FIRST = 100
const RESTART_MOST = 30_000

/** A place for a process of the pool, which is replaced when it crashes, is ended, or has grown or served enough. */
export class Slot {
  /** Resolves when its first process is ready, or has failed. */
  readonly started: Promise<void>
  private hasStarted: () => void = () => undefined
  private child: Child | undefined
  private isReady = false
  private isDue = false
  private isClosed = false
  private tasks: Task[] = []
  private done = 0
  private deaths = 0
  private timeout: NodeJS.Timeout | undefined
  private restart: NodeJS.Timeout | undefined
  private exits: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly options: SlotOptions,
    private readonly events: SlotEvents,
  ) {
    this.started = new Promise((resolve) => (this.hasStarted = resolve))
    this.start()
  }

  get hasRoom(): boolean {
    const { isReady, isDue, tasks } = this
    return isReady && !isDue && tasks.length < this.options.depth && tasks.every(({ isQuick }) => isQuick)
  }

  /** Whether its process has started. */
  get isUp(): boolean {
    return this.isReady
  }

  get load(): number {
    return this.tasks.length
  }

  get residentBytes(): number {
    return this.child?.residentBytes() ?? 0
  }

  get isRunning(): boolean {
    return this.child !== undefined
  }

  has(task: Task): boolean {
    return this.tasks.includes(task)
  }

  give(task: Task): void {
    this.tasks.push(task)
    if (this.tasks.length === 1) this.watch()
    this.child!.send({ id: task.id, work: task.work, wantsProgress: task.onProgress !== undefined })
  }

  /** Gives a task up: ends the process if it is at work on it, and starts another. One that was handed ahead is done for nobody. */
  abandon(task: Task, error: unknown): void {
    if (task !== this.tasks[0]) {
      task.reject(error)
      return
    }
    const others = this.tasks.slice(1)
    this.end()
    this.start()
    task.reject(error)
    this.events.onReturn(others)
  }

  /** Ends the process for good. */
  async close(error: unknown): Promise<void> {
    this.isClosed = true
    clearTimeout(this.restart)
    const { tasks } = this
    this.end()
    for (const task of tasks) task.reject(error)
    await this.exits
  }

  private start(): void {
    if (this.isClosed) return
    const { worker, log } = this.options
    this.done = 0
    this.isDue = false
    const child = new Child(worker, log, {
      onReport: (report) => this.hear(report),
      onCrash: (how) => this.crashed(how),
    })
    this.child = child
    this.exits = Promise.all([this.exits, child.exited])
  }

  private end(): void {
    clearTimeout(this.timeout)
    this.child?.kill()
    this.child = undefined
    this.isReady = false
    this.tasks = []
  }

  private hear(report: Report): void {
    if (report.kind === 'ready') {
      this.isReady = true
      this.options.log.debug({ pid: this.child?.pid }, 'a prover process is ready')
      this.hasStarted()
      this.events.onChange()
      return
    }
    const [task] = this.tasks
    if (task?.id !== report.id) return
    if (report.kind === 'progress') {
      task.onProgress?.(report.stage, report.fraction)
      return
    }
    this.tasks.shift()
    this.deaths = 0
    if (task.work.kind !== 'run') this.done++
    const { recycleAfter, maxResidentBytes, log } = this.options
    if (this.done >= recycleAfter || report.residentBytes > maxResidentBytes) this.isDue = true
    clearTimeout(this.timeout)
    if (this.tasks.length > 0) this.watch()
    else if (this.isDue) {
      log.debug({ pid: this.child?.pid, tasks: this.done, bytes: report.residentBytes }, 'replacing a prover process')
      this.end()
      this.start()
    }
    if (report.kind === 'done') task.resolve(report.result)
    else task.reject(this.revive(report.failure))
    this.events.onChange()
  }

  private revive(failure: Failure): Error {
    if (failure.kind === 'known') return new RemoteError(failure.code, failure.message, failure.transient)
    const { name, frames } = failure
    this.options.log.error({ name, frames }, 'unforeseen error in a prover process')
    return new ProverFaultError(name)
  }

  /** Gives the task in hand its time. */
  private watch(): void {
    const [task] = this.tasks
    const { timeoutSeconds } = this.options
    this.timeout = setTimeout(
      () => this.abandon(task!, new ProverTimeoutError(task!.work.kind, timeoutSeconds)),
      timeoutSeconds * 1000,
    )
  }

  private crashed(how: string): void {
    const { log } = this.options
    const { pid } = this.child!
    const wasReady = this.isReady
    const [task, ...others] = this.tasks
    this.end()
    // The first is replaced at once; what dies without having done anything may do so forever.
    const wait = this.deaths === 0 && wasReady ? 0 : Math.min(RESTART_FIRST * 2 ** this.deaths, RESTART_MOST)
    this.deaths++
    this.restart = setTimeout(() => this.start(), wait)
    log.warn({ pid, how, task: task?.work.kind, restartMilliseconds: wait }, 'a prover process ended unasked')
    task?.reject(new ProverCrashedError(how))
    this.hasStarted()
    this.events.onCrash(wasReady)
    this.events.onReturn(others)
  }
}
