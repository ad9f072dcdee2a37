// SPDX-License-Identifier: GPL-3.0-or-later

import type { Database } from './database'
import type { LeaseStore } from './store'

/** Leases in the table `zkml.leases`, timed by the clock of the database. */
export function leaseStore(db: Database, daemonId: string): LeaseStore {
  return {
    async hold(name, milliseconds) {
      const rows = await db.query(
        `INSERT INTO zkml.leases AS lease (name, daemon_id, until) VALUES ($1, $2, now() + $3 * interval '1 ms')
         ON CONFLICT (name) DO UPDATE SET daemon_id = excluded.daemon_id, until = excluded.until
         WHERE lease.daemon_id = excluded.daemon_id OR lease.until <= now()
         RETURNING name`,
        [name, daemonId, milliseconds],
      )
      return rows.length === 1
    },
    async release(name) {
      await db.query('DELETE FROM zkml.leases WHERE name = $1 AND daemon_id = $2', [name, daemonId])
    },
  }
}
