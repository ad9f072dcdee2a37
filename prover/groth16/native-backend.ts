// SPDX-License-Identifier: GPL-3.0-or-later
import { statSync } from 'node:fs'

import { concatBytes } from '../binfile/container-writer'
import { tableToBytes } from '../binfile/field'
import { type Witness, witnessValue } from '../binfile/wtns'
import { BinFileError, type BinFileErrorCode } from '../binfile/container'
import { ZkmlError } from '../errors'
import { type NativeAddon, type NativeKey, runNative } from '../native'
import { checkProverInputs, ProofRejectedError, type ProverBackend } from './backend'
import { drawBlinding } from './blinding'
import type { Groth16Proof, ProvedStatement } from './proof'
import { signalCount, type VerifyingKey } from './vkey'
import { decodeG1, decodeG2, encodeG1, encodeG2 } from './zkey'

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

  const opened = (key: string | Uint8Array): Promise<NativeKey> => {
    if (typeof key === 'string') {
      const identity = identityOf(key)
      if (byPath?.path !== key || byPath.identity !== identity) byPath = { path: key, identity, key: open(key) }
      return byPath.key
    }
    const known = byBytes.get(key) ?? open(key)
    byBytes.set(key, known)
    return known
  }
  const forget = (key: string | Uint8Array): void => {
    if (typeof key === 'string') byPath = undefined
    else byBytes.delete(key)
  }

  return {
    name: 'native',
    prove: async (zkey, wtns, { signal, onProgress } = {}): Promise<ProvedStatement> => {
      signal?.throwIfAborted()
      const { verifyingKey, key, path, witness } = checkProverInputs(zkey, wtns)
      const run = { ...options, ...(signal && { signal }), ...(onProgress && { onProgress }) }
      const bytes = new Uint8Array(PROOF_BYTES)
      const blinding = drawBlinding()
      try {
        const handle = await opened(key)
        await runNative(run, (...rest) => addon.prove(handle, key, witness.values, blinding, bytes, ...rest))
      } catch (error) {
        signal?.throwIfAborted()
        forget(key)
        throw typedError(error, path)
      } finally {
        blinding.fill(0)
      }
      const publicSignals = publicSignalsOf(witness, signalCount(verifyingKey))
      const isValid = await runNative(options, (...rest) =>
        addon.verify(keyBytes(verifyingKey), tableToBytes(publicSignals), bytes, ...rest),
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

/** The addon's errors with a class of ours: those about files are as if the file had been read here. */
function typedError(error: unknown, path: string): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code !== 'string' || typeof message !== 'string') return error
  if (code.startsWith('BINFILE_')) return new BinFileError(code as BinFileErrorCode, path, undefined, message, error)
  return code.startsWith('NATIVE_') ? new NativeProverError(message, error) : error
}
