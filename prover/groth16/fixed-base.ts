// SPDX-License-Identifier: GPL-3.0-or-later
import { FIELD_BYTES, wordsOf } from '../binfile/field'
import type { CurveCode, CurveFunctions, CurveWasm } from './bn254-wasm'

/** The two groups whose generators are multiplied. */
export type GroupName = 'G1' | 'G2'

/** Bits of a scalar, plus one for the carry of the signed digits. */
const SCALAR_BITS = 255
/** Points added to in step, sharing one field inversion; small enough that they stay in the second-level cache. */
const BATCH = 2048
/** An addition while building a table costs about this many additions while using it (measured). */
const TABLE_COST = 3

/** The window width that costs least for `count` scalars of one thread. */
export function bestWindow(count: number): number {
  const cost = (bits: number): number => windowsOf(bits) * (count + TABLE_COST * 2 ** (bits - 1))
  let best = 4
  for (let bits = best + 1; bits <= 16; bits++) if (cost(bits) < cost(best)) best = bits
  return best
}

/** Additions that multiplying one scalar takes. */
export function windowsOf(bits: number): number {
  return Math.ceil(SCALAR_BITS / bits)
}

type Operations = {
  readonly add: (a: number, b: number, out: number) => number
  readonly sub: (a: number, b: number, out: number) => number
  readonly mul: (a: number, b: number, out: number) => number
  readonly neg: (a: number, out: number) => number
  readonly square: (a: number, out: number) => number
  readonly copy: (a: number, out: number) => number
  readonly isZero: (a: number) => number
  readonly batchInverse: (input: number, step: number, count: number, out: number, outStep: number) => number
  readonly addMixed: (a: number, b: number, out: number) => number
  readonly subMixed: (a: number, b: number, out: number) => number
  readonly double: (a: number, out: number) => number
  readonly toJacobian: (a: number, out: number) => number
  readonly toAffine: (a: number, out: number) => number
  readonly isInfinity: (a: number) => number
  readonly batchToAffine: (input: number, count: number, out: number) => number
}

/**
 * Multiples of a generator by many scalars. A scalar is written in signed digits of w bits; for window k a table holds
 * j·2^(wk)·G, j = 1 … 2^(w−1), so a multiple is a sum of ⌈255/w⌉ table entries. The sums of a batch advance together
 * in affine coordinates: one field inversion is shared by all of them (Montgomery's trick), which makes an addition
 * cost 6 multiplications instead of the 11 of a mixed Jacobian addition. The result does not depend on w.
 */
export class FixedBase {
  readonly pointBytes: number
  private readonly field: number
  private readonly windows: number
  private readonly half: number
  private readonly table: number
  private readonly ops: Operations
  private readonly sums: number
  private readonly denominators: number
  private readonly inverses: number
  private readonly temporary: number
  private readonly digits: Int32Array
  private readonly isFinite = new Uint8Array(BATCH)
  private readonly slot = new Int32Array(BATCH)
  private readonly entry = new Float64Array(BATCH)

  constructor(
    private readonly wasm: CurveWasm,
    code: CurveCode,
    group: GroupName,
    private readonly bits: number,
  ) {
    this.field = group === 'G1' ? FIELD_BYTES : 2 * FIELD_BYTES
    this.pointBytes = 2 * this.field
    this.ops = operationsOf(wasm.call, group)
    this.windows = windowsOf(bits)
    this.half = 2 ** (bits - 1)
    this.table = wasm.alloc(this.windows * this.half * this.pointBytes)
    this.sums = wasm.alloc(BATCH * this.pointBytes)
    this.denominators = wasm.alloc(BATCH * this.field)
    this.inverses = wasm.alloc(BATCH * this.field)
    this.temporary = wasm.alloc(5 * this.field)
    this.digits = new Int32Array(this.windows * BATCH)
    this.buildTable(group === 'G1' ? code.g1 : code.g2)
  }

  /**
   * The multiples, affine, in the form of `.zkey` files.
   *
   * @param scalars 32-byte little-endian integers below 2^254.
   */
  multiply(scalars: Uint8Array): Uint8Array {
    const count = scalars.byteLength / FIELD_BYTES
    const words = wordsOf(scalars)
    const out = new Uint8Array(count * this.pointBytes)
    for (let from = 0; from < count; from += BATCH) {
      const size = Math.min(BATCH, count - from)
      this.recode(words, from, size)
      this.wasm.fill(this.sums, size * this.pointBytes)
      this.isFinite.fill(0)
      for (let window = 0; window < this.windows; window++) this.addWindow(window, size)
      out.set(this.wasm.read(this.sums, size * this.pointBytes), from * this.pointBytes)
    }
    // They are the secret scalars.
    this.digits.fill(0)
    return out
  }

