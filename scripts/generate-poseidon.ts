// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { toBeHex } from 'ethers'
import { format, resolveConfig } from 'prettier'
import { FIELD_R } from '../prover/encodings'
import { inverseModR } from '../prover/groth16/scalar-math'

export const POSEIDON_FILE = join(__dirname, '..', 'contracts', 'libraries', 'PoseidonT6.sol')

const T = 6
const HALF = 4
const PARTIAL = 60
/** Partial rounds after which every variable has its first role again. */
const CYCLE = T - 1

type Vector = readonly bigint[]
type Matrix = readonly Vector[]

/** The permutation as the paper has it: round constants, T a round, and the matrix that mixes a state. */
type Parameters = { readonly constants: Vector; readonly mix: Matrix }

const mod = (value: bigint): bigint => ((value % FIELD_R) + FIELD_R) % FIELD_R
const sum = (values: Vector): bigint => mod(values.reduce((total, value) => total + value, 0n))
const dot = (a: Vector, b: Vector): bigint => sum(a.map((value, i) => value * b[i]!))
const apply = (matrix: Matrix, vector: Vector): Vector => matrix.map((row) => dot(row, vector))
const plus = (a: Vector, b: Vector, factor = 1n): Vector => a.map((value, i) => mod(value + factor * b[i]!))
const transpose = (matrix: Matrix): Matrix => matrix[0]!.map((_, i) => matrix.map((row) => row[i]!))

/** Solves matrix·x = right by elimination. */
function solve(matrix: Matrix, right: Vector): Vector {
  const rows = matrix.map((row, i) => [...row, right[i]!])
  for (let column = 0; column < rows.length; column++) {
    const pivot = rows.findIndex((row, i) => i >= column && row[column] !== 0n)
    if (pivot < 0) throw new Error('The partial rounds do not reach every state; there is no such form.')
    ;[rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!]
    const scale = inverseModR(rows[column]![column]!)
    const unit = rows[column]!.map((value) => mod(value * scale))
    rows.forEach((row, i) => (rows[i] = i === column ? unit : [...plus(row, unit, -row[column]!)]))
  }
  return rows.map((row) => row.at(-1)!)
}

/** The parameters of circomlib's Poseidon(5), as poseidon-lite has them: base64 of big-endian bytes. */
function readParameters(): Parameters {
  const path = join(dirname(require.resolve('poseidon-lite/poseidon5')), 'constants', '5.js')
  const words = [...readFileSync(path, 'utf8').matchAll(/'([\w+/]+=*)'/g)].map(([, base64]) =>
    BigInt(`0x${Buffer.from(base64!, 'base64').toString('hex')}`),
  )
  const count = (2 * HALF + PARTIAL) * T
  if (words.length !== count + T * T) throw new Error(`${path} has ${words.length} numbers, not ${count + T * T}.`)
  return {
    constants: words.slice(0, count),
    mix: Array.from({ length: T }, (_, i) => words.slice(count + i * T, count + (i + 1) * T)),
  }
}

/** The same permutation with cheap partial rounds; see {@link shortForm}. */
type ShortForm = {
  readonly mix: Matrix
  /** From the last five elements of a state to the register, and back. */
  readonly enter: Matrix
  readonly leave: Matrix
  /** Coefficients of S-box and register in the first element. */
  readonly first: bigint
  readonly output: Vector
  /** Coefficients of the register in its next element. */
  readonly feedback: Vector
  /** Added before the first S-boxes. */
  readonly start: Vector
  /** Added by the mixing of full and partial rounds, in the order of use. */
  readonly table: Vector
  /** Added when the register is left. */
  readonly end: Vector
}

/**
 * A partial round sends only the first element s through the S-box. With x = s^5 and u the other five elements,
 *
 *     s' = m·x + v·u,   u' = w·x + N·u
 *
 * is a linear system with one input and one output. In its controller canonical form (Kailath, "Linear Systems", 2.3) u is a
 * shift register z in another basis: z1' = x + a·z, z2' = z1, … and s' = m·x + b·z. That is 11 products a round, the same
 * constants in all of them; as printed it is 36. Round constants of u are carried forward through the linear part until
 * they reach s or the next full round.
 */
