// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'

import { modulo, SCALAR_FIELD, tableToBytes } from '../../prover/binfile/field'
import { loadCurve } from '../../prover/groth16/bn254-code'
import { type CurveCode, CurveWasm, G1_BYTES, G2_BYTES } from '../../prover/groth16/bn254-wasm'
import { G1_GENERATOR, G2_GENERATOR, g1Multiply, g2Multiply } from '../../prover/groth16/curve'
import { bestWindow, FixedBase } from '../../prover/groth16/fixed-base'
import { multiplyGenerator } from '../../prover/groth16/point-pool'
import { decodeG1, decodeG2 } from '../../prover/groth16/zkey'
import { rejection } from '../support/rejection'

/** Small, large and zero scalars, window boundaries, and those whose digit sums meet equal or opposite points. */
function scalarsFor(bits: number): bigint[] {
  const scalars = [0n, 1n, 2n, 3n, SCALAR_FIELD - 1n, SCALAR_FIELD - 2n, 1n << 253n]
  for (let position = 0; position < 254; position += bits) {
    for (const digit of [1n, (1n << BigInt(bits - 1)) - 1n, 1n << BigInt(bits - 1), (1n << BigInt(bits)) - 1n]) {
      const value = modulo(digit << BigInt(position))
      scalars.push(value, modulo(2n * value))
    }
  }
  return scalars
}

describe('groth16: fixed-base multiplication', () => {
  let code: CurveCode
  before(async () => {
    code = await loadCurve()
  })

  for (const bits of [4, 9, 13]) {
    it(`gives the multiples of G1 with windows of ${bits} bits`, () => {
      const scalars = scalarsFor(bits)
      const points = new FixedBase(new CurveWasm(code), code, 'G1', bits).multiply(tableToBytes(scalars))
      scalars.forEach((scalar, i) =>
        expect(decodeG1(points, i * G1_BYTES), `${scalar}`).to.deep.equal(g1Multiply(G1_GENERATOR, scalar)),
      )
    })
  }

  it('gives the multiples of G2', () => {
    const scalars = scalarsFor(13)
    const points = new FixedBase(new CurveWasm(code), code, 'G2', 10).multiply(tableToBytes(scalars))
    scalars.forEach((scalar, i) =>
      expect(decodeG2(points, i * G2_BYTES), `${scalar}`).to.deep.equal(g2Multiply(G2_GENERATOR, scalar)),
    )
  })

  it('gives the same points on one thread and on several', async function () {
    this.timeout(20_000)
    const scalars = tableToBytes(Array.from({ length: 5000 }, (_, i) => modulo(BigInt(i) ** 25n * 0x123456789abcdefn)))
    for (const [group, some] of [
      ['G1', scalars],
      ['G2', scalars.slice(0, 32 * 300)],
    ] as const) {
      const seen: number[] = []
      const onProgress = (share: number): unknown => seen.push(share)
      const one = await multiplyGenerator(code, group, some, { threads: 1, onProgress })
      const many = await multiplyGenerator(code, group, some, { threads: 2 })
      expect(Buffer.compare(one, many)).to.equal(0)
      expect(seen.at(-1)).to.equal(1)
      expect([...seen].sort((a, b) => a - b)).to.deep.equal(seen)
    }
  })

  it('stops its threads when it is cancelled', async () => {
    const controller = new AbortController()
    const scalars = new Uint8Array(32 * 20_000).fill(1)
    const running = multiplyGenerator(code, 'G2', scalars, { threads: 2, signal: controller.signal })
    controller.abort(new Error('cancelled'))
    expect(await rejection(running)).to.have.property('message', 'cancelled')
  })

  it('takes wider windows for more scalars', () => {
    const windows = [10, 1000, 100_000, 10_000_000].map(bestWindow)
    expect([...windows].sort((a, b) => a - b)).to.deep.equal(windows)
    expect(windows[0]).to.be.at.least(4)
    expect(windows[3]).to.be.at.most(16)
  })
})
