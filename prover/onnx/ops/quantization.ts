// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import { ELEMENT_TYPES, type ElementType, kindOf } from '../element-type'
import type { NodeScope } from '../node-scope'
import { elementCount, formatShape } from '../shape'
import type { ConstantOperand, Operand } from '../tensor'

const SCALES_ARE_CONSTANT = 'scales and zero points must be constant'

/** How an operand stands for real numbers: scale·(q − zero), both broadcast to it. */
export type Quantisation = {
  readonly scale: Operand
  readonly zero: Operand | undefined
  readonly elementType: ElementType
}

/** Puts the values of a scale or zero point where they broadcast to the operand they belong to. */
export type Spread<Values extends Operand = ConstantOperand> = (values: Values) => Operand

/** Reads a constant scale and, behind it, an optional zero point. */
export function readQuantisation(scope: NodeScope, at: number, fallback: ElementType, spread: Spread): Quantisation {
  const scale = scope.constant(at, SCALES_ARE_CONSTANT)
  if (scale.kind !== 'float') throw scope.invalid(`the scale "${scale.name}" is ${scale.elementType}`)
  if (!scale.data.every((value) => value > 0 && Number.isFinite(value)))
    throw scope.invalid(`the scale "${scale.name}" is not positive throughout`)
  const zero = readZero(scope, at + 1, spread)
  if (zero !== undefined) checkZeroShape(scope, scale, scope.input(at + 1))
  return { scale: spread(scale), zero, elementType: scope.optional(at + 1)?.elementType ?? fallback }
}

function checkZeroShape(scope: NodeScope, scale: Operand, zero: Operand): void {
  if (scale.shape.join() === zero.shape.join() || elementCount(zero.shape) === 1) return
  throw scope.misfit(
    `the zero point ${formatShape(zero.shape)} is not of the scale's shape ${formatShape(scale.shape)}`,
  )
}

/** A constant zero point as int64, or undefined where it is 0. */
export function readZero(scope: NodeScope, at: number, spread: Spread): Operand | undefined {
  if (scope.optional(at) === undefined) return undefined
  const zero = scope.constant(at, SCALES_ARE_CONSTANT)
  return zeroOf(scope, zero, () => spread(zero))
}

/** The same of one that may depend on the input, as that of DynamicQuantizeLinear does. */
export function readVariableZero(scope: NodeScope, at: number, spread: Spread<Operand>): Operand | undefined {
  const zero = scope.optional(at)
  return zero && zeroOf(scope, zero, () => spread(zero))
}

/** A scale that may depend on the input. */
export function readVariableScale(scope: NodeScope, at: number, spread: Spread<Operand>): Operand {
  const scale = scope.input(at)
  scope.requireFloat(scale)
  return spread(scale)
}

function zeroOf(scope: NodeScope, zero: Operand, spread: () => Operand): Operand | undefined {
  if (zero.kind !== 'int') throw scope.invalid(`the zero point "${zero.name}" is ${zero.elementType}`)
  if (zero.data?.every((value) => value === 0)) return undefined
  return new Algebra(scope).as(spread(), 'int64')
}

/** One value, or one for each position along an axis. */
export function alongAxis(scope: NodeScope, shape: readonly number[], axis: () => number): Spread<Operand> {
  const { reshape } = new Algebra(scope)
  return (values) => {
    if (elementCount(values.shape) === 1) return reshape(values, [])
    const at = axis()
    if (values.shape.length !== 1 || values.shape[0] !== shape[at])
      throw scope.misfit(`"${values.name}" is ${formatShape(values.shape)} for axis ${at} of ${formatShape(shape)}`)
    return reshape(
      values,
      shape.map((size, i) => (i === at ? size : 1)),
    )
  }
}

/** One value only. */
export function whole(scope: NodeScope): Spread<Operand> {
  return alongAxis(scope, [], () => {
    throw scope.misfit('a scale or zero point has more than one value')
  })
}

/** Rounds a real tensor half to even, adds a zero point and saturates to an integer type. */
export function saturate(scope: NodeScope, x: Operand, zero: Operand | undefined, elementType: ElementType): Operand {
  if (kindOf(elementType) !== 'int') throw scope.unsupported(`quantising to ${elementType} is not supported`)
  const { add, as, roundEven } = new Algebra(scope)
  const rounded = as(roundEven(x), 'int64')
  const shifted = zero ? add(rounded, zero) : rounded
  const { min, max } = ELEMENT_TYPES[elementType]
  const operation = { op: 'Clip', min, max } as const
  const clipped = scope.emit('saturated', { operation, inputs: [shifted], shape: shifted.shape, elementType: 'int64' })
  return as(clipped, elementType)
}

/** x − zero point, as int64. */
export function centre(scope: NodeScope, x: Operand, zero: Operand | undefined): Operand {
  const { as, sub } = new Algebra(scope)
  const wide = as(x, 'int64')
  return zero ? sub(wide, zero) : wide
}

/** An exact integer result times its scale over that of the output, which quantises it again. */
export function requantise(scope: NodeScope, sum: Operand, a: Operand, b: Operand, y: Quantisation): Operand {
  const { as, mul, div } = new Algebra(scope)
  const factor = div(mul(as(a, 'float32'), as(b, 'float32')), as(y.scale, 'float32'))
  return saturate(scope, mul(as(sum, 'float32'), factor), y.zero, y.elementType)
}

export function requireMatrices(scope: NodeScope, a: Operand, b: Operand): void {
  if (a.kind !== 'int' || b.kind !== 'int') throw scope.invalid(`its factors are ${a.elementType} and ${b.elementType}`)
  const shapes = `${formatShape(a.shape)} and ${formatShape(b.shape)}`
  if (a.shape.length < 2 || b.shape.length < 2) throw scope.unsupported(`${shapes} are not both matrices`)
  if (a.shape.at(-1) !== b.shape.at(-2)) throw scope.misfit(`${shapes} have different inner sizes`)
}

/** Values of each row of the left factor, or of each column of the right one; others broadcast as they are. */
export function ofMatrix(scope: NodeScope, shape: readonly number[], axis: -1 | -2): Spread<Operand> {
  const { reshape } = new Algebra(scope)
  return (values) => {
    if (elementCount(values.shape) === 1) return reshape(values, [])
    const own = axis === -2 && values.shape.length === 1 ? [...values.shape, 1] : values.shape
    const wide = [...new Array<number>(Math.max(shape.length - own.length, 0)).fill(1), ...own]
    const fits = wide.length === shape.length && wide.every((size, at) => size === 1 || size === shape[at])
    if (!fits) throw scope.misfit(`"${values.name}" is ${formatShape(values.shape)} for ${formatShape(shape)}`)
    return reshape(values, own)
  }
}
