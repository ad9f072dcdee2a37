// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../project'

/** Sets of instructions that the addon is built for, from the slowest to the fastest. */
export const NATIVE_LEVELS = ['portable', 'adx', 'ifma'] as const
export type NativeLevel = (typeof NATIVE_LEVELS)[number]

/** An open proving key; freed by the garbage collector. */
export type NativeKey = { readonly __nativeKey: unique symbol }

/** 1 for G1, 2 for G2. */
type Group = 1 | 2
/** The number of threads, and two words: cancelled, thousandths done. */
type Run = [threads: number, words: Uint32Array]

/** The functions of addon.cpp, which says what they take; results are written into the last buffer. */
export type NativeAddon = {
  readonly level: NativeLevel
  supportedLevels(): NativeLevel[]
  multiplyGenerator(group: Group, scalars: Uint8Array, out: Uint8Array, ...run: Run): Promise<void>
  scale(
    group: Group,
    points: Uint8Array,
    first: Uint8Array,
    step: Uint8Array,
    out: Uint8Array,
    ...run: Run
  ): Promise<void>
  toLagrange(group: Group, points: Uint8Array, out: Uint8Array, ...run: Run): Promise<void>
  combine(
    group: Group,
    points: Uint8Array,
    scalars: Uint8Array,
    scalarBytes: number,
    out: Uint8Array,
    ...run: Run
  ): Promise<void>
  combineColumns(
    group: Group,
    points: Uint8Array,
    start: Uint32Array,
    row: Uint32Array,
    coefficient: Uint32Array,
    table: Uint8Array,
    out: Uint8Array,
    ...run: Run
  ): Promise<void>
  add(group: Group, points: Uint8Array, other: Uint8Array, out: Uint8Array, ...run: Run): Promise<void>
  firstInvalid(group: Group, points: Uint8Array, ...run: Run): Promise<number>
  encode(group: Group, points: Uint8Array, isCompressed: 0 | 1, out: Uint8Array, ...run: Run): Promise<void>
  openKey(key: string | Uint8Array, ...run: Run): Promise<NativeKey>
  /** `source` is what the key was opened from; bytes stay alive meanwhile. */
  prove(
    key: NativeKey,
    source: string | Uint8Array,
    witness: Uint8Array,
    blinding: Uint8Array,
    out: Uint8Array,
    ...run: Run
  ): Promise<void>
  /** Sums, differences and products of Fq (0) or Fr (1), for tests. */
  operateOnFields(field: 0 | 1, a: Uint8Array, b: Uint8Array, out: Uint8Array, ...run: Run): Promise<void>
  /** From values at the powers of a root of unity to those at the odd powers of one of twice the order, for tests. */
  toOddCoset(values: Uint8Array, out: Uint8Array, ...run: Run): Promise<void>
  verify(key: Uint8Array, signals: Uint8Array, proof: Uint8Array, ...run: Run): Promise<boolean>
}

/** Whether the addon can be used here, and how, or why not. */
export type NativeStatus =
  | { readonly addon: NativeAddon; readonly level: NativeLevel; readonly compiler: string }
  | { readonly addon: undefined; readonly reason: string }

/** What build.js leaves behind. */
type BuildRecord = { readonly compiler?: string; readonly levels?: readonly NativeLevel[]; readonly reason?: string }

let status: NativeStatus | undefined

/**
 * Loads the fastest addon that was built and that this CPU runs, once a process. `ZKML_NATIVE` names a level to use
 * instead, or is `off`.
 */
export function nativeStatus(): NativeStatus {
  return (status ??= load(process.env.ZKML_NATIVE))
}

/** Loads the addon of one level; see {@link nativeStatus}. */
export function loadNative(level: NativeLevel): NativeStatus {
  return load(level)
}

function load(wanted: string | undefined): NativeStatus {
  const unavailable = (reason: string): NativeStatus => ({ addon: undefined, reason })
  if (wanted === 'off') return unavailable('ZKML_NATIVE is off')
  const folder = join(projectFolder(), 'build', 'native')
  const record = readRecord(join(folder, 'build.json'))
  if (record === undefined) return unavailable('it was not built; run "npm run build:native"')
  if (record.levels === undefined) return unavailable(record.reason ?? 'it was not built')
  try {
    const supported = loadFile(join(folder, 'portable.node')).supportedLevels()
    const level =
      wanted === undefined
        ? [...NATIVE_LEVELS].reverse().find((name) => record.levels?.includes(name) && supported.includes(name))
        : NATIVE_LEVELS.find((name) => name === wanted)
    if (level === undefined)
      return unavailable(`ZKML_NATIVE is "${wanted}", which is none of ${NATIVE_LEVELS.join(', ')}`)
    if (!record.levels.includes(level)) return unavailable(`the level "${level}" was not built`)
    if (!supported.includes(level)) return unavailable(`this CPU does not run the level "${level}"`)
    // `sanitized`: what "npm run test:sanitized" runs.
    const variant = process.env.ZKML_NATIVE_VARIANT
    const addon = loadFile(join(folder, `${level}${variant === undefined ? '' : `.${variant}`}.node`))
    return { addon, level, compiler: record.compiler ?? 'an unknown compiler' }
  } catch (error) {
    return unavailable(`it does not load: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function readRecord(path: string): BuildRecord | undefined {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as BuildRecord
  } catch {
    return undefined
  }
}

function loadFile(path: string): NativeAddon {
  const module: { exports: unknown } = { exports: {} }
  process.dlopen(module, path)
  return module.exports as NativeAddon
}
