// SPDX-License-Identifier: GPL-3.0-or-later
import { exactFunction, fromDouble, FunctionDomainError, PRECISION, toDouble } from '../functions'
import { ELEMENT_TYPES, type ElementType, kindOf, roundToFloat } from './element-type'
import { describeNode, OnnxNotFiniteError, OnnxUnsupportedFoldError } from './errors'
import type { Operation } from './graph'
import type { NodeScope } from './node-scope'
import { broadcast, broadcastStrides, elementCount, sizeAt, stridesOf, walk } from './shape'
import { type ConstantOperand, OnnxIntegerRangeError } from './tensor'

/**
 * Computes an operation whose inputs are all constant, where the result is the same on every machine: + − × ÷ √ are
 * exactly rounded, moves and comparisons exact, sums taken in one order, smooth functions computed in integers.
 *
 * @param scope The node, which also pays for the memory.
 * @param shape Shape of the result.
 * @returns The elements of the result, row-major.
 * @throws {OnnxUnsupportedFoldError} For any other operation.
 * @throws {OnnxNotFiniteError} When a float result is NaN, or infinite where no operand is.
 * @throws {OnnxIntegerRangeError} When an integer result leaves its type or ±2^53.
 */
export function fold(
  scope: NodeScope,
  operation: Operation,
  inputs: readonly ConstantOperand[],
  shape: readonly number[],
  elementType: ElementType,
): Float64Array {
  const [first] = inputs
  if (first === undefined) throw new OnnxUnsupportedFoldError(scope.node)
  switch (operation.op) {
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return foldBinary(scope, arithmetic(operation.op, elementType), inputs, shape, elementType)
    case 'BitwiseAnd':
      return foldBinary(scope, (a, b) => Number(BigInt(a) & BigInt(b)), inputs, shape, elementType)
    case 'Neg':
      return mapElements(scope, first, elementType, (value) => -value)
    case 'Relu':
      return mapElements(scope, first, elementType, (value) => Math.max(value, 0))
    case 'LeakyRelu':
      return mapElements(scope, first, elementType, (value) => (value < 0 ? operation.alpha * value : value))
    case 'Clip':
      return mapElements(scope, first, elementType, (value) =>
        Math.min(Math.max(value, operation.min ?? -Infinity), operation.max ?? Infinity),
      )
    case 'Reshape':
      return first.data
    case 'Transpose': {
      const strides = stridesOf(first.shape)
      return gather(scope, first, shape, { strides: operation.perm.map((axis) => sizeAt(strides, axis)), base: 0 })
    }
    case 'Slice': {
      const strides = stridesOf(first.shape)
      const base = strides.reduce((sum, stride, axis) => sum + stride * sizeAt(operation.starts, axis), 0)
      return gather(scope, first, shape, { strides: strides.map((s, axis) => s * sizeAt(operation.steps, axis)), base })
    }
    case 'MatMul':
      return foldMatMul(scope, inputs, shape, elementType)
    case 'Concat':
      return foldConcat(scope, inputs, shape, operation.axis)
    case 'Function': {
      const exact = exactFunction(operation.fn)
      return mapElements(scope, first, elementType, (value) =>
        defined(scope, () => toDouble(exact(fromDouble(value, PRECISION)), PRECISION)),
      )
    }
    case 'SquareRoot':
      return mapElements(scope, first, elementType, (value) => Math.sqrt(Math.max(value, 0)))
    case 'Compare':
      return mapElements(scope, first, elementType, (value) =>
        Number(operation.relation === 'zero' ? value === 0 : value >= 0),
      )
    case 'Round':
      return mapElements(scope, first, elementType, operation.mode === 'floor' ? Math.floor : roundEven)
    case 'Thresholds': {
      const { element, threshold, strict } = operation
      return fill(scope, shape, elementType, (i) => {
        const [value, bound] = [first.data[element[i] ?? 0] ?? 0, threshold[i] ?? 0]
        return Number(strict[i] === 1 ? value > bound : value >= bound)
      })
    }
    case 'Select': {
      const all = joined(inputs)
      const picked = scope.allocate(shape).fill(operation.fill)
      operation.index.forEach((from, i) => {
        if (from >= 0) picked[i] = all[from] ?? 0
      })
      return picked
    }
    case 'Combine': {
      const [all, { start, column, weight, bias }] = [joined(inputs), operation.rows]
      return fill(scope, shape, elementType, (row) => {
        let sum = bias[row] ?? 0
        for (let i = start[row] ?? 0; i < (start[row + 1] ?? 0); i++)
          sum = partial(scope, elementType, sum + (weight[i] ?? 0) * (all[column[i] ?? 0] ?? 0))
        return sum
      })
    }
    case 'Contract': {
      const [left, right] = [first.data, inputs[1]!.data]
      const { pairs } = operation
      return fill(scope, shape, elementType, (row) => {
        let sum = 0
        for (let i = pairs.start[row] ?? 0; i < (pairs.start[row + 1] ?? 0); i++)
          sum = partial(scope, elementType, sum + (left[pairs.left[i] ?? 0] ?? 0) * (right[pairs.right[i] ?? 0] ?? 0))
        return sum
      })
    }
    case 'Settle': {
      const { bound = Infinity } = operation
      return mapElements(scope, first, elementType, (value) => Math.min(Math.max(value, -bound), bound))
    }
    case 'GroupMax': {
      const [all, { start, column }] = [joined(inputs), operation.groups]
      return fill(scope, shape, elementType, (row) => {
        let largest = -Infinity
        for (const at of column.subarray(start[row], start[row + 1])) largest = Math.max(largest, all[at] ?? 0)
        return largest
      })
    }
    case 'OneHot': {
      const { depth } = operation
      return fill(scope, shape, elementType, (i) => Number(first.data[Math.floor(i / depth)] === i % depth))
    }
    default:
      throw new OnnxUnsupportedFoldError(scope.node)
  }
}

