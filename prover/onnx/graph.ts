// SPDX-License-Identifier: GPL-3.0-or-later
import type { FunctionSpec } from '../functions'
import type { ElementType } from './element-type'

/** Kind of number a value holds. Width is dropped: calibration chooses how many bits each tensor needs. */
export type NumberKind = 'float' | 'int' | 'bool'

/** Name, kind and static shape of a value. A symbolic batch dimension is 1. A scalar has shape []. */
export type ValueInfo = {
  readonly name: string
  readonly kind: NumberKind
  readonly shape: readonly number[]
}

/** An input of a model, whose element type says which whole numbers it can hold. */
export type InputInfo = ValueInfo & { readonly elementType: ElementType }

/** A graph output. Where the file has texts, its elements are their numbers in `texts`. */
export type OutputInfo = ValueInfo & { readonly texts?: readonly string[] }

/** A constant tensor, row-major. float32 and integers up to 2^53 are exact in a double. */
export type ConstantTensor = ValueInfo & { readonly data: Float64Array }

/** Window of a convolution or pooling, one entry per spatial axis; `auto_pad` is already resolved into pads. */
export type Window = {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padsBegin: readonly number[]
  readonly padsEnd: readonly number[]
}

/** Weighted sums Σ weight·x[column] + bias in compressed rows; columns count through the concatenated inputs. */
export type SparseSums = {
  /** One more than there are rows: offsets into `column` and `weight`. */
  readonly start: Uint32Array
  readonly column: Uint32Array
  readonly weight: Float64Array
  readonly bias: Float64Array
}

/** Pairs of elements of two operands in compressed rows, each row to be multiplied and added up. */
export type ElementPairs = { readonly start: Uint32Array; readonly left: Uint32Array; readonly right: Uint32Array }

/** Groups of elements, as compressed rows; columns count through the concatenated inputs. */
export type ElementGroups = { readonly start: Uint32Array; readonly column: Uint32Array }

/**
 * An operation after parsing: attributes and attribute-like inputs (axes, shapes, pads …) are resolved, opset
 * differences are gone, negative axes are made positive. `inputs` lists only tensors that carry data.
 */
export type Operation =
  /** Y = alpha·A'·B' + beta·C, 2-D; one of A and B is constant, and so is C. */
  | {
      readonly op: 'Gemm'
      readonly alpha: number
      readonly beta: number
      readonly transA: boolean
      readonly transB: boolean
    }
  /** numpy matmul semantics, batched. */
  | { readonly op: 'MatMul' }
  /** Two inputs, numpy broadcasting. */
  | { readonly op: 'Add' | 'Sub' | 'Mul' }
  /**
   * Division by a constant that is not 0, or by a variable that is at least 0. A whole result is that of dividing exactly
   * and rounding down, by a constant above 0 as well.
   */
  | { readonly op: 'Div' }
  | { readonly op: 'Neg' | 'Relu' }
  /** A smooth function of each element. */
  | { readonly op: 'Function'; readonly fn: FunctionSpec }
  /** √max(x, 0). */
  | { readonly op: 'SquareRoot' }
  /** Whether an element is at least 0, or is 0: bool. */
  | { readonly op: 'Compare'; readonly relation: 'nonNegative' | 'zero' }
  /** To whole numbers: down, or to the nearest with ties to even. */
  | { readonly op: 'Round'; readonly mode: 'floor' | 'even' }
  /** Of whole numbers, none below 0, with numpy broadcasting. */
  | { readonly op: 'BitwiseAnd' }
  | { readonly op: 'LeakyRelu'; readonly alpha: number }
  /** min or max absent means unbounded on that side. */
  | { readonly op: 'Clip'; readonly min?: number; readonly max?: number }
  /** inputs: X [N,C,…], W [M,C/group,…kernel], optional B [M], which is constant. W may be variable when B is left out. */
  | { readonly op: 'Conv'; readonly window: Window; readonly group: number }
  /** inputs: X, scale, B, mean, var. */
  | { readonly op: 'BatchNormalization'; readonly epsilon: number }
  /** GlobalAveragePool becomes a window over the whole plane. */
  | { readonly op: 'AveragePool'; readonly window: Window; readonly countIncludePad: boolean }
  | { readonly op: 'MaxPool'; readonly window: Window }
  /** Elements where `masked` is 1 are left out: their result is 0. Every row has others. */
  | { readonly op: 'Softmax'; readonly axis: number; readonly masked?: Uint8Array }
  /** Output is the index along `axis`, the lowest one on ties; an axis of size 1 stays in shape when keepdims. */
  | { readonly op: 'ArgMax'; readonly axis: number; readonly keepdims: boolean }
  /** The largest of each group of elements. */
  | { readonly op: 'GroupMax'; readonly groups: ElementGroups }
  /** A new last axis of `depth` with 1 at the index and 0 elsewhere; an index outside has no 1. */
  | { readonly op: 'OneHot'; readonly depth: number }
  /** Flat list of comparisons of elements with constants: x[element] ≥ threshold, or > where strict is 1; bool. */
  | {
      readonly op: 'Thresholds'
      readonly element: Int32Array
      readonly threshold: Float64Array
      readonly strict: Uint8Array
    }
  /** Elements of the concatenated inputs by flat index; −1 is `fill`. */
  | { readonly op: 'Select'; readonly index: Int32Array; readonly fill: number }
  /** Sums of products of elements of two operands. */
  | { readonly op: 'Contract'; readonly pairs: ElementPairs }
  /** Rounding to the precision that calibration finds, and a clamp to ±bound. */
  | { readonly op: 'Settle'; readonly bound?: number }
  /** Weighted sums of elements. */
  | { readonly op: 'Combine'; readonly rows: SparseSums }
  /** Same elements in the same order, new shape: Reshape, Flatten, Squeeze, Unsqueeze, Identity, Dropout, Cast. */
  | { readonly op: 'Reshape' }
  | { readonly op: 'Transpose'; readonly perm: readonly number[] }
  | { readonly op: 'Concat'; readonly axis: number }
  /** starts and steps for every axis of the input; sizes come from the output shape. */
  | { readonly op: 'Slice'; readonly starts: readonly number[]; readonly steps: readonly number[] }

/** One node in topological order. `onnxOp` is the operator as the file names it, for messages and reports. */
export type GraphNode = Operation & {
  /** Unique, non-empty; taken from the file, or made as `<op>_<index>`. */
  readonly name: string
  readonly onnxOp: string
  readonly inputs: readonly string[]
  readonly output: string
}

/** The operators of the intermediate form. */
export type OpName = Operation['op']

/**
 * A model after parsing: topologically ordered, every shape known, everything computable from constants folded.
 * Every name in a node's `inputs` is a graph input, a weight, a constant, or an earlier node's output.
 */
export type Graph = {
  readonly name: string
  /** Version of the standard operators; none where the model imports only others. */
  readonly opset: number | undefined
  /** Those that have elements: one without is a constant. */
  readonly inputs: readonly InputInfo[]
  /** Tensors that private weights hide: read like inputs, in the order of the file. */
  readonly weights: readonly ValueInfo[]
  readonly outputs: readonly OutputInfo[]
  readonly nodes: readonly GraphNode[]
  readonly constants: ReadonlyMap<string, ConstantTensor>
  /** Every value that is not a constant: inputs, weights and node outputs. */
  readonly values: ReadonlyMap<string, ValueInfo>
}
