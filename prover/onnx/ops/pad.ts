// SPDX-License-Identifier: GPL-3.0-or-later
import type { NodeScope, Rule } from '../node-scope'
import { sizeAt, stridesOf } from '../shape'
import { pick } from './indexing'

const MODES = ['constant', 'reflect', 'edge', 'wrap'] as const

type Mode = (typeof MODES)[number]

/**
 * Pad: pads are an attribute before opset 11, a constant input from then on, and may name axes from opset 18. Negative ones
 * crop, before others add what the mode makes of the rest.
 */
export const pad: Rule = (scope) => {
  const x = scope.input(0)
  const rank = x.shape.length
  const mode = readMode(scope)
  const { pads, value, axes } = scope.opset < 11 ? fromAttributes(scope, rank) : fromInputs(scope, rank)
  if (pads.length !== 2 * axes.length) {
    throw scope.invalid(`pads has ${pads.length} entries where ${2 * axes.length} are expected`)
  }
  if (!Number.isFinite(value)) throw scope.unsupported(`the padding value is ${value}; use a finite number`)
  const padded = x.shape.map((size, axis) => {
    const at = axes.indexOf(axis)
    const [begin, end] = at < 0 ? [0, 0] : [sizeAt(pads, at), sizeAt(pads, at + axes.length)]
    return padAxis(scope, mode, { axis, size, begin, end })
  })
  const strides = stridesOf(x.shape)
  const from = (position: readonly number[]) => {
    let offset = 0
    for (let axis = 0; axis < rank; axis++) {
      const at = padded[axis]!.from(position[axis]!)
      if (at === undefined) return -1
      offset += at * sizeAt(strides, axis)
    }
    return offset
  }
  const shape = padded.map(({ size }) => size)
  return pick(scope, [x], shape, from, mode === 'constant' ? value : 0)
}

function readMode(scope: NodeScope): Mode {
  const text = scope.attributes.text('mode', 'constant')
  const mode = MODES.find((known) => known === text)
  if (mode === undefined) throw scope.invalid(`mode is ${JSON.stringify(text)} where ${MODES.join(', ')} exist`)
  return mode
}

type Axis = { readonly axis: number; readonly size: number; readonly begin: number; readonly end: number }

/** The size of a padded axis, and where a coordinate comes from: nowhere in constant padding. */
function padAxis(scope: NodeScope, mode: Mode, { axis, size, begin, end }: Axis) {
  const first = Math.max(-begin, 0)
  const kept = size - first - Math.max(-end, 0)
  const most = Math.max(begin, end)
  if (kept < 0) throw scope.misfit(`pads crop more than the ${size} elements along axis ${axis}`)
  if (mode === 'reflect' && most > 0 && most >= kept) throw scope.invalid('reflect needs pads below the size')
  if (mode === 'wrap' && most > kept)
    throw scope.unsupported('wrap with pads above the size differs between runtimes; pad in two steps')
  if (mode !== 'constant' && most > 0 && kept === 0)
    throw scope.invalid(`${mode} has nothing to take along axis ${axis}`)
  const from = (position: number): number | undefined => {
    const at = position - Math.max(begin, 0)
    if (at >= 0 && at < kept) return first + at
    switch (mode) {
      case 'constant':
        return undefined
      case 'edge':
        return first + (at < 0 ? 0 : kept - 1)
      case 'reflect':
        return first + (at < 0 ? -at : 2 * (kept - 1) - at)
      case 'wrap':
        return first + (((at % kept) + kept) % kept)
    }
  }
  return { size: kept + Math.max(begin, 0) + Math.max(end, 0), from }
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
