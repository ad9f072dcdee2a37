// SPDX-License-Identifier: GPL-3.0-or-later

/** A structured logger; pino's, or any with these four methods. Values never contain inputs, salts, keys or tokens. */
export type Log = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}
