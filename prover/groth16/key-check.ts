// SPDX-License-Identifier: GPL-3.0-or-later
import type { Curve } from 'ffjavascript'

import { ZkmlError } from '../errors'
import type { ContainerInput } from '../binfile/container'
import { readR1cs } from '../binfile/r1cs-reader'
import { publicCount, type R1cs } from '../binfile/r1cs'
import { loadPlainCurve } from './bn254-code'
import { G1_BYTES, G2_BYTES } from './bn254-wasm'
import type { ProverBackend } from './backend'
import { isInG2Subgroup } from './curve'
import { domainOf } from './domain'
import { pointEngine } from './engine'
import type { GroupName } from './fixed-base'
import { isPairingOne } from './pairing'
import { COEFFICIENT_SIZE, randomCoefficients } from './point-checks'
import type { EngineOptions, PointEngine } from './point-engine'
import { stagesOf } from './stages'
import { checkVerifyingKey } from './vkey'
import { decodeG2, verifyingKeyOf, withZkey, ZKEY, type Zkey } from './zkey'
import { coefficientSection } from './zkey-writer'

/** A proving key contradicts itself or the circuit that it is said to be for. */
export class KeyMismatchError extends ZkmlError {
  readonly code = 'GROTH16_KEY_MISMATCH'

  constructor(path: string, problem: string) {
    super(`${path} is not a sound key of this circuit: ${problem}; do not prove private data with it`)
  }
}

export type KeyCheckOptions = EngineOptions & {
  /** Also prove this witness with the key; the backend refuses a proof that does not verify. */
  readonly trial?: { readonly wtns: string | Uint8Array; readonly backend: ProverBackend }
}

/**
 * Independent repetitions of each random check with 32-bit coefficients. A wrong point survives them all with probability
 * 2^−128; one outside the subgroup of order r, whose order may be as small as 10069, with 2^−53. Backends throw away
 * proofs with such a B.
 */
const ROUNDS = 4

/**
 * Checks a foreign proving key against its circuit (DESIGN 5.8), without the powers-of-tau file it came from:
 *
 * - wires, public signals and domain size are the circuit's, and the A and B rows in the key are its rows, byte for byte;
 * - the verifying key passes `checkVerifyingKey`, and α, β, γ, δ are consistent between G1 and G2, γ being 1;
 * - every point is on its curve, and B2 is in the subgroup of order r (random combinations);
 * - B1 and B2 have the same logarithms (random combinations, compared by pairings);
 * - for the wires that occur in no C row: IC and C are (β·a + α·b)/γ and /δ of the A and B points, likewise;
 * - with `trial`, a proof of a satisfying witness verifies.
 *
 * What this cannot show: that nobody knows the toxic waste (only a ceremony speaks to that), and, lacking powers of τ
 * in the key, that A, H and the rest of C are the right polynomials. A key wrong there makes proofs that fail, and our
 * backends return only proofs that verify with B in the subgroup. Such a proof of a key that
 * passed these checks, from the very bytes that did, hides the witness whoever made the key: δ and B agree in both groups,
 * so A and B are masked by fresh multiples of δ ≠ 0, and C is the one point that satisfies the equation. (Under a key in
 * which δ1, β1 and B1 were infinity and the rest right, A would not be masked, and proofs would verify.) What remains is
 * that a hostile key can make proving fail for some witnesses and not for others, so do not report failures to whoever
 * supplied the key.
 *
 * @throws KeyMismatchError, UnsafeVerifyingKeyError, BinFileError, and ProofRejectedError from the trial
 */
export async function checkKeyMatchesCircuit(
  zkey: ContainerInput,
  circuit: string | Uint8Array | R1cs,
  options: KeyCheckOptions = {},
): Promise<void> {
  const r1cs = typeof circuit === 'string' || circuit instanceof Uint8Array ? readR1cs(circuit) : circuit
  const { sections, path } = withZkey(zkey, (key) => {
    checkShape(key, r1cs)
    checkVerifyingKey(verifyingKeyOf(key))
    return { sections: readSections(key), path: key.file.path }
  })
  const fail = (problem: string): never => {
    throw new KeyMismatchError(path, problem)
  }
  options.signal?.throwIfAborted()
  await new PairingChecks(sections, r1cs, await loadPlainCurve(), pointEngine(), fail).run(options)
  if (options.trial !== undefined) {
    const { wtns, backend } = options.trial
    const file = typeof zkey === 'string' || zkey instanceof Uint8Array ? zkey : zkey.bytes
    await backend.prove(file, wtns, options.signal === undefined ? {} : { signal: options.signal })
  }
}

function checkShape({ header, file }: Zkey, r1cs: R1cs): void {
  const compare = (what: string, actual: number, expected: number): void => {
    if (actual !== expected) throw new KeyMismatchError(file.path, `it has ${actual} ${what}, the circuit ${expected}`)
  }
  compare('wires', header.nWires, r1cs.nWires)
  compare('public signals', header.nPublic, publicCount(r1cs))
  compare('rows of domain', header.domainSize, domainOf(r1cs).size)
  const expected = coefficientSection(r1cs)
  compare('bytes of coefficients', file.entry(ZKEY.coefficients).length, expected.length)
  let offset = 0
  for (const chunk of expected.chunks) {
    const actual = file.section(ZKEY.coefficients, offset, chunk.byteLength)
    if (Buffer.compare(actual, chunk) !== 0) {
      throw new KeyMismatchError(file.path, 'its A and B coefficients are not those of the circuit')
    }
    offset += chunk.byteLength
  }
}

