// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { type ElementType, elementTypeName, elementTypeOf, kindOf, STRING_CODE } from './element-type'
import type { DimensionProto, ValueInfoProto } from './schema'
import { checkSize, formatShape } from './shape'
import { type Operand, OnnxTensorTypeError } from './tensor'

/** An input has a size that is not known, other than its batch axis. */
export class OnnxSymbolicShapeError extends ZkmlError {
  override readonly code = 'ONNX_SYMBOLIC_SHAPE'

  constructor(input: string, problem: string) {
    super(`input "${input}" ${problem}; only the batch axis 0 may be symbolic, so export with fixed sizes`)
  }
}

/** What the file declares of an input or output contradicts what the model computes. */
export class OnnxDeclarationError extends ZkmlError {
  override readonly code = 'ONNX_DECLARATION'

  constructor(value: string, problem: string) {
    super(`"${value}" ${problem}; export the model again`)
  }
}

/**
 * Reads the declaration of a graph input. A batch axis that is symbolic, missing or -1 becomes 1. An input without elements
 * is a constant.
 *
 * @throws {OnnxSymbolicShapeError} For any other symbolic axis, or without a shape.
 * @throws {OnnxTensorTypeError} For an input that is not a tensor of numbers.
 */
export function readInput(proto: ValueInfoProto): Operand {
  const name = proto.name ?? ''
  if (name === '') throw new OnnxDeclarationError(name, 'is an input without a name')
  const elementType = readElementType(name, proto)
  if (elementType === 'string') throw new OnnxTensorTypeError(name, elementType)
  if (elementType === undefined) throw new OnnxDeclarationError(name, 'is an input without a type')
  const dims = proto.type?.tensor?.shape?.dims
  if (dims === undefined) throw new OnnxSymbolicShapeError(name, 'has no shape')
  const shape = dims.map((dim, axis) => {
    const size = sizeOf(name, dim)
    if (size !== undefined) return size
    if (axis === 0) return 1
    throw new OnnxSymbolicShapeError(name, `has ${describeDimension(dim)} at axis ${axis}`)
  })
  checkSize(`input "${name}"`, shape)
  const operand = { name, kind: kindOf(elementType), elementType, shape }
  return shape.includes(0) ? { ...operand, data: new Float64Array() } : operand
}

/**
 * Compares the declaration of a graph output with what was inferred. A missing type, shape or size is fine.
 *
 * @throws {OnnxDeclarationError} When they contradict.
 */
export function checkOutput(proto: ValueInfoProto, inferred: Operand): void {
  const name = inferred.name
  const elementType = readElementType(name, proto)
  if (elementType !== undefined && elementType !== inferred.elementType) {
    throw new OnnxDeclarationError(name, `is declared as ${elementType} but the model computes ${inferred.elementType}`)
  }
  const dims = proto.type?.tensor?.shape?.dims
  if (dims === undefined) return
  const declared = dims.map((dim) => sizeOf(name, dim))
  const fits =
    declared.length === inferred.shape.length &&
    declared.every((size, axis) => size === undefined || size === inferred.shape[axis])
  if (fits) return
  const shape = formatShape(declared.map((size) => size ?? '?'))
  throw new OnnxDeclarationError(name, `is declared as ${shape} but the model computes ${formatShape(inferred.shape)}`)
}

function readElementType(name: string, { type }: ValueInfoProto): ElementType | undefined {
  if (type === undefined) return undefined
  const refused = (['sequence', 'map', 'opaque', 'sparseTensor', 'optional'] as const).find((kind) => type[kind])
  if (refused !== undefined) throw new OnnxTensorTypeError(name, refused === 'sparseTensor' ? 'sparse tensor' : refused)
  const code = type.tensor?.elementType ?? 0
  if (code === 0) return undefined
  const elementType = code === STRING_CODE ? 'string' : elementTypeOf(code)
  if (elementType === undefined) throw new OnnxTensorTypeError(name, elementTypeName(code))
  return elementType
}

/** The size of an axis, or undefined when it is open. */
function sizeOf(name: string, dim: DimensionProto): number | undefined {
  const { value } = dim
  if (value === undefined || value === -1) return undefined
  if (value < 0) throw new OnnxDeclarationError(name, `has the negative size ${value}`)
  return value
}

function describeDimension(dim: DimensionProto): string {
  if (dim.param) return `the symbolic size "${dim.param}"`
  return dim.value === undefined ? 'no size' : `the size ${dim.value}`
}