/** What a function is of a constant, or a refusal that names the node where it is nothing. */
function defined(scope: NodeScope, compute: () => number): number {
  try {
    return compute()
  } catch (error) {
    if (error instanceof FunctionDomainError) throw scope.invalid(`of a constant, ${error.message}`)
    throw error
  }
}

function roundEven(value: number): number {
  const nearest = Math.floor(value + 0.5)
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest
}

/** All elements of the inputs, one input after the other. */
function joined(inputs: readonly ConstantOperand[]): Float64Array {
  const all = new Float64Array(inputs.reduce((sum, { data }) => sum + data.length, 0))
  let at = 0
  for (const { data } of inputs) {
    all.set(data, at)
    at += data.length
  }
  return all
}

function fill(
  scope: NodeScope,
  shape: readonly number[],
  elementType: ElementType,
  compute: (index: number) => number,
): Float64Array {
  const result = scope.allocate(shape)
  for (let i = 0; i < result.length; i++) result[i] = settle(scope, elementType, compute(i))
  return result
}

/**
 * Applies an exactly rounded function to every element and rounds to the element type.
 *
 * @param compute The function, on doubles.
 */
export function mapElements(
  scope: NodeScope,
  operand: ConstantOperand,
  elementType: ElementType,
  compute: (value: number) => number,
): Float64Array {
  const result = scope.allocate(operand.shape)
  for (let index = 0; index < result.length; index++) {
    const value = operand.data[index] ?? 0
    result[index] = settle(scope, elementType, compute(value), isInfinite(value))
  }
  return result
}

/** Copies the elements found at `base` along `strides`. */
function gather(
  scope: NodeScope,
  source: ConstantOperand,
  shape: readonly number[],
  { strides, base }: { readonly strides: readonly number[]; readonly base: number },
): Float64Array {
  const result = scope.allocate(shape)
  walk(shape, strides, base, (index, offset) => (result[index] = source.data[offset] ?? 0))
  return result
}

function foldBinary(
  scope: NodeScope,
  compute: (left: number, right: number) => number,
  [left, right]: readonly ConstantOperand[],
  shape: readonly number[],
  elementType: ElementType,
): Float64Array {
  if (left === undefined || right === undefined) throw new OnnxUnsupportedFoldError(scope.node)
  const result = gather(scope, left, shape, { strides: broadcastStrides(left.shape, shape), base: 0 })
  walk(shape, broadcastStrides(right.shape, shape), 0, (index, offset) => {
    const [a, b] = [result[index] ?? 0, right.data[offset] ?? 0]
    result[index] = settle(scope, elementType, compute(a, b), isInfinite(a) || isInfinite(b))
  })
  return result
}

