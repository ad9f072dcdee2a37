// SPDX-License-Identifier: GPL-3.0-or-later

/** The part of ffjavascript that this project uses. */
declare module 'ffjavascript' {
  export type CurveGroup = {
    readonly g: Uint8Array
    /** Affine, coordinates in Montgomery form. */
    readonly gAffine: Uint8Array
    neg(point: Uint8Array): Uint8Array
  }

  export type ScalarField = {
    /** Two-adicity of r − 1. */
    readonly s: number
    /** w[k] is a primitive root of unity of order 2^k, in Montgomery form. */
    readonly w: readonly Uint8Array[]
    toObject(element: Uint8Array): bigint
    fromRng(rng: ChaCha): Uint8Array
  }

  export type Curve = {
    readonly G1: CurveGroup
    readonly G2: CurveGroup
    readonly Fr: ScalarField
    /** `code` is set only on a single-threaded curve. */
    readonly tm: { readonly code?: Uint8Array }
    /** Whether the product of e(points[0], points[1]), e(points[2], points[3]) … is one. */
    pairingEq(...points: readonly Uint8Array[]): Promise<boolean>
    terminate(): Promise<void>
  }

  /** A single-threaded curve is always a new one; otherwise one curve with its worker threads is shared. */
  export function buildBn128(singleThread?: boolean): Promise<Curve>

  export class ChaCha {
    constructor(seed: readonly number[])
  }
}
