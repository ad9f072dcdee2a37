// SPDX-License-Identifier: GPL-3.0-or-later

import { CanonicalJsonError } from './errors'

/**
 * RFC 8785 restricted to integers: no spaces, members sorted by UTF-16 code units, one spelling of every string.
 * Anything that does not survive a JSON round trip is refused instead of being dropped.
 *
 * @example
 * ```ts
 * canonicalJson({ b: [1, true], a: 'x' }) // '{"a":"x","b":[1,true]}'
 * ```
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$')
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value, path)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) {
      throw new CanonicalJsonError(
        `${path} is ${value}; canonical JSON takes integers up to 2^53 − 1, write it as a string.`,
      )
    }
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item: unknown, index) => write(item, `${path}[${index}]`)).join(',')}]`
  }
  if (typeof value === 'object' && isPlain(value)) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${members.map(([key, item]) => `${writeString(key, path)}:${write(item, `${path}.${key}`)}`).join(',')}}`
  }
  throw new CanonicalJsonError(
    `${path} is a ${typeof value}, which JSON cannot hold; remove it or write it as a string.`,
  )
}

function writeString(value: string, path: string): string {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) {
    throw new CanonicalJsonError(`${path} has a lone surrogate, which is no Unicode text; remove it.`)
  }
  return JSON.stringify(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
