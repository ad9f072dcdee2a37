// SPDX-License-Identifier: GPL-3.0-or-later

import type { IdempotencyStore } from './store'
import { json } from './values'

type Row = { readonly request_hash: string; readonly status: number | null; readonly body: unknown }

/** Answers in the table `zkml.idempotency`. */
export function idempotencyStore(daemonId: string): IdempotencyStore {
  return {
    async claim(tx, client, key, requestHash) {
      // The claim of a daemon that died before it answered is free.
      const claimed = await tx.query(
        `INSERT INTO zkml.idempotency AS known (client, key, request_hash, daemon_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (client, key) DO UPDATE SET daemon_id = excluded.daemon_id, created_at = now()
         WHERE known.request_hash = excluded.request_hash AND known.status IS NULL
           AND NOT EXISTS (SELECT FROM zkml.daemons WHERE id = known.daemon_id)
         RETURNING client`,
        [client, key, requestHash, daemonId],
      )
      if (claimed.length === 1) return { outcome: 'claimed' }
      const [row] = await tx.query<Row>(
        'SELECT request_hash, status, body FROM zkml.idempotency WHERE client = $1 AND key = $2',
        [client, key],
      )
      // Released between the two statements: the client may ask again.
      if (row === undefined) return { outcome: 'busy' }
      if (row.request_hash !== requestHash) return { outcome: 'mismatch' }
      if (row.status === null) return { outcome: 'busy' }
      return { outcome: 'answered', status: row.status, body: row.body }
    },

    async answer(tx, client, key, status, body) {
      await tx.query('UPDATE zkml.idempotency SET status = $3, body = $4 WHERE client = $1 AND key = $2', [
        client,
        key,
        status,
        json(body),
      ])
    },

    async release(tx, client, key) {
      await tx.query('DELETE FROM zkml.idempotency WHERE client = $1 AND key = $2 AND status IS NULL', [client, key])
    },

    async purge(tx, ageMs) {
      await tx.query(`DELETE FROM zkml.idempotency WHERE created_at < now() - $1 * interval '1 ms'`, [ageMs])
    },
  }
}
