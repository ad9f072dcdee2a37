// SPDX-License-Identifier: GPL-3.0-or-later
import { ELEMENT_TYPES, type ElementType, elementTypeName, elementTypeOf, kindOf, roundToFloat } from '../element-type'
import { describeNode, OnnxNotFiniteError, OnnxUnsupportedAttributeError } from '../errors'
import type { NodeScope, Rule } from '../node-scope'
import { type Operand, OnnxIntegerRangeError } from '../tensor'

/**
 * Cast. Of a variable only casts that keep the value are allowed: to any float, or to a wide integer type.
 * A constant is converted as ONNX says.
 */
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
  const x = scope.input(0)
  if (x.data !== undefined) return { data: convert(scope, x, x.data, elementType), shape: x.shape, elementType }
  checkVariable(scope, x, elementType)
  return { operation: { op: 'Reshape' }, inputs: [x], shape: x.shape, elementType }
}

function checkVariable(scope: NodeScope, x: Operand, to: ElementType): void {
  if (kindOf(to) === 'float') return
  const step = `casting the variable "${x.name}" from ${x.elementType} to ${to}`
  if (to === 'bool') {
    if (x.kind === 'bool') return
    throw scope.unsupported(`${step} compares with 0; remove the cast and compare the output of the model instead`)
  }
  if (x.kind === 'float') {
    throw scope.unsupported(`${step} drops fractions, which is not supported inside a circuit; keep the value in float`)
  }
  const wide = to === 'int32' || to === 'int64'
  const fits = ELEMENT_TYPES[x.elementType].min >= ELEMENT_TYPES[to].min
  if (wide || (fits && ELEMENT_TYPES[x.elementType].max <= ELEMENT_TYPES[to].max)) return
  throw scope.unsupported(`${step} could wrap around; cast to int64 or float`)
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
      if (!Number.isFinite(rounded)) throw new OnnxNotFiniteError(where, rounded)
      result[index] = rounded
    } else {
      const whole = Math.trunc(value) + 0
      if (!(whole >= min && whole <= max)) throw new OnnxIntegerRangeError(where, value, `the range of ${to}`)
      result[index] = whole
    }
  }
  return result
}
