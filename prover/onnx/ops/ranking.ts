// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { NodeScope, Rule } from '../node-scope'
import { checkSize, elementCount, sizeAt } from '../shape'
import type { Operand } from '../tensor'
import { pick } from './indexing'
import { alongRows } from './softmax'

/** ArgMax: ties go to the lowest index, or with select_last_index to the highest. */
export const argMax: Rule = (scope) => extreme(scope, (_, x) => x)

/** ArgMin: as ArgMax of the negative. */
export const argMin: Rule = (scope) => extreme(scope, (algebra, x) => algebra.neg(x))

function extreme(scope: NodeScope, order: (algebra: Algebra, x: Operand) => Operand): Operand {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireNumber(x)
  const axis = scope.axis(scope.attributes.int('axis', 0), x.shape.length)
  const keep = scope.attributes.flag('keepdims', true)
  const last = scope.opset >= 12 && scope.attributes.flag('select_last_index', false)
  const algebra = new Algebra(scope)
  const key = order(algebra, x)
  if (!last) return algebra.argMax(key, axis, keep)
  // Counted from the end of the axis the last one is the first.
  const index = algebra.argMax(algebra.reverse(key, axis), axis, keep)
  return algebra.sub(algebra.number(sizeAt(x.shape, axis) - 1, index), index)
}

/** Hardmax: 1 at the first largest along an axis, 0 elsewhere. Before opset 13 all axes from `axis` on are one. */
export const hardmax = alongRows((algebra, x, axis) => {
  const last = x.shape.length - 1
  const chosen = firstLargest(algebra, algebra.moveAxis(x, axis, last))
  return algebra.as(algebra.moveAxis(chosen, last, axis), x.elementType)
})

/** One-hot form of the ArgMax along the last axis. */
function firstLargest(algebra: Algebra, x: Operand): Operand {
  return algebra.oneHot(algebra.argMax(x), sizeAt(x.shape, x.shape.length - 1))
}

/** TopK: the k largest or smallest along an axis in order, and their indices; of equals the lowest index first. */
export const topK: Rule = (scope) => {
  const x = scope.input(0)
  scope.requireNumber(x)
  const rank = x.shape.length
  const axis = scope.axis(scope.attributes.int('axis', -1), rank)
  const { k, largest } = readTopK(scope)
  const size = sizeAt(x.shape, axis)
  if (!(k >= 1 && k <= size)) throw scope.misfit(`k is ${k} for an axis of size ${size}`)
  const algebra = new Algebra(scope)
  const moved = algebra.moveAxis(x, axis, rank - 1)
  const rows = elementCount(moved.shape.slice(0, -1))
  const flat = algebra.reshape(moved, [rows, size])
  const key = largest ? flat : algebra.neg(flat)
  const chosen = pairsAreCheaper(size, k) ? byPairs(scope, key, k) : byRounds(algebra, key, k)
  const shape = [...moved.shape.slice(0, -1), k]
  const finish = (result: Operand) => algebra.moveAxis(algebra.reshape(result, shape), rank - 1, axis)
  const values = algebra.sum(algebra.mul(chosen, algebra.reshape(flat, [rows, 1, size])), [2])
  const positions = algebra.constant([...Array(size).keys()], [size], 'int64')
  return [finish(values), finish(algebra.sum(algebra.mul(chosen, positions), [2]))]
}

function readTopK(scope: NodeScope): { readonly k: number; readonly largest: boolean } {
  if (scope.opset < 10) {
    scope.arity(1)
    return { k: scope.attributes.int('k', 0), largest: true }
  }
  scope.arity(2)
  const [k = 0, ...others] = scope.ints(1, 'k') ?? []
  if (others.length > 0) throw scope.invalid('k has more than one element')
  if (scope.opset < 11) return { k, largest: true }
  // Unsorted results may come in any order, so in the sorted one.
  scope.attributes.flag('sorted', true)
  return { k, largest: scope.attributes.flag('largest', true) }
}

/** Of n elements of 16 bits: comparing all pairs, or k rounds of ArgMax. */
function pairsAreCheaper(n: number, k: number): boolean {
  return (n * (n - 1) * 17) / 2 + n * (n + 2) <= k * ((n - 1) * 19 + 3 * n + 2) + (n - 1) * 18
}

/** Selectors [rows, k, n]: an element's rank is the number of those before it, by its comparisons with all others. */
function byPairs(scope: NodeScope, x: Operand, k: number): Operand {
  const algebra = new Algebra(scope)
  const [rows, n] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1)]
  const pairs: (readonly [number, number])[] = []
  checkSize(`comparing all pairs in node "${scope.node.name}"`, [rows, n, n])
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) pairs.push([i, j])
  const side = (which: 0 | 1) =>
    pick(scope, [x], [rows, pairs.length], ([row, pair]) => row! * n + pairs[pair!]![which])
  // Of equals the first goes before.
  const before = algebra.as(algebra.greaterOrEqual(side(0), side(1)), 'int64')
  const terms = Array.from({ length: n }, (): { readonly column: number; readonly weight: number }[] => [])
  pairs.forEach(([i, j], column) => {
    terms[i]!.push({ column, weight: -1 })
    terms[j]!.push({ column, weight: 1 })
  })
  const each = <T>(value: (element: number, row: number) => T) =>
    Array.from({ length: rows * n }, (_, at) => value(at % n, Math.floor(at / n)))
  const rank = algebra.combine(
    [before],
    {
      start: Uint32Array.from({ length: rows * n + 1 }, (_, at) => at * (n - 1)),
      column: Uint32Array.from(each((i, row) => terms[i]!.map(({ column }) => row * pairs.length + column)).flat()),
      weight: Float64Array.from(each((i) => terms[i]!.map(({ weight }) => weight)).flat()),
      // Those after it are before it unless it is before them.
      bias: Float64Array.from(each((i) => n - 1 - i)),
    },
    [rows, n],
  )
  return algebra.transpose(algebra.oneHot(rank, k), [0, 2, 1])
}

/** Selectors [rows, k, n]: the largest, k times; what was taken is moved below the smallest. */
function byRounds(algebra: Algebra, x: Operand, k: number): Operand {
  const [rows, n] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1)]
  const drop = algebra.shift(algebra.add(x, algebra.reduceMax(algebra.neg(x), [1])), 1)
  let left = x
  const rounds = Array.from({ length: k }, (_, round) => {
    const chosen = firstLargest(algebra, left)
    if (round < k - 1) left = algebra.sub(left, algebra.mul(chosen, drop))
    return algebra.reshape(chosen, [rows, 1, n])
  })
  return algebra.concat(rounds, 1)
}
