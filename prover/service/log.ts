// SPDX-License-Identifier: GPL-3.0-or-later

import { pino, type DestinationStream } from 'pino'

/** A structured logger; pino's, or any with these methods. Values never contain inputs, salts, keys or tokens. */
export type Log = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}

/** Fields that never reach a log, wherever they stand: the last line of defence, not the first. */
const SECRET_FIELDS = [
  'input',
  'inputs',
  'salt',
  'salts',
  'privateKey',
  'password',
  'token',
  'authorization',
  'secrets',
]

/** A log of one JSON object a line, on stderr unless told otherwise. Bigints are written as decimal strings. */
export function createLog(level: string, stream?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '***' },
    serializers: { error: describeError },
  }
  return pino(options, stream ?? pino.destination({ dest: 2, sync: true }))
}

/** What is logged of an error: code, sentence, and its cause. Stacks only of errors nobody foresaw. */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code, cause } = error as Error & { code?: unknown }
  return {
    ...(code !== undefined && { code }),
    message: error.message,
    ...(code === undefined && { stack: error.stack }),
    ...(cause instanceof Error && { cause: cause.message }),
  }
}
