// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { checkSize, elementCount, formatShape, sizeAt, stridesOf } from '../shape'
import type { Operand } from '../tensor'
import { eachPosition, pick } from './indexing'
import {
  COORDINATE_MODES,
  type Interpolation,
  INTERPOLATIONS,
  NEAREST_MODES,
  type ResizedAxis,
  type Tap,
  tapsOf,
} from './interpolation'

/** Resize: interpolation with constant scales or sizes, which is an affine map. */
export const resize: Rule = (scope) => {
  const x = scope.input(0)
  if (scope.opset < 11) return interpolate(scope, x, scaled(scope, x, readScales(scope)), legacy(scope, x))
  scope.arity(1, 4)
  const how = readInterpolation(scope)
  const axes = readAxes(scope, x)
  const roi = how.coordinates === 'tf_crop_and_resize' ? readRoi(scope, axes.length) : undefined
  const cropOf = (i: number): readonly [number, number] => (roi ? [roi[i]!, roi[i + axes.length]!] : [0, 1])
  const scales = floatsOf(scope, 2, 'the scales')
  const sizes = scope.ints(3, 'the sizes')
  if ((scales !== undefined) === (sizes !== undefined && sizes.length > 0))
    throw scope.invalid('it takes either scales or sizes')
  // It says how sizes become scales.
  if (scales && scope.opset >= 18) scope.attributes.ignore('keep_aspect_ratio_policy')
  const resized = scales ? scaled(scope, x, scales, axes) : sized(scope, x, sizes ?? [], axes)
  const cropped = resized.map((axis, d) => (axes.includes(d) ? { ...axis, crop: cropOf(axes.indexOf(d)) } : axis))
  return interpolate(scope, x, cropped, how)
}

/** Upsample, which Resize replaced in opset 10. */
export const upsample: Rule = (scope) => {
  const x = scope.input(0)
  const scales = scope.opset < 9 ? scope.attributes.floats('scales') : readScales(scope)
  if (scope.opset < 9) scope.arity(1)
  if (scales === undefined) throw scope.invalid('the scales are missing')
  return interpolate(scope, x, scaled(scope, x, scales), legacy(scope, x))
}

/** Before opset 11 coordinates are asymmetric. */
function legacy(scope: NodeScope, x: Operand): Interpolation {
  const mode = choose(scope, 'mode', INTERPOLATIONS, 'nearest')
  if (mode === 'cubic') throw scope.invalid('mode is "cubic"')
  const scales = scope.opset < 9 ? scope.attributes.floats('scales') : floatsOf(scope, 1, 'the scales')
  if (mode === 'nearest' && scales?.some((scale) => scale < 1))
    throw scope.unsupported(`before opset 11 it is not defined which element is nearest in a smaller ${x.name}`)
  const rest = { cubicA: -0.75, antialias: false, excludeOutside: false }
  return { mode, coordinates: 'asymmetric', nearest: 'floor', ...rest }
}

function readScales(scope: NodeScope): readonly number[] {
  scope.arity(2)
  return floatsOf(scope, 1, 'the scales') ?? []
}

function readInterpolation(scope: NodeScope): Interpolation {
  const known = COORDINATE_MODES.filter((mode) => {
    if (mode === 'half_pixel_symmetric') return scope.opset >= 19
    return mode !== 'tf_half_pixel_for_nn' || scope.opset < 13
  })
  return {
    mode: choose(scope, 'mode', INTERPOLATIONS, 'nearest'),
    coordinates: choose(scope, 'coordinate_transformation_mode', known, 'half_pixel'),
    nearest: choose(scope, 'nearest_mode', NEAREST_MODES, 'round_prefer_floor'),
    cubicA: scope.attributes.float('cubic_coeff_a', -0.75),
    excludeOutside: scope.attributes.flag('exclude_outside', false),
    antialias: scope.opset >= 18 && scope.attributes.flag('antialias', false),
  }
}

function choose<T extends string>(scope: NodeScope, name: string, known: readonly T[], fallback: T): T {
  const text = scope.attributes.text(name, fallback)
  const found = known.find((mode) => mode === text)
  if (found === undefined) throw scope.invalid(`${name} is ${JSON.stringify(text)} where ${known.join(', ')} exist`)
  return found
}

function readAxes(scope: NodeScope, x: Operand): readonly number[] {
  const rank = x.shape.length
  const given = scope.opset >= 18 ? scope.attributes.ints('axes') : undefined
  const axes = (given ?? x.shape.map((_, axis) => axis)).map((axis) => scope.axis(axis, rank))
  if (new Set(axes).size !== axes.length) throw scope.invalid(`axes ${formatShape(axes)} repeat`)
  return axes
}

function readRoi(scope: NodeScope, axes: number): readonly number[] {
  const roi = floatsOf(scope, 1, 'the region of interest') ?? []
  if (roi.length !== 2 * axes) throw scope.invalid(`roi has ${roi.length} entries where ${2 * axes} are expected`)
  return roi
}

