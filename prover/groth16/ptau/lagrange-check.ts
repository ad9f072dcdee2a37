// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto'

import { FIELD_BYTES, fromFieldBytes, modulo, toFieldBytes } from '../../binfile/field'
import { loadPlainCurve } from '../bn254-code'
import { times } from '../contribution/key-pair'
import type { EngineOptions } from '../point-engine'
import { rootOfUnity } from '../scalar-math'
import { stagesOf } from '../stages'
import { checkSubgroup, type PtauCheck } from './checks'
import { LAGRANGE_SECTIONS, type LagrangeSection, pointBytes, POWER_SECTIONS, readPoints } from './format'

/** Bytes of a random coefficient: a wrong point is missed with probability 2^−128. */
const RANDOM_BYTES = 16

/**
 * Checks the Lagrange sections against the powers. For coefficients c_i of one domain, Σ_i c_i·L_i(τ) = Σ_j d_j·τ^j with d
 * the inverse transform of c; the equations of all domains, with random c, are added up to one a section.
 */
export async function checkLagrange(check: PtauCheck, options: EngineOptions): Promise<void> {
  const { ptau } = check
  const weights = LAGRANGE_SECTIONS.map((section) => section.count(ptau.power) * (section.group === 'G1' ? 1 : 3))
  const stages = stagesOf(options, weights)
  for (const [i, section] of LAGRANGE_SECTIONS.entries()) await checkSection(check, section, stages(i))
}

async function checkSection(check: PtauCheck, section: LagrangeSection, options: EngineOptions): Promise<void> {
  const { ptau, engine, fail } = check
  const { group } = section
  const source = POWER_SECTIONS.find(({ id }) => id === section.of)!
  const top = section.top(ptau.power)
  const stages = stagesOf(options, [1, 1, 1])

  const basis = readPoints(ptau, section, 0, section.count(ptau.power))
  if (group === 'G2') await checkSubgroup(check, basis, `section ${section.id}`, stages(0))
  const random = new Uint8Array(randomBytes(section.count(ptau.power) * RANDOM_BYTES))
  const isMissing = source.count(ptau.power) < 2 ** top
  const first = isMissing ? balance(random, top) : undefined
  const left = [await engine.combine(group, basis, random, RANDOM_BYTES, stages(1))]
  if (first !== undefined) {
    const at = (2 ** top - 1) * pointBytes(group)
    left.push(await times(group, basis.subarray(at, at + pointBytes(group)), first))
  }
  const transformed = await transform(random, top, first)
  const powers = readPoints(ptau, source, 0, Math.min(2 ** top, source.count(ptau.power)))
  const scalars = transformed.subarray(0, (powers.byteLength / pointBytes(group)) * FIELD_BYTES)
  const right = await engine.combine(group, powers, scalars, FIELD_BYTES, stages(2))
  const sum = left.length === 1 ? left[0]! : await engine.add(group, left[0]!, left[1]!)
  if (Buffer.compare(sum, right) !== 0) fail(`section ${section.id} is not the Lagrange form of section ${section.of}`)
}

/**
 * The file lacks the highest power of the largest domain, so its coefficient d must be 0: Σ_i c_i·ω^i = 0. Sets the first
 * coefficient of that domain to 0 in `random`, and returns what it must be.
 */
function balance(random: Uint8Array, top: number): bigint {
  const root = rootOfUnity(top)
  const view = new DataView(random.buffer, random.byteOffset + (2 ** top - 1) * RANDOM_BYTES)
  let sum = 0n
  let factor = root
  for (let i = 1; i < 2 ** top; i++) {
    sum += factor * randomAt(view, i)
    if (i % 64 === 0) sum = modulo(sum)
    factor = modulo(factor * root)
  }
  random.fill(0, (2 ** top - 1) * RANDOM_BYTES, 2 ** top * RANDOM_BYTES)
  return modulo(-sum)
}

function randomAt(view: DataView, index: number): bigint {
  return view.getBigUint64(index * RANDOM_BYTES, true) + (view.getBigUint64(index * RANDOM_BYTES + 8, true) << 64n)
}

/** Σ over all domains of the inverse transforms. */
async function transform(random: Uint8Array, top: number, first: bigint | undefined): Promise<Uint8Array> {
  const { Fr } = await loadPlainCurve()
  const total = new Array<bigint>(2 ** top).fill(0n)
  for (let level = 0; level <= top; level++) {
    const size = 2 ** level
    const values = new Uint8Array(size * FIELD_BYTES)
    for (let i = 0; i < size; i++) {
      const at = (size - 1 + i) * RANDOM_BYTES
      values.set(random.subarray(at, at + RANDOM_BYTES), i * FIELD_BYTES)
    }
    if (level === top && first !== undefined) toFieldBytes(first, values)
    // The transform is linear, so it takes plain integers as well as Montgomery forms.
    const inverse = await Fr.ifft(values)
    for (let i = 0; i < size; i++) total[i]! += fromFieldBytes(inverse, i * FIELD_BYTES)
  }
  const out = new Uint8Array(total.length * FIELD_BYTES)
  total.forEach((value, i) => toFieldBytes(modulo(value), out, i * FIELD_BYTES))
  return out
}
