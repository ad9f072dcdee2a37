// SPDX-License-Identifier: GPL-3.0-or-later
import { OnnxUnsupportedFoldError } from '../errors'
import type { NodeScope, Rule } from '../node-scope'
import { broadcast, formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'

/** Gemm: alpha·A'·B' + beta·C on matrices, one of A and B constant. C is optional from opset 11. */
export const gemm: Rule = (scope) => {
  scope.arity(scope.opset < 11 ? 3 : 2, 3)
  const a = scope.input(0)
  const b = scope.input(1)
  const c = scope.optional(2)
  const inputs = c === undefined ? [a, b] : [a, b, c]
  requireWeights(scope, a, b)
  // With A and B constant but C variable the product would have to be folded, which Gemm is not.
  if (a.data !== undefined && b.data !== undefined && c !== undefined && c.data === undefined) {
    throw new OnnxUnsupportedFoldError(scope.node)
  }
  scope.requireSameType(inputs)
  const alpha = scope.attributes.float('alpha', 1)
  const beta = scope.attributes.float('beta', 1)
  const transA = scope.attributes.flag('transA', false)
  const transB = scope.attributes.flag('transB', false)
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    throw scope.misfit(`A is ${formatShape(a.shape)} and B is ${formatShape(b.shape)} where matrices are expected`)
  }
  const [rows, inner] = orient(a.shape, transA)
  const [innerB, columns] = orient(b.shape, transB)
  if (inner !== innerB) throw scope.misfit(`A has ${inner} columns but B has ${innerB} rows`)
  const shape = [rows, columns]
  if (c !== undefined && broadcast(c.shape, shape)?.join() !== shape.join()) {
    throw scope.misfit(`C of shape ${formatShape(c.shape)} does not broadcast to ${formatShape(shape)}`)
  }
  return { operation: { op: 'Gemm', alpha, beta, transA, transB }, inputs, shape, elementType: a.elementType }
}

/** MatMul with numpy semantics: batched, and with vectors on either side. One operand is constant. */
export const matMul: Rule = (scope) => {
  scope.arity(2)
  const a = scope.input(0)
  const b = scope.input(1)
  requireWeights(scope, a, b)
  scope.requireSameType([a, b])
  if (a.shape.length === 0 || b.shape.length === 0) throw scope.misfit('a scalar is not a matrix')
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape
  const inner = sizeAt(left, left.length - 1)
  const innerB = sizeAt(right, right.length - 2)
  if (inner !== innerB) {
    const shapes = `${formatShape(a.shape)} and ${formatShape(b.shape)}`
    throw scope.misfit(`${shapes} have inner sizes ${inner} and ${innerB}`)
  }
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2))
  if (batch === undefined) {
    throw scope.misfit(`the batch axes of ${formatShape(a.shape)} and ${formatShape(b.shape)} do not broadcast`)
  }
  const rows = a.shape.length === 1 ? [] : [sizeAt(left, left.length - 2)]
  const columns = b.shape.length === 1 ? [] : [sizeAt(right, right.length - 1)]
  return {
    operation: { op: 'MatMul' },
    inputs: [a, b],
    shape: [...batch, ...rows, ...columns],
    elementType: a.elementType,
  }
}

function requireWeights(scope: NodeScope, a: Operand, b: Operand): void {
  scope.requireNumber(a)
  if (a.data !== undefined || b.data !== undefined) return
  scope.requireConstant(
    b,
    `so does "${a.name}": a product of two variable matrices is not supported, one must be weights`,
  )
}

function orient(shape: readonly number[], transposed: boolean): readonly [number, number] {
  const rows = sizeAt(shape, 0)
  const columns = sizeAt(shape, 1)
  return transposed ? [columns, rows] : [rows, columns]
}
