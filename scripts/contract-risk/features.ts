// SPDX-License-Identifier: GPL-3.0-or-later

import { getBytes } from 'ethers'

/** What `OpcodeFeatures.sol` computes on chain, bit for bit: one pass over the instructions of deployed code. */

const OP = {
  sub: 0x03,
  mod: 0x06,
  lt: 0x10,
  gt: 0x11,
  eq: 0x14,
  iszero: 0x15,
  xor: 0x18,
  keccak: 0x20,
  origin: 0x32,
  caller: 0x33,
  calldataload: 0x35,
  returndatasize: 0x3d,
  block: 0x40,
  pop: 0x50,
  sload: 0x54,
  sstore: 0x55,
  jumpi: 0x57,
  jumpdest: 0x5b,
  push1: 0x60,
  push4: 0x63,
  push32: 0x7f,
  call: 0xf1,
  delegatecall: 0xf4,
  invalid: 0xfe,
  selfdestruct: 0xff,
  add: 0x01,
  stop: 0x00,
} as const

/** Opcodes that are counted as one another: balances, those of the block, logs, calls that run foreign code. */
const SAME: ReadonlyMap<number, number> = new Map([
  ...[0x41, 0x42, 0x43, 0x44, 0x45].map((op) => [op, OP.block] as const),
  ...[0xa1, 0xa2, 0xa3, 0xa4].map((op) => [op, 0xa0] as const),
  [0x31, 0x47],
  [0xf2, OP.delegatecall],
])

/** Opcodes whose number is a feature, in order. */
const COUNTED: readonly (readonly [name: string, op: number])[] = [
  ['ADD', 0x01],
  ['MUL', 0x02],
  ['SUB', 0x03],
  ['DIV', 0x04],
  ['MOD', 0x06],
  ['LT', 0x10],
  ['GT', 0x11],
  ['EQ', 0x14],
  ['ISZERO', 0x15],
  ['AND', 0x16],
  ['SHL', 0x1b],
  ['SHR', 0x1c],
  ['KECCAK256', 0x20],
  ['balances', 0x47],
  ['ORIGIN', 0x32],
  ['CALLER', 0x33],
  ['CALLVALUE', 0x34],
  ['CALLDATALOAD', 0x35],
  ['RETURNDATASIZE', 0x3d],
  ['block values', 0x40],
  ['POP', 0x50],
  ['MSTORE', 0x52],
  ['SLOAD', 0x54],
  ['SSTORE', 0x55],
  ['JUMP', 0x56],
  ['JUMPI', 0x57],
  ['LOG', 0xa0],
  ['CALL', 0xf1],
  ['DELEGATECALL', 0xf4],
  ['STATICCALL', 0xfa],
  ['REVERT', 0xfd],
  ['SELFDESTRUCT', 0xff],
]

/** An instruction with another at most so many instructions before it: how often that is so is a feature. */
const NEAR: readonly (readonly [name: string, op: number, earlier: number, most: number])[] = [
  ['SSTORE 32 after CALL', OP.sstore, OP.call, 32],
  ['SSTORE 96 after CALL', OP.sstore, OP.call, 96],
  ['SSTORE 64 after CALLER', OP.sstore, OP.caller, 64],
  ['SSTORE 24 after KECCAK256', OP.sstore, OP.keccak, 24],
  ['CALL 32 after SSTORE', OP.call, OP.sstore, 32],
  ['CALL 96 after SSTORE', OP.call, OP.sstore, 96],
  ['CALL 96 after CALLER', OP.call, OP.caller, 96],
  ['CALL 48 after SLOAD', OP.call, OP.sload, 48],
  ['DELEGATECALL 96 after CALLER', OP.delegatecall, OP.caller, 96],
  ['DELEGATECALL 48 after SLOAD', OP.delegatecall, OP.sload, 48],
  ['SELFDESTRUCT 48 after CALLER', OP.selfdestruct, OP.caller, 48],
  ['EQ 16 after CALLER', OP.eq, OP.caller, 16],
  ['EQ 16 after ORIGIN', OP.eq, OP.origin, 16],
  ['SUB 8 after CALLER', OP.sub, OP.caller, 8],
  ['SUB 8 after ORIGIN', OP.sub, OP.origin, 8],
  ['ISZERO 4 after CALL', OP.iszero, OP.call, 4],
  ['POP 4 after CALL', OP.pop, OP.call, 4],
  ['RETURNDATASIZE 8 after CALL', OP.returndatasize, OP.call, 8],
  ['JUMPI 24 after CALL', OP.jumpi, OP.call, 24],
  ['JUMPI 64 after CALL', OP.jumpi, OP.call, 64],
  ['JUMPI 24 after CALLER', OP.jumpi, OP.caller, 24],
  ['MOD 64 after block values', OP.mod, OP.block, 64],
  ['KECCAK256 48 after block values', OP.keccak, OP.block, 48],
  ['JUMPI 8 after block values', OP.jumpi, OP.block, 8],
  ['LT 8 after ADD', OP.lt, OP.add, 8],
  ['GT 8 after ADD', OP.gt, OP.add, 8],
  ['GT 8 after SUB', OP.gt, OP.sub, 8],
]

