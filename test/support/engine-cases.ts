// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { buildBn128 } from 'ffjavascript'

import { concatBytes } from '../../prover/binfile/container-writer'
import {
  BASE_FIELD,
  fromFieldBytes,
  modulo,
  SCALAR_FIELD,
  tableToBytes,
  toFieldBytes,
} from '../../prover/binfile/field'
import {
  G1_GENERATOR,
  G2_GENERATOR,
  type G1Point,
  type G2Point,
  g1Multiply,
  g2Multiply,
  g2PointWithX,
} from '../../prover/groth16/curve'
import type { GroupName } from '../../prover/groth16/fixed-base'
import type { PointEngine } from '../../prover/groth16/point-engine'
import { inverseModR, powerModR, rootOfUnity } from '../../prover/groth16/scalar-math'
import { encodeG1, encodeG2 } from '../../prover/groth16/zkey'
import { rejection } from './rejection'

type Reference = {
  readonly size: number
  /** scalar·generator, by BigInt, as bytes. */
  times(scalar: bigint): Uint8Array
  compressed(scalar: bigint): Uint8Array
  uncompressed(scalar: bigint): Uint8Array
}

const bigEndian = (values: readonly bigint[]): Uint8Array =>
  concatBytes(values.map((value) => toFieldBytes(value).reverse()))
const isLargest = (y: bigint): boolean => y > BASE_FIELD >> 1n

function withSign(x: Uint8Array, isInfinity: boolean, isNegative: boolean): Uint8Array {
  x[0]! |= isInfinity ? 0x40 : isNegative ? 0x80 : 0
  return x
}

const g1 = (scalar: bigint): G1Point => g1Multiply(G1_GENERATOR, modulo(scalar))
const g2 = (scalar: bigint): G2Point => g2Multiply(G2_GENERATOR, modulo(scalar))

const REFERENCE: Readonly<Record<GroupName, Reference>> = {
  G1: {
    size: 64,
    times: (scalar) => encodeG1(g1(scalar)),
    compressed: (scalar) => {
      const { x, y } = g1(scalar)
      return withSign(bigEndian([x]), modulo(scalar) === 0n, isLargest(y))
    },
    uncompressed: (scalar) => {
      const { x, y } = g1(scalar)
      return bigEndian([x, y])
    },
  },
  G2: {
    size: 128,
    times: (scalar) => encodeG2(g2(scalar)),
    compressed: (scalar) => {
      const { x, y } = g2(scalar)
      return withSign(bigEndian([x[1], x[0]]), modulo(scalar) === 0n, isLargest(y[1] !== 0n ? y[1] : y[0]))
    },
    uncompressed: (scalar) => {
      const { x, y } = g2(scalar)
      return bigEndian([x[1], x[0], y[1], y[0]])
    },
  },
}

/** Zero, small, close to r, and long. */
const SCALARS = [
  0n,
  1n,
  2n,
  SCALAR_FIELD - 1n,
  SCALAR_FIELD - 2n,
  1n << 253n,
  0xffff_ffffn,
  powerModR(7n, 12345678901n),
]

