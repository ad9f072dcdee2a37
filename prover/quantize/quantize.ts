// SPDX-License-Identifier: GPL-3.0-or-later

import type { LinearMap } from './linear-map'
import { type Program, type Step } from './program'
import type { QuantizedLinear, QuantizedProgram, QuantizedRescale, QuantizedStep, QuantizedTensor } from './quantized'
import { bitLength, hull, linearRanges, MagnitudeError, makeRanges, uniformRanges, type Ranges } from './ranges'
import { RecipeError, type Recipe, type StepRecipe } from './recipe'
import { tableValues } from './tables'

/**
 * Rounds a program to integers as the recipe says and proves an interval for every element of every tensor.
 * Deterministic: the same program and recipe give the same integers on any machine.
 *
 * @throws RecipeError when the recipe lacks a step or asks for what a step cannot do.
 * @throws MagnitudeError when an interval is not below 2^251.
 */
export function quantizeProgram(program: Program, recipe: Recipe): QuantizedProgram {
  return new Quantizer(program, recipe).run()
}

/** What circuits/table/table.circom takes. */
const MIN_TABLE_BITS = 2
const MAX_TABLE_BITS = 12
/** log2 of the largest table argument: e^1024 is still quick to compute. */
const MAX_REACH = 10
const MAX_QUOTIENT_BITS = 64
/** Table values stay whole numbers that doubles hold exactly, with room for the sums of the next step. */
const MAX_TABLE_EXPONENT = 50
/** Shifts beyond this leave nothing of any value below 2^251. */
const MAX_SHIFT = 250

class Quantizer {
  private readonly tensors: QuantizedTensor[] = []

  constructor(
    private readonly program: Program,
    private readonly recipe: Recipe,
  ) {}

  run(): QuantizedProgram {
    const inputs = this.program.inputs.map((tensor) => {
      const { name, size } = this.program.tensors[tensor]!
      const recipe = this.recipe.inputs.find((input) => input.name === name)
      if (!recipe) throw new RecipeError(`recipe has no input "${name}"; it was made for another model`)
      const lo = BigInt(recipe.lo)
      this.define(tensor, recipe.exponent, uniformRanges(size, lo, lo + (1n << BigInt(recipe.bits)) - 1n, name))
      return { tensor, recipe }
    })
    const steps = this.program.steps.map((step) => this.step(step))
    const outputs = this.program.outputs.map((tensor) => {
      const { name } = this.program.tensors[tensor]!
      const recipe = this.recipe.outputs.find((output) => output.name === name)
      if (!recipe) throw new RecipeError(`recipe has no output "${name}"; it was made for another model`)
      return { tensor, recipe }
    })
    return { tensors: this.tensors, inputs, outputs, steps }
  }

