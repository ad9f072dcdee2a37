// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'

/** Most elements one tensor may have. */
export const MAX_ELEMENTS = 2 ** 28

/** Most axes one tensor may have. */
export const MAX_RANK = 8

/** A tensor, window or folded constant is beyond what can be compiled; raised before anything is allocated. */
export class OnnxTooLargeError extends ZkmlError {
  override readonly code = 'ONNX_TOO_LARGE'

  constructor(what: string, limit: string) {
    super(`${what} is too large: the limit is ${limit}`)
  }
}

/** Shape as it appears in messages, for example `[1,3,224,224]`. */
export function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(',')}]`
}

/** Number of elements; a scalar has one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** The size of an axis that is known to exist. */
export function sizeAt(shape: readonly number[], axis: number): number {
  const size = shape[axis]
  if (size === undefined) throw new RangeError(`axis ${axis} of ${formatShape(shape)}`)
  return size
}

/**
 * Refuses shapes no compiler run could carry.
 *
 * @param what Subject of the error sentence, for example `tensor "w"`.
 * @throws {OnnxTooLargeError} Above {@link MAX_RANK} axes or {@link MAX_ELEMENTS} elements.
 */
export function checkSize(what: string, shape: readonly number[]): void {
  if (shape.length > MAX_RANK) throw new OnnxTooLargeError(`${what} with ${shape.length} axes`, `${MAX_RANK} axes`)
  // Ignoring empty axes keeps the check meaningful for shapes like [2^62, 2^62, 0].
  const product = elementCount(shape.map((size) => Math.max(size, 1)))
  if (product > MAX_ELEMENTS) throw new OnnxTooLargeError(`${what} of shape ${formatShape(shape)}`, '2^28 elements')
}

/**
 * Numpy broadcasting.
 *
 * @returns The common shape, or undefined when the shapes do not broadcast.
 * @example
 * ```ts
 * broadcast([2, 1, 4], [3, 1]) // [2, 3, 4]
 * ```
 */
export function broadcast(left: readonly number[], right: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(left.length, right.length)
  const shape: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const a = left[axis - rank + left.length] ?? 1
    const b = right[axis - rank + right.length] ?? 1
    if (a !== b && a !== 1 && b !== 1) return undefined
    shape.push(a === 1 ? b : a)
  }
  return shape
}

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= sizeAt(shape, axis)
  }
  return strides
}

/** Strides that walk a tensor of shape `from` along the axes of `to`, standing still on broadcast axes. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): readonly number[] {
  const own = stridesOf(from)
  return to.map((_, axis) => {
    const source = axis - to.length + from.length
    return source < 0 || from[source] === 1 ? 0 : sizeAt(own, source)
  })
}

/**
 * Visits every index of `shape` in row-major order with the offset that `strides` gives it.
 *
 * @param visit Called with the running index and the strided offset.
 */
export function walk(
  shape: readonly number[],
  strides: readonly number[],
  base: number,
  visit: (index: number, offset: number) => void,
): void {
  const total = elementCount(shape)
  const position = new Array<number>(shape.length).fill(0)
  let offset = base
  for (let index = 0; index < total; index++) {
    visit(index, offset)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (position[axis] ?? 0) + 1
      offset += sizeAt(strides, axis)
      position[axis] = next
      if (next < sizeAt(shape, axis)) break
      offset -= next * sizeAt(strides, axis)
      position[axis] = 0
    }
  }
}
