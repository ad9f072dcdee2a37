// SPDX-License-Identifier: GPL-3.0-or-later
export { ZkmlError } from '../errors'
export {
  OnnxInvalidNodeError,
  OnnxNotFiniteError,
  OnnxShapeError,
  OnnxUnsupportedAttributeError,
  OnnxUnsupportedFoldError,
  OnnxUnsupportedOpError,
  OnnxUnsupportedUseError,
  OnnxVariableOperandError,
} from './errors'
export type {
  ConstantTensor,
  ElementGroups,
  Graph,
  GraphNode,
  InputInfo,
  NumberKind,
  Operation,
  OpName,
  OutputInfo,
  SparseSums,
  ValueInfo,
  Window,
} from './graph'
export { integerRange, type ElementType, type IntegerRange } from './element-type'
export { MAX_OPSET, MIN_OPSET, OnnxDomainError, OnnxFunctionError, OnnxOpsetError } from './model'
export { Names } from './names'
export { OnnxCycleError, OnnxDuplicateNameError, OnnxMissingTensorError } from './order'
export { withoutMaps } from './runtime-form'
export { architectureOf, publicNumbers, type PublicNumbers } from './architecture'
export { OnnxConstantOutputError, parseModel, readWeights, type ParseOptions } from './parse'
export { MAX_ELEMENTS, MAX_RANK, OnnxTooLargeError } from './shape'
export { OnnxDeclarationError, OnnxSymbolicShapeError } from './signature'
export { OnnxExternalDataError, OnnxIntegerRangeError, OnnxTensorDataError, OnnxTensorTypeError } from './tensor'
export { OnnxMalformedError, OnnxTruncatedError } from './wire'
