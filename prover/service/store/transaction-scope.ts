// SPDX-License-Identifier: GPL-3.0-or-later

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Queryable } from './database'
import { StoreMisuseError } from './errors'

/**
 * Knows whether code runs within a transaction of a database. A query beside the transaction it waits for would never end
 * on the embedded database, which has one connection; so it is refused on both, and found in tests.
 */
export class TransactionScope {
  readonly #current = new AsyncLocalStorage<{ open: boolean }>()

  /** @throws StoreMisuseError within a transaction. */
  assertOutside(): void {
    if (this.#current.getStore()?.open) {
      throw new StoreMisuseError('the database was queried beside an open transaction; pass on "tx" instead')
    }
  }

  /** Runs a transaction's body; its `tx` ends with it. */
  async run<T>(tx: Queryable, body: (tx: Queryable) => Promise<T>): Promise<T> {
    const scope = { open: true }
    const guarded: Queryable = {
      query: async (sql, values) => {
        if (!scope.open) throw new StoreMisuseError('a transaction was used after its end; await all of its queries')
        return await tx.query(sql, values)
      },
    }
    try {
      return await this.#current.run(scope, () => body(guarded))
    } finally {
      scope.open = false
    }
  }

  /** Runs code that does not belong to the transaction in which it happens to be called, such as a listener. */
  leave(run: () => void): void {
    this.#current.exit(run)
  }
}