function arithmetic(op: 'Add' | 'Sub' | 'Mul' | 'Div', elementType: ElementType): (a: number, b: number) => number {
  if (op === 'Add') return (a, b) => a + b
  if (op === 'Sub') return (a, b) => a - b
  if (op === 'Mul') return (a, b) => a * b
  return kindOf(elementType) === 'int' ? floorDivide : (a, b) => a / b
}

/** ⌊a/b⌋; taking the remainder off first keeps the quotient exact. */
function floorDivide(a: number, b: number): number {
  const remainder = a % b
  const quotient = (a - remainder) / b
  return remainder < 0 !== b < 0 && remainder !== 0 ? quotient - 1 : quotient
}

/** Products summed in order of the inner axis. */
function foldMatMul(
  scope: NodeScope,
  [left, right]: readonly ConstantOperand[],
  shape: readonly number[],
  elementType: ElementType,
): Float64Array {
  if (left === undefined || right === undefined) throw new OnnxUnsupportedFoldError(scope.node)
  const [a, b] = [matrices(left.shape, true), matrices(right.shape, false)]
  const [rows, inner, columns] = [a.at(-2) ?? 1, a.at(-1) ?? 1, b.at(-1) ?? 1]
  const batch = broadcast(a.slice(0, -2), b.slice(0, -2)) ?? []
  const full = [...batch, rows, columns]
  const [ofA, ofB] = [new Uint32Array(elementCount(full)), new Uint32Array(elementCount(full))]
  const strides = (from: readonly number[], kept: 0 | 1): readonly number[] => [
    ...broadcastStrides(from.slice(0, -2), batch).map((stride) => stride * elementCount(from.slice(-2))),
    ...(kept === 0 ? [inner, 0] : [0, 1]),
  ]
  walk(full, strides(a, 0), 0, (i, at) => (ofA[i] = at))
  walk(full, strides(b, 1), 0, (i, at) => (ofB[i] = at))
  return fill(scope, shape, elementType, (i) => {
    let sum = 0
    for (let k = 0; k < inner; k++) {
      const product = (left.data[(ofA[i] ?? 0) + k] ?? 0) * (right.data[(ofB[i] ?? 0) + k * columns] ?? 0)
      sum = partial(scope, elementType, sum + product)
    }
    return sum
  })
}

/** A vector as a matrix of one row, or of one column. */
function matrices(shape: readonly number[], isRow: boolean): readonly number[] {
  if (shape.length > 1) return shape
  return isRow ? [1, ...shape] : [...shape, 1]
}

function foldConcat(
  scope: NodeScope,
  inputs: readonly ConstantOperand[],
  shape: readonly number[],
  axis: number,
): Float64Array {
  const result = scope.allocate(shape)
  const outer = elementCount(shape.slice(0, axis))
  const row = elementCount(shape.slice(axis))
  let start = 0
  for (const { data, shape: part } of inputs) {
    const width = elementCount(part.slice(axis))
    for (let block = 0; block < outer; block++) {
      result.set(data.subarray(block * width, (block + 1) * width), block * row + start)
    }
    start += width
  }
  return result
}

/** The infinity of an attention mask stays one; where it must not be, it is refused as a weight. */
function isInfinite(value: number): boolean {
  return Math.abs(value) === Infinity
}

function settle(scope: NodeScope, elementType: ElementType, value: number, ofInfinity = false): number {
  const { kind, min, max } = ELEMENT_TYPES[elementType]
  if (kind === 'float') {
    const rounded = roundToFloat(elementType, value)
    if (!Number.isFinite(rounded) && !(ofInfinity && isInfinite(value)))
      throw new OnnxNotFiniteError(resultOf(scope), rounded)
    return rounded
  }
  // Adding 0 turns -0 into 0, which integers do not have.
  if (value >= min && value <= max) return value + 0
  throw new OnnxIntegerRangeError(resultOf(scope), value, `the range of ${elementType} (and ±2^53)`)
}

/** A sum on the way: whole numbers must not leave their range there either, as they would come back inexact. */
function partial(scope: NodeScope, elementType: ElementType, sum: number): number {
  return kindOf(elementType) === 'float' ? sum : settle(scope, 'int64', sum)
}

function resultOf(scope: NodeScope): string {
  return `the result of ${describeNode(scope.node)}`
}
