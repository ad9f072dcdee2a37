// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { projectFolder } from '../../prover/project'

/** Written by export.py, which says what each field means. */
export const ARCHIVE = join(projectFolder(), 'test', 'conformance', 'node-tests.json.gz')

/** A tensor with its values; those of 64-bit integers beyond 2^53 are rounded, and `exact` is false. */
export type CaseTensor = {
  readonly name: string
  readonly type: string
  readonly shape: readonly number[]
  readonly data: Float64Array
  readonly exact: boolean
}

/** One node test of ONNX. */
export type Case = {
  readonly name: string
  /** The operator under test; that of the original where the case is its expansion into simpler operators. */
  readonly op: string
  readonly domain: string
  readonly opset: number
  readonly expanded: boolean
  readonly rtol: number
  readonly atol: number
  /** Inputs that were made initializers. */
  readonly turned: readonly string[]
  /** Inputs of value 0 that were added, so that no output is constant. */
  readonly zeros: readonly string[]
  readonly model: Uint8Array
  readonly inputs: readonly CaseTensor[]
  readonly outputs: readonly CaseTensor[]
}

/** The cases that count, and why others do not. */
export type Archive = {
  /** Version of the package the cases are from. */
  readonly onnx: string
  readonly cases: readonly Case[]
  readonly excluded: readonly { readonly name: string; readonly op: string; readonly reason: string }[]
}

type StoredTensor = Omit<CaseTensor, 'data' | 'exact'> & { readonly data: string }
type StoredCase = Omit<Case, 'model' | 'inputs' | 'outputs'> & {
  readonly model: string
  readonly inputs: readonly StoredTensor[]
  readonly outputs: readonly StoredTensor[]
}

/**
 * Cases that do not count, as this version of the package has wrong outputs for them: numbers that wrap around at 8 bits where
 * QLinearMatMul saturates, and an average that counts what ceil_mode adds beyond the padding. onnxruntime answers as the
 * project does, and so do later versions of the package in the case of the average.
 */
const WRONG: ReadonlyMap<string, string> = new Map([
  ...['2D', '3D'].flatMap((rank) =>
    ['float16', 'float32'].map((type) => [`test_qlinearmatmul_${rank}_int8_${type}`, 'wraps around'] as const),
  ),
  ['test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True', 'counts beyond the padding'],
])

export function readArchive(file: string = ARCHIVE): Archive {
  const stored = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Omit<Archive, 'cases'> & {
    readonly cases: readonly StoredCase[]
  }
  return {
    ...stored,
    excluded: [
      ...stored.excluded,
      ...stored.cases
        .filter(({ name }) => WRONG.has(name))
        .map(({ name, op }) => ({ name, op, reason: WRONG.get(name)! })),
    ],
    cases: stored.cases
      .filter(({ name }) => !WRONG.has(name))
      .map((testCase) => ({
        ...testCase,
        model: Buffer.from(testCase.model, 'base64'),
        inputs: testCase.inputs.map(decode),
        outputs: testCase.outputs.map(decode),
      })),
  }
}

type NumericArray = ArrayLike<number | bigint>

/** How values of an element type are stored, little-endian; STORAGE in export.py. */
const STORAGE: Readonly<Record<string, new (buffer: ArrayBuffer) => NumericArray>> = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Float32Array,
  bfloat16: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  int4: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  uint4: Uint8Array,
  bool: Uint8Array,
}

function decode(tensor: StoredTensor): CaseTensor {
  const values = new STORAGE[tensor.type]!(new Uint8Array(Buffer.from(tensor.data, 'base64')).buffer)
  const data = Float64Array.from(values, Number)
  const exact = Array.from(values).every((value) => typeof value === 'number' || Number.isSafeInteger(Number(value)))
  return { ...tensor, data, exact }
}