function shortForm({ constants, mix }: Parameters): ShortForm {
  const [m, ...v] = mix[0]!
  const w = mix.slice(1).map((row) => row[0]!)
  const rest = mix.slice(1).map((row) => row.slice(1))

  const powers: Vector[] = [w]
  for (let i = 0; i < CYCLE; i++) powers.push(apply(rest, powers.at(-1)!))
  // N^5·w = a1·N^4·w + … + a5·w
  const feedback = [...solve(transpose(powers.slice(0, CYCLE)), powers[CYCLE]!)].reverse()
  const basis: Vector[] = [w]
  for (let i = 0; i < CYCLE - 1; i++) basis.push(plus(apply(rest, basis[i]!), w, -feedback[i]!))
  const leave = transpose(basis)
  const units = leave.map((_, i) => leave.map((__, j) => (i === j ? 1n : 0n)))
  const enter = transpose(units.map((unit) => solve(leave, unit)))

  const round = (index: number): Vector => constants.slice(index * T, (index + 1) * T)
  const own: bigint[] = []
  let carried: Vector = new Array<bigint>(T).fill(0n)
  for (let i = HALF; i < HALF + PARTIAL; i++) {
    const [s, ...u] = plus(round(i), carried)
    own.push(s!)
    carried = [dot(v, u), ...apply(rest, u)]
  }
  const [s, ...end] = plus(round(HALF + PARTIAL), carried)
  own.push(s!)
  const fulls = (from: number): Vector => [from, from + 1, from + 2].flatMap(round)
  const table = [...fulls(1), own[0]!, 0n, 0n, 0n, 0n, 0n, ...own.slice(1), ...fulls(HALF + PARTIAL + 1)]
  const output = basis.map((vector) => dot(v, vector))
  return { mix, enter, leave, first: m!, output, feedback, start: round(0), table, end }
}

const hex = (value: bigint): string => toBeHex(value, 32)
/** A sum of products, unreduced: five products below r fit a word, six do not. */
const combine = (coefficients: Vector, names: readonly string[]): string =>
  coefficients
    .map((value, i) => `mulmod(${names[i]}, ${hex(value)}, r)`)
    .reduceRight((tail, product) => `add(${product}, ${tail})`)
const names = (prefix: string, count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i + first}`)
const lines = (parts: readonly string[]): string => parts.join('\n')
const at = (pointer: string, index: number): string =>
  index === 0 ? pointer : `add(${pointer}, 0x${(32 * index).toString(16)})`

/** to = from^5; both may be the same variable. */
const power = (from: string, to: string): string =>
  `{ let q := mulmod(${from}, ${from}, r) ${to} := mulmod(mulmod(q, q, r), ${from}, r) }`
/** Loads a state into x0, x1, … and sends every element through the S-box. */
const sBoxes = (): string =>
  lines(names('x', T).map((x, i) => lines([`let ${x} := mload(${at('state', i)})`, power(x, x)])))

function fullRound({ mix }: ShortForm): string {
  const x = names('x', T)
  return lines([
    sBoxes(),
    ...mix.map((row, i) => {
      const last = `add(mulmod(x5, ${hex(row[T - 1]!)}, r), mload(${at('constants', i)}))`
      return `mstore(${at('state', i)}, addmod(${combine(row.slice(0, T - 1), x)}, ${last}, r))`
    }),
  ])
}

function partialRounds({ first, output, feedback }: ShortForm): string {
  const variables = names('z', CYCLE, 1)
  return lines(
    Array.from({ length: CYCLE }, (_, i) => {
      // z1 of this round is in the variable that held z5 of the one before.
      const z = variables.map((__, role) => variables[(role - i + CYCLE) % CYCLE]!)
      return lines([
        power('s', 'x'),
        `s := addmod(${combine(output, z)}, add(mulmod(x, ${hex(first)}, r), mload(${at('at', i)})), r)`,
        `${z.at(-1)} := addmod(${combine(feedback, z)}, x, r)`,
      ])
    }),
  )
}

function source(form: ShortForm): string {
  const { mix, enter, leave, start, table, end } = form
  const z = names('z', CYCLE, 1)
  const others = names('u', CYCLE, 1)
  const full = 32 * T
  return `