type Sections = ReturnType<typeof readSections>

function readSections({ header, file }: Zkey) {
  return {
    header,
    ic: file.section(ZKEY.ic),
    a: file.section(ZKEY.a),
    b1: file.section(ZKEY.b1),
    b2: file.section(ZKEY.b2),
    c: file.section(ZKEY.c),
    h: file.section(ZKEY.h),
  }
}

class PairingChecks {
  constructor(
    private readonly key: Sections,
    private readonly r1cs: R1cs,
    private readonly curve: Curve,
    private readonly engine: PointEngine,
    private readonly fail: (problem: string) => never,
  ) {}

  async run(options: EngineOptions): Promise<void> {
    const stages = stagesOf(options, [1, ...Array.from({ length: ROUNDS }, () => 1)])
    await this.checkPoints(stages(0))
    await this.checkHeader()
    const isInC = new Uint8Array(this.r1cs.nWires)
    for (const wire of this.r1cs.c.wire) isInC[wire] = 1
    for (let round = 0; round < ROUNDS; round++) {
      const part = stagesOf(stages(round + 1), [4, 1, 4])
      await this.checkB(part(0))
      await this.checkCombined('IC', (wire) => wire <= this.key.header.nPublic && isInC[wire] === 0, part(1))
      await this.checkCombined('C', (wire) => wire > this.key.header.nPublic && isInC[wire] === 0, part(2))
    }
  }

  private async checkPoints(options: EngineOptions): Promise<void> {
    const { header } = this.key
    const sets = [
      ['G1', 'α, β or δ', header.alpha1, header.beta1, header.delta1],
      ['G2', 'β, γ or δ', header.beta2, header.gamma2, header.delta2],
      ['G1', 'IC', this.key.ic],
      ['G1', 'A', this.key.a],
      ['G1', 'B1', this.key.b1],
      ['G2', 'B2', this.key.b2],
      ['G1', 'C', this.key.c],
      ['G1', 'H', this.key.h],
    ] as const
    const stages = stagesOf(
      options,
      sets.map(([, , array]) => array.byteLength),
    )
    for (const [i, [group, name, ...arrays]] of sets.entries()) {
      for (const array of arrays) {
        const index = await this.engine.firstInvalid(group, array, stages(i))
        if (index >= 0) this.fail(`point ${index} of ${name} is not on the curve`)
      }
    }
  }

  private async checkHeader(): Promise<void> {
    const { header } = this.key
    const { G1, G2 } = this.curve
    const isSame = (g1: Uint8Array, g2: Uint8Array): Promise<boolean> =>
      isPairingOne([g1, G2.gAffine], [G1.neg(G1.gAffine), g2])
    if (Buffer.compare(header.gamma2, G2.gAffine) !== 0) this.fail('γ is not 1, as it is in every snarkjs key')
    if (!(await isSame(header.beta1, header.beta2))) this.fail('β differs between G1 and G2')
    if (!(await isSame(header.delta1, header.delta2))) this.fail('δ differs between G1 and G2')
  }

  private combine(
    group: GroupName,
    points: Uint8Array,
    coefficients: Uint8Array,
    options: EngineOptions,
  ): Promise<Uint8Array> {
    return this.engine.combine(group, points, coefficients, COEFFICIENT_SIZE, options)
  }

  private async checkB(options: EngineOptions): Promise<void> {
    const { G1, G2 } = this.curve
    const coefficients = randomCoefficients(this.r1cs.nWires)
    const stages = stagesOf(options, [1, 3])
    const b1 = await this.combine('G1', this.key.b1, coefficients, stages(0))
    const b2 = await this.combine('G2', this.key.b2, coefficients, stages(1))
    if (!isInG2Subgroup(decodeG2(b2))) this.fail('a point of B2 is outside the subgroup of order r')
    const isSame = await isPairingOne([b1, G2.gAffine], [G1.neg(G1.gAffine), b2])
    if (!isSame) this.fail('B differs between G1 and G2')
  }

  /** e(Σρ·point, γ or δ) = e(Σρ·A, β)·e(α, Σρ·B2) over wires that `isUsed` selects and that occur in no C row. */
  private async checkCombined(
    name: 'IC' | 'C',
    isUsed: (wire: number) => boolean,
    options: EngineOptions,
  ): Promise<void> {
    const { header, a, b2, ic, c } = this.key
    const from = name === 'IC' ? 0 : header.nPublic + 1
    const count = name === 'IC' ? header.nPublic + 1 : header.nWires - from
    const coefficients = randomCoefficients(count, (index) => isUsed(from + index))
    const stages = stagesOf(options, [1, 3, 1])
    const slice = (list: Uint8Array, size: number): Uint8Array => list.subarray(from * size, (from + count) * size)
    const sumA = await this.combine('G1', slice(a, G1_BYTES), coefficients, stages(0))
    const sumB = await this.combine('G2', slice(b2, G2_BYTES), coefficients, stages(1))
    const sum = await this.combine('G1', name === 'IC' ? ic : c, coefficients, stages(2))
    const divisor = name === 'IC' ? header.gamma2 : header.delta2
    const negated = this.curve.G1.neg(sum)
    const isRight = await isPairingOne([negated, divisor], [sumA, header.beta2], [header.alpha1, sumB])
    if (!isRight) this.fail(`${name} does not follow from A and B`)
  }
}
