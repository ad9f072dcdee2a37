// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { buildBn128, type Curve } from 'ffjavascript'

import { BASE_FIELD, modulo, SCALAR_FIELD, tableToBytes } from '../../prover/binfile/field'
import { loadNative, NATIVE_LEVELS, type NativeAddon, runNative } from '../../prover/native'

const R = 1n << 256n

/** 0, 1, −1, halves, powers of two around limbs of 52 and 64 bits, Montgomery's constants, and random ones. */
function edgeValues(prime: bigint): bigint[] {
  const powers = [51n, 52n, 53n, 63n, 64n, 65n, 104n, 128n, 156n, 192n, 208n, 252n, 253n].map((bits) => 1n << bits)
  const chosen = [0n, 1n, 2n, (prime - 1n) / 2n, R, R * R, ...powers]
  const random = Array.from({ length: 40 }, () => BigInt(`0x${randomBytes(64).toString('hex')}`))
  return [...chosen, ...chosen.map((value) => -value), ...random].map((value) => modulo(value, prime))
}

const MODULI = { Fq: { index: 0, prime: BASE_FIELD }, Fr: { index: 1, prime: SCALAR_FIELD } } as const

for (const level of NATIVE_LEVELS) {
  const status = loadNative(level)
  describe(`native ${level} fields`, function () {
    this.timeout(60_000)
    let addon: NativeAddon
    let curve: Curve
    before(async function () {
      if (status.addon === undefined) return this.skip()
      addon = status.addon
      curve = await buildBn128(true)
    })

    for (const [name, { index, prime }] of Object.entries(MODULI)) {
      it(`adds, subtracts and multiplies in ${name} as integers do`, async () => {
        const values = edgeValues(prime)
        const pairs = values.flatMap((a) => values.map((b) => [a, b] as const))
        const montgomery = (list: readonly bigint[]): Uint8Array =>
          tableToBytes(list.map((value) => modulo(value * R, prime)))
        const out = new Uint8Array(3 * 32 * pairs.length)
        await runNative({}, (...run) =>
          addon.operateOnFields(
            index,
            montgomery(pairs.map(([a]) => a)),
            montgomery(pairs.map(([, b]) => b)),
            out,
            ...run,
          ),
        )
        const expected = montgomery([
          ...pairs.map(([a, b]) => a + b),
          ...pairs.map(([a, b]) => a - b),
          ...pairs.map(([a, b]) => a * b),
        ])
        expect(Buffer.compare(out, expected)).to.equal(0)
      })
    }

    it('transforms polynomials as ffjavascript does', async () => {
      const { Fr } = curve
      for (let power = 3; power <= 15; power++) {
        const count = 2 ** power
        const values = new Uint8Array(count * 32)
        const edges = edgeValues(SCALAR_FIELD)
        for (let i = 0; i < count; i++) values.set(Fr.e(edges[(i * i + power) % edges.length]!), i * 32)
        const out = new Uint8Array(values.byteLength)
        await runNative({}, (...run) => addon.toOddCoset(values, out, ...run))
        const coefficients = await Fr.ifft(values)
        const shifted = await Fr.batchApplyKey(coefficients, Fr.e(1n), Fr.w[power + 1]!)
        const expected = await Fr.fft(shifted)
        expect(Buffer.compare(out, expected), `2^${power}`).to.equal(0)
      }
    })
  })
}
