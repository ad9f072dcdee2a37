// SPDX-License-Identifier: GPL-3.0-or-later
import { blake2b } from '@noble/hashes/blake2b'

const BLOCK = 128
const STATE = BLOCK
const PROCESSED = STATE + 64
const POSITION = PROCESSED + 8

/** The fields of a hash of that library which snarkjs stores; their names are no interface, so its version is pinned. */
type Internals = {
  readonly buffer: Uint8Array
  length: number
  pos: number
  get(): readonly number[]
  set(...state: readonly number[]): void
}

/**
 * BLAKE2b-512 that can be stopped and taken up again. The form of its state in `.ptau` files is that of blake2b-wasm: the
 * open block, eight chaining values, bytes in closed blocks, bytes in the open one.
 */
export class PartialHash {
  static readonly BYTES = 216
  private constructor(private readonly hash: ReturnType<typeof blake2b.create>) {}

  static start(): PartialHash {
    return new PartialHash(blake2b.create({ dkLen: 64 }))
  }

  /** Whether bytes can be the state of a hash. */
  static isState(bytes: Uint8Array): boolean {
    const view = viewOf(bytes)
    const [processed, position] = [view.getBigUint64(PROCESSED, true), view.getBigUint64(POSITION, true)]
    return bytes.byteLength === PartialHash.BYTES && position <= BigInt(BLOCK) && processed < 1n << 52n
  }

  static resume(bytes: Uint8Array): PartialHash {
    const view = viewOf(bytes)
    const resumed = PartialHash.start()
    const inner = resumed.hash as unknown as Internals
    inner.buffer.set(bytes.subarray(0, BLOCK))
    inner.set(...Array.from({ length: 16 }, (_, i) => view.getInt32(STATE + 4 * i, true)))
    inner.pos = Number(view.getBigUint64(POSITION, true))
    inner.length = Number(view.getBigUint64(PROCESSED, true)) + inner.pos
    return resumed
  }

  update(bytes: Uint8Array): this {
    this.hash.update(bytes)
    return this
  }

  state(): Uint8Array {
    const inner = this.hash as unknown as Internals
    const out = new Uint8Array(PartialHash.BYTES)
    const view = viewOf(out)
    out.set(inner.buffer)
    inner.get().forEach((word, i) => view.setInt32(STATE + 4 * i, word, true))
    view.setBigUint64(PROCESSED, BigInt(inner.length - inner.pos), true)
    view.setBigUint64(POSITION, BigInt(inner.pos), true)
    return out
  }

  digest(): Uint8Array {
    return this.hash.digest()
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
