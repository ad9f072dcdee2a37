// SPDX-License-Identifier: GPL-3.0-or-later

import { PoolClosedError, ProverCrashedError } from './errors'
import type { Work } from './messages'
import { Slot, type SlotOptions, type Task } from './slot'
import type { ProveStage } from './types'

export type CrewOptions = SlotOptions & {
  /** Processes. */
  readonly size: number
  readonly onCrash: () => void
  /** A process came, went, took a task or ended one. */
  readonly onChange: () => void
}

export type TaskOptions = {
  /** Whether it takes so little time that others may stand behind it; true by default. */
  readonly isQuick?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((stage: ProveStage, fraction: number) => void) | undefined
}

/** Processes of one kind, and the tasks that wait for one, first come first served. */
export class Crew {
  private readonly slots: readonly Slot[]
  private waiting: Task[] = []
  private readonly running = new Set<Promise<unknown>>()
  private nextId = 0
  private isClosed = false

  constructor(private readonly options: CrewOptions) {
    const events = {
      onChange: () => this.dispatch(),
      onReturn: (tasks: readonly Task[]) => this.takeBack(tasks),
      onCrash: (wasReady: boolean) => this.crashed(wasReady),
    }
    this.slots = Array.from({ length: options.size }, () => new Slot(options, events))
  }

  /**
   * Waits for the first start of every process.
   *
   * @throws ProverCrashedError when none has.
   */
  async started(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.started))
    if (!this.slots.some((slot) => slot.isUp)) throw new ProverCrashedError('none could be started')
  }

  get processes(): number {
    return this.slots.filter((slot) => slot.isRunning).length
  }

  get busy(): number {
    return this.slots.filter((slot) => slot.load > 0).length
  }

  get residentBytes(): number {
    return this.slots.reduce((sum, slot) => sum + slot.residentBytes, 0)
  }

  /**
   * Has a process do something; resolves to the result.
   *
   * @throws the reason of the signal, RemoteError, ProverFaultError, ProverCrashedError, ProverTimeoutError,
   * PoolClosedError
   */
  do(work: Work, options: TaskOptions = {}): Promise<unknown> {
    return this.enter(work, options, (task) => {
      this.waiting.push(task)
      this.dispatch()
    })
  }

  /** Has every process do something that has time for it now. */
  async everyone(work: Work): Promise<void> {
    const free = this.slots.filter((slot) => slot.hasRoom)
    await Promise.all(free.map((slot) => this.enter(work, {}, (task) => slot.give(task))))
  }

  /** Takes no more work, waits for what is under way as long as it is given, and ends all processes. */
  async close(timeoutMs: number): Promise<void> {
    this.isClosed = true
    const error = new PoolClosedError()
    for (const task of this.waiting.splice(0)) task.reject(error)
    if (timeoutMs > 0) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)))
      await Promise.race([Promise.allSettled(this.running), late])
      clearTimeout(timer)
    }
    await Promise.all(this.slots.map((slot) => slot.close(error)))
  }

  private async enter(
    work: Work,
    { isQuick = true, signal, onProgress }: TaskOptions,
    place: (task: Task) => void,
  ): Promise<unknown> {
    if (this.isClosed) throw new PoolClosedError()
    signal?.throwIfAborted()
    let abort: () => void = () => undefined
    const promise = new Promise<unknown>((resolve, reject) => {
      const task: Task = { id: this.nextId++, work, isQuick, onProgress, resolve, reject }
      abort = () => this.abort(task, signal?.reason)
      signal?.addEventListener('abort', abort, { once: true })
      place(task)
    })
    this.running.add(promise)
    try {
      return await promise
    } finally {
      this.running.delete(promise)
      signal?.removeEventListener('abort', abort)
    }
  }

  private abort(task: Task, reason: unknown): void {
    const slot = this.slots.find((candidate) => candidate.has(task))
    if (slot !== undefined) {
      slot.abandon(task, reason)
      return
    }
    this.waiting = this.waiting.filter((other) => other !== task)
    task.reject(reason)
  }

  private takeBack(tasks: readonly Task[]): void {
    // They had their turn before those that wait.
    if (this.isClosed) for (const task of tasks) task.reject(new PoolClosedError())
    else this.waiting.unshift(...tasks)
    this.dispatch()
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      const free = this.slots.filter((slot) => slot.hasRoom)
      if (free.length === 0) break
      free.reduce((best, slot) => (slot.load < best.load ? slot : best)).give(this.waiting.shift()!)
    }
    this.options.onChange()
  }

  private crashed(wasReady: boolean): void {
    this.options.onCrash()
    if (wasReady || this.slots.some((slot) => slot.isUp)) return
    // None can be started, and nobody knows for how long: those that wait may try again later.
    const error = new ProverCrashedError('none could be started')
    for (const task of this.waiting.splice(0)) task.reject(error)
  }
}
