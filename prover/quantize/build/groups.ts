// SPDX-License-Identifier: GPL-3.0-or-later

import type { GraphNode } from '../../onnx'
import { MapBuilder, selectionMap, type MapSource } from '../linear-map'
import { axisGroups, pickMap, poolGroups, sizeOf, sumGroupsMap } from '../linear-ops'
import { groupRows, type Groups } from '../steps'
import { identity, type NodeOf, type ProgramBuilder } from './builder'

export function maxPool(builder: ProgramBuilder, node: NodeOf<'MaxPool'>): number {
  const x = builder.variable(node, 0)
  const groups = poolGroups(builder.shapeOf(x), node.window, builder.info(node).shape)
  return builder.emit(node, '', (base) => ({ ...base, kind: 'max', source: x.tensor, groups }))
}

/** The largest of each group of elements of the concatenated inputs. */
export function groupMax(builder: ProgramBuilder, node: NodeOf<'GroupMax'>): number {
  const operands = builder.operands(node)
  const [only] = operands
  const { groups } = node
  const joined = operands.length === 1 && only && 'source' in only ? only.source.tensor : joinOperands(builder, node)
  return builder.emit(node, '', (base) => ({ ...base, kind: 'max', source: joined, groups }))
}

function joinOperands(builder: ProgramBuilder, node: GraphNode): number {
  const operands = builder.operands(node)
  const size = operands.reduce((sum, { info }) => sum + sizeOf(info.shape), 0)
  return builder.linear(node, pickMap(operands, identity(size)), '/joined', [size])
}

export function argMax(builder: ProgramBuilder, node: NodeOf<'ArgMax'>): number {
  const x = builder.variable(node, 0)
  const groups = axisGroups(builder.shapeOf(x), node.axis)
  return builder.emit(node, '', (base) => ({ ...base, kind: 'argmax', source: x.tensor, groups }))
}

/** Softmax along an axis. Elements that are left out cost nothing: the others are gathered first and spread again. */
export function softmax(builder: ProgramBuilder, node: NodeOf<'Softmax'>): number {
  const x = builder.variable(node, 0)
  const groups = axisGroups(builder.shapeOf(x), node.axis)
  const { masked } = node
  if (!masked) return distribution(builder, node, '', x, groups, builder.info(node).shape)
  const rows = groupRows(groups).map((row) => row.filter((at) => masked[at] === 0))
  const column = Int32Array.from(rows.flat())
  const start = new Uint32Array(rows.length + 1)
  rows.forEach((row, i) => (start[i + 1] = start[i]! + row.length))
  const shape = [column.length]
  const kept = builder.source(builder.linear(node, selectionMap(x, column), '/kept', shape))
  const own = { start, column: Uint32Array.from(identity(column.length)) }
  const weights = builder.source(distribution(builder, node, '/weights', kept, own, shape))
  const place = new Int32Array(x.size).fill(-1)
  column.forEach((at, i) => (place[at] = i))
  return builder.linear(node, selectionMap(weights, place))
}

/** e^−(max − x) / Σ e^−(max − x): arguments of the exponential are never positive, so nothing overflows. */
function distribution(
  builder: ProgramBuilder,
  node: GraphNode,
  suffix: string,
  x: MapSource,
  groups: Groups,
  shape: readonly number[],
): number {
  const rows = groups.start.length - 1
  const groupOf = new Int32Array(x.size)
  for (let row = 0; row < rows; row++) {
    for (let i = groups.start[row]!; i < groups.start[row + 1]!; i++) groupOf[groups.column[i]!] = row
  }
  const largest = builder.emit(node, '/max', (base) => ({ ...base, kind: 'max', source: x.tensor, groups }), [rows])
  const map = new MapBuilder([x, { tensor: largest, size: rows }], x.size)
  for (let i = 0; i < x.size; i++) {
    map.term(i, -1)
    map.term(x.size + groupOf[i]!, 1)
    map.endRow()
  }
  const difference = builder.linear(node, map.finish(), '/difference', shape)
  const power = builder.table(node, '/exp', difference, { name: 'decay' })
  const sum = builder.linear(node, sumGroupsMap(builder.source(power), groups), '/sum', [rows])
  // One division a group, then one product an element: a division an element would cost as much as its exponential.
  const numerator = builder.constantTensor(node, '/one', 1)
  const inverse = builder.emit(
    node,
    '/inverse',
    (base) => ({
      ...base,
      kind: 'divide',
      rounding: 'nearest',
      numerator,
      denominator: sum,
      of: new Int32Array(rows),
      by: identity(rows),
    }),
    [rows],
  )
  return builder.emit(
    node,
    suffix,
    (base) => ({ ...base, kind: 'product', a: power, b: inverse, indexA: identity(x.size), indexB: groupOf }),
    shape,
  )
}

export function oneHot(builder: ProgramBuilder, node: NodeOf<'OneHot'>): number {
  const { depth } = node
  const source = builder.variable(node, 0).tensor
  return builder.emit(node, '', (base) => ({ ...base, kind: 'onehot', source, depth }))
}

export function thresholds(builder: ProgramBuilder, node: NodeOf<'Thresholds'>): number {
  const { element, threshold, strict } = node
  const x = builder.variable(node, 0)
  return builder.emit(node, '', (base) => ({
    ...base,
    kind: 'thresholds',
    source: x.tensor,
    element,
    threshold,
    strict,
  }))
}
