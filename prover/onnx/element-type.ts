// SPDX-License-Identifier: GPL-3.0-or-later
import type { NumberKind } from './graph'
import { roundBfloat16, roundFloat16 } from './float16'

/** Element types a tensor may have. Texts are only moved, as their numbers in a list; no data type code stands for them. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int4'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint4'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'

const BY_CODE: ReadonlyMap<number, ElementType> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [16, 'bfloat16'],
  [21, 'uint4'],
  [22, 'int4'],
])

/** The code of texts. */
export const STRING_CODE = 8

const REFUSED: ReadonlyMap<number, string> = new Map([
  [0, 'undefined'],
  [STRING_CODE, 'string'],
  [14, 'complex64'],
  [15, 'complex128'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
  [23, 'float4e2m1'],
])

/** What every element type is: its kind, its bytes in raw data (two elements share one where it is a half), and for integers its range. */
export const ELEMENT_TYPES: Readonly<
  Record<ElementType, { readonly kind: NumberKind; readonly bytes: number; readonly min: number; readonly max: number }>
> = {
  float32: { kind: 'float', bytes: 4, min: -Infinity, max: Infinity },
  float64: { kind: 'float', bytes: 8, min: -Infinity, max: Infinity },
  float16: { kind: 'float', bytes: 2, min: -Infinity, max: Infinity },
  bfloat16: { kind: 'float', bytes: 2, min: -Infinity, max: Infinity },
  int4: { kind: 'int', bytes: 0.5, min: -8, max: 7 },
  int8: { kind: 'int', bytes: 1, min: -128, max: 127 },
  int16: { kind: 'int', bytes: 2, min: -32768, max: 32767 },
  int32: { kind: 'int', bytes: 4, min: -(2 ** 31), max: 2 ** 31 - 1 },
  int64: { kind: 'int', bytes: 8, min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER },
  uint4: { kind: 'int', bytes: 0.5, min: 0, max: 15 },
  uint8: { kind: 'int', bytes: 1, min: 0, max: 255 },
  uint16: { kind: 'int', bytes: 2, min: 0, max: 65535 },
  uint32: { kind: 'int', bytes: 4, min: 0, max: 2 ** 32 - 1 },
  uint64: { kind: 'int', bytes: 8, min: 0, max: Number.MAX_SAFE_INTEGER },
  bool: { kind: 'bool', bytes: 1, min: 0, max: 1 },
  string: { kind: 'int', bytes: 0, min: 0, max: 2 ** 31 - 1 },
}

/**
 * The element type with the given TensorProto.DataType code.
 *
 * @returns undefined for a type that is not supported, such as string or float8.
 */
export function elementTypeOf(code: number): ElementType | undefined {
  return BY_CODE.get(code)
}

/** Name of a data type code for messages, whether supported or not. */
export function elementTypeName(code: number): string {
  return BY_CODE.get(code) ?? REFUSED.get(code) ?? `data type ${code}`
}

/** The kind of number a tensor of this element type holds. */
export function kindOf(elementType: ElementType): NumberKind {
  return ELEMENT_TYPES[elementType].kind
}

/** The integers from min to max. */
export type IntegerRange = { readonly min: number; readonly max: number }

/** The numbers an integer or bool type holds; undefined for floats. */
export function integerRange(elementType: ElementType): IntegerRange | undefined {
  const { kind, min, max } = ELEMENT_TYPES[elementType]
  return kind === 'float' ? undefined : { min, max }
}

/**
 * Rounds the exact or double-rounded result of + − × ÷ √ to a float type. Rounding twice is harmless for these
 * operations: a double has more than twice the precision of the narrower types.
 *
 * @example
 * ```ts
 * roundToFloat('float32', 0.1 + 0.2) // Math.fround(0.30000000000000004)
 * ```
 */
export function roundToFloat(elementType: ElementType, value: number): number {
  if (elementType === 'float32') return Math.fround(value)
  if (elementType === 'float16') return roundFloat16(value)
  if (elementType === 'bfloat16') return roundBfloat16(value)
  return value
}
