// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import type { Lowered, NodeScope, Rule } from '../node-scope'
import { broadcast, formatShape, sizeAt } from '../shape'
import type { Operand } from '../tensor'

/** Gemm: alpha·A'·B' + beta·C on matrices. C is optional from opset 11. */
export const gemm: Rule = (scope) => {
  scope.arity(scope.opset < 11 ? 3 : 2, 3)
  const a = scope.input(0)
  const b = scope.input(1)
  const c = scope.optional(2)
  const inputs = c === undefined ? [a, b] : [a, b, c]
  scope.requireNumber(a)
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
  const isWeighted = (a.data === undefined) !== (b.data === undefined)
  if (isWeighted && (c === undefined || c.data !== undefined))
    return { operation: { op: 'Gemm', alpha, beta, transA, transB }, inputs, shape, elementType: a.elementType }
  if (a.kind === 'int' && !(Number.isInteger(alpha) && Number.isInteger(beta)))
    throw scope.unsupported(`alpha ${alpha} and beta ${beta} of integer matrices must be whole; cast to float first`)
  const { add, matMul, scale, transpose } = new Algebra(scope)
  const product = matMul(transA ? transpose(a, [1, 0]) : a, transB ? transpose(b, [1, 0]) : b)
  const scaled = alpha === 1 ? product : scale(product, alpha)
  return c === undefined ? scaled : add(scaled, beta === 1 ? c : scale(c, beta))
}

/** MatMul with numpy semantics: batched, and with vectors on either side. */
export const matMul: Rule = (scope) => {
  scope.arity(2)
  return product(scope, scope.input(0), scope.input(1))
}

/** FusedMatMul of com.microsoft: MatMul of factors that may be transposed in their last two axes, times alpha. */
export const fusedMatMul: Rule = (scope) => {
  scope.arity(2)
  const { scale, transpose } = new Algebra(scope)
  for (const name of ['transBatchA', 'transBatchB'])
    if (scope.attributes.flag(name, false)) throw scope.unsupported(`${name} is 1; export without fused transposes`)
  const [a, b] = ['transA', 'transB'].map((name, at) => {
    const x = scope.input(at)
    const rank = x.shape.length
    if (!scope.attributes.flag(name, false) || rank < 2) return x
    return transpose(x, [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2))
  }) as [Operand, Operand]
  const alpha = scope.attributes.float('alpha', 1)
  const result = product(scope, a, b)
  return alpha === 1 ? result : scale(scope.emit('product', result), alpha)
}

function product(scope: NodeScope, a: Operand, b: Operand): Lowered {
  scope.requireNumber(a)
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

function orient(shape: readonly number[], transposed: boolean): readonly [number, number] {
  const rows = sizeAt(shape, 0)
  const columns = sizeAt(shape, 1)
  return transposed ? [columns, rows] : [rows, columns]
}