  private step(step: Step): QuantizedStep {
    const recipe = Object.hasOwn(this.recipe.steps, step.name) ? this.recipe.steps[step.name]! : {}
    const where = `node "${step.origin.node}" (${step.origin.op})`
    switch (step.kind) {
      case 'linear':
        return this.linear(step, recipe, where)
      case 'rescale':
        return this.rescale(step, recipe, where)
      case 'table': {
        const source = this.tensors[step.source]!
        const { lo, hi } = hull(source.ranges)
        const argument = this.recipe.steps[`${step.name}/argument`]
        const bits = argument?.clampBits ?? bitLength(hi - lo)
        const spec = { fn: step.fn, bits, lo: argumentLo(step.fn, bits), argumentExponent: source.exponent }
        const exponent = required(recipe.exponent, step, 'exponent')
        if (exponent < 0 || exponent > MAX_TABLE_EXPONENT)
          throw new RecipeError(
            `recipe.steps["${step.name}"].exponent is ${exponent}; a table's is from 0 to ${MAX_TABLE_EXPONENT}`,
          )
        const values = tableValues({ ...spec, exponent })
        const at = (q: bigint) => BigInt(values[Number(q) - spec.lo]!)
        // All tables are monotone, `decay` falling and the others rising, so the ends of an interval map to its ends.
        const [first, last] =
          step.fn === 'decay' ? [source.ranges.hi, source.ranges.lo] : [source.ranges.lo, source.ranges.hi]
        this.define(step.output, exponent, makeRanges(first.map(at), last.map(at), where))
        return { ...step, bits, lo: spec.lo, values }
      }
      case 'max': {
        const { ranges, exponent } = this.tensors[step.source]!
        const rows = groupRows(step.groups)
        const lo = rows.map((row) => row.reduce((best, i) => larger(best, ranges.lo[i]!), ranges.lo[row[0]!]!))
        const hi = rows.map((row) => row.reduce((best, i) => larger(best, ranges.hi[i]!), ranges.hi[row[0]!]!))
        this.define(step.output, exponent, makeRanges(lo, hi, where))
        return step
      }
      case 'argmax': {
        const rows = groupRows(step.groups)
        const hi = rows.map((row) => BigInt(row.length - 1))
        this.define(
          step.output,
          0,
          makeRanges(
            rows.map(() => 0n),
            hi,
            where,
          ),
        )
        return step
      }
      case 'product': {
        const [a, b] = [this.tensors[step.a]!, this.tensors[step.b]!]
        const corners = Array.from(step.indexA, (i, at) => {
          const j = step.indexB[at]!
          const [al, ah, bl, bh] = [a.ranges.lo[i]!, a.ranges.hi[i]!, b.ranges.lo[j]!, b.ranges.hi[j]!]
          return [al * bl, al * bh, ah * bl, ah * bh]
        })
        const lo = corners.map((values) => values.reduce((x, y) => (x < y ? x : y)))
        this.define(
          step.output,
          a.exponent + b.exponent,
          makeRanges(
            lo,
            corners.map((values) => values.reduce(larger)),
            where,
          ),
        )
        return step
      }
      case 'divide': {
        const scaleBits = required(recipe.exponent, step, 'exponent')
        if (scaleBits < 0 || scaleBits > MAX_QUOTIENT_BITS)
          throw new RecipeError(
            `recipe.steps["${step.name}"].exponent is ${scaleBits}; it must be from 0 to ${MAX_QUOTIENT_BITS}`,
          )
        if (this.tensors[step.numerator]!.exponent !== this.tensors[step.denominator]!.exponent)
          throw new RecipeError(
            `recipe.steps scales the numerator and the denominator of "${step.name}" apart; leave out the weightExponent of the sum`,
          )
        const { size } = this.program.tensors[step.output]!
        this.define(step.output, scaleBits, uniformRanges(size, 0n, 1n << BigInt(scaleBits), where))
        return { ...step, scaleBits }
      }
    }
  }

  private linear(step: Extract<Step, { kind: 'linear' }>, recipe: StepRecipe, where: string): QuantizedLinear {
    const sources = step.map.sources.map(({ tensor }) => this.tensors[tensor]!)
    const finest = Math.max(0, ...sources.map((source) => source.exponent))
    const weightExponent = recipe.weightExponent ?? exactWeightExponent(step.map)
    if (weightExponent === undefined)
      throw new RecipeError(`recipe.steps["${step.name}"].weightExponent is missing; recalibrate with --samples`)
    const exponent = (sources.length ? finest : 0) + weightExponent
    const map = integerMap(
      step.map,
      sources.map((source) => exponent - source.exponent),
      exponent,
      where,
    )
    const { ranges, exactSums } = linearRanges(
      map,
      sources.map((source) => source.ranges),
      where,
    )
    this.define(step.output, exponent, ranges)
    return { ...step, map, weightExponent, exactSums }
  }

