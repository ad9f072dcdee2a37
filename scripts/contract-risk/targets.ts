// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'
import type { Row } from './dataset'

/** Runtime code of a contract that the model was not fitted to, and what was done to it. */
export type Target = Pick<Row, 'family' | 'base' | 'kind' | 'code'>

const PATH = join(__dirname, '..', '..', 'models', 'contract-risk', 'targets.json')
const HELD_OUT = 0.3

/** The families that are held out, of some: the first by their hashes, as in train.py. */
export function heldFamilies(families: readonly string[]): ReadonlySet<string> {
  const key = (name: string) => createHash('sha256').update(`contract-risk/${name}`).digest('hex')
  const order = [...new Set(families)].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  return new Set(order.slice(0, Math.round(HELD_OUT * order.length)))
}

/** Writes the code of held-out contracts that were written for the corpus: a list in JSON, compressed, in base64. */
export function writeTargets(rows: readonly Row[]): number {
  const own = rows.filter(({ origin }) => origin === 'written')
  const held = heldFamilies(own.map(({ family }) => family))
  const targets = own
    .filter(({ family, setting }) => held.has(family) && setting === 'legacy')
    .map(({ family, base, kind, code }) => ({
      family,
      base,
      kind,
      code: Buffer.from(code.slice(2), 'hex').toString('latin1'),
    }))
  const brotli = brotliCompressSync(Buffer.from(JSON.stringify(targets), 'latin1')).toString('base64')
  writeFileSync(PATH, `${JSON.stringify({ count: targets.length, brotli })}\n`)
  return targets.length
}

/** The held-out contracts that tests and the demo deploy. */
export function heldOutTargets(): Target[] {
  const { brotli } = JSON.parse(readFileSync(PATH, 'utf8')) as { brotli: string }
  const text = brotliDecompressSync(Buffer.from(brotli, 'base64')).toString('latin1')
  return (JSON.parse(text) as Target[]).map((target) => ({
    ...target,
    code: `0x${Buffer.from(target.code, 'latin1').toString('hex')}`,
  }))
}
