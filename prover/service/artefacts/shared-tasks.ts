// SPDX-License-Identifier: GPL-3.0-or-later

/** Told how many bytes there are, and of how many, where that is known. */
export type ByteProgress = (bytes: number, total: number | undefined) => void

export type TaskUser = { readonly signal?: AbortSignal; readonly onProgress?: ByteProgress }

type Task<T> = {
  readonly promise: Promise<T>
  readonly controller: AbortController
  readonly users: Set<TaskUser>
}

/** Work that is done once for all who want it at the same time; it is aborted when the last of them has lost interest. */
export class SharedTasks<T> {
  private readonly tasks = new Map<string, Task<T>>()

  has(key: string): boolean {
    return this.tasks.has(key)
  }

  /** Joins the task of this key, or starts it. Aborting leaves it; only its last user ends it. */
  async run(key: string, user: TaskUser, start: (signal: AbortSignal, report: ByteProgress) => Promise<T>): Promise<T> {
    let task = this.tasks.get(key)
    while (task?.controller.signal.aborted) {
      await task.promise.catch(() => undefined)
      task = this.tasks.get(key)
    }
    user.signal?.throwIfAborted()
    task ??= this.start(key, start)
    task.users.add(user)
    try {
      return await withSignal(task.promise, user.signal)
    } finally {
      task.users.delete(user)
      if (task.users.size === 0) task.controller.abort()
    }
  }

  private start(key: string, start: (signal: AbortSignal, report: ByteProgress) => Promise<T>): Task<T> {
    const controller = new AbortController()
    const users = new Set<TaskUser>()
    const report: ByteProgress = (bytes, total) => {
      for (const user of users) user.onProgress?.(bytes, total)
    }
    const promise = start(controller.signal, report).finally(() => this.tasks.delete(key))
    promise.catch(() => undefined)
    const task = { promise, controller, users }
    this.tasks.set(key, task)
    return task
  }
}

/** A promise, or the reason of a signal that comes first. */
function withSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Runs what it is given one after another. */
export function serially(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const turn = last.then(run)
    last = turn.catch(() => undefined)
    return turn
  }
}
