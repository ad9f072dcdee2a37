// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'

import {
  BASE_FIELD,
  fromFieldBytes,
  isBaseElement,
  isScalar,
  modulo,
  SCALAR_FIELD,
  tableToBytes,
  toFieldBytes,
  wordsOf,
} from '../../prover/binfile/field'
import { FieldInterner } from '../../prover/binfile/interner'

describe('binfile: field elements', () => {
  const values = [
    0n,
    1n,
    255n,
    1n << 64n,
    (1n << 128n) + 5n,
    SCALAR_FIELD - 1n,
    SCALAR_FIELD,
    BASE_FIELD,
    2n ** 256n - 1n,
  ]

  it('round-trips 256-bit integers, little-endian', () => {
    for (const value of values) expect(fromFieldBytes(toFieldBytes(value))).to.equal(value)
    expect([...toFieldBytes(258n).subarray(0, 3)]).to.deep.equal([2, 1, 0])
  })

  it('refuses what does not fit', () => {
    expect(() => toFieldBytes(-1n)).to.throw(RangeError)
    expect(() => toFieldBytes(2n ** 256n)).to.throw(RangeError)
  })

  it('compares with the primes without BigInt', () => {
    const words = wordsOf(tableToBytes(values))
    values.forEach((value, i) => {
      expect(isScalar(words, i * 8)).to.equal(value < SCALAR_FIELD)
      expect(isBaseElement(words, i * 8)).to.equal(value < BASE_FIELD)
    })
  })

  it('reduces negative values', () => {
    expect(modulo(-1n)).to.equal(SCALAR_FIELD - 1n)
    expect(modulo(SCALAR_FIELD + 2n)).to.equal(2n)
  })

  it('reads words at any byte offset', () => {
    const bytes = new Uint8Array(33)
    bytes.set(toFieldBytes(SCALAR_FIELD - 1n), 1)
    expect(isScalar(wordsOf(bytes.subarray(1)), 0)).to.equal(true)
  })

  it('interns each value once, in order of appearance, through growth', () => {
    const distinct = Array.from({ length: 3000 }, (_, i) => BigInt(i) * 0x1234567890abcdefn + 7n)
    const words = wordsOf(tableToBytes([...distinct, ...distinct]))
    const table = new FieldInterner()
    const numbers = Array.from({ length: 6000 }, (_, i) => table.intern(words, i * 8))
    expect(numbers).to.deep.equal([...distinct.keys(), ...distinct.keys()])
    expect(table.table()).to.deep.equal(distinct)
  })
})
