// SPDX-License-Identifier: GPL-3.0-or-later
import type { FunctionName } from '../../functions'
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { elementCount, formatShape } from '../shape'
import type { Operand } from '../tensor'
import { ofFloat, ofNumber } from './elementwise'

const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127

/** Relu, which opset 14 extended to integers. */
export const relu = ofNumber((algebra, x) => algebra.relu(x))

/** A smooth function without attributes. */
export function smooth(name: FunctionName): Rule {
  return ofFloat((algebra, x) => algebra.fn({ name }, x))
}

/** LeakyRelu with its slope. */
export const leakyRelu = ofFloat((algebra, x, { attributes }) => algebra.leakyRelu(x, attributes.float('alpha', 0.01)))

/** Clip: bounds are attributes before opset 11 and inputs from then on; a side without bound is absent. */
export const clip: Rule = (scope) => {
  scope.requireNumber(scope.input(0))
  if (scope.opset < 11) return clipConstant(scope, ...boundsFromAttributes(scope))
  const [x, lower, upper] = boundsFromInputs(scope)
  const [min, max] = [boundOf(lower, -Infinity), boundOf(upper, Infinity)]
  if (min !== undefined && max !== undefined) return clipConstant(scope, min, max)
  const algebra = new Algebra(scope)
  const raised = lower === undefined ? x : algebra.max(x, lower)
  return upper === undefined ? raised : algebra.min(raised, upper)
}

/** The number of a bound; undefined for one that is variable. */
function boundOf(bound: Operand | undefined, absent: number): number | undefined {
  return bound === undefined ? absent : bound.data?.[0]
}

function clipConstant(scope: NodeScope, min: number, max: number): Operand {
  if (Number.isNaN(min) || Number.isNaN(max)) throw scope.invalid('a bound is NaN')
  if (min > max) throw scope.invalid(`min ${min} is greater than max ${max}`)
  if (min >= LARGEST_FLOAT32 || max <= -LARGEST_FLOAT32) throw scope.invalid('a bound is infinite on the wrong side')
  const [least, most] = [min > -LARGEST_FLOAT32 ? min : undefined, max < LARGEST_FLOAT32 ? max : undefined]
  return new Algebra(scope).clip(scope.input(0), least, most)
}

function boundsFromAttributes(scope: NodeScope): readonly [number, number] {
  scope.arity(1)
  return [scope.attributes.float('min', -LARGEST_FLOAT32), scope.attributes.float('max', LARGEST_FLOAT32)]
}

function boundsFromInputs(scope: NodeScope): readonly [Operand, Operand | undefined, Operand | undefined] {
  scope.arity(1, 3)
  const [x, lower, upper] = [scope.input(0), scope.optional(1), scope.optional(2)]
  const bounds = [lower, upper].filter((bound) => bound !== undefined)
  scope.requireSameType([x, ...bounds])
  const list = bounds.find(({ shape }) => elementCount(shape) !== 1 || shape.length > x.shape.length)
  if (list !== undefined) throw scope.invalid(`"${list.name}" has shape ${formatShape(list.shape)}`)
  return [x, lower, upper]
}
