// SPDX-License-Identifier: GPL-3.0-or-later

const REMEMBERED = 32

/** How long the latest proofs of each model took. */
export class ProveTimes {
  private readonly recent = new Map<string, number[]>()

  add(folder: string, milliseconds: number): void {
    const times = this.recent.get(folder) ?? []
    times.push(milliseconds)
    if (times.length > REMEMBERED) times.shift()
    this.recent.set(folder, times)
  }

  /** Median in milliseconds, the upper one of two; undefined before the first. */
  median(folder: string): number | undefined {
    const times = this.recent.get(folder)
    return times && [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]
  }
}
