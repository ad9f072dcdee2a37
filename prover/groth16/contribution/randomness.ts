// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash, randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ChaCha } from 'ffjavascript'

import { ZkmlError } from '../../errors'
import type { EngineOptions } from '../point-engine'

/** A random beacon cannot be used. */
export class BeaconError extends ZkmlError {
  readonly code = 'GROTH16_BEACON'

  constructor(problem: string) {
    super(
      `${problem}; give a value that nobody could know when the last contribution was made, as 1 to 255 bytes in hex, and ` +
        `${MIN_EXPONENT} to ${MAX_EXPONENT} as the exponent of its iterations`,
    )
  }
}

/** A public value and how often it is hashed: 2^iterationsExponent times SHA-256. */
export type Beacon = { readonly hash: Uint8Array; readonly iterationsExponent: number }

/** snarkjs' least; the ceremonies of Hermez and others use it too. */
const MIN_EXPONENT = 10
/** More takes hours; nobody could check the result, and a file that asks for it only wastes time. */
const MAX_EXPONENT = 32
const HASHES_BETWEEN_TURNS = 1 << 14

/** @throws BeaconError */
export function parseBeacon(hex: string, iterationsExponent: number): Beacon {
  const digits = hex.replace(/^0x/, '')
  if (!/^([0-9a-fA-F]{2}){1,255}$/.test(digits)) throw new BeaconError(`"${hex}" is no beacon`)
  const beacon = { hash: new Uint8Array(Buffer.from(digits, 'hex')), iterationsExponent }
  checkBeacon(beacon)
  return beacon
}

function checkBeacon({ hash, iterationsExponent }: Beacon): void {
  if (hash.byteLength === 0) throw new BeaconError('the beacon is empty')
  const isInRange = iterationsExponent >= MIN_EXPONENT && iterationsExponent <= MAX_EXPONENT
  if (!Number.isInteger(iterationsExponent) || !isInRange) {
    throw new BeaconError(`a beacon of 2^${iterationsExponent} iterations cannot be computed here`)
  }
}

/** The numbers that everybody draws from a beacon. */
export async function beaconRng(beacon: Beacon, { onProgress, signal }: EngineOptions = {}): Promise<ChaCha> {
  checkBeacon(beacon)
  const total = 2 ** beacon.iterationsExponent
  let value: Uint8Array = beacon.hash
  for (let done = 0; done < total;) {
    const end = Math.min(total, done + HASHES_BETWEEN_TURNS)
    for (; done < end; done++) value = createHash('sha256').update(value).digest()
    onProgress?.(done / total)
    await nextTurn()
    signal?.throwIfAborted()
  }
  return rngOf(value)
}

/**
 * Secret numbers, from the operating system's generator and whatever else the contributor adds: who knows only one of
 * the two learns nothing.
 */
export function secretRng(entropy = ''): ChaCha {
  const source = randomBytes(64)
  const digest = createHash('blake2b512').update(source).update(entropy, 'utf8').digest()
  source.fill(0)
  const rng = rngOf(digest)
  digest.fill(0)
  return rng
}

/** ChaCha20 keyed with the first 32 bytes, as big-endian words. */
export function rngOf(seed: Uint8Array): ChaCha {
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength)
  return new ChaCha(Array.from({ length: 8 }, (_, i) => view.getUint32(i * 4)))
}

/** Overwrites what numbers were drawn from, so that they cannot be drawn again. */
export function wipeRng(rng: ChaCha): void {
  rng.state.fill(0)
  rng.buff.fill(0)
}
