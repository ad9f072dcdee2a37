// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { formatShape } from '../shape'
import type { Operand } from '../tensor'

type Options = {
  /** Bools are refused, except where a maximum makes sense of them. */
  readonly bools?: true
  /** What no elements reduce to; absent where there is no such number. */
  readonly empty?: number
}

type Reduction = (algebra: Algebra, x: Operand, axes: readonly number[]) => Operand

/** From this opset on axes are an input. */
type AxesSince = 13 | 18

/**
 * A reduction over axes, all of them by default. Axes are an attribute at first and a constant input later, where an empty
 * list may mean none.
 */
export function reduction(since: AxesSince, reduce: Reduction, { bools, empty }: Options = {}): Rule {
  return (scope) => {
    const x = scope.input(0)
    if (!bools) scope.requireNumber(x)
    const keep = scope.attributes.flag('keepdims', true)
    const axes = readAxes(scope, x, since)
    const algebra = new Algebra(scope)
    const reduced =
      axes === undefined
        ? x
        : axes.some((axis) => x.shape[axis] === 0)
          ? ofNothing(scope, x, axes, empty)
          : reduce(algebra, x, axes)
    if (keep || axes === undefined) return reduced
    return algebra.reshape(
      reduced,
      reduced.shape.filter((_, axis) => !axes.includes(axis)),
    )
  }
}

function ofNothing(scope: NodeScope, x: Operand, axes: readonly number[], value: number | undefined): Operand {
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  if (value === undefined && !shape.includes(0))
    throw scope.unsupported(
      `"${x.name}" ${formatShape(x.shape)} has no elements to reduce, and no number is their result`,
    )
  return scope.emit('nothing', { data: scope.allocate(shape).fill(value ?? 0), shape, elementType: x.elementType })
}

/** The axes, or undefined where there is nothing to reduce. */
function readAxes(scope: NodeScope, x: Operand, since: AxesSince): readonly number[] | undefined {
  const asInput = scope.opset >= since
  scope.arity(1, asInput ? 2 : 1)
  const given = asInput ? scope.ints(1, 'axes') : scope.attributes.ints('axes')
  const noop = asInput && scope.attributes.flag('noop_with_empty_axes', false)
  if (given !== undefined && given.length > 0) return scope.axes(given, x.shape.length)
  return noop ? undefined : x.shape.map((_, axis) => axis)
}

export const reduceSum = reduction(13, (algebra, x, axes) => algebra.sum(x, axes), { empty: 0 })
export const reduceMean = reduction(18, (algebra, x, axes) => algebra.mean(x, axes))
export const reduceMax = reduction(18, (algebra, x, axes) => algebra.reduceMax(x, axes), { bools: true })
export const reduceMin = reduction(18, (algebra, x, axes) => algebra.reduceMin(x, axes), { bools: true })
export const reduceL1 = reduction(18, (algebra, x, axes) => algebra.sum(algebra.abs(x), axes), { empty: 0 })
export const reduceSumSquare = reduction(18, (algebra, x, axes) => algebra.sum(algebra.square(x), axes), { empty: 0 })
export const reduceL2 = reduction(18, (algebra, x, axes) => algebra.squareRoot(algebra.sum(algebra.square(x), axes)), {
  empty: 0,
})
export const reduceProd = reduction(18, (algebra, x, axes) => algebra.product(x, axes), { empty: 1 })

/** log Σ x; the logarithm is that of the least positive number it is tabulated for where the sum is not positive. */
export const reduceLogSum = floating((algebra, x, axes) => algebra.fn({ name: 'log' }, algebra.sum(x, axes)))

/** log Σ e^x as max + log Σ e^(x − max), so that nothing overflows. */
export const reduceLogSumExp = floating((algebra, x, axes) => {
  const largest = algebra.reduceMax(x, axes)
  return algebra.add(largest, algebra.fn({ name: 'log' }, algebra.sum(algebra.decay(algebra.sub(largest, x)), axes)))
})

function floating(reduce: Reduction): Rule {
  const rule = reduction(18, reduce)
  return (scope) => {
    scope.requireFloat(scope.input(0))
    return rule(scope)
  }
}
