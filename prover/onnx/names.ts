// SPDX-License-Identifier: GPL-3.0-or-later

/** Names that are taken, and free ones like them. */
export class Names {
  private readonly taken: Set<string>
  /** The last number given after each name: those up to it are not tried again. */
  private readonly counts = new Map<string, number>()

  constructor(taken: Iterable<string> = []) {
    this.taken = new Set(taken)
  }

  /** Takes the name, or where it is taken the name and the first free number from 2 on. */
  take(wanted: string): string {
    let free = wanted
    let count = this.counts.get(wanted) ?? 1
    while (this.taken.has(free)) free = `${wanted}_${++count}`
    this.counts.set(wanted, count)
    this.taken.add(free)
    return free
  }
}
