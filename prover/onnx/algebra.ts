// SPDX-License-Identifier: GPL-3.0-or-later
import type { FunctionSpec } from '../functions'
import { type ElementType, kindOf } from './element-type'
import type { ElementGroups, ElementPairs, Operation, SparseSums } from './graph'
import type { NodeScope } from './node-scope'
import { broadcast, broadcastStrides, elementCount, formatShape, sizeAt, stridesOf, walk } from './shape'
import type { Operand } from './tensor'

/**
 * Formulas over tensors: what rules of composite operators are written in. Every method adds one operation to the graph,
 * or a few, and returns its result; constants are folded on the way.
 *
 * @example
 * ```ts
 * const { sub, mul, mean } = new Algebra(scope)
 * const centred = sub(x, mean(x, [1]))
 * const variance = mean(mul(centred, centred), [1])
 * ```
 */
export class Algebra {
  constructor(private readonly scope: NodeScope) {}

  /** A constant tensor. */
  readonly constant = (values: ArrayLike<number>, shape: readonly number[], elementType: ElementType): Operand =>
    this.scope.emit('constant', { data: Float64Array.from(values), shape, elementType })

  /** A constant scalar of the type of another operand. */
  readonly number = (value: number, { elementType }: Operand): Operand => this.constant([value], [], elementType)

  readonly add = (a: Operand, b: Operand): Operand => this.binary('add', { op: 'Add' }, a, b)
  readonly sub = (a: Operand, b: Operand): Operand => this.binary('sub', { op: 'Sub' }, a, b)

  /** Product; of two kinds of number it has the type of the wider one, and only two floats are rounded. */
  readonly mul = (a: Operand, b: Operand): Operand =>
    this.binary('mul', { op: 'Mul' }, a, b, WIDTH[a.kind] < WIDTH[b.kind] ? b.elementType : a.elementType)

  /** Quotient by a non-zero constant, or by a variable that is at least 0; of integers rounded down. */
  readonly div = (a: Operand, b: Operand): Operand => this.binary('div', { op: 'Div' }, a, b)

  /** ⌊a/b⌋ as an integer, exactly, of numbers of any kind; b is at least 0. */
  readonly floorDiv = (a: Operand, b: Operand): Operand =>
    this.binary('floorDiv', { op: 'Div' }, a, b, a.kind === 'float' ? 'int64' : a.elementType)

  /** 1 for x ≥ 0 and −1 below, an integer. */
  readonly direction = (x: Operand): Operand => this.shift(this.scale(this.as(this.nonNegative(x), 'int64'), 2), -1)

  /** |x| without rounding, and the direction that x is that many times. */
  readonly polar = (x: Operand): { readonly direction: Operand; readonly size: Operand } => {
    const direction = this.direction(x)
    return { direction, size: this.as(this.mul(direction, x), x.elementType) }
  }

  readonly scale = (x: Operand, factor: number): Operand => this.mul(x, this.number(factor, x))
  readonly shift = (x: Operand, amount: number): Operand => this.add(x, this.number(amount, x))
  readonly neg = (x: Operand): Operand => this.unary('neg', { op: 'Neg' }, x)
  readonly relu = (x: Operand): Operand => this.unary('relu', { op: 'Relu' }, x)

  /** x where it is at least 0, and alpha·x below. */
  readonly leakyRelu = (x: Operand, alpha: number): Operand => this.unary('leakyRelu', { op: 'LeakyRelu', alpha }, x)

  /** |x|; a real number is rounded and its sign taken from one decomposition. */
  readonly abs = (x: Operand): Operand => {
    if (x.kind === 'float') return this.unary('abs', { op: 'LeakyRelu', alpha: -1 }, x)
    const wide = this.as(x, 'int64')
    return this.as(this.sub(this.scale(this.relu(wide), 2), wide), x.elementType)
  }

  /** A smooth function by a table. */
  readonly fn = (fn: FunctionSpec, x: Operand): Operand => this.unary(fn.name, { op: 'Function', fn }, x)

  /** e^−max(x, 0), which is never 0: it counts as one unit where it is smaller. */
  readonly decay = (x: Operand): Operand => this.fn({ name: 'decay' }, x)

  readonly softmax = (x: Operand, axis: number): Operand => this.unary('softmax', { op: 'Softmax', axis }, x)

