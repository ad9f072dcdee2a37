// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { NodeScope } from '../../node-scope'
import { formatShape } from '../../shape'
import { type ConstantOperand, decodeTensor, type Operand } from '../../tensor'

/** The only input, which is of numbers. */
export function numbersIn(scope: NodeScope): Operand {
  scope.arity(1)
  const x = scope.input(0)
  scope.requireNumber(x)
  return x
}

/** The only input, a number for each feature of each sample: [samples, features]. A vector is one sample. */
export function samplesOf(scope: NodeScope): Operand {
  const x = numbersIn(scope)
  if (x.shape.length === 2) return x
  if (x.shape.length === 1) return new Algebra(scope).reshape(x, [1, ...x.shape])
  throw scope.misfit(`the input ${formatShape(x.shape)} is no list of samples with their features`)
}

/** The same as float32, which scores are. */
export function floatSamplesOf(scope: NodeScope): Operand {
  return new Algebra(scope).as(samplesOf(scope), 'float32')
}

/** A list of numbers, from an attribute of floats or of the same name with "_as_tensor". */
export function numbersOf(scope: NodeScope, name: string): readonly number[] {
  const floats = scope.attributes.floats(name)
  const tensor = scope.attributes.tensor(`${name}_as_tensor`)
  if (tensor === undefined) return floats ?? []
  if (floats !== undefined) throw scope.invalid(`it has both "${name}" and "${name}_as_tensor"`)
  return [...decodeTensor(`${name}_as_tensor of ${scope.node.name}`, tensor).data]
}

/** A list of integers that must be there. */
export function integersOf(scope: NodeScope, name: string): readonly number[] {
  const list = scope.attributes.ints(name)
  if (list === undefined) throw scope.invalid(`attribute "${name}" is missing`)
  return list
}

/** A tensor attribute that must be there, of one axis. */
export function tensorOf(scope: NodeScope, name: string): ConstantOperand {
  const tensor = scope.attributes.tensor(name)
  if (tensor === undefined) throw scope.invalid(`attribute "${name}" is missing`)
  const operand = decodeTensor(`${name} of ${scope.node.name}`, tensor)
  if (operand.shape.length !== 1) throw scope.invalid(`attribute "${name}" has shape ${formatShape(operand.shape)}`)
  return operand
}

/** @throws {OnnxInvalidNodeError} Unless all lists have one length. */
export function requireSameLength(
  scope: NodeScope,
  lists: Readonly<Record<string, { readonly length: number }>>,
): void {
  const [[first, { length }], ...others] = Object.entries(lists) as [[string, { readonly length: number }]]
  for (const [name, list] of others as [string, { readonly length: number }][]) {
    if (list.length !== length)
      throw scope.invalid(`attribute "${first}" has ${length} entries but "${name}" has ${list.length}`)
  }
}