/** Selector of the error that checked arithmetic reverts with. */
const PANIC = 0x4e487b71

/** The features, in order. */
export const FEATURE_NAMES: readonly string[] = [
  'instructions',
  ...COUNTED.map(([name]) => name),
  ...NEAR.map(([name]) => name),
  'SSTORE 96 after CALL and after a KECCAK256 since',
  'Panic',
]

/** What one pass over code sees. */
export type CodeCounts = {
  /** How often each opcode occurs, as they are written: not merged. */
  readonly histogram: readonly number[]
  /** The counts behind the features. */
  readonly counts: readonly number[]
}

/**
 * Walks the instructions of deployed code, as the EVM would find its jump destinations: data of PUSH is skipped, and so
 * is metadata of solc at the end if nothing can reach it (see `metadataLength`).
 */
export function countOpcodes(code: Uint8Array): CodeCounts {
  const histogram = new Array<number>(256).fill(0)
  const merged = new Array<number>(256).fill(0)
  const last = new Array<number>(256).fill(-1_000_000)
  const near = NEAR.map(() => 0)
  let [rewritten, panics, n] = [0, 0, 0]
  let end = code.length - metadataLength(code)
  for (let at = 0; at < end; at++) {
    const written = code[at]!
    const op = SAME.get(written) ?? written
    histogram[written]!++
    merged[op]!++
    for (const [k, [, target, earlier, most]] of NEAR.entries())
      if (target === op && n - last[earlier]! <= most) near[k]!++
    if (op === OP.sstore && n - last[OP.call]! <= 96 && last[OP.keccak]! > last[OP.call]!) rewritten++
    last[op] = n++
    if (op >= OP.push1 && op <= OP.push32) {
      if (op === OP.push4 && Buffer.from(padded(code, at + 1, 4)).readUInt32BE() === PANIC) panics++
      at += op - OP.push1 + 1
    }
    // What falls through into the metadata, or takes its beginning for data, runs it.
    if (at >= end - 1 && end < code.length && (op !== OP.invalid || at !== end - 1)) end = code.length
  }
  return { histogram, counts: [n, ...COUNTED.map(([, op]) => merged[op]!), ...near, rewritten, panics] }
}

function padded(code: Uint8Array, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(code.subarray(at, at + length))
  return bytes
}

/**
 * Length of the metadata at the end of code: CBOR of at most 64 bytes beginning with a map of one to three texts, as
 * solc writes it, in which no byte is a JUMPDEST, so that no jump leads there. 0 if there is none.
 */
export function metadataLength(code: Uint8Array): number {
  if (code.length < 4) return 0
  const length = (code[code.length - 2]! << 8) + code[code.length - 1]! + 2
  if (length > 64 || length >= code.length) return 0
  const tail = code.subarray(code.length - length)
  if (tail[0]! < 0xa1 || tail[0]! > 0xa3 || tail.includes(OP.jumpdest)) return 0
  return length
}

/** Logarithm in sixteenths, linear between powers of two: 0 for 0, 16·e for 2^e − 1, at most 255. */
export function logCode(count: number): number {
  const v = count + 1
  const e = 31 - Math.clz32(v)
  return Math.min(255, 16 * e + Math.floor((16 * (v - 2 ** e)) / 2 ** e))
}

/** The model's input for code given in hexadecimal: one number from 0 to 255 a feature. */
export function featuresOf(code: string): number[] {
  return countOpcodes(getBytes(code)).counts.map(logCode)
}
