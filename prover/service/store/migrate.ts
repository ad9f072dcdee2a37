// SPDX-License-Identifier: GPL-3.0-or-later

import type { Engine } from './engine'
import { StoreVersionError } from './errors'
import { MIGRATIONS, type Migration } from './migrations'

/**
 * Brings the schema to the version of this program, each step whole or not at all; while no other daemon does.
 *
 * @throws StoreVersionError when the database is newer.
 */
export async function migrate(engine: Engine, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  await engine.script(`
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
    await engine.script(`${sql}; INSERT INTO zkml.migrations (version) VALUES (${version});`)
  }
}
