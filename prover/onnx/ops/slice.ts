// SPDX-License-Identifier: GPL-3.0-or-later
import type { NodeScope, Rule } from '../node-scope'
import { formatShape, sizeAt } from '../shape'

type SliceParameters = {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly axes: readonly number[]
  readonly steps: readonly number[]
}

/** Slice: parameters are attributes before opset 10 and constant inputs from then on; steps may be negative. */
export const slice: Rule = (scope) => {
  const x = scope.input(0)
  const rank = x.shape.length
  const { starts, ends, axes, steps } = readParameters(scope, rank)
  const outStarts = x.shape.map(() => 0)
  const outSteps = x.shape.map(() => 1)
  const shape = [...x.shape]
  if (new Set(axes).size !== axes.length) throw scope.invalid(`axes ${formatShape(axes)} repeat`)
  axes.forEach((axis, index) => {
    const size = sizeAt(x.shape, axis)
    const step = sizeAt(steps, index)
    if (step === 0) throw scope.invalid('a step is 0')
    const start = clamp(sizeAt(starts, index), size, step)
    const end = clamp(sizeAt(ends, index), size, step, true)
    const length = Math.max(0, Math.ceil((end - start) / step))
    shape[axis] = length
    outStarts[axis] = length === 0 ? 0 : start
    // A step longer than the axis is never taken; keeping it small keeps offsets exact.
    outSteps[axis] = length <= 1 ? 1 : step
  })
  return {
    operation: { op: 'Slice', starts: outStarts, steps: outSteps },
    inputs: [x],
    shape,
    elementType: x.elementType,
  }
}

/** Negative positions count from the end; positions outside are moved to the border. */
function clamp(position: number, size: number, step: number, isEnd = false): number {
  const absolute = position < 0 ? position + size : position
  if (step > 0) return Math.min(Math.max(absolute, 0), size)
  return Math.min(Math.max(absolute, isEnd ? -1 : 0), size - 1)
}

function readParameters(scope: NodeScope, rank: number): SliceParameters {
  const asAttributes = scope.opset < 10
  if (asAttributes) scope.arity(1)
  else scope.arity(3, 5)
  const read = (name: string, index: number): readonly number[] | undefined =>
    asAttributes ? scope.attributes.ints(name) : scope.ints(index, name)
  const starts = read('starts', 1)
  const ends = read('ends', 2)
  if (starts === undefined || ends === undefined) throw scope.invalid('starts or ends are missing')
  const axes = (read('axes', 3) ?? starts.map((_, index) => index)).map((axis) => scope.axis(axis, rank))
  const steps = (asAttributes ? undefined : scope.ints(4, 'steps')) ?? starts.map(() => 1)
  if ([ends, axes, steps].some(({ length }) => length !== starts.length)) {
    throw scope.invalid('starts, ends, axes and steps have different lengths')
  }
  return { starts, ends, axes, steps }
}
