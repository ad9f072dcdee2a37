// SPDX-License-Identifier: GPL-3.0-or-later
import type { NativeOptions } from '../native'
import type { GroupName } from './fixed-base'

/** How long work on points is watched and ended. */
export type EngineOptions = NativeOptions

/**
 * Columns of a sparse matrix over the scalar field: entry k of column s is `table[coefficient[k]]` in row `row[k]`, for
 * `start[s]` ≤ k < `start[s + 1]`.
 */
export type SparseColumns = {
  /** Length: columns + 1. */
  readonly start: Uint32Array
  readonly row: Uint32Array
  readonly coefficient: Uint32Array
  /** Distinct coefficients, each 32 little-endian bytes below r. */
  readonly table: Uint8Array
}

/**
 * Arithmetic on many BN254 points at once. Points are as `.zkey` and `.ptau` files hold them: affine, 64 (G1) or 128
 * (G2) bytes, coordinates little-endian in Montgomery form (R = 2^256), infinity all zeros. Scalars are 32-byte
 * little-endian integers below r unless said otherwise. Every function leaves its operands alone, and its result does not
 * depend on the number of threads, nor on which engine computed it.
 *
 * Operands are trusted to be points of the curve: ask `firstInvalid` about those of a stranger first.
 */
export type PointEngine = {
  readonly name: 'native' | 'wasm'
  /** scalar·G for each scalar, G being the generator of the group. The scalars are secret. */
  multiplyGenerator(group: GroupName, scalars: Uint8Array, options?: EngineOptions): Promise<Uint8Array>
  /** points[i]·first·step^i; both factors below r, and secret. */
  scale(
    group: GroupName,
    points: Uint8Array,
    factors: { readonly first: bigint; readonly step: bigint },
    options?: EngineOptions,
  ): Promise<Uint8Array>
  /** The Lagrange form of points τ^j·P, j < 2^k: out[i] = (1/n)·Σ_j ω^(−ij)·points[j], ω being snarkjs' n-th root of unity. */
  toLagrange(group: GroupName, points: Uint8Array, options?: EngineOptions): Promise<Uint8Array>
  /** Σ scalar·point, affine; scalars are `scalarBytes` (4, 16 or 32) little-endian bytes each. */
  combine(
    group: GroupName,
    points: Uint8Array,
    scalars: Uint8Array,
    scalarBytes: number,
    options?: EngineOptions,
  ): Promise<Uint8Array>
  /** For each column of the matrix Σ coefficient·points[row], affine. */
  combineColumns(
    group: GroupName,
    points: Uint8Array,
    columns: SparseColumns,
    options?: EngineOptions,
  ): Promise<Uint8Array>
  /** points[i] + other[i]. */
  add(group: GroupName, points: Uint8Array, other: Uint8Array, options?: EngineOptions): Promise<Uint8Array>
  /**
   * The index of the first point with a coordinate that is not below q, or that is neither on its curve nor infinity;
   * −1 if none. For G2 being on the curve does not mean being in the subgroup of order r.
   */
  firstInvalid(group: GroupName, points: Uint8Array, options?: EngineOptions): Promise<number>
  /** The points as transcripts hash them: big-endian coordinates out of Montgomery form, c1 before c0, flags of infinity as ffjavascript writes them (`toRprUncompressed`). */
  toUncompressed(group: GroupName, points: Uint8Array): Promise<Uint8Array>
  /** The points with x only and the sign of y in the first byte, as ffjavascript writes them (`toRprCompressed`). */
  toCompressed(group: GroupName, points: Uint8Array): Promise<Uint8Array>
}
