// SPDX-License-Identifier: GPL-3.0-or-later

import { UsageError } from './errors'

/** Collects an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

/** Values of an option that is either for all tensors (`hashed`) or for one (`name=hashed`). */
export type Assignments<T> = { readonly all: T | undefined; readonly named: ReadonlyMap<string, T> }

/** Reads `value` and `name=value`; tensor names may contain `=`. */
export function parseAssignments<T>(
  option: string,
  given: readonly string[],
  parse: (text: string) => T,
): Assignments<T> {
  let all: T | undefined
  const named = new Map<string, T>()
  for (const text of given) {
    const split = text.lastIndexOf('=')
    const name = text.slice(0, Math.max(0, split))
    if (split < 0 ? all !== undefined : named.has(name))
      throw new UsageError(`${option} is given twice${split < 0 ? '' : ` for "${name}"`}; give it once`)
    if (split < 0) all = parse(text)
    else named.set(name, parse(text.slice(split + 1)))
  }
  return { all, named }
}

/** Reads `name=value` only. */
export function parseNamed<T>(
  option: string,
  form: string,
  given: readonly string[],
  parse: (text: string) => T,
): ReadonlyMap<string, T> {
  const bare = given.find((text) => !text.includes('='))
  if (bare !== undefined)
    throw new UsageError(`${option} ${bare} does not say for which input; write ${option} ${form}`)
  return parseAssignments(option, given, parse).named
}

/** One of a list of words. */
export function parseChoice<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text)
    if (found === undefined) throw new UsageError(`${option} takes ${choices.join(', ')}, not "${text}"`)
    return found
  }
}

/** A share: `0.2%` or `0.002`. */
export function parseShare(option: string, text: string): number {
  const match = /^(\d+(?:\.\d*)?|\.\d+)(%?)$/.exec(text)
  const share = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : NaN
  if (!(share >= 0 && share <= 1)) throw new UsageError(`${option} takes a share such as 0.2% or 0.002, not "${text}"`)
  return share
}

/** `lo,hi`, two finite numbers. */
export function parseRange(option: string): (text: string) => readonly [number, number] {
  return (text) => {
    const parts = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
    const [lo, hi] = parts
    if (parts.length !== 2 || !Number.isFinite(lo) || !Number.isFinite(hi) || !(lo! < hi!))
      throw new UsageError(`${option} takes two numbers lo,hi with lo below hi, not "${text}"`)
    return [lo!, hi!]
  }
}

/** A whole number within bounds. */
export function parseInteger(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
    if (!(value >= min && value <= max))
      throw new UsageError(`${option} takes a whole number from ${min} to ${max}, not "${text}"`)
    return value
  }
}

/** A uint256, decimal or 0x hex. */
export function parseUint256(option: string, text: string): bigint {
  const value = /^(\d+|0x[0-9a-fA-F]+)$/.test(text) && text.length <= 80 ? BigInt(text) : -1n
  if (value < 0n || value >> 256n !== 0n) throw new UsageError(`${option} takes a number below 2^256, not "${text}"`)
  return value
}
