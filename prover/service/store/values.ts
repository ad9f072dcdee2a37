// SPDX-License-Identifier: GPL-3.0-or-later

import { StoreRangeError } from './errors'

const INT8 = 20
const NUMERIC = 1700
const BYTEA = 17

/** How columns are read, by the id of their PostgreSQL type; what is absent is read alike by both drivers. */
export const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: safeInteger,
  [NUMERIC]: (text) => text,
  [BYTEA]: (text) => Buffer.from(text.slice(2), 'hex'),
}

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) {
    throw new StoreRangeError(`the database returned the integer ${text}; read columns of this size as numeric`)
  }
  return value
}

/** Parameters as both drivers take them alike. */
export function parameters(values: readonly unknown[]): unknown[] {
  return values.map((value) => (typeof value === 'bigint' ? value.toString() : (value ?? null)))
}

/** Text of a `json` or `jsonb` parameter; bigints become decimal strings, absent values SQL's null. */
export function json(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner))
}

/** Text that PostgreSQL takes: it knows no NUL. */
export function text(value: string): string {
  return value.replaceAll('\0', '\ufffd')
}

/** Whether a string can be the id of a row; others are ids of nothing. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value)
}

/** Milliseconds of ten years: a longer wait is as good as none that ends, and PostgreSQL's times end somewhere. */
export const LONGEST_WAIT = 3650 * 86_400_000

/** Milliseconds since 1970 of a column that may be null. */
export function milliseconds(date: Date | null): number | null {
  return date === null ? null : date.getTime()
}
