// SPDX-License-Identifier: GPL-3.0-or-later

/** The part of ffjavascript that this project uses. */
declare module 'ffjavascript' {
  /** One step of a task that a thread of a curve does; `var` numbers the buffers of the task. */
  export type TaskStep =
    | { readonly cmd: 'ALLOCSET'; readonly var: number; readonly buff: Uint8Array }
    | { readonly cmd: 'ALLOC'; readonly var: number; readonly len: number }
    | { readonly cmd: 'GET'; readonly out: number; readonly var: number; readonly len: number }
    | {
        readonly cmd: 'CALL'
        readonly fnName: string
        readonly params: readonly ({ readonly var: number; readonly offset?: number } | { readonly val: number })[]
      }

  /** Points are affine (two coordinates) or Jacobian (three), in Montgomery form. */
  export type CurveGroup = {
    readonly g: Uint8Array
    /** Affine, coordinates in Montgomery form. */
    readonly gAffine: Uint8Array
    /** Infinity, Jacobian. */
    readonly zero: Uint8Array
    add(a: Uint8Array, b: Uint8Array): Uint8Array
    sub(a: Uint8Array, b: Uint8Array): Uint8Array
    neg(point: Uint8Array): Uint8Array
    toAffine(point: Uint8Array): Uint8Array
    /** The scalar is in Montgomery form. */
    timesFr(point: Uint8Array, scalar: Uint8Array): Uint8Array
    toUncompressed(point: Uint8Array): Uint8Array
    fromRng(rng: ChaCha): Uint8Array
    lagrangeEvaluations(points: Uint8Array, inType: 'affine', outType: 'affine'): Promise<Uint8Array>
  }

  export type ScalarField = {
    /** Two-adicity of r − 1. */
    readonly s: number
    /** w[k] is a primitive root of unity of order 2^k, in Montgomery form. */
    readonly w: readonly Uint8Array[]
    /** An integer in Montgomery form. */
    e(value: bigint): Uint8Array
    toObject(element: Uint8Array): bigint
    ifft(values: Uint8Array): Promise<Uint8Array>
    fromRng(rng: ChaCha): Uint8Array
    fft(values: Uint8Array): Promise<Uint8Array>
    /** values[i]·first·step^i. */
    batchApplyKey(values: Uint8Array, first: Uint8Array, step: Uint8Array): Promise<Uint8Array>
  }

  export type Curve = {
    readonly G1: CurveGroup
    readonly G2: CurveGroup
    readonly Fr: ScalarField
    readonly tm: {
      /** Set only on a single-threaded curve. */
      readonly code?: Uint8Array
      /** Threads of the curve. */
      readonly concurrency: number
      queueAction(task: readonly TaskStep[]): Promise<Uint8Array[]>
    }
    /** Whether the product of e(points[0], points[1]), e(points[2], points[3]) … is one. */
    pairingEq(...points: readonly Uint8Array[]): Promise<boolean>
    terminate(): Promise<void>
  }

  /** A single-threaded curve is always a new one; otherwise one curve with its worker threads is shared. */
  export function buildBn128(singleThread?: boolean): Promise<Curve>

  export class ChaCha {
    constructor(seed: readonly number[])
    /** Key and counter, and the numbers to be drawn next. */
    readonly state: number[]
    readonly buff: number[]
  }
}