/** The tests that every engine passes: each operation against plain BigInt, at its edges and across its slices. */
export function describeEngine(name: string, make: () => PointEngine | Promise<PointEngine>): void {
  describe(`groth16: ${name} point engine`, function () {
    this.timeout(60_000)
    let engine: PointEngine
    before(async () => {
      engine = await make()
    })

    for (const group of ['G1', 'G2'] as const) {
      const { size, times, compressed, uncompressed } = REFERENCE[group]
      const pointsOf = (scalars: readonly bigint[]): Uint8Array => concatBytes(scalars.map(times))
      const same = (actual: Uint8Array, expected: Uint8Array): void => {
        expect(Buffer.from(actual).toString('hex')).to.equal(Buffer.from(expected).toString('hex'))
      }
      /** Many points, cheaply: a few, over and over. */
      const repeated = (count: number): { scalars: bigint[]; points: Uint8Array } => {
        const few = pointsOf(SCALARS)
        const scalars = Array.from({ length: count }, (_, i) => SCALARS[i % SCALARS.length]!)
        const points = new Uint8Array(count * size)
        for (let i = 0; i < count; i++) {
          const from = (i % SCALARS.length) * size
          points.set(few.subarray(from, from + size), i * size)
        }
        return { scalars, points }
      }

      describe(group, () => {
        it('multiplies the generator', async () => {
          same(await engine.multiplyGenerator(group, tableToBytes(SCALARS)), pointsOf(SCALARS))
          expect(await engine.multiplyGenerator(group, new Uint8Array(0))).to.have.length(0)
        })

        it('scales by powers of a step, infinity and no point included, and leaves its operand alone', async () => {
          const points = pointsOf(SCALARS)
          const copy = points.slice()
          for (const [first, step] of [
            [1n, 1n],
            [SCALAR_FIELD - 3n, 1n],
            [5n, SCALAR_FIELD - 7n],
          ] as const) {
            const expected = SCALARS.map((scalar, i) => scalar * first * powerModR(step, BigInt(i)))
            same(await engine.scale(group, points, { first, step }), pointsOf(expected))
          }
          same(points, copy)
          expect(await engine.scale(group, new Uint8Array(0), { first: 2n, step: 3n })).to.have.length(0)
        })

        it('scales across slices, on one thread and on several, and says how far it is', async () => {
          const count = 1030
          const { scalars, points } = repeated(count)
          const seen: number[] = []
          const factors = { first: 3n, step: 0xabcdef0123456789abcdef0123n }
          const one = await engine.scale(group, points, factors, {
            threads: 1,
            onProgress: (share) => seen.push(share),
          })
          const last = scalars[count - 1]! * factors.first * powerModR(factors.step, BigInt(count - 1))
          same(one.subarray(-size), times(last))
          same(await engine.scale(group, points, factors, { threads: 2 }), one)
          expect(seen.at(-1)).to.equal(1)
          expect([...seen].sort((a, b) => a - b)).to.deep.equal(seen)
        })

        it('takes powers to the Lagrange basis', async () => {
          const tau = 0x1234567890abcdef1234567890abcdefn
          for (const power of [0, 1, 2, 5]) {
            const n = 2 ** power
            const powers = Array.from({ length: n }, (_, i) => powerModR(tau, BigInt(i)))
            const expected = powers.map((_, i) => {
              const root = powerModR(rootOfUnity(power), SCALAR_FIELD - 1n - BigInt(i))
              const sum = powers.reduce((total, value, j) => total + value * powerModR(root, BigInt(j)), 0n)
              return sum * inverseModR(BigInt(n))
            })
            same(await engine.toLagrange(group, pointsOf(powers)), pointsOf(expected))
          }
          // snarkjs puts infinity last where one power is missing.
          const sparse = [0n, 1n, 0n, 0n]
          const root = inverseModR(rootOfUnity(2))
          const expected = sparse.map((_, i) => powerModR(root, BigInt(i)) * inverseModR(4n))
          same(await engine.toLagrange(group, pointsOf(sparse)), pointsOf(expected))
        })

        for (const bytes of [4, 16, 32]) {
          it(`combines with scalars of ${bytes} bytes`, async () => {
            const limit = bytes === 32 ? SCALAR_FIELD : 1n << BigInt(8 * bytes)
            for (const count of [0, 1, 7, 300]) {
              const { scalars, points } = repeated(count)
              const factors = scalars.map((_, i) => (i % 5 === 0 ? 0n : limit - 1n - (BigInt(i) ** 9n % limit)))
              const encoded = concatBytes(factors.map((factor) => toFieldBytes(factor).subarray(0, bytes)))
              const sum = scalars.reduce((total, scalar, i) => total + scalar * factors[i]!, 0n)
              same(await engine.combine(group, points, encoded, bytes), times(sum))
            }
          })
        }

        it('combines across slices', async () => {
          const count = 16_390
          const { scalars, points } = repeated(count)
          const factors = new Uint32Array(count).map((_, i) => (i * 2654435761) >>> 0)
          const sum = scalars.reduce((total, scalar, i) => total + scalar * BigInt(factors[i]!), 0n)
          same(await engine.combine(group, points, new Uint8Array(factors.buffer), 4), times(sum))
        })

        it('combines the columns of a sparse matrix, empty, long and cancelling ones too', async () => {
          const { scalars, points } = repeated(16)
          const table = [1n, SCALAR_FIELD - 1n, 0n, 77n, SCALAR_FIELD - 70_000n, powerModR(3n, 99n), SCALAR_FIELD >> 1n]
          const long = Array.from({ length: 5000 }, (_, i) => [(i * 7) % 16, (i * 5) % 7] as const)
          const matrix: readonly (readonly (readonly [row: number, coefficient: number])[])[] = [
            [],
            [[1, 0]],
            [[1, 1]],
            [[2, 2]],
            [[0, 3]],
            [
              [1, 0],
              [1, 1],
            ],
            [
              [5, 4],
              [7, 5],
              [3, 6],
              [3, 6],
            ],
            long,
            [],
          ]
          const start = Uint32Array.from([0, ...matrix.map((_, i) => matrix.slice(0, i + 1).flat().length)])
          const terms = matrix.flat()
          const columns = {
            start,
            row: Uint32Array.from(terms.map(([row]) => row)),
            coefficient: Uint32Array.from(terms.map(([, coefficient]) => coefficient)),
            table: tableToBytes(table),
          }
          const expected = matrix.map((column) => column.reduce((sum, [row, c]) => sum + scalars[row]! * table[c]!, 0n))
          same(await engine.combineColumns(group, points, columns), pointsOf(expected))
          same(await engine.combineColumns(group, points, columns, { threads: 2 }), pointsOf(expected))
        })

        it('adds: different, equal, opposite and infinite points', async () => {
          const [a, b] = [
            [3n, 5n, 5n, 0n, 9n, 0n],
            [4n, 5n, -5n, 8n, 0n, 0n],
          ] as const
          const expected = a.map((value, i) => value + b[i]!)
          same(await engine.add(group, pointsOf(a), pointsOf(b)), pointsOf(expected))
          const { scalars, points } = repeated(4100)
          const sums = await engine.add(group, points, points)
          same(sums.subarray(-size), times(2n * scalars[4099]!))
        })

        it('finds the first point that is none', async () => {
          const { points } = repeated(4100)
          expect(await engine.firstInvalid(group, points)).to.equal(-1)
          expect(await engine.firstInvalid(group, new Uint8Array(0))).to.equal(-1)
          for (const index of [0, 4097]) {
            const wrong = points.slice()
            wrong[index * size + 1]! ^= 1
            expect(await engine.firstInvalid(group, wrong)).to.equal(index)
            const large = points.slice()
            // x + q: the same point, written otherwise.
            const at = (index + 1) * size
            toFieldBytes(fromFieldBytes(large, at) + BASE_FIELD, large, at)
            expect(await engine.firstInvalid(group, large)).to.equal(index + 1)
          }
        })

        it('writes points as transcripts hash them', async () => {
          const points = pointsOf(SCALARS)
          same(await engine.toUncompressed(group, points), concatBytes(SCALARS.map(uncompressed)))
          same(await engine.toCompressed(group, points), concatBytes(SCALARS.map(compressed)))
          const G = (await buildBn128(true))[group]
          same(await engine.toUncompressed(group, times(5n)), G.toUncompressed(times(5n)))
          const many = repeated(4100).points
          expect(await engine.toUncompressed(group, many)).to.have.length(4100 * size)
          same(
            (await engine.toCompressed(group, many)).subarray(-size / 2),
            compressed(SCALARS[4099 % SCALARS.length]!),
          )
        })

        it('stops when it is cancelled', async () => {
          const { points } = repeated(20_000)
          const controller = new AbortController()
          const running = engine.scale(group, points, { first: 3n, step: 5n }, { signal: controller.signal })
          controller.abort(new Error('cancelled'))
          expect(await rejection(running)).to.have.property('message', 'cancelled')
        })
      })
    }

    it('takes a point outside the subgroup of G2 for one of the curve', async () => {
      const outside = [1n, 2n, 3n, 4n].map((c0) => g2PointWithX([c0, 0n])).find((point) => point !== undefined)!
      expect(await engine.firstInvalid('G2', encodeG2(outside))).to.equal(-1)
    })
  })
}