/** The numbers of an optional constant input; an empty one counts as absent. */
function floatsOf(scope: NodeScope, index: number, what: string): readonly number[] | undefined {
  if (scope.optional(index) === undefined) return undefined
  const { data } = scope.constant(index, `${what} must not depend on a graph input`)
  return data.length === 0 ? undefined : [...data]
}

/** Sizes are rounded down from a float32 product, as shape inference and onnxruntime do. */
function scaled(
  scope: NodeScope,
  x: Operand,
  scales: readonly number[],
  axes: readonly number[] = x.shape.map((_, axis) => axis),
): readonly ResizedAxis[] {
  if (scales.length !== axes.length || scales.some((scale) => !(scale > 0 && Number.isFinite(scale))))
    throw scope.invalid(`scales ${formatShape(scales)} do not fit ${axes.length} axes`)
  return x.shape.map((from, d): ResizedAxis => {
    const over = axes.includes(d) ? sizeAt(scales, axes.indexOf(d)) : 1
    return { from, to: Math.floor(Math.fround(from * over)), scale: { over, under: 1 }, crop: [0, 1] }
  })
}

function sized(
  scope: NodeScope,
  x: Operand,
  sizes: readonly number[],
  axes: readonly number[],
): readonly ResizedAxis[] {
  if (sizes.length !== axes.length || sizes.some((size) => size < 1))
    throw scope.invalid(`sizes ${formatShape(sizes)} do not fit ${axes.length} axes`)
  const policies = ['stretch', 'not_larger', 'not_smaller'] as const
  const policy =
    scope.opset >= 18 ? choose(scope, 'keep_aspect_ratio_policy', policies, 'stretch') : ('stretch' as const)
  const ratios = axes.map((axis, i) => ({ over: sizeAt(sizes, i), under: sizeAt(x.shape, axis) }))
  const ordered = [...ratios].sort((a, b) => a.over / a.under - b.over / b.under)
  const common = policy === 'stretch' ? undefined : policy === 'not_larger' ? ordered[0] : ordered.at(-1)
  return x.shape.map((from, d): ResizedAxis => {
    const own = axes.indexOf(d)
    const scale = own < 0 ? { over: 1, under: 1 } : (common ?? ratios[own]!)
    const to = own < 0 ? from : common ? Math.floor((from * common.over) / common.under + 0.5) : sizes[own]!
    return { from, to, scale, crop: [0, 1] }
  })
}

function interpolate(scope: NodeScope, x: Operand, axes: readonly ResizedAxis[], how: Interpolation): Operand {
  if (how.mode !== 'nearest') scope.requireFloat(x)
  const outside = how.coordinates === 'tf_crop_and_resize' ? scope.attributes.float('extrapolation_value', 0) : 0
  if (scope.opset >= 11) scope.attributes.ignore('extrapolation_value')
  const shape = axes.map(({ to }) => to)
  checkSize(`the result of node "${scope.node.name}"`, shape)
  const taps = axes.map((axis) => tapsOf(axis, how))
  const strides = stridesOf(x.shape)
  const at = (position: readonly number[]) => position.map((index, axis) => taps[axis]![index])
  if (taps.flat().every((list) => list === undefined || (list.length === 1 && list[0]!.weight === 1))) {
    const from = (lists: readonly (readonly Tap[] | undefined)[]) =>
      lists.includes(undefined) ? -1 : lists.reduce((sum, list, axis) => sum + list![0]!.at * sizeAt(strides, axis), 0)
    return pick(scope, [x], shape, (position) => from(at(position)), outside)
  }
  // Weights of an axis by themselves: the sum over an axis does not depend on the others.
  const terms = axes.reduce((most, _, axis) => most * Math.max(...taps[axis]!.map((list) => list?.length ?? 0)), 1)
  checkSize(`the sums of node "${scope.node.name}"`, [elementCount(shape), terms])
  const start = new Uint32Array(elementCount(shape) + 1)
  const bias = new Float64Array(elementCount(shape))
  const column: number[] = []
  const weight: number[] = []
  eachPosition(shape, (position, row) => {
    const lists = at(position)
    if (lists.includes(undefined)) bias[row] = outside
    else
      for (const tap of products(lists as readonly (readonly Tap[])[], strides)) {
        column.push(tap.at)
        weight.push(tap.weight)
      }
    start[row + 1] = column.length
  })
  const rows = { start, column: Uint32Array.from(column), weight: Float64Array.from(weight), bias }
  return new Algebra(scope).combine([x], rows, shape)
}

/** Every choice of one tap for each axis: its flat index, and the product of the weights. */
function products(lists: readonly (readonly Tap[])[], strides: readonly number[]): readonly Tap[] {
  return lists.reduce<readonly Tap[]>(
    (all, list, axis) =>
      all.flatMap((tap) =>
        list.map(({ at, weight }) => ({ at: tap.at + at * sizeAt(strides, axis), weight: tap.weight * weight })),
      ),
    [{ at: 0, weight: 1 }],
  )
}
