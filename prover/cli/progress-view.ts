// SPDX-License-Identifier: GPL-3.0-or-later

const BAR_WIDTH = 24
const REFRESH_MILLISECONDS = 100
const CLEAR_LINE = '\r\u001b[2K'

type Stage = {
  readonly name: string
  readonly startedAt: number
  fraction: number | undefined
  detail: string | undefined
}

/** How far a command is: one line that changes on a terminal, otherwise one line for each stage that ended. */
export class ProgressView {
  private readonly startedAt = performance.now()
  private stage: Stage | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(name: string, fraction: number | undefined, detail: string | undefined): void {
    if (this.stage?.name !== name) {
      this.endStage()
      this.stage = { name, startedAt: performance.now(), fraction, detail }
    }
    Object.assign(this.stage!, { fraction, detail })
    // The timer keeps the clock going while the work is silent.
    if (this.stream.isTTY) this.timer ??= setInterval(() => this.draw(), REFRESH_MILLISECONDS).unref()
  }

  /** Ends the stage that was running: it succeeded. */
  finish(): void {
    this.endStage()
    this.clear()
  }

  /** Forgets the stage that was running: it failed. */
  abandon(): void {
    this.stage = undefined
    this.clear()
  }

  private clear(): void {
    if (!this.timer) return
    clearInterval(this.timer)
    this.timer = undefined
    this.stream.write(CLEAR_LINE)
  }

  private endStage(): void {
    if (this.stage && !this.stream.isTTY) this.stream.write(`${this.stage.name}: ${seconds(this.stage.startedAt)}\n`)
    this.stage = undefined
  }

  private draw(): void {
    if (!this.stage) return
    const { name, fraction, detail } = this.stage
    const share = Math.min(1, Math.max(0, fraction ?? 0))
    const filled = Math.round(share * BAR_WIDTH)
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
    const percent = fraction === undefined ? '' : `${Math.round(100 * share)}%`
    const line = `${name.padEnd(11)} ${bar} ${percent.padStart(4)}  ${seconds(this.startedAt)}  ${detail ?? ''}`
    this.stream.write(CLEAR_LINE + line.slice(0, (this.stream.columns || 80) - 1))
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
