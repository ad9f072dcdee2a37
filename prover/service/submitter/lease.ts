// SPDX-License-Identifier: GPL-3.0-or-later

import type { LeaseStore } from '../store/store'
import { LaneLeaseLostError } from './errors'

/**
 * The right to send the transactions of one account, held by one daemon of a database at a time. It spares double work: that no
 * request is signed twice follows from the database transaction in which it is signed.
 */
export class LaneLease {
  /** On the clock of this process; a lease that may have run out is asked for again. */
  private until = 0

  constructor(
    private readonly leases: LeaseStore,
    private readonly name: string,
    private readonly milliseconds: number,
  ) {}

  /** Takes or renews the lease; asks the store when a third of it has passed. */
  async hold(): Promise<boolean> {
    const asked = performance.now()
    if (asked < this.until - (this.milliseconds * 2) / 3) return true
    this.until = 0
    if (!(await this.leases.hold(this.name, this.milliseconds))) return false
    this.until = asked + this.milliseconds
    return true
  }

  /** As `hold`, before each thing that is done. @throws LaneLeaseLostError. */
  async require(): Promise<void> {
    if (!(await this.hold()))
      throw new LaneLeaseLostError(`the lease ${this.name} went to another daemon, which goes on from here`)
  }

  async release(): Promise<void> {
    if (this.until === 0) return
    this.until = 0
    await this.leases.release(this.name)
  }
}
