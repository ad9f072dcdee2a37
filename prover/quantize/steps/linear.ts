// SPDX-License-Identifier: GPL-3.0-or-later

import type { LinearMap } from '../linear-map'
import { linearRanges, MagnitudeError } from '../ranges'
import { RecipeError } from '../recipe'
import { START_BITS, ceilLog2, maxMagnitude } from '../start'
import { toBigInts, type IntegerValues, type StepBase, type StepKind } from './step'

/** Weights that are whole with so many digits after the point are kept exact. */
const MAX_EXACT = 8

/** y = W·x + bias over the reals. Costs nothing in R1CS. */
export type LinearStep = StepBase & { readonly kind: 'linear'; readonly map: LinearMap }

/** y = W·x + bias over the integers. `exactSums`: every partial sum is below 2^52, so doubles compute it exactly. */
export type QuantizedLinear = Omit<LinearStep, 'map'> & {
  /** Weights and biases are integers. */
  readonly map: LinearMap
  readonly weightExponent: number
  readonly exactSums: boolean
}

/** Bits from which on the weights of a map are taken for uneven. */
const UNEVEN = 6
/** Bits that the largest weight has at most when calibration starts. */
const MOST_BITS = 40

export const linear: StepKind<LinearStep, QuantizedLinear> = {
  sources: ({ map }) => map.sources.map(({ tensor }) => tensor),
  outputs: ({ output }) => [output],
  reads({ map }, _, read) {
    const owner = map.sources.flatMap(({ tensor, size }) =>
      Array.from({ length: size }, (_, i) => [tensor, i] as const),
    )
    for (const column of map.column) read(...owner[column]!)
  },
  evaluateFloat({ map, output }, values) {
    const x = concatenate(map.sources.map(({ tensor }) => values[tensor]!))
    values[output] = map.bias.map((bias, row) => {
      let sum = bias
      for (let i = map.start[row]!; i < map.start[row + 1]!; i++) sum += map.weight[i]! * x[map.column[i]!]!
      return sum
    })
  },
  initial({ map, output }, { exponentOf, setExponent, seen }) {
    // Constants alone are as fine as weights.
    const largest = maxMagnitude(map.weight.length > 0 ? map.weight : map.bias)
    const usual = START_BITS - ceilLog2(largest)
    // Large elements have small weights, of which nothing may be left beside those of small elements.
    const size = (tensor: number) => Math.max(-seen(tensor).lo, seen(tensor).hi)
    const inputs = map.sources.reduce((most, { tensor }) => Math.max(most, size(tensor)), 0)
    const needed = START_BITS + ceilLog2(inputs) - ceilLog2(size(output))
    const most = MOST_BITS - ceilLog2(largest)
    const exact = exactWeightExponent(map)
    const weightExponent = exact ?? Math.max(0, needed > usual + UNEVEN ? Math.min(needed, most) : usual)
    const exponent = exponentOfSums(
      map,
      map.sources.map(({ tensor }) => exponentOf(tensor)),
      weightExponent,
    )
    setExponent(output, exponent)
    return exact === undefined ? { weightExponent } : {}
  },
  quantize(step, { recipe, where, tensor, define }) {
    const sources = step.map.sources.map((source) => tensor(source.tensor))
    const weightExponent = recipe.weightExponent ?? exactWeightExponent(step.map)
    if (weightExponent === undefined)
      throw new RecipeError(`recipe.steps["${step.name}"].weightExponent is missing; recalibrate with --samples`)
    const exponent = exponentOfSums(
      step.map,
      sources.map((source) => source.exponent),
      weightExponent,
    )
    const scales = sources.map((source) => exponent - source.exponent)
    const map = integerMap(step.map, scales, exponent, where)
    const { ranges, exactSums } = linearRanges(
      map,
      sources.map((source) => source.ranges),
      where,
    )
    define(step.output, exponent, ranges)
    return { ...step, map, weightExponent, exactSums }
  },
  evaluate(step, { values, store, storeDoubles }) {
    if (step.exactSums) storeDoubles(step.output, inDoubles(step.map, values as readonly Float64Array[]))
    else store(step.output, inIntegers(step.map, values))
  },
}