  /** Index of the largest along an axis, the lowest on ties; the axis goes, or stays with size 1. */
  readonly argMax = (x: Operand, axis = x.shape.length - 1, keepdims = false): Operand => {
    const shape = keepdims ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1)
    return this.emit('argMax', { op: 'ArgMax', axis, keepdims }, [x], shape, 'int64')
  }

  /** √max(x, 0). */
  readonly squareRoot = (x: Operand): Operand => this.unary('sqrt', { op: 'SquareRoot' }, x)
  readonly floor = (x: Operand): Operand =>
    x.kind === 'float' ? this.unary('floor', { op: 'Round', mode: 'floor' }, x) : x
  readonly roundEven = (x: Operand): Operand =>
    x.kind === 'float' ? this.unary('round', { op: 'Round', mode: 'even' }, x) : x

  /** [x ≥ 0]. */
  readonly nonNegative = (x: Operand): Operand =>
    this.unary('nonNegative', { op: 'Compare', relation: 'nonNegative' }, x, 'bool')
  /** [x = 0]. */
  readonly isZero = (x: Operand): Operand => this.unary('isZero', { op: 'Compare', relation: 'zero' }, x, 'bool')

  readonly greaterOrEqual = (a: Operand, b: Operand): Operand => this.nonNegative(this.difference(a, b))
  readonly less = (a: Operand, b: Operand): Operand => this.not(this.greaterOrEqual(a, b))
  readonly equal = (a: Operand, b: Operand): Operand => this.isZero(this.difference(a, b))

  /** 1 − x of a bool. */
  readonly not = (x: Operand): Operand => this.binary('not', { op: 'Sub' }, this.constant([1], [], 'bool'), x)

  readonly and = (a: Operand, b: Operand): Operand => this.binary('and', { op: 'Mul' }, a, b, 'bool')

  /** Bit by bit, of integers that are at least 0. */
  readonly bitwiseAnd = (a: Operand, b: Operand): Operand => this.binary('bitwiseAnd', { op: 'BitwiseAnd' }, a, b)

  /** condition ? a : b, as condition·(a − b) + b; a constant condition only moves elements. */
  readonly where = (condition: Operand, a: Operand, b: Operand): Operand => {
    const { data } = condition
    if (data === undefined) return this.as(this.add(this.mul(condition, this.difference(a, b)), b), b.elementType)
    const shape = this.common(condition.shape, this.common(a.shape, b.shape))
    const index = new Int32Array(elementCount(shape))
    const holds = new Uint8Array(index.length)
    walk(shape, broadcastStrides(condition.shape, shape), 0, (i, at) => (holds[i] = data[at] ?? 0))
    const pick = (from: Operand, offset: number, when: number) =>
      walk(shape, broadcastStrides(from.shape, shape), offset, (i, at) => {
        if (holds[i] === when) index[i] = at
      })
    pick(a, 0, 1)
    pick(b, elementCount(a.shape), 0)
    return this.select([a, b], index, shape)
  }

  /** The largest of operands that broadcast with each other. */
  readonly max = (...operands: readonly Operand[]): Operand => {
    const shape = operands.map((operand) => operand.shape).reduce((a, b) => this.common(a, b))
    const size = elementCount(shape)
    const column = new Uint32Array(size * operands.length)
    let offset = 0
    operands.forEach((operand, k) => {
      walk(shape, broadcastStrides(operand.shape, shape), offset, (i, at) => (column[i * operands.length + k] = at))
      offset += elementCount(operand.shape)
    })
    const start = Uint32Array.from({ length: size + 1 }, (_, i) => i * operands.length)
    return this.groupMax(operands, { start, column }, shape)
  }

  readonly min = (...operands: readonly Operand[]): Operand =>
    this.as(this.neg(this.max(...operands.map(this.negative))), operands[0]!.elementType)

  /** min(max(x, least), most) with constant bounds, of which one may be absent. */
  readonly clip = (x: Operand, least: number | undefined, most: number | undefined): Operand =>
    this.unary(
      'clip',
      { op: 'Clip', ...(least !== undefined && { min: least }), ...(most !== undefined && { max: most }) },
      x,
    )

  /** The largest of each group of elements of the concatenated inputs. */
  readonly groupMax = (inputs: readonly Operand[], groups: ElementGroups, shape: readonly number[]): Operand =>
    this.emit('max', { op: 'GroupMax', groups }, inputs, shape)

  /** Elements of the concatenated inputs by flat index; −1 is `fill`. */
  readonly select = (inputs: readonly Operand[], index: Int32Array, shape: readonly number[], fill = 0): Operand =>
    this.emit('select', { op: 'Select', index, fill }, inputs, shape)

  /** Comparisons of single elements with constants; see Operation. */
  readonly thresholds = (
    x: Operand,
    comparisons: Omit<Extract<Operation, { readonly op: 'Thresholds' }>, 'op'>,
    shape: readonly number[],
  ): Operand => this.emit('thresholds', { op: 'Thresholds', ...comparisons }, [x], shape, 'bool')

  /** Weighted sums of elements of the concatenated inputs. */
  readonly combine = (inputs: readonly Operand[], rows: SparseSums, shape: readonly number[]): Operand =>
    this.emit('combine', { op: 'Combine', rows }, inputs, shape)

  readonly groupMin = (inputs: readonly Operand[], groups: ElementGroups, shape: readonly number[]): Operand =>
    this.as(this.neg(this.groupMax(inputs.map(this.negative), groups, shape)), inputs[0]!.elementType)

  /** The sum of each group of elements of the concatenated inputs, times a factor. */
  readonly groupSum = (
    inputs: readonly Operand[],
    groups: ElementGroups,
    shape: readonly number[],
    factor = 1,
  ): Operand => {
    const weight = new Float64Array(groups.column.length).fill(factor)
    return this.combine(inputs, { ...groups, weight, bias: new Float64Array(groups.start.length - 1) }, shape)
  }

  /** Σ a·b over each row of pairs; either may be variable, or both. */
  readonly contract = (a: Operand, b: Operand, pairs: ElementPairs, shape: readonly number[]): Operand =>
    this.emit('contract', { op: 'Contract', pairs }, [a, b], shape)

  /** Rounds to the precision that calibration finds: what several products share is rounded once. Clamps to ±bound. */
  readonly settle = (x: Operand, bound?: number): Operand =>
    this.unary('settled', { op: 'Settle', ...(bound !== undefined && { bound }) }, x)

  readonly square = (x: Operand): Operand => this.mul(x, x)

  /** Sums over axes, times a factor; the axes stay with size 1. */
  readonly sum = (x: Operand, axes: readonly number[], factor = 1): Operand => {
    const { groups, shape } = reduction(x.shape, axes)
    return this.groupSum([x], groups, shape, factor)
  }

  readonly mean = (x: Operand, axes: readonly number[]): Operand =>
    this.sum(x, axes, 1 / elementCount(axes.map((axis) => sizeAt(x.shape, axis))))

  /** Products over axes, which stay with size 1: in a tree, as each factor is rounded. */
  readonly product = (x: Operand, axes: readonly number[]): Operand => {
    const { groups, shape } = reduction(x.shape, axes)
    const rows = elementCount(shape)
    let factors = this.select([x], Int32Array.from(groups.column), [rows, groups.column.length / rows])
    for (let count = sizeAt(factors.shape, 1); count > 1; count = sizeAt(factors.shape, 1)) {
      const half = count >> 1
      const pairs = this.mul(this.slice(factors, 1, 0, half), this.slice(factors, 1, half, 2 * half))
      factors = count % 2 === 0 ? pairs : this.concat([pairs, this.slice(factors, 1, count - 1, count)], 1)
    }
    return this.reshape(factors, shape)
  }

  /** Maxima over axes, which stay with size 1. */
  readonly reduceMax = (x: Operand, axes: readonly number[]): Operand => {
    const { groups, shape } = reduction(x.shape, axes)
    return this.groupMax([x], groups, shape)
  }

  readonly reduceMin = (x: Operand, axes: readonly number[]): Operand => {
    if (x.kind === 'bool') return this.not(this.reduceMax(this.not(x), axes))
    const { groups, shape } = reduction(x.shape, axes)
    return this.groupMin([x], groups, shape)
  }

  /** A new last axis with 1 at the index; an index outside has no 1. */
  readonly oneHot = (index: Operand, depth: number): Operand =>
    this.emit('oneHot', { op: 'OneHot', depth }, [index], [...index.shape, depth], 'bool')

  readonly reshape = (x: Operand, shape: readonly number[]): Operand =>
    this.emit('reshape', { op: 'Reshape' }, [x], shape)

  /** The same numbers under another type, which must be able to hold them. */
  readonly as = (x: Operand, elementType: ElementType): Operand =>
    x.elementType === elementType ? x : this.unary('cast', { op: 'Reshape' }, x, elementType)

  readonly transpose = (x: Operand, perm: readonly number[]): Operand => {
    const shape = perm.map((axis) => sizeAt(x.shape, axis))
    return this.emit('transpose', { op: 'Transpose', perm }, [x], shape)
  }

  /** The same elements with one axis at another place. */
  readonly moveAxis = (x: Operand, from: number, to: number): Operand => {
    if (from === to) return x
    const perm = x.shape.map((_, axis) => axis).filter((axis) => axis !== from)
    perm.splice(to, 0, from)
    return this.transpose(x, perm)
  }

  /** Product of batched matrices [..., m, k] and [..., k, n]; either may be variable, or both, or the first of bools. */
  readonly matMul = (a: Operand, b: Operand): Operand => {
    const batch = this.common(a.shape.slice(0, -2), b.shape.slice(0, -2))
    const shape = [...batch, a.shape.at(-2)!, b.shape.at(-1)!]
    return this.emit('matmul', { op: 'MatMul' }, [a, b], shape, a.kind === 'bool' ? b.elementType : a.elementType)
  }

  readonly concat = (inputs: readonly Operand[], axis: number): Operand => {
    const length = inputs.reduce((sum, { shape }) => sum + sizeAt(shape, axis), 0)
    return this.emit('concat', { op: 'Concat', axis }, inputs, inputs[0]!.shape.with(axis, length))
  }

  /** x[…, from:to, …] along one axis. */
  readonly slice = (x: Operand, axis: number, from: number, to: number): Operand => {
    const starts = x.shape.map((_, at) => (at === axis ? from : 0))
    return this.emit('slice', { op: 'Slice', starts, steps: x.shape.map(() => 1) }, [x], x.shape.with(axis, to - from))
  }

  /** x[…, ::-1, …] along one axis. */
  readonly reverse = (x: Operand, axis: number): Operand => {
    const starts = x.shape.map((size, at) => (at === axis ? size - 1 : 0))
    const steps = x.shape.map((_, at) => (at === axis ? -1 : 1))
    return this.unary('reverse', { op: 'Slice', starts, steps }, x)
  }

  private readonly emit = (
    label: string,
    operation: Operation,
    inputs: readonly Operand[],
    shape: readonly number[],
    elementType: ElementType = inputs[0]!.elementType,
  ): Operand => this.scope.emit(label, { operation, inputs, shape, elementType })

  private readonly unary = (label: string, operation: Operation, x: Operand, elementType?: ElementType): Operand =>
    this.emit(label, operation, [x], x.shape, elementType)

  private readonly binary = (
    label: string,
    operation: Operation,
    a: Operand,
    b: Operand,
    elementType?: ElementType,
  ): Operand => this.emit(label, operation, [a, b], this.common(a.shape, b.shape), elementType)

  /** a − b, which may leave the type of both. */
  private readonly difference = (a: Operand, b: Operand): Operand =>
    this.binary('sub', { op: 'Sub' }, a, b, wideType(a.elementType))

  /** −x, which may leave the type of x. */
  private readonly negative = (x: Operand): Operand => this.neg(this.as(x, wideType(x.elementType)))

  private readonly common = (a: readonly number[], b: readonly number[]): readonly number[] => {
    const shape = broadcast(a, b)
    if (shape === undefined) throw this.scope.misfit(`${formatShape(a)} and ${formatShape(b)} do not broadcast`)
    return shape
  }
}

const WIDTH = { bool: 0, int: 1, float: 2 } as const

/** A type that holds differences and multiples. */
function wideType(elementType: ElementType): ElementType {
  return kindOf(elementType) === 'float' ? elementType : 'int64'
}

/** The elements that a reduction over axes takes together, in order, and its shape with axes of size 1. */
export function reduction(
  shape: readonly number[],
  axes: readonly number[],
): { readonly groups: ElementGroups; readonly shape: readonly number[] } {
  const strides = stridesOf(shape)
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const inner = shape.map((size, axis) => (axes.includes(axis) ? size : 1))
  const count = elementCount(inner)
  const column = new Uint32Array(elementCount(kept) * count)
  walk(kept, strides, 0, (row, base) => walk(inner, strides, base, (i, at) => (column[row * count + i] = at)))
  const start = Uint32Array.from({ length: elementCount(kept) + 1 }, (_, row) => row * count)
  return { groups: { start, column }, shape: kept }
}
