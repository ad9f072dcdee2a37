// SPDX-License-Identifier: GPL-3.0-or-later

import { FIELD_R } from '../encodings/field'

/**
 * BN254 in plain BigInt: what is needed to judge a verifying key, and to build keys and proofs whose logarithms are
 * known in tests. Not constant-time, and not for proving.
 *
 * Points are affine. The point at infinity is all zeros, as in EIP-196 and EIP-197.
 */

/** A point of G1. */
export type G1Point = { readonly x: bigint; readonly y: bigint }

/** An element c0 + c1·u of Fq2, u² = −1. */
export type Fq2 = readonly [c0: bigint, c1: bigint]

/** A point of the twist E'(Fq2), which contains G2 as its subgroup of order r. */
export type G2Point = { readonly x: Fq2; readonly y: Fq2 }

/** Base field modulus. */
export const FIELD_Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n

export { FIELD_R }

export const G1_GENERATOR: G1Point = { x: 1n, y: 2n }

export const G2_GENERATOR: G2Point = {
  x: [
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  ],
  y: [
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  ],
}

export const G1_INFINITY: G1Point = { x: 0n, y: 0n }
export const G2_INFINITY: G2Point = { x: [0n, 0n], y: [0n, 0n] }

type Field<T> = {
  readonly zero: T
  readonly one: T
  add(a: T, b: T): T
  sub(a: T, b: T): T
  mul(a: T, b: T): T
  inv(a: T): T
  isZero(a: T): boolean
  equal(a: T, b: T): boolean
}

/** The representative of `a` in [0, m). */
export function modulo(a: bigint, m: bigint): bigint {
  const rest = a % m
  return rest < 0n ? rest + m : rest
}

/** The inverse of a non-zero `a` modulo a prime `m`. */
export function invert(a: bigint, m: bigint): bigint {
  let [r0, r1] = [m, modulo(a, m)]
  let [t0, t1] = [0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[t0, t1] = [t1, t0 - quotient * t1]
  }
  return modulo(t0, m)
}

const fq: Field<bigint> = {
  zero: 0n,
  one: 1n,
  add: (a, b) => modulo(a + b, FIELD_Q),
  sub: (a, b) => modulo(a - b, FIELD_Q),
  mul: (a, b) => (a * b) % FIELD_Q,
  inv: (a) => invert(a, FIELD_Q),
  isZero: (a) => a === 0n,
  equal: (a, b) => a === b,
}

const fq2: Field<Fq2> = {
  zero: [0n, 0n],
  one: [1n, 0n],
  add: (a, b) => [fq.add(a[0], b[0]), fq.add(a[1], b[1])],
  sub: (a, b) => [fq.sub(a[0], b[0]), fq.sub(a[1], b[1])],
  mul: (a, b) => [modulo(a[0] * b[0] - a[1] * b[1], FIELD_Q), (a[0] * b[1] + a[1] * b[0]) % FIELD_Q],
  inv: (a) => {
    const norm = fq.inv(modulo(a[0] * a[0] + a[1] * a[1], FIELD_Q))
    return [fq.mul(a[0], norm), modulo(-a[1] * norm, FIELD_Q)]
  },
  isZero: (a) => a[0] === 0n && a[1] === 0n,
  equal: (a, b) => a[0] === b[0] && a[1] === b[1],
}

const G1_B = 3n
const G2_B: Fq2 = fq2.mul([3n, 0n], fq2.inv([9n, 1n]))

type Affine<T> = { readonly x: T; readonly y: T }
type Jacobian<T> = { readonly x: T; readonly y: T; readonly z: T }

function isOrigin<T>(f: Field<T>, p: Affine<T>): boolean {
  return f.isZero(p.x) && f.isZero(p.y)
}

function isOnCurve<T>(f: Field<T>, b: T, p: Affine<T>): boolean {
  if (isOrigin(f, p)) return true
  return f.equal(f.mul(p.y, p.y), f.add(f.mul(f.mul(p.x, p.x), p.x), b))
}

function toJacobian<T>(f: Field<T>, p: Affine<T>): Jacobian<T> {
  return isOrigin(f, p) ? { x: f.one, y: f.one, z: f.zero } : { x: p.x, y: p.y, z: f.one }
}

function toAffine<T>(f: Field<T>, p: Jacobian<T>): Affine<T> {
  if (f.isZero(p.z)) return { x: f.zero, y: f.zero }
  const inverse = f.inv(p.z)
  const square = f.mul(inverse, inverse)
  return { x: f.mul(p.x, square), y: f.mul(p.y, f.mul(square, inverse)) }
}

/** Doubling for a = 0 (dbl-2009-l). */
function double<T>(f: Field<T>, p: Jacobian<T>): Jacobian<T> {
  if (f.isZero(p.z)) return p
  const a = f.mul(p.x, p.x)
  const b = f.mul(p.y, p.y)
  const c = f.mul(b, b)
  const sum = f.add(p.x, b)
  const half = f.sub(f.sub(f.mul(sum, sum), a), c)
  const d = f.add(half, half)
  const e = f.add(f.add(a, a), a)
  const x = f.sub(f.mul(e, e), f.add(d, d))
  const c2 = f.add(c, c)
  const c4 = f.add(c2, c2)
  const y = f.sub(f.mul(e, f.sub(d, x)), f.add(c4, c4))
  const yz = f.mul(p.y, p.z)
  return { x, y, z: f.add(yz, yz) }
}

