// SPDX-License-Identifier: GPL-3.0-or-later

const REMEMBERED = 32

/** How long the latest proofs took, of each model and of all. */
export class ProveTimes {
  private readonly all: number[] = []
  private readonly recent = new Map<string, number[]>()

  add(folder: string, milliseconds: number): void {
    const ofModel = this.recent.get(folder) ?? []
    this.recent.set(folder, ofModel)
    for (const times of [this.all, ofModel]) {
      times.push(milliseconds)
      if (times.length > REMEMBERED) times.shift()
    }
  }

  /** Median in milliseconds, the upper one of two, of a model or of all; undefined before the first. */
  median(folder?: string): number | undefined {
    const times = folder === undefined ? this.all : this.recent.get(folder)
    return times && [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]
  }
}
