// SPDX-License-Identifier: GPL-3.0-or-later
import { Algebra } from '../../algebra'
import type { ElementType } from '../../element-type'
import type { NodeScope, Rule } from '../../node-scope'
import { elementCount } from '../../shape'
import { decodeTensor } from '../../tensor'
import { requireSameLength } from './samples'

const NO_TEXTS =
  'it maps texts, which a circuit cannot compare; number them before the model, or end the model at the numbers and name them afterwards'

/** Numbers of one type. */
type List = { readonly data: readonly number[]; readonly elementType: ElementType }

/** LabelEncoder: the value that belongs to the key equal to an element, and a default where none is. */
export const labelEncoder: Rule = (scope) => {
  scope.arity(1)
  const x = scope.input(0)
  if (scope.opset < 2 || ['keys_strings', 'values_strings'].some((name) => scope.attributes.has(name)))
    throw scope.unsupported(NO_TEXTS)
  const [keys, values] = [readList(scope, 'keys'), readList(scope, 'values')]
  requireSameLength(scope, { keys: keys.data, values: values.data })
  if (keys.elementType !== x.elementType)
    throw scope.invalid(`its keys are ${keys.elementType} and "${x.name}" is ${x.elementType}`)
  if (new Set(keys.data).size !== keys.data.length) throw scope.invalid('it has a key twice')
  const { elementType } = values
  const fallback = readDefault(scope, elementType)
  // No element is NaN, so none has such a key.
  const pairs = keys.data.flatMap((key, at) => (Number.isNaN(key) ? [] : [[key, values.data[at]!] as const]))
  const weights = pairs.map(([, value]) => value - fallback)
  if (![fallback, ...weights].every((weight) => Math.abs(weight) <= Number.MAX_SAFE_INTEGER))
    throw scope.unsupported('a value is more than 2^53 from the default, or no number')
  const algebra = new Algebra(scope)
  const known = algebra.constant(
    pairs.map(([key]) => key),
    [pairs.length],
    x.elementType,
  )
  const isKey = algebra.as(algebra.equal(algebra.reshape(x, [...x.shape, 1]), known), elementType)
  const count = elementCount(x.shape)
  const rows = {
    start: Uint32Array.from({ length: count + 1 }, (_, row) => row * pairs.length),
    column: Uint32Array.from({ length: count * pairs.length }, (_, at) => at),
    weight: Float64Array.from({ length: count * pairs.length }, (_, at) => weights[at % pairs.length]!),
    bias: new Float64Array(count).fill(fallback),
  }
  return algebra.combine([isKey], rows, x.shape)
}

/** Keys or values: an attribute of integers or floats, or a tensor from opset 4 on. */
function readList(scope: NodeScope, name: 'keys' | 'values'): List {
  const { attributes } = scope
  const [whole, real] = [attributes.ints(`${name}_int64s`), attributes.floats(`${name}_floats`)]
  const tensor = scope.opset >= 4 ? attributes.tensor(`${name}_tensor`) : undefined
  const lists: readonly List[] = [
    ...(whole ? [{ data: whole, elementType: 'int64' as const }] : []),
    ...(real ? [{ data: real, elementType: 'float32' as const }] : []),
    ...(tensor ? [readTensor(scope, `${name}_tensor`, tensor)] : []),
  ]
  if (lists.length !== 1) throw scope.invalid(`it has ${lists.length} lists of ${name}; one is needed`)
  return lists[0]!
}

function readTensor(scope: NodeScope, name: string, proto: Parameters<typeof decodeTensor>[1]): List {
  if (proto.stringData.length > 0) throw scope.unsupported(NO_TEXTS)
  const { data, elementType } = decodeTensor(`${name} of ${scope.node.name}`, proto)
  return { data: [...data], elementType }
}

/** What an element without a key becomes. */
function readDefault(scope: NodeScope, elementType: ElementType): number {
  const { attributes } = scope
  attributes.ignore('default_string')
  const [whole, real] = [attributes.int('default_int64', -1), attributes.float('default_float', 0)]
  const tensor = scope.opset >= 4 ? attributes.tensor('default_tensor') : undefined
  if (tensor === undefined) return elementType.startsWith('float') ? real : whole
  const given = readTensor(scope, 'default_tensor', tensor)
  if (given.elementType !== elementType || given.data.length !== 1)
    throw scope.invalid(`attribute "default_tensor" is not one number of type ${elementType}`)
  return given.data[0]!
}
