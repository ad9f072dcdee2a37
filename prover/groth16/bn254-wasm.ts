// SPDX-License-Identifier: GPL-3.0-or-later

/** What a key setup needs to know to start BN254 arithmetic on any thread. All of it can be posted to a worker. */
export type CurveCode = {
  readonly module: WebAssembly.Module
  /** The generator of G1, affine, coordinates in Montgomery form, as `.zkey` files hold points. */
  readonly g1: Uint8Array
  /** The generator of G2 in the same form. */
  readonly g2: Uint8Array
}

/** Bytes of affine points in `.zkey` files. Infinity is all zeros. */
export const G1_BYTES = 64
export const G2_BYTES = 128

type Binary = 'mul' | 'add' | 'sub'
type Unary = 'neg' | 'square' | 'copy' | 'isZero'
type FieldFunction = `${'frm' | 'f1m' | 'f2m'}_${Binary | Unary | 'batchInverse' | 'toMontgomery' | 'fromMontgomery'}`
type BatchFunction = `${'frm' | 'f1m'}_batch${'To' | 'From'}Montgomery`
type GroupFunction = `${'g1m' | 'g2m'}_${
  | 'add'
  | 'addMixed'
  | 'subMixed'
  | 'double'
  | 'copyAffine'
  | 'toJacobian'
  | 'toAffine'
  | 'isZero'
  | 'batchToAffine'
  | 'inCurveAffine'
  | 'isZeroAffine'
  | 'multiexpAffine'}`

/** The functions of ffjavascript's WASM module that are called directly; every argument is an address or a count. */
export type CurveFunctions = {
  readonly [name in FieldFunction | BatchFunction | GroupFunction]: (...operands: number[]) => number
}

const PAGE = 1 << 16
const INITIAL_PAGES = 64
/** Where the module keeps the address of the first free byte. Its own functions take scratch space from there too. */
const FREE_ADDRESS = 0

/**
 * An instance of the module with a memory of its own, so that long computations put operands there once and pass
 * addresses, instead of copying every operand in and out as ffjavascript's object interface does.
 */
export class CurveWasm {
  readonly call: CurveFunctions
  private readonly memory: WebAssembly.Memory
  private bytes: Uint8Array
  private words: Uint32Array

  constructor(code: CurveCode) {
    this.memory = new WebAssembly.Memory({ initial: INITIAL_PAGES })
    const instance = new WebAssembly.Instance(code.module, { env: { memory: this.memory } })
    this.call = instance.exports as unknown as CurveFunctions
    this.bytes = new Uint8Array(this.memory.buffer)
    this.words = new Uint32Array(this.memory.buffer)
  }

  /** Reserves `length` zeroed bytes, 8-byte aligned, for the life of the instance. */
  alloc(length: number): number {
    const at = (this.words[FREE_ADDRESS]! + 7) & ~7
    this.ensure(at + length)
    this.words[FREE_ADDRESS] = at + length
    // What lies there may have been scratch space.
    this.bytes.fill(0, at, at + length)
    return at
  }

  /** Reserves memory for the elements and copies them there. */
  put(content: Uint8Array): number {
    const at = this.alloc(content.byteLength)
    this.bytes.set(content, at)
    return at
  }

  /** Makes sure that a function which takes `length` bytes of scratch space finds them. */
  scratch(length: number): void {
    this.ensure(this.words[FREE_ADDRESS]! + length)
  }

  write(at: number, content: Uint8Array): void {
    this.bytes.set(content, at)
  }

  /** A copy of `length` bytes. */
  read(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length)
  }

  fill(at: number, length: number, value = 0): void {
    this.bytes.fill(value, at, at + length)
  }

  /** Overwrites everything that was ever allocated with zeros; the instance is of no use afterwards. */
  wipe(): void {
    this.bytes.fill(0)
  }

  private ensure(end: number): void {
    if (end <= this.bytes.byteLength) return
    this.memory.grow(Math.ceil((end - this.bytes.byteLength) / PAGE))
    this.bytes = new Uint8Array(this.memory.buffer)
    this.words = new Uint32Array(this.memory.buffer)
  }
}
