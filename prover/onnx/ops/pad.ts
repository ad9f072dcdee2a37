// SPDX-License-Identifier: GPL-3.0-or-later
import type { NodeScope, Rule } from '../node-scope'
import { formatShape, sizeAt } from '../shape'

/** Pad: pads are an attribute before opset 11, a constant input from then on, and may name axes from opset 18. */
export const pad: Rule = (scope) => {
  const x = scope.input(0)
  const rank = x.shape.length
  const mode = scope.attributes.text('mode', 'constant')
  if (mode !== 'constant' && mode !== 'reflect' && mode !== 'edge') {
    throw scope.unsupported(`mode is ${JSON.stringify(mode)}; use constant, reflect or edge`)
  }
  const { pads, value, axes } = scope.opset < 11 ? fromAttributes(scope, rank) : fromInputs(scope, rank)
  if (pads.length !== 2 * axes.length) {
    throw scope.invalid(`pads has ${pads.length} entries where ${2 * axes.length} are expected`)
  }
  if (pads.some((size) => size < 0)) {
    throw scope.unsupported(`pads ${formatShape(pads)} are negative; use Slice to crop`)
  }
  if (!Number.isFinite(value)) throw scope.unsupported(`the padding value is ${value}; use a finite number`)
  const begin = x.shape.map(() => 0)
  const end = x.shape.map(() => 0)
  axes.forEach((axis, index) => {
    begin[axis] = sizeAt(pads, index)
    end[axis] = sizeAt(pads, index + axes.length)
  })
  x.shape.forEach((size, axis) => {
    if (mode === 'reflect' && Math.max(sizeAt(begin, axis), sizeAt(end, axis)) >= size) {
      if (sizeAt(begin, axis) > 0 || sizeAt(end, axis) > 0) throw scope.invalid('reflect needs pads below the size')
    }
  })
  const shape = x.shape.map((size, axis) => size + sizeAt(begin, axis) + sizeAt(end, axis))
  return {
    operation: { op: 'Pad', begin, end, mode, value: mode === 'constant' ? value : 0 },
    inputs: [x],
    shape,
    elementType: x.elementType,
  }
}

type PadParameters = { readonly pads: readonly number[]; readonly value: number; readonly axes: readonly number[] }

function fromAttributes(scope: NodeScope, rank: number): PadParameters {
  scope.arity(1)
  const pads = scope.attributes.ints('pads')
  if (pads === undefined) throw scope.invalid('attribute "pads" is missing')
  return { pads, value: scope.attributes.float('value', 0), axes: allAxes(rank) }
}

function fromInputs(scope: NodeScope, rank: number): PadParameters {
  scope.arity(2, scope.opset < 18 ? 3 : 4)
  const axes = scope.opset < 18 ? undefined : scope.ints(3, 'axes')
  const positive = axes?.map((axis) => scope.axis(axis, rank))
  if (positive !== undefined && new Set(positive).size !== positive.length) throw scope.invalid('axes repeat')
  return {
    pads: scope.ints(1, 'pads') ?? [],
    value: scope.scalar(2, 'the padding value') ?? 0,
    axes: positive ?? allAxes(rank),
  }
}

function allAxes(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => axis)
}
