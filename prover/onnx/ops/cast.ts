// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import { ELEMENT_TYPES, type ElementType, elementTypeName, elementTypeOf, kindOf, roundToFloat } from '../element-type'
import { describeNode, OnnxNotFiniteError, OnnxUnsupportedAttributeError } from '../errors'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { type Operand, OnnxIntegerRangeError } from '../tensor'

/** Cast: to float as it is, to an integer towards 0, to bool by comparing with 0; to a narrow integer it wraps around. */
export const cast: Rule = (scope) => {
  scope.arity(1)
  if (scope.opset >= 19) scope.attributes.ignore('saturate')
  if (!scope.attributes.has('to')) throw scope.invalid('attribute "to" is missing')
  const code = scope.attributes.int('to', 0)
  const elementType = elementTypeOf(code)
  if (elementType === undefined) {
    const advice = `casting to ${elementTypeName(code)} is not supported; cast to float`
    throw new OnnxUnsupportedAttributeError(scope.node, 'to', advice)
  }
  return converted(scope, elementType)
}

/** CastLike: Cast to the type of the second input. */
export const castLike: Rule = (scope) => {
  scope.arity(2)
  if (scope.opset >= 19) scope.attributes.ignore('saturate')
  return converted(scope, scope.input(1).elementType)
}

function converted(scope: NodeScope, to: ElementType): Lowered | Operand {
  const x = scope.input(0)
  if (x.data !== undefined) return { data: convert(scope, x, x.data, to), shape: x.shape, elementType: to }
  const algebra = new Algebra(scope)
  if (kindOf(to) === 'float' || x.kind === 'bool') return algebra.as(x, to)
  if (to === 'bool') return algebra.not(algebra.isZero(x))
  return x.kind === 'float' ? truncated(algebra, x, to) : wrapped(scope, algebra, x, to)
}

/** The whole part of a float; one outside the type becomes the nearest end of it, which ONNX leaves open. */
function truncated(algebra: Algebra, x: Operand, to: ElementType): Operand {
  const { direction, size } = algebra.polar(x)
  const whole = algebra.mul(direction, algebra.as(algebra.floor(size), 'int64'))
  const { min, max } = ELEMENT_TYPES[to]
  // A comparison that the proven interval decides costs nothing.
  const least = algebra.max(whole, algebra.number(min, whole))
  return algebra.as(algebra.min(least, algebra.number(max, whole)), to)
}

/** The integer of the type that is the same modulo 2^w. */
function wrapped(scope: NodeScope, algebra: Algebra, x: Operand, to: ElementType): Operand {
  const [from, into] = [ELEMENT_TYPES[x.elementType], ELEMENT_TYPES[to]]
  const isWide = to === 'int32' || to === 'int64'
  if (isWide || (from.min >= into.min && from.max <= into.max)) return algebra.as(x, to)
  if (to === 'uint64')
    throw scope.unsupported(`"${x.name}" is ${x.elementType}, of which a negative one as uint64 is beyond 2^53`)
  const wide = algebra.as(x, 'int64')
  const turns = algebra.floorDiv(algebra.shift(wide, -into.min), algebra.number(into.max - into.min + 1, wide))
  return algebra.as(algebra.sub(wide, algebra.scale(turns, into.max - into.min + 1)), to)
}

function convert(scope: NodeScope, x: Operand, data: Float64Array, to: ElementType): Float64Array {
  const result = scope.allocate(x.shape)
  const { kind, min, max } = ELEMENT_TYPES[to]
  for (let index = 0; index < result.length; index++) {
    const value = data[index] ?? 0
    const where = `the result of ${describeNode(scope.node)}`
    if (kind === 'bool') result[index] = value === 0 ? 0 : 1
    else if (kind === 'float') {
      const rounded = roundToFloat(to, value)
      if (!Number.isFinite(rounded) && Math.abs(value) !== Infinity) throw new OnnxNotFiniteError(where, rounded)
      result[index] = rounded
    } else {
      const whole = Math.trunc(value) + 0
      if (!(whole >= min && whole <= max)) throw new OnnxIntegerRangeError(where, value, `the range of ${to}`)
      result[index] = whole
    }
  }
  return result
}
