// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import type { Queryable } from '../store/database'
import { IdempotencyBusyError, IdempotencyMismatchError } from './errors'
import type { ApiStore } from './types'

/** Which request an answer belongs to. */
export type IdempotencyClaim = {
  /** Keys of different clients are different keys. */
  readonly client: string
  readonly key: string
  /** Of what was asked. */
  readonly requestHash: string
}

export type StoredAnswer<T> = {
  readonly status: number
  readonly body: T
  /** Whether this answer was given before. */
  readonly replayed: boolean
}

/** The hash of what a request asks for, whatever the order of the members of its body. */
export function hashRequest(members: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('hex')
}

/**
 * Answers a request once. Claim, effect and answer are one transaction: whatever happens, a key that is taken has an answer, and
 * an effect without an answer does not exist. A second request at the same time waits for the first and gets its answer.
 *
 * @throws IdempotencyMismatchError when the key was used for another request, IdempotencyBusyError when it is in use elsewhere
 */
export async function answerOnce<T>(
  { db, idempotency }: ApiStore,
  { client, key, requestHash }: IdempotencyClaim,
  run: (tx: Queryable) => Promise<{ readonly status: number; readonly body: T }>,
): Promise<StoredAnswer<T>> {
  return db.transaction(async (tx) => {
    const claim = await idempotency.claim(tx, client, key, requestHash)
    switch (claim.outcome) {
      case 'busy':
        throw new IdempotencyBusyError('A request with this Idempotency-Key is being answered; try again in a moment.')
      case 'mismatch':
        throw new IdempotencyMismatchError('This Idempotency-Key was used with another body; take a fresh one.')
      case 'answered':
        return { status: claim.status, body: claim.body as T, replayed: true }
      case 'claimed': {
        const { status, body } = await run(tx)
        await idempotency.answer(tx, client, key, status, body)
        return { status, body, replayed: false }
      }
    }
  })
}