/**
 * Exponent of a map's sums. Weights and biases take weightExponent digits after the point; where those of one of several
 * sources are exact with fewer, they take no more, so that what is only added on, as in a residual network, does not get
 * finer layer by layer.
 */
function exponentOfSums(map: LinearMap, sources: readonly number[], weightExponent: number): number {
  if (sources.length === 0) return weightExponent
  if (sources.length === 1 || exactWeightExponent(map) !== undefined) return Math.max(0, ...sources) + weightExponent
  const exact = exactExponents(map).map((digits) => (digits > MAX_EXACT ? weightExponent : digits))
  return Math.max(0, weightExponent, ...sources.map((exponent, i) => exponent + Math.min(exact[i]!, weightExponent)))
}

/** The smallest exponents ≤ 8 that make the weights of each source whole; MAX_EXACT + 1 where none does. */
function exactExponents(map: LinearMap): number[] {
  const exponents = map.sources.map(() => 0)
  const owner = map.sources.flatMap(({ size }, i) => new Array<number>(size).fill(i))
  for (let at = 0; at < map.weight.length; at++) {
    const source = owner[map.column[at]!]!
    while (exponents[source]! <= MAX_EXACT && !Number.isInteger(map.weight[at]! * 2 ** exponents[source]!))
      exponents[source]!++
  }
  return exponents
}

/** The smallest exponent ≤ 8 that makes all weights and biases whole, if there is one. */
export function exactWeightExponent(map: LinearMap): number | undefined {
  for (let exponent = 0; exponent <= MAX_EXACT; exponent++) {
    const whole = (value: number) => Number.isInteger(value * 2 ** exponent)
    if (map.weight.every(whole)) return map.bias.every(whole) ? exponent : undefined
  }
  return undefined
}

/** Weights times 2^scale of their source, biases times 2^exponent, rounded half up; zero weights stay in place. */
function integerMap(map: LinearMap, scales: readonly number[], exponent: number, where: string): LinearMap {
  const scaleOf = new Float64Array(map.sources.reduce((sum, source) => sum + source.size, 0))
  let at = 0
  map.sources.forEach(({ size }, i) => {
    scaleOf.fill(2 ** scales[i]!, at, at + size)
    at += size
  })
  const weight = new Float64Array(map.weight.length)
  for (let i = 0; i < weight.length; i++) {
    weight[i] = Math.round(map.weight[i]! * scaleOf[map.column[i]!]!)
    if (!Number.isSafeInteger(weight[i]))
      throw new RecipeError(`${where}: a weight needs more than 53 bits; use a smaller weightExponent`)
  }
  const bias = map.bias.map((value) => Math.round(value * 2 ** exponent))
  if (!bias.every(Number.isFinite))
    throw new MagnitudeError(`${where}: a bias is too large for the scale of its layer; use a smaller weightExponent`)
  return { ...map, weight, bias }
}

function inDoubles(map: LinearMap, values: readonly Float64Array[]): Float64Array {
  const { start, column, weight, bias, rows, sources } = map
  const x = concatenate(sources.map(({ tensor }) => values[tensor]!))
  const y = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    // Four sums, so that additions need not wait for each other; in any order they are exact.
    let [sum, second, third, fourth] = [bias[row]!, 0, 0, 0]
    const end = start[row + 1]!
    let i = start[row]!
    for (; i + 3 < end; i += 4) {
      sum += weight[i]! * x[column[i]!]!
      second += weight[i + 1]! * x[column[i + 1]!]!
      third += weight[i + 2]! * x[column[i + 2]!]!
      fourth += weight[i + 3]! * x[column[i + 3]!]!
    }
    for (; i < end; i++) sum += weight[i]! * x[column[i]!]!
    y[row] = sum + second + third + fourth
  }
  return y
}

function inIntegers(map: LinearMap, values: readonly IntegerValues[]): bigint[] {
  const { start, column, weight, bias, rows, sources } = map
  const x = sources.flatMap(({ tensor }) => toBigInts(values[tensor]!))
  return Array.from({ length: rows }, (_, row) => {
    let sum = BigInt(bias[row]!)
    for (let i = start[row]!; i < start[row + 1]!; i++) sum += BigInt(weight[i]!) * x[column[i]!]!
    return sum
  })
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]!
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
