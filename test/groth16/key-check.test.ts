// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import { zKey } from 'snarkjs'

import { SCALAR_FIELD } from '../../prover/binfile/field'
import { readR1cs } from '../../prover/binfile/r1cs-reader'
import type { R1cs } from '../../prover/binfile/r1cs'
import { ProofRejectedError } from '../../prover/groth16/backend'
import { G1_BYTES, G2_BYTES } from '../../prover/groth16/bn254-wasm'
import { devSetup } from '../../prover/groth16/dev-setup'
import { checkKeyMatchesCircuit, KeyMismatchError } from '../../prover/groth16/key-check'
import { snarkjsBackend } from '../../prover/groth16/snarkjs-backend'
import { withSnarkjs } from '../../prover/groth16/snarkjs-session'
import { withZkey, ZKEY } from '../../prover/groth16/zkey'
import { compileCircom, SMALL_CIRCUIT, SMALL_INPUT, workspace } from '../support/circom-circuit'
import { knownPtau } from '../support/known-ptau'
import { rejection } from '../support/rejection'
import { syntheticCircuit } from '../support/synthetic-r1cs'

describe('groth16: key against circuit', function () {
  this.timeout(60_000)
  const space = workspace()
  const backend = snarkjsBackend()
  let r1csPath: string
  let r1cs: R1cs
  let key: Uint8Array
  let wtns: string
  before(async () => {
    const circuit = compileCircom(space, 'small', SMALL_CIRCUIT)
    r1csPath = circuit.r1cs
    r1cs = readR1cs(r1csPath)
    wtns = await circuit.witness('w', SMALL_INPUT)
    await devSetup(r1cs, space.path('small.zkey'))
    key = new Uint8Array(readFileSync(space.path('small.zkey')))
  })
  after(() => space.remove())

  const start = (section: number, of = key): number => withZkey(of, ({ file }) => file.entry(section).offset)
  /** Copies one point of a section over another. */
  const withPoint = (of: Uint8Array, section: number, to: number, from: number, size = G1_BYTES): Uint8Array => {
    const copy = of.slice()
    const base = start(section, of)
    copy.set(of.subarray(base + from * size, base + (from + 1) * size), base + to * size)
    return copy
  }
  const isRefused = async (bytes: Uint8Array, circuit: R1cs, reason: RegExp): Promise<void> => {
    const error = await rejection(checkKeyMatchesCircuit(bytes, circuit))
    expect(error).to.be.instanceOf(KeyMismatchError)
    expect(error.message).to.match(reason)
  }

  it('accepts our keys and those of snarkjs, and proves a trial witness', async () => {
    await checkKeyMatchesCircuit(space.path('small.zkey'), r1csPath, { trial: { wtns, backend } })
    const ptau = await knownPtau(4, { tau: 123456789n, alpha: 5n, beta: 7n })
    const [first, last] = [space.path('first.zkey'), space.path('last.zkey')]
    await withSnarkjs(async () => {
      await zKey.newZKey(r1csPath, ptau, first)
      await zKey.contribute(first, last, 'test', 'entropy')
    })
    await checkKeyMatchesCircuit(last, r1csPath, { trial: { wtns, backend } })
    expect(await rejection(checkKeyMatchesCircuit(first, r1csPath))).to.have.property('code', 'GROTH16_KEY_UNSAFE')
  })

  it('accepts a key with more points than one chunk', async () => {
    const large = syntheticCircuit(4_100, 3).r1cs
    await devSetup(large, space.path('large.zkey'))
    await checkKeyMatchesCircuit(space.path('large.zkey'), large)
  })

  it('refuses the key of another circuit', async () => {
    const other = syntheticCircuit(r1cs.nConstraints, 3).r1cs
    await devSetup(other, space.path('other.zkey'))
    expect(await rejection(checkKeyMatchesCircuit(space.path('other.zkey'), r1cs))).to.be.instanceOf(KeyMismatchError)
    const changed: R1cs = { ...r1cs, coefficients: r1cs.coefficients.map((value) => (value + 1n) % SCALAR_FIELD) }
    const error = await rejection(checkKeyMatchesCircuit(key, changed))
    expect(error.message).to.match(/coefficients/)
  })

  it('refuses wrong points in B1, B2, IC, C and A', async () => {
    // Wires 1 to 3 are public; 5 and 6 are bits, which occur in A and B and in no C row.
    const circuit = syntheticCircuit(40, 3).r1cs
    await devSetup(circuit, space.path('swap.zkey'))
    const good = new Uint8Array(readFileSync(space.path('swap.zkey')))
    await checkKeyMatchesCircuit(good, circuit)
    await isRefused(withPoint(good, ZKEY.b1, 5, 6), circuit, /B differs/)
    await isRefused(withPoint(good, ZKEY.b2, 5, 6, G2_BYTES), circuit, /B differs/)
    await isRefused(withPoint(good, ZKEY.ic, 1, 2), circuit, /IC does not follow/)
    await isRefused(withPoint(good, ZKEY.a, 1, 2), circuit, /IC does not follow/)
    await isRefused(withPoint(good, ZKEY.c, 1, 2), circuit, /: C does not follow/)
    await isRefused(withPoint(good, ZKEY.a, 5, 6), circuit, /: C does not follow/)
  })

  it('refuses points off the curve, in every section', async () => {
    for (const section of [ZKEY.ic, ZKEY.a, ZKEY.b1, ZKEY.b2, ZKEY.c, ZKEY.h]) {
      const bytes = key.slice()
      bytes[start(section) + 1]! ^= 1
      const error = await rejection(checkKeyMatchesCircuit(bytes, r1cs))
      expect(error, `section ${section}`)
        .to.have.property('code')
        .that.matches(/GROTH16_KEY_(MISMATCH|UNSAFE)/)
    }
  })

  it('refuses a δ or β that differs between the groups', async () => {
    const header = start(ZKEY.header)
    const [alpha1, beta1, delta1] = [header + 84, header + 148, header + 84 + 2 * 64 + 2 * 128]
    const copy = (to: number): Uint8Array => {
      const bytes = key.slice()
      bytes.set(key.subarray(alpha1, alpha1 + G1_BYTES), to)
      return bytes
    }
    await isRefused(copy(beta1), r1cs, /β differs/)
    await isRefused(copy(delta1), r1cs, /δ differs/)
  })

  it('finds what the pairings cannot see, by a trial proof: a wrong H point', async () => {
    const bytes = withPoint(key, ZKEY.h, 0, 1)
    await checkKeyMatchesCircuit(bytes, r1cs)
    const trial = checkKeyMatchesCircuit(bytes, r1cs, { trial: { wtns, backend } })
    expect(await rejection(trial)).to.be.instanceOf(ProofRejectedError)
  })
})
