// SPDX-License-Identifier: GPL-3.0-or-later

import { parse, protocol, type PGlite } from '@electric-sql/pglite'

const { serialize } = protocol

/** Statements that are kept prepared. What is more than that, no program of ours has, is prepared each time. */
const MOST_PREPARED = 500

/**
 * Runs statements on PGlite's one connection, prepared the first time, and each with a single message. PGlite's own `query` parses and
 * plans anew and takes five messages, which is three to four times the work.
 *
 * Not guarded against each other: whoever calls holds PGlite's lock.
 */
export class Statements {
  private readonly names = new Map<string, string>()

  constructor(private readonly pg: PGlite) {}

  async run<T extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    return (await this.execute(sql, values)).rows as T[]
  }

  /** @throws Error when another one was swallowed within the transaction, which undid it. */
  async commit(): Promise<void> {
    const { command } = await this.execute('COMMIT', [])
    if (command !== 'COMMIT') throw new Error('the transaction was undone, because an error in it was swallowed')
  }

  private async execute(sql: string, values: readonly unknown[]) {
    const bind = serialize.bind({ statement: await this.prepared(sql), values: values.map(parameter) })
    const message = [bind, serialize.describe({ type: 'P' }), serialize.execute({}), serialize.sync()]
    const { messages } = await this.pg.execProtocol(Buffer.concat(message), { throwOnError: true })
    return parse.parseResults(messages, this.pg.parsers)[0]!
  }

  /** Name of a statement, which is kept once PostgreSQL has taken it. */
  private async prepared(sql: string): Promise<string> {
    const known = this.names.get(sql)
    if (known !== undefined) return known
    const name = this.names.size < MOST_PREPARED ? `zkml_${this.names.size}` : ''
    await this.pg.execProtocol(Buffer.concat([serialize.parse({ name, text: sql }), serialize.sync()]), {
      throwOnError: true,
    })
    if (name !== '') this.names.set(sql, name)
    return name
  }
}

/** A value as the protocol takes it, alike to what `pg` makes of it: text, bytes as they are, or null. */
function parameter(value: unknown): string | Uint8Array | null {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `{${value.map(element).join(',')}}`
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | bigint | boolean)
}

/** An element of an array literal. */
function element(value: unknown): string {
  return value === null || value === undefined ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`
}