// SPDX-License-Identifier: MIT
/* solhint-disable function-max-lines */
pragma solidity ^0.8.28;

/// @title Poseidon of five elements
/// @notice circomlib's Poseidon(5) over the scalar field of BN254: a permutation of six elements with x^5 as S-box, ${2 * HALF} full
/// and ${PARTIAL} partial rounds.
/// @dev Generated by \`npm run generate\` from circomlib's parameters; scripts/generate-poseidon.ts explains the form of the
/// partial rounds.
library PoseidonT6 {
    /// @dev The chain h = P(inputs[0..4]), then h = P(h, next four inputs) while there are any; missing inputs are 0. Every
    /// input is below r.
    function chain(uint256[] memory inputs) internal pure returns (uint256 digest) {
        bytes memory table = hex"${table.map((value) => hex(value).slice(2)).join('')}";
        assembly ("memory-safe") {
            // One full round but the last: S-boxes, matrix, and the constants of the round that follows.
            function fullRound(state, constants) {
                let r := ${hex(FIELD_R)}
                ${fullRound(form)}
            }
            // ${CYCLE} partial rounds at a time: z is a shift register, so after ${CYCLE} every variable has its first role again.
            function partialRounds(state, at) {
                let r := ${hex(FIELD_R)}
                ${lines(z.map((name) => `let ${name}`))}
                {
                    ${lines(others.map((name, i) => `let ${name} := mload(${at('state', i + 1)})`))}
                    ${lines(enter.map((row, i) => `${z[i]} := ${combine(row, others)}`))}
                }
                let s := mload(state)
                let x
                for { let end := add(at, ${32 * PARTIAL}) } lt(at, end) { at := add(at, ${32 * CYCLE}) } {
                    ${partialRounds(form)}
                }
                mstore(state, s)
                ${lines(leave.map((row, i) => `mstore(${at('state', i + 1)}, addmod(${combine(row, z)}, ${hex(end[i]!)}, r))`))}
            }
            // The last round, of which only the first element is wanted.
            function lastRound(state) -> first {
                let r := ${hex(FIELD_R)}
                ${sBoxes()}
                first := addmod(${combine(mix[0]!.slice(0, T - 1), names('x', T))}, mulmod(x5, ${hex(mix[0]![T - 1]!)}, r), r)
            }

            let state := mload(0x40)
            let next := add(inputs, 0x20)
            let end := add(next, shl(5, mload(inputs)))
            digest := mul(lt(next, end), mload(next))
            for { let more := 1 } more { more := lt(add(next, 0x20), end) } {
                mstore(state, ${hex(start[0]!)})
                mstore(${at('state', 1)}, add(digest, ${hex(start[1]!)}))
                ${lines(
                  start.slice(2).map((constant, i) =>
                    lines([
                      // Behind the inputs is whatever memory holds there.
                      'next := add(next, 0x20)',
                      `mstore(${at('state', i + 2)}, add(mul(lt(next, end), mload(next)), ${hex(constant)}))`,
                    ]),
                  ),
                )}
                let at := add(table, 0x20)
                for { let until := add(at, ${HALF * full}) } lt(at, until) { at := add(at, ${full}) } { fullRound(state, at) }
                partialRounds(state, at)
                at := add(at, ${32 * PARTIAL})
                for { let until := add(at, ${(HALF - 1) * full}) } lt(at, until) { at := add(at, ${full}) } { fullRound(state, at) }
                digest := lastRound(state)
            }
        }
    }
}
`.trimStart()
}

/** The file as it should be. */
export async function poseidonSource(): Promise<string> {
  return format(source(shortForm(readParameters())), {
    ...(await resolveConfig(POSEIDON_FILE)),
    filepath: POSEIDON_FILE,
  })
}

async function main(): Promise<void> {
  writeFileSync(POSEIDON_FILE, await poseidonSource())
}

if (require.main === module) void main()