/** General addition (add-1998-cmo-2), every exceptional case included. */
function add<T>(f: Field<T>, p: Jacobian<T>, q: Jacobian<T>): Jacobian<T> {
  if (f.isZero(p.z)) return q
  if (f.isZero(q.z)) return p
  const z1 = f.mul(p.z, p.z)
  const z2 = f.mul(q.z, q.z)
  const u1 = f.mul(p.x, z2)
  const u2 = f.mul(q.x, z1)
  const s1 = f.mul(p.y, f.mul(z2, q.z))
  const s2 = f.mul(q.y, f.mul(z1, p.z))
  const h = f.sub(u2, u1)
  const t = f.sub(s2, s1)
  if (f.isZero(h)) return f.isZero(t) ? double(f, p) : { x: f.one, y: f.one, z: f.zero }
  const hh = f.mul(h, h)
  const hhh = f.mul(hh, h)
  const v = f.mul(u1, hh)
  const x = f.sub(f.sub(f.mul(t, t), hhh), f.add(v, v))
  const y = f.sub(f.mul(t, f.sub(v, x)), f.mul(s1, hhh))
  return { x, y, z: f.mul(h, f.mul(p.z, q.z)) }
}

/** Double-and-add over the bits of a non-negative scalar, which is NOT reduced modulo r. */
function multiply<T>(f: Field<T>, p: Affine<T>, scalar: bigint): Affine<T> {
  const base = toJacobian(f, p)
  let sum: Jacobian<T> = { x: f.one, y: f.one, z: f.zero }
  for (const bit of scalar.toString(2)) {
    sum = double(f, sum)
    if (bit === '1') sum = add(f, sum, base)
  }
  return toAffine(f, sum)
}

/** Whether a G1 point is the point at infinity. */
export const isG1Infinity = (p: G1Point): boolean => isOrigin(fq, p)

/** Whether a G2 point is the point at infinity. */
export const isG2Infinity = (p: G2Point): boolean => isOrigin(fq2, p)

/** Whether reduced coordinates satisfy y² = x³ + 3, or are the point at infinity. G1 has cofactor 1. */
export const isG1OnCurve = (p: G1Point): boolean => isOnCurve(fq, G1_B, p)

/** Whether reduced coordinates satisfy the twist's equation, or are the point at infinity. */
export const isG2OnCurve = (p: G2Point): boolean => isOnCurve(fq2, G2_B, p)

/** Whether a point of the twist has order r (or 1): r·P = 0. */
export const isInG2Subgroup = (p: G2Point): boolean => isG2Infinity(multiply(fq2, p, FIELD_R))

export const g1Add = (p: G1Point, q: G1Point): G1Point => toAffine(fq, add(fq, toJacobian(fq, p), toJacobian(fq, q)))
export const g2Add = (p: G2Point, q: G2Point): G2Point =>
  toAffine(fq2, add(fq2, toJacobian(fq2, p), toJacobian(fq2, q)))

/** scalar·P, the scalar taken modulo r. */
export const g1Multiply = (p: G1Point, scalar: bigint): G1Point => multiply(fq, p, modulo(scalar, FIELD_R))

/** scalar·P, the scalar taken modulo r (so P must be in the subgroup). */
export const g2Multiply = (p: G2Point, scalar: bigint): G2Point => multiply(fq2, p, modulo(scalar, FIELD_R))

export const g1Negate = (p: G1Point): G1Point => ({ x: p.x, y: modulo(-p.y, FIELD_Q) })
export const g2Negate = (p: G2Point): G2Point => ({
  x: p.x,
  y: [modulo(-p.y[0], FIELD_Q), modulo(-p.y[1], FIELD_Q)],
})

/** The twist's points with a given x, if there are any; most are outside G2. Used to test subgroup checks. */
export function g2PointWithX(x: Fq2): G2Point | undefined {
  const y = squareRoot(fq2.add(fq2.mul(fq2.mul(x, x), x), G2_B))
  return y === undefined ? undefined : { x, y }
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = fq.mul(result, result)
    if (bit === '1') result = fq.mul(result, base)
  }
  return result
}

/** Square root in Fq2 by the complex method; q ≡ 3 (mod 4). */
function squareRoot(a: Fq2): Fq2 | undefined {
  const rootOf = (value: bigint): bigint => power(value, (FIELD_Q + 1n) / 4n)
  const half = invert(2n, FIELD_Q)
  const norm = rootOf(modulo(a[0] * a[0] + a[1] * a[1], FIELD_Q))
  for (const sign of [norm, -norm]) {
    const c0 = rootOf(modulo((a[0] + sign) * half, FIELD_Q))
    if (c0 === 0n) continue
    const candidate: Fq2 = [c0, modulo(a[1] * half * invert(c0, FIELD_Q), FIELD_Q)]
    if (fq2.equal(fq2.mul(candidate, candidate), a)) return candidate
  }
  return undefined
}
