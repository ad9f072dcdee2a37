// SPDX-License-Identifier: GPL-3.0-or-later

import type { Engine } from './engine'
import type { Report } from './report'

const INTERVAL_MS = 60_000

/** Tables worth the work, by the measure of PostgreSQL's autovacuum. */
const WORN = `
  SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_all_tables
  WHERE schemaname LIKE 'zkml%' AND greatest(n_dead_tup, n_mod_since_analyze) > 500 + 0.2 * n_live_tup`

/**
 * Does for an embedded database what a server does by itself: writes back what its log holds, so that the log does not grow for
 * ever, and reclaims what was deleted.
 */
export async function maintain(engine: Engine): Promise<void> {
  await engine.query('CHECKPOINT')
  // Table by table, so that others get their turn.
  for (const { name } of await engine.query<{ name: string }>(WORN)) await engine.query(`VACUUM (ANALYZE) ${name}`)
}

/** Maintains an embedded database every minute. @returns stops, when the work at hand is done. */
export function keepMaintained(engine: Engine, report: Report): () => Promise<void> {
  let work: Promise<void> = Promise.resolve()
  const next = (): void => {
    work = maintain(engine).catch((error: unknown) =>
      report(error, 'the database could not be maintained; it is tried again'),
    )
  }
  const timer = setInterval(next, INTERVAL_MS).unref()
  return async () => {
    clearInterval(timer)
    await work
  }
}
