// SPDX-License-Identifier: GPL-3.0-or-later

import { createHmac } from 'node:crypto'
import type { Queryable } from '../store/database'
import { IdempotencyBusyError, IdempotencyMismatchError } from './errors'
import type { ApiStore } from './types'

/** Which request an answer belongs to. */
export type IdempotencyClaim = {
  /** Keys of different clients are different keys. */
  readonly client: string
  readonly key: string
  /** Of what was asked: {@link hashRequest}. */
  readonly requestHash: string
}

/** What is left of an answer: enough to give it again, and nothing that is secret. */
export type StoredAnswer<T> = {
  readonly body: T
  /** Whether this answer was given before. */
  readonly replayed: boolean
}

/**
 * A hash of the body of a request, whatever the order of members in it. Whoever has the database and not the secret cannot tell by
 * it what was asked: an input of few bits could be guessed from a plain hash.
 */
export function hashRequest(secret: Uint8Array, body: object): string {
  return createHmac('sha256', secret).update(JSON.stringify(body, inOrder)).digest('hex')
}

function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Answers a request once. Claim, effect and answer are one transaction: whatever happens, a key that is taken has an answer, and
 * an effect without an answer does not exist. A second request at the same time waits for the first and gets its answer.
 *
 * @param run returns what is stored of the answer, in the clear.
 * @throws IdempotencyMismatchError when the key was used for another request, IdempotencyBusyError when it is in use elsewhere
 */
export async function answerOnce<T>(
  { db, idempotency }: ApiStore,
  { client, key, requestHash }: IdempotencyClaim,
  status: number,
  run: (tx: Queryable) => Promise<T>,
): Promise<StoredAnswer<T>> {
  return db.transaction(async (tx) => {
    const claim = await idempotency.claim(tx, client, key, requestHash)
    switch (claim.outcome) {
      case 'busy':
        throw new IdempotencyBusyError('A request with this Idempotency-Key is being answered; try again in a moment.')
      case 'mismatch':
        throw new IdempotencyMismatchError('This Idempotency-Key was used with another body; take a fresh one.')
      case 'answered':
        return { body: claim.body as T, replayed: true }
      case 'claimed': {
        const body = await run(tx)
        await idempotency.answer(tx, client, key, status, body)
        return { body, replayed: false }
      }
    }
  })
}
