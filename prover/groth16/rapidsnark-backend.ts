// SPDX-License-Identifier: GPL-3.0-or-later
import { constants } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { ZkmlError } from '../errors'
import { FileWriteError, noteTemporary } from '../binfile/atomic'
import { checkProverInputs, ProofRejectedError, type ProverBackend } from './backend'
import { parsePublicSignals, parseSnarkjsProof, type ProvedStatement } from './proof'
import { checkExecutable, descriptorPath, runProgram } from './rapidsnark-process'
import { leaseSnarkjs, type SnarkjsLease, type SnarkjsThreads, withSnarkjs } from './snarkjs-session'
import { verifyUnderCheckedKey } from './verify'
import { signalCount } from './vkey'

/** The rapidsnark binary ended well, and what it wrote is no proof. */
export class RapidsnarkOutputError extends ZkmlError {
  readonly code = 'RAPIDSNARK_OUTPUT'

  constructor(binary: string, file: string, problem: string, cause?: unknown) {
    super(`${binary} wrote a ${file} that is no good: ${problem}; check that it is rapidsnark's "prover"`, { cause })
  }
}

export type RapidsnarkOptions = {
  /** Path of rapidsnark's `prover` program. */
  readonly binary: string
  /** When a proof is given up; 30 minutes when absent. */
  readonly timeoutMilliseconds?: number
  /** Keep what verifies proofs between them, for daemons; {@link ProverBackend.close} must then be called. */
  readonly keepThreads?: boolean
}

/** One pairing equation: threads would take longer to start than it takes. */
const VERIFIER: SnarkjsThreads = { threads: 1 }
const TIMEOUT_MILLISECONDS = 30 * 60_000
/** A proof has about 800 bytes. */
const MAX_PROOF_BYTES = 1 << 16
/** A public signal: at most 78 digits, quotes, comma and space. */
const MAX_SIGNAL_BYTES = 96

/**
 * iden3's rapidsnark, or what takes the same arguments (`prover key.zkey witness.wtns proof.json public.json`), as a
 * program of its own, on Linux and macOS. It starts anew and loads the key for each proof, on all cores that it may use.
 *
 * Key and witness given as bytes reach it as open files that no longer have a name: nobody can put other content in
 * their place, and nothing of the witness is left on disk, even if this process is killed.
 *
 * @throws RapidsnarkMissingError
 * @example
 * ```ts
 * const backend = rapidsnarkBackend({ binary: '/usr/local/bin/prover' })
 * const { proof, publicSignals } = await backend.prove('model.zkey', 'witness.wtns')
 * ```
 */
export function rapidsnarkBackend(options: RapidsnarkOptions): ProverBackend {
  const binary = resolve(options.binary)
  const timeoutMilliseconds = options.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS
  checkExecutable(binary)
  let kept: Promise<SnarkjsLease> | undefined
  return {
    name: 'rapidsnark',
    prove: async (zkey, wtns, { signal } = {}): Promise<ProvedStatement> => {
      signal?.throwIfAborted()
      const { verifyingKey, key } = checkProverInputs(zkey, wtns)
      const { proof, publicSignals } = await inPrivateFolder(async (folder) => {
        const handles: FileHandle[] = []
        const pathOf = async (input: string | Uint8Array): Promise<string> => {
          if (typeof input === 'string') return resolve(input)
          handles.push(await namelessFile(folder, input))
          return descriptorPath(handles.length - 1)
        }
        try {
          const files = [await pathOf(key), await pathOf(wtns)]
          const descriptors = handles.map(({ fd }) => fd)
          const args = [...files, 'proof.json', 'public.json']
          await runProgram({ binary, args, cwd: folder, descriptors, timeoutMilliseconds, signal })
        } finally {
          for (const handle of handles) await handle.close()
        }
        return readResult(binary, folder, signalCount(verifyingKey))
      })
      signal?.throwIfAborted()
      if (options.keepThreads === true) await (kept ??= leaseSnarkjs(VERIFIER))
      const isValid = await withSnarkjs(() => verifyUnderCheckedKey(verifyingKey, publicSignals, proof), VERIFIER)
      if (!isValid) throw new ProofRejectedError('rapidsnark')
      return { proof, publicSignals }
    },
    close: async () => {
      const lease = kept
      kept = undefined
      await (await lease)?.release()
    },
  }
}

/** Runs `use` in a new folder that only this user can enter, and removes it whatever happens. */
async function inPrivateFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const prefix = join(tmpdir(), 'zkml-rapidsnark-')
  const folder = await mkdtemp(prefix).catch((error: unknown) => {
    throw new FileWriteError(prefix, error)
  })
  noteTemporary(folder, true)
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    noteTemporary(folder, false)
  }
}

/** A file with this content, open for reading, that only its descriptor leads to. */
async function namelessFile(folder: string, content: Uint8Array): Promise<FileHandle> {
  const path = join(folder, 'input')
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 })
    const handle = await open(path, 'r')
    await rm(path)
    return handle
  } catch (error) {
    throw new FileWriteError(path, error)
  }
}

async function readResult(binary: string, folder: string, signals: number): Promise<ProvedStatement> {
  const proof = await readJson(binary, folder, 'proof.json', MAX_PROOF_BYTES, parseSnarkjsProof)
  const limit = (signals + 1) * MAX_SIGNAL_BYTES
  const publicSignals = await readJson(binary, folder, 'public.json', limit, parsePublicSignals)
  if (publicSignals.length !== signals)
    throw new RapidsnarkOutputError(
      binary,
      'public.json',
      `it has ${publicSignals.length} signals, the key is for ${signals}`,
    )
  return { proof, publicSignals }
}

async function readJson<T>(
  binary: string,
  folder: string,
  name: string,
  limit: number,
  parse: (json: unknown) => T,
): Promise<T> {
  const fail = (problem: string, cause?: unknown): never => {
    throw new RapidsnarkOutputError(binary, name, problem, cause)
  }
  let file: FileHandle
  try {
    // A pipe in its place must not be waited for.
    file = await open(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return fail(`it cannot be opened (${(error as NodeJS.ErrnoException).code})`, error)
  }
  try {
    const buffer = Buffer.alloc(limit + 1)
    const { bytesRead } = await file.read(buffer, 0, limit + 1, 0)
    if (bytesRead > limit) return fail(`it has more than ${limit} bytes`)
    return parse(JSON.parse(buffer.toString('utf8', 0, bytesRead)))
  } catch (error) {
    if (error instanceof RapidsnarkOutputError) throw error
    return fail((error as Error).message, error)
  } finally {
    await file.close()
  }
}
