// SPDX-License-Identifier: GPL-3.0-or-later

import type { Log } from './log'

/** What has to be stopped, in the reverse order of its start. A part that fails to stop does not keep the others from it. */
export class Shutdown {
  private readonly steps: { readonly name: string; readonly stop: () => Promise<void> }[] = []
  private running: Promise<void> | undefined

  constructor(private readonly log: Log) {}

  add(name: string, stop: () => Promise<void>): void {
    this.steps.push({ name, stop })
  }

  /** Stops everything, once. */
  run(): Promise<void> {
    return (this.running ??= this.stopAll())
  }

  private async stopAll(): Promise<void> {
    for (const { name, stop } of this.steps.reverse()) {
      try {
        await stop()
      } catch (error) {
        this.log.error({ part: name, error }, 'a part did not stop cleanly')
      }
    }
  }
}
