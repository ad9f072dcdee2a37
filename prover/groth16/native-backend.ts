// SPDX-License-Identifier: GPL-3.0-or-later
import { statSync } from 'node:fs'

import { concatBytes } from '../binfile/container-writer'
import { BASE_FIELD, FIELD_BYTES, modulo, tableToBytes, toFieldBytes } from '../binfile/field'
import { readWtns, witnessValue, type Witness } from '../binfile/wtns'
import { BinFileError, type BinFileErrorCode } from '../binfile/container'
import { ZkmlError } from '../errors'
import { type NativeAddon, type NativeKey, runNative } from '../native'
import { type CheckedZkey, checkProverInputs, ProofRejectedError, type ProverBackend } from './backend'
import { drawBlinding } from './blinding'
import type { G1Point, G2Point } from './curve'
import type { Groth16Proof, ProvedStatement } from './proof'
import { signalCount, type VerifyingKey } from './vkey'
import { decodeG1, decodeG2 } from './zkey'

/** The native prover failed for a reason that lies neither in the key nor in the witness. */
export class NativeProverError extends ZkmlError {
  readonly code = 'NATIVE_PROVER_FAILED'

  constructor(reason: string, cause: unknown) {
    super(`the native prover failed: ${reason}; set ZKML_BACKEND=snarkjs to do without it`, { cause })
  }
}

export type NativeBackendOptions = {
  /** Threads to use; one a core when absent. */
  readonly threads?: number
}

/** A key that was opened, and what says that its file is still the same. */
type OpenFile = { readonly path: string; readonly identity: string; readonly key: Promise<NativeKey> }

const PROOF_BYTES = 256

/**
 * The C++ prover. A key given as a path is mapped into memory and stays open until another one is given, or `close`; a
 * key given as bytes is used where it lies, and stays open as long as they are.
 */
export function nativeBackend(addon: NativeAddon, options: NativeBackendOptions = {}): ProverBackend {
  const byBytes = new WeakMap<Uint8Array, Promise<NativeKey>>()
  let byPath: OpenFile | undefined
  const open = (key: string | Uint8Array): Promise<NativeKey> =>
    runNative(options, (...run) => addon.openKey(key, ...run))

  const keyOf = (zkey: string | Uint8Array | CheckedZkey): Promise<NativeKey> => {
    if (typeof zkey === 'string') {
      const identity = identityOf(zkey)
      if (byPath?.path !== zkey || byPath.identity !== identity) byPath = { path: zkey, identity, key: open(zkey) }
      return byPath.key
    }
    const bytes = 'bytes' in zkey ? zkey.bytes : zkey
    const known = byBytes.get(bytes) ?? open(bytes)
    byBytes.set(bytes, known)
    return known
  }

  return {
    name: 'native',
    prove: async (zkey, wtns, { signal, onProgress } = {}): Promise<ProvedStatement> => {
      signal?.throwIfAborted()
      const vk = checkProverInputs(zkey, wtns)
      const witness = readWtns(wtns)
      const run = { ...options, ...(signal && { signal }), ...(onProgress && { onProgress }) }
      const bytes = new Uint8Array(PROOF_BYTES)
      const blinding = drawBlinding()
      try {
        const key = await keyOf(zkey)
        const source = typeof zkey === 'object' && 'bytes' in zkey ? zkey.bytes : zkey
        await runNative(run, (...rest) => addon.prove(key, source, witness.values, blinding, bytes, ...rest))
      } catch (error) {
        signal?.throwIfAborted()
        if (typeof zkey === 'string') byPath = undefined
        else byBytes.delete('bytes' in zkey ? zkey.bytes : zkey)
        throw typedError(error, typeof zkey === 'string' ? zkey : 'path' in zkey ? zkey.path : '<memory>')
      } finally {
        blinding.fill(0)
      }
      const publicSignals = publicSignalsOf(witness, signalCount(vk))
      const isValid = await runNative(options, (...rest) =>
        addon.verify(keyBytes(vk), tableToBytes(publicSignals), bytes, ...rest),
      )
      if (!isValid) throw new ProofRejectedError('the native prover')
      return { proof: decodeProof(bytes), publicSignals }
    },
    close: () => {
      byPath = undefined
      return Promise.resolve()
    },
  }
}

/** What changes when another file takes a path, or when it is written to. */
function identityOf(path: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

function publicSignalsOf(witness: Witness, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => witnessValue(witness, i + 1))
}

function decodeProof(bytes: Uint8Array): Groth16Proof {
  return { a: decodeG1(bytes, 0), b: decodeG2(bytes, 64), c: decodeG1(bytes, 192) }
}

/** α, β, γ, δ and IC, as the addon takes them. */
function keyBytes(vk: VerifyingKey): Uint8Array {
  return concatBytes([encodeG1(vk.alpha), ...[vk.beta, vk.gamma, vk.delta].map(encodeG2), ...vk.ic.map(encodeG1)])
}

const encodeG1 = ({ x, y }: G1Point): Uint8Array => coordinates([x, y])
const encodeG2 = ({ x, y }: G2Point): Uint8Array => coordinates([...x, ...y])

function coordinates(values: readonly bigint[]): Uint8Array {
  const out = new Uint8Array(values.length * FIELD_BYTES)
  for (const [i, value] of values.entries()) toFieldBytes(modulo(value << 256n, BASE_FIELD), out, i * FIELD_BYTES)
  return out
}

/** The addon's errors with a class of ours: those about files are as if the file had been read here. */
function typedError(error: unknown, path: string): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code !== 'string' || typeof message !== 'string') return error
  if (code.startsWith('BINFILE_')) return new BinFileError(code as BinFileErrorCode, path, undefined, message, error)
  return code.startsWith('NATIVE_') ? new NativeProverError(message, error) : error
}
