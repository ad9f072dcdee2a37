// SPDX-License-Identifier: GPL-3.0-or-later

import type { Engine } from './engine'
import { StoreVersionError } from './errors'
import { MIGRATIONS, type Migration } from './migrations'

/** Key of the advisory lock under which one daemon migrates while others wait: "zkml" in ASCII. */
const LOCK = 0x7a6b6d6c

/**
 * Brings the schema to the version of this program.
 *
 * @throws StoreVersionError when the database is newer.
 */
export async function migrate(engine: Engine, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  // One script is one transaction on either database; the second daemon waits for the lock, then finds its work done.
  await engine.script(`
    SELECT pg_advisory_xact_lock(${LOCK});
    CREATE SCHEMA IF NOT EXISTS zkml;
    CREATE TABLE IF NOT EXISTS zkml.migrations (
      version integer PRIMARY KEY,
      applied_at timestamptz NOT NULL DEFAULT now()
    );`)
  const known = migrations.at(-1)?.version ?? 0
  const [row] = await engine.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM zkml.migrations',
  )
  if (row!.version > known) throw new StoreVersionError(row!.version, known)
  for (const { version, sql } of migrations.filter((migration) => migration.version > row!.version)) {
    await engine.script(`
      SELECT pg_advisory_xact_lock(${LOCK});
      DO $migration$ BEGIN
        IF NOT EXISTS (SELECT FROM zkml.migrations WHERE version = ${version}) THEN
          ${sql}
          INSERT INTO zkml.migrations (version) VALUES (${version});
        END IF;
      END $migration$;`)
  }
}
