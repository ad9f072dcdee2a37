// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * What runs SQL: the database or one transaction of it. Both databases give rows alike: `bigint` columns are numbers,
 * `numeric` strings, `bytea` Buffers, `jsonb` parsed, `timestamptz` Dates.
 */
export type Queryable = {
  query<T extends object = Readonly<Record<string, unknown>>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<readonly T[]>
}

/** PostgreSQL, embedded in this process or a server. */
export type Database = Queryable & {
  readonly kind: 'embedded' | 'server'
  /** Runs in one transaction; rolled back when `run` throws. */
  transaction<T>(run: (tx: Queryable) => Promise<T>): Promise<T>
  /**
   * Calls back after each committed `pg_notify(channel, …)` of any process on this database. A hint: notifications are lost while
   * a connection is down, so listeners poll as well.
   *
   * @returns stops listening.
   */
  listen(channel: string, wake: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}
