// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'
import { groupRows, roundShift } from './quantize'
import type { QuantizedLinear, QuantizedProgram, QuantizedRescale, QuantizedStep } from './quantized'

/** Integers of one tensor: doubles where its proven interval is below 2^52, otherwise bigints. */
export type IntegerValues = Float64Array | readonly bigint[]

/** Thrown when an input value lies outside the interval the circuit accepts. */
export class InputRangeError extends ZkmlError {
  readonly code = 'INPUT_RANGE'
}

/**
 * Runs a quantised program: the reference that the circuit equals bit for bit.
 *
 * @param inputs integers q per input tensor, in the order of `program.inputs`.
 * @returns the values of every tensor, by tensor id.
 * @throws InputRangeError when a value is not in [lo, lo + 2^bits − 1].
 */
export function evaluateProgram(program: QuantizedProgram, inputs: readonly Float64Array[]): IntegerValues[] {
  const values: IntegerValues[] = []
  program.inputs.forEach(({ tensor, recipe }, i) => {
    const given = inputs[i]
    const { size } = program.tensors[tensor]!
    if (given?.length !== size)
      throw new InputRangeError(`input "${recipe.name}" has ${given?.length ?? 0} values; the model takes ${size}`)
    const top = recipe.lo + 2 ** recipe.bits - 1
    for (let k = 0; k < size; k++) {
      const q = given[k]!
      if (!Number.isInteger(q) || q < recipe.lo || q > top)
        throw new InputRangeError(`input "${recipe.name}"[${k}] is not an integer in [${recipe.lo}, ${top}]`)
    }
    values[tensor] = given
  })
  for (const step of program.steps) runStep(program, step, values)
  return values
}

/** Values as bigints, whatever form they have. */
export function toBigInts(values: IntegerValues): readonly bigint[] {
  return values instanceof Float64Array ? Array.from(values, BigInt) : values
}

function runStep(program: QuantizedProgram, step: QuantizedStep, values: IntegerValues[]): void {
  const store = (tensor: number, result: readonly bigint[]) => {
    values[tensor] = program.tensors[tensor]!.ranges.exact ? Float64Array.from(result, Number) : result
  }
  switch (step.kind) {
    case 'linear':
      if (step.exactSums) values[step.output] = linearDoubles(step, values as Float64Array[])
      else store(step.output, linearBigInts(step, values))
      return
    case 'rescale':
      rescale(step, values, store)
      return
    case 'table': {
      const source = values[step.source] as Float64Array
      values[step.output] = source.map((q) => step.values[q - step.lo]!)
      return
    }
    case 'max': {
      const source = values[step.source]!
      const best = groupRows(step.groups).map((row) => row[firstLargest(source, row)]!)
      if (source instanceof Float64Array) values[step.output] = Float64Array.from(best, (i) => source[i]!)
      else
        store(
          step.output,
          best.map((i) => source[i]!),
        )
      return
    }
    case 'argmax': {
      const source = values[step.source]!
      values[step.output] = Float64Array.from(groupRows(step.groups), (row) => firstLargest(source, row))
      return
    }
    case 'product': {
      const [a, b] = [toBigInts(values[step.a]!), toBigInts(values[step.b]!)]
      store(
        step.output,
        Array.from(step.indexA, (i, at) => a[i]! * b[step.indexB[at]!]!),
      )
      return
    }
    case 'divide': {
      const [numerator, denominator] = [toBigInts(values[step.numerator]!), toBigInts(values[step.denominator]!)]
      const scale = BigInt(step.scaleBits + 1)
      store(
        step.output,
        Array.from(step.index, (j, i) => ((numerator[i]! << scale) + denominator[j]!) / (2n * denominator[j]!)),
      )
    }
  }
}

/** Position within the row of its largest element, the first one on ties. */
function firstLargest(values: IntegerValues, row: readonly number[]): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if (values[row[i]!]! > values[row[best]!]!) best = i
  return best
}

function linearDoubles(step: QuantizedLinear, values: readonly Float64Array[]): Float64Array {
  const { start, column, weight, bias, rows, sources } = step.map
  const x =
    sources.length === 1 ? values[sources[0]!.tensor]! : concatenate(sources.map(({ tensor }) => values[tensor]!))
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

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

function linearBigInts(step: QuantizedLinear, values: readonly IntegerValues[]): bigint[] {
  const { start, column, weight, bias, rows, sources } = step.map
  const x = sources.flatMap(({ tensor }) => toBigInts(values[tensor]!))
  return Array.from({ length: rows }, (_, row) => {
    let sum = BigInt(bias[row]!)
    for (let i = start[row]!; i < start[row + 1]!; i++) sum += BigInt(weight[i]!) * x[column[i]!]!
    return sum
  })
}

function rescale(
  step: QuantizedRescale,
  values: IntegerValues[],
  store: (tensor: number, result: readonly bigint[]) => void,
): void {
  const source = values[step.source]!
  const floor = step.clamp?.lo ?? -Infinity
  const low = step.mode === 'relu' ? Math.max(0, floor) : floor
  const high = step.clamp ? step.clamp.lo + 2 ** step.clamp.bits - 1 : Infinity
  if (source instanceof Float64Array) {
    const half = step.shift === 0 ? 0 : 2 ** (step.shift - 1)
    const unit = 2 ** -step.shift
    const rounded = source.map((q) => Math.floor((q + half) * unit))
    values[step.output] = rounded.map((z) => Math.min(Math.max(z, low), high))
    if (step.positive !== undefined) values[step.positive] = rounded.map((z) => Math.max(z, 0))
    return
  }
  const rounded = source.map((q) => roundShift(q, step.shift))
  // 2^bits − 1 has no double beyond 53 bits.
  const top = step.clamp && BigInt(step.clamp.lo) + (1n << BigInt(step.clamp.bits)) - 1n
  const bounded = rounded.map((z) => (z < low ? BigInt(low) : top !== undefined && z > top ? top : z))
  store(step.output, bounded)
  if (step.positive !== undefined)
    store(
      step.positive,
      rounded.map((z) => (z < 0n ? 0n : z)),
    )
}
