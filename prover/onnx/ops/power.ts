// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../algebra'
import { broadcast, broadcastStrides, elementCount, formatShape, walk } from '../shape'
import type { NodeScope, Rule } from '../node-scope'
import type { ConstantOperand, Operand } from '../tensor'
import { quotient } from './division'
import { ofFloat } from './elementwise'

/** Exponents up to this are computed by products. */
const MAX_PRODUCTS = 16

/** Sqrt; of a negative variable it is 0. */
export const sqrt = ofFloat((algebra, x, scope) => {
  const negative = x.data?.find((value) => value < 0)
  if (negative !== undefined) throw scope.invalid(`"${x.name}" contains ${negative}, which has no square root`)
  return algebra.squareRoot(x)
})

/**
 * Pow with a constant exponent, a scalar or one for each element. Whole exponents are products and halves square roots;
 * all others are tables, whose argument is clamped to where the power is defined.
 */
export const pow: Rule = (scope) => {
  scope.arity(2)
  const x = scope.input(0)
  scope.requireNumber(x)
  const exponent = scope.constant(1, 'only constant exponents are supported; rewrite x^y as exp(y·log x)')
  scope.requireNumber(exponent)
  const shape = broadcast(x.shape, exponent.shape)
  if (shape === undefined)
    throw scope.misfit(`${formatShape(x.shape)} and ${formatShape(exponent.shape)} do not broadcast`)
  const algebra = new Algebra(scope)
  const elements = byExponent(exponent, shape)
  const [only = 1] = elements.keys()
  if (elements.size <= 1 && shape.join() === x.shape.join()) return raised(scope, algebra, x, only)
  return assembled(scope, algebra, x, shape, elements)
}

/** The elements of the result that have each exponent. */
function byExponent({ data, shape: own }: ConstantOperand, shape: readonly number[]): Map<number, number[]> {
  const elements = new Map<number, number[]>()
  walk(shape, broadcastStrides(own, shape), 0, (i, at) => {
    const p = data[at]!
    elements.set(p, [...(elements.get(p) ?? []), i])
  })
  return elements
}

/** Raises the elements of each exponent together and puts the results in place. */
function assembled(
  scope: NodeScope,
  algebra: Algebra,
  x: Operand,
  shape: readonly number[],
  elements: ReadonlyMap<number, readonly number[]>,
): Operand {
  const source = new Int32Array(elementCount(shape))
  walk(shape, broadcastStrides(x.shape, shape), 0, (i, at) => (source[i] = at))
  const place = new Int32Array(source.length)
  let count = 0
  const parts = [...elements].map(([p, at]) => {
    for (const i of at) place[i] = count++
    const bases = algebra.select(
      [x],
      Int32Array.from(at, (i) => source[i]!),
      [at.length],
    )
    return raised(scope, algebra, bases, p)
  })
  return algebra.select(parts, place, shape)
}

function raised(scope: NodeScope, algebra: Algebra, x: Operand, p: number): Operand {
  if (!Number.isFinite(p)) throw scope.invalid(`the exponent is ${p}`)
  if (Number.isInteger(p) && Math.abs(p) <= MAX_PRODUCTS) {
    if (p >= 0) return repeated(algebra, x, p)
    if (x.kind === 'float') return quotient(algebra, algebra.number(1, x), repeated(algebra, x, -p))
  }
  if (x.kind !== 'float')
    throw scope.unsupported(`an integer is raised to ${p}; cast it to float, or use exponents 0 to ${MAX_PRODUCTS}`)
  if (x.data !== undefined) return algebra.fn({ name: 'power', parameters: [p] }, x)
  if (p === 0.5) return algebra.squareRoot(x)
  if (p === -0.5) return algebra.div(algebra.number(1, x), algebra.squareRoot(x))
  return algebra.fn({ name: 'power', parameters: [p] }, x)
}

/** x^p by squaring. */
function repeated(algebra: Algebra, x: Operand, p: number): Operand {
  if (p === 0) return algebra.constant(new Float64Array(elementCount(x.shape)).fill(1), x.shape, x.elementType)
  if (p === 1) return x
  const half = repeated(algebra, x, Math.floor(p / 2))
  const square = algebra.mul(half, half)
  return p % 2 === 0 ? square : algebra.mul(square, x)
}