  private buildTable(generator: Uint8Array): void {
    const { ops, wasm, half } = this
    const jacobian = 3 * this.field
    wasm.scratch((half + 2) * (jacobian + 2 * this.field))
    const multiples = wasm.alloc((half + 1) * jacobian)
    const base = wasm.put(generator)
    wasm.scratch((half + 2) * 2 * this.field)
    for (let window = 0; window < this.windows; window++) {
      ops.toJacobian(base, multiples)
      ops.double(multiples, multiples + jacobian)
      for (let j = 2; j < half; j++) ops.addMixed(multiples + (j - 1) * jacobian, base, multiples + j * jacobian)
      ops.double(multiples + (half - 1) * jacobian, multiples + half * jacobian)
      ops.batchToAffine(multiples, half, this.table + window * half * this.pointBytes)
      ops.toAffine(multiples + half * jacobian, base)
    }
  }

  /** Signed digits: digits[window·BATCH + i] in [−2^(w−1), 2^(w−1)]. */
  private recode(words: Uint32Array, from: number, size: number): void {
    const { bits, windows, half, digits } = this
    const mask = 2 ** bits - 1
    for (let i = 0; i < size; i++) {
      const at = (from + i) * 8
      let carry = 0
      for (let window = 0; window < windows; window++) {
        const position = window * bits
        const word = position >>> 5
        const shift = position & 31
        let raw = word < 8 ? words[at + word]! >>> shift : 0
        if (shift + bits > 32 && word < 7) raw |= words[at + word + 1]! << (32 - shift)
        const digit = (raw & mask) + carry
        carry = digit > half ? 1 : 0
        digits[window * BATCH + i] = carry === 1 ? digit - 2 ** bits : digit
      }
    }
  }

  private addWindow(window: number, size: number): void {
    const { ops, field, pointBytes, slot, entry, digits, denominators } = this
    const table = this.table + window * this.half * pointBytes
    let pending = 0
    for (let i = 0; i < size; i++) {
      const digit = digits[window * BATCH + i]!
      if (digit === 0) continue
      const point = table + (Math.abs(digit) - 1) * pointBytes
      const sum = this.sums + i * pointBytes
      if (this.isFinite[i] === 0) {
        ops.copy(point, sum)
        if (digit > 0) ops.copy(point + field, sum + field)
        else ops.neg(point + field, sum + field)
        this.isFinite[i] = 1
        continue
      }
      const denominator = denominators + pending * field
      ops.sub(point, sum, denominator)
      if (ops.isZero(denominator) !== 0) {
        this.addExceptional(i, point, digit < 0)
        continue
      }
      slot[pending] = digit < 0 ? ~i : i
      entry[pending++] = point
    }
    this.finishAdditions(pending)
  }

  /** x3 = λ² − x1 − x2, y3 = λ(x1 − x3) − y1; for a negated entry λ has the other sign and so has x1 − x3. */
  private finishAdditions(pending: number): void {
    if (pending === 0) return
    const { ops, field, slot, entry, inverses } = this
    const slope = this.temporary
    const x3 = slope + field
    const product = x3 + field
    ops.batchInverse(this.denominators, field, pending, inverses, field)
    for (let k = 0; k < pending; k++) {
      const isNegated = slot[k]! < 0
      const x1 = this.sums + (isNegated ? ~slot[k]! : slot[k]!) * this.pointBytes
      const y1 = x1 + field
      const x2 = entry[k]!
      if (isNegated) ops.add(x2 + field, y1, slope)
      else ops.sub(x2 + field, y1, slope)
      ops.mul(slope, inverses + k * field, slope)
      ops.square(slope, x3)
      ops.sub(x3, x1, x3)
      ops.sub(x3, x2, x3)
      if (isNegated) ops.sub(x3, x1, product)
      else ops.sub(x1, x3, product)
      ops.mul(slope, product, product)
      ops.sub(product, y1, y1)
      ops.copy(x3, x1)
    }
  }

  /** Equal or opposite points; no honest scalar gets here except by a chance of about 2^−240, but the sum is right. */
  private addExceptional(i: number, point: number, isNegated: boolean): void {
    const { ops } = this
    const sum = this.sums + i * this.pointBytes
    const jacobian = this.temporary
    ops.toJacobian(sum, jacobian)
    if (isNegated) ops.subMixed(jacobian, point, jacobian)
    else ops.addMixed(jacobian, point, jacobian)
    if (ops.isInfinity(jacobian) !== 0) {
      this.wasm.fill(sum, this.pointBytes)
      this.isFinite[i] = 0
    } else ops.toAffine(jacobian, sum)
  }
}

function operationsOf(call: CurveFunctions, group: GroupName): Operations {
  const f = group === 'G1' ? 'f1m' : 'f2m'
  const g = group === 'G1' ? 'g1m' : 'g2m'
  return {
    add: call[`${f}_add`],
    sub: call[`${f}_sub`],
    mul: call[`${f}_mul`],
    neg: call[`${f}_neg`],
    square: call[`${f}_square`],
    copy: call[`${f}_copy`],
    isZero: call[`${f}_isZero`],
    batchInverse: call[`${f}_batchInverse`],
    addMixed: call[`${g}_addMixed`],
    subMixed: call[`${g}_subMixed`],
    double: call[`${g}_double`],
    toJacobian: call[`${g}_toJacobian`],
    toAffine: call[`${g}_toAffine`],
    isInfinity: call[`${g}_isZero`],
    batchToAffine: call[`${g}_batchToAffine`],
  }
}
