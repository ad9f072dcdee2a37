// SPDX-License-Identifier: GPL-3.0-or-later
import { modulo, SCALAR_FIELD } from '../../prover/binfile'
import { inverse } from '../../prover/circuit/audit/system'
import { dot, type Assignment, type GadgetLab, type Row } from './gadget-lab'
import { seededRandom } from './onnx-builder'

/**
 * Assignments a cheat would try: one or two wires of a valid witness changed (to the other bit, 0, 1, r − 1, a
 * neighbour, something random), then every other free wire that a broken row determines recomputed. Never the
 * witness itself.
 *
 * @param most about how many single wires, and how many pairs, are tried in gadgets that have more.
 */
export function* forgeries(lab: GadgetLab, honest: Assignment, most: number): Generator<Assignment> {
  const random = seededRandom(99)
  const attempt = (changes: ReadonlyMap<number, bigint>) => repaired(lab, honest, changes)
  const isForged = (forged: Assignment) => forged.some((value, wire) => value !== honest[wire])
  for (const wire of lab.free) {
    if (random() * lab.free.length > most) continue
    for (const value of alternatives(honest[wire]!, random)) {
      const forged = attempt(new Map([[wire, value]]))
      if (isForged(forged)) yield forged
    }
  }
  const pairs = lab.free.flatMap((first, i) => lab.free.slice(i + 1).map((second) => [first, second] as const))
  for (const [first, second] of pairs) {
    if (random() * pairs.length > most) continue
    // The other bit, or for wires that are no bits a neighbour.
    const flipped = (wire: number) => (honest[wire]! <= 1n ? 1n - honest[wire]! : honest[wire]! + 1n)
    const forged = attempt(
      new Map([
        [first, modulo(flipped(first))],
        [second, modulo(flipped(second))],
      ]),
    )
    if (isForged(forged)) yield forged
  }
}

/** The witness with some wires changed, and every other free wire that a broken row determines recomputed. */
export function repaired(lab: GadgetLab, honest: Assignment, changes: ReadonlyMap<number, bigint>): Assignment {
  const forged = honest.map((value, wire) => changes.get(wire) ?? value)
  repair(lab, forged, changes)
  return forged
}

function alternatives(value: bigint, random: () => number): bigint[] {
  const guess = BigInt(Math.floor(random() * 2 ** 50)) ** 5n
  const values = [0n, 1n, 2n, SCALAR_FIELD - 1n, value + 1n, value - 1n, -value, 1n - value, guess].map((v) =>
    modulo(v),
  )
  return [...new Set(values)].filter((candidate) => candidate !== value)
}

/** Solves each broken row, in turn, for a wire that stands in it once, in a linear place, and was not changed yet. */
function repair(lab: GadgetLab, values: bigint[], changes: ReadonlyMap<number, bigint>): void {
  const fixed = new Set([0, ...lab.inputs, ...changes.keys()])
  for (let pass = 0; pass < 3; pass++) {
    for (const row of lab.rows) {
      const [a, b] = [dot(row.a, values), dot(row.b, values)]
      const gap = modulo(a * b - dot(row.c, values))
      if (gap === 0n) continue
      const target = slopes(row, a, b).find(([wire, slope]) => !fixed.has(wire) && slope !== 0n)
      if (!target) continue
      const [wire, slope] = target
      values[wire] = modulo(values[wire]! - gap * inverse(slope))
      fixed.add(wire)
    }
  }
}

/** How fast A·B − C grows in each wire that is in one of them only. */
function slopes({ a, b, c }: Row, valueA: bigint, valueB: bigint): (readonly [wire: number, slope: bigint])[] {
  const slope = new Map<number, bigint>()
  const both = new Set(a.map(([wire]) => wire).filter((wire) => b.some(([other]) => other === wire)))
  const add = (wire: number, by: bigint) => slope.set(wire, modulo((slope.get(wire) ?? 0n) + by))
  for (const [wire, coefficient] of c) add(wire, -coefficient)
  for (const [wire, coefficient] of a) add(wire, coefficient * valueB)
  for (const [wire, coefficient] of b) add(wire, coefficient * valueA)
  return [...slope].filter(([wire]) => !both.has(wire))
}