  private rescale(step: Extract<Step, { kind: 'rescale' }>, recipe: StepRecipe, where: string): QuantizedRescale {
    const source = this.tensors[step.source]!
    const exponent = required(recipe.exponent, step, 'exponent')
    const shift = source.exponent - exponent
    if (shift > MAX_SHIFT)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}, ${shift} bits coarser than the value it rounds; at most ${MAX_SHIFT} are possible`,
      )
    if (shift < 0)
      throw new RecipeError(
        `recipe.steps["${step.name}"].exponent is ${exponent}, finer than the ${source.exponent} of the value it rounds`,
      )
    if (step.tableFor) checkArgument(step, recipe, exponent)
    // Only the rounded value would be clamped, not its positive part: the circuit has no such gadget.
    if (step.mode === 'split' && recipe.clampBits !== undefined)
      throw new RecipeError(
        `recipe.steps["${step.name}"].clampBits is set, but ${step.origin.op} cannot be clamped; leave it out`,
      )
    const clamp =
      recipe.clampBits === undefined ? undefined : { lo: clampLo(step.mode, recipe.clampBits), bits: recipe.clampBits }
    const rounded = (q: bigint) => roundShift(q, shift)
    const bound = (q: bigint) => {
      const z = rounded(q)
      const y = step.mode === 'relu' && z < 0n ? 0n : z
      return clamp ? clampTo(y, BigInt(clamp.lo), BigInt(clamp.lo) + (1n << BigInt(clamp.bits)) - 1n) : y
    }
    const { lo, hi } = source.ranges
    this.define(step.output, exponent, makeRanges(lo.map(bound), hi.map(bound), where))
    if (step.positive !== undefined) {
      const positive = (q: bigint) => larger(rounded(q), 0n)
      this.define(step.positive, exponent, makeRanges(lo.map(positive), hi.map(positive), where))
    }
    return { ...step, shift, ...(clamp && { clamp }) }
  }

  private define(id: number, exponent: number, ranges: Ranges): void {
    this.tensors[id] = { ...this.program.tensors[id]!, exponent, ranges }
  }
}

/** A table's argument needs as many bits as a table can have, and ends where the function has long been flat. */
function checkArgument(step: Step, { clampBits }: StepRecipe, exponent: number): void {
  const at = `recipe.steps["${step.name}"]`
  if (clampBits === undefined) throw new RecipeError(`${at}.clampBits is missing; a table needs a bounded argument`)
  if (clampBits < MIN_TABLE_BITS || clampBits > MAX_TABLE_BITS)
    throw new RecipeError(`${at}.clampBits is ${clampBits}; a table takes ${MIN_TABLE_BITS} to ${MAX_TABLE_BITS} bits`)
  if (clampBits - exponent > MAX_REACH)
    throw new RecipeError(
      `${at} reaches to 2^${clampBits - exponent}; tables end at 2^${MAX_REACH}, so raise the exponent`,
    )
}

/** ⌊(q + 2^(shift−1)) / 2^shift⌋: round half up. */
export function roundShift(q: bigint, shift: number): bigint {
  return shift === 0 ? q : (q + (1n << BigInt(shift - 1))) >> BigInt(shift)
}

/** Lower end of a clamp: 0 after a ReLU, otherwise symmetric two's complement. */
export function clampLo(mode: 'identity' | 'relu' | 'split', bits: number): number {
  return mode === 'relu' ? 0 : -(2 ** (bits - 1))
}

function argumentLo(fn: 'sigmoid' | 'tanh' | 'decay', bits: number): number {
  return clampLo(fn === 'decay' ? 'relu' : 'identity', bits)
}

/** The smallest exponent ≤ 8 that makes all weights and biases whole, if there is one. */
export function exactWeightExponent(map: LinearMap): number | undefined {
  for (let exponent = 0; exponent <= 8; exponent++) {
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

function required(value: number | undefined, step: Step, field: string): number {
  if (value === undefined)
    throw new RecipeError(`recipe.steps["${step.name}"].${field} is missing; recalibrate with --samples`)
  return value
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function clampTo(value: bigint, lo: bigint, hi: bigint): bigint {
  return value < lo ? lo : value > hi ? hi : value
}

/** The groups of a pooling as lists of elements. */
export function groupRows(groups: { readonly start: Uint32Array; readonly column: Uint32Array }): number[][] {
  return Array.from({ length: groups.start.length - 1 }, (_, row) =>
    Array.from(groups.column.subarray(groups.start[row]!, groups.start[row + 1]!)),
  )
}
