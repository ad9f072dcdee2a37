// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { nativeStatus } from '../native'
import type { ProverBackend } from './backend'
import { nativeBackend } from './native-backend'
import { rapidsnarkBackend } from './rapidsnark-backend'
import { snarkjsBackend } from './snarkjs-backend'

/** No prover has this name, or the one that was named is not there. */
export class BackendChoiceError extends ZkmlError {
  readonly code = 'BACKEND_UNAVAILABLE'
}

type Environment = Readonly<Record<string, string | undefined>>

export type BackendOptions = {
  /** Most threads of a proof; one per core when absent. rapidsnark has no such option. */
  readonly threads?: number
  /** Keep threads between proofs, for daemons. {@link ProverBackend.close} must then be called. */
  readonly keepThreads?: boolean
}

/** How each prover is opened; throws a ZkmlError where it is not there. */
const BACKENDS = {
  native: ({ threads }: BackendOptions): ProverBackend => {
    const status = nativeStatus()
    if (status.addon === undefined)
      throw new BackendChoiceError(`the backend native was asked for, and cannot be used here: ${status.reason}`)
    return nativeBackend(status.addon, threads === undefined ? {} : { threads })
  },
  rapidsnark: ({ keepThreads }: BackendOptions, env: Environment): ProverBackend => {
    const binary = setting(env, 'ZKML_RAPIDSNARK')
    if (binary === undefined)
      throw new BackendChoiceError(
        'the backend rapidsnark was asked for, and nothing says where it is; set ZKML_RAPIDSNARK to the path of its ' +
          '"prover" program',
      )
    return rapidsnarkBackend({ binary, ...(keepThreads !== undefined && { keepThreads }) })
  },
  snarkjs: (options: BackendOptions): ProverBackend => snarkjsBackend(options),
}

export type BackendName = keyof typeof BACKENDS

/** Every backend, as users write it. */
export const BACKEND_NAMES = Object.keys(BACKENDS) as readonly BackendName[]

/** Which prover is used, and what decided it. */
export type BackendChoice = { readonly name: BackendName; readonly why: string }

/**
 * Decides which prover is used: the one named; else that of `ZKML_BACKEND`; else rapidsnark where `ZKML_RAPIDSNARK` says
 * where it is; else native where the addon loads; else snarkjs. A wish is never met by another one.
 *
 * @throws BackendChoiceError, RapidsnarkMissingError when it is not there.
 */
export function chooseBackend(name?: string, env: Environment = process.env): BackendChoice {
  const choice = decide(name, env)
  // Nothing is started by that.
  BACKENDS[choice.name]({}, env)
  return choice
}

function decide(name: string | undefined, env: Environment): BackendChoice {
  if (name !== undefined) return { name: checkName(name, 'the backend'), why: 'it was asked for' }
  const wish = setting(env, 'ZKML_BACKEND')
  if (wish !== undefined) return { name: checkName(wish, 'ZKML_BACKEND'), why: 'ZKML_BACKEND names it' }
  if (setting(env, 'ZKML_RAPIDSNARK') !== undefined) return { name: 'rapidsnark', why: 'ZKML_RAPIDSNARK is set' }
  const status = nativeStatus()
  if (status.addon === undefined) return { name: 'snarkjs', why: `native is not there (${status.reason})` }
  return { name: 'native', why: `the addon loads (${status.level})` }
}

/**
 * Opens the prover that {@link chooseBackend} decides for.
 *
 * @throws BackendChoiceError, RapidsnarkMissingError
 * @example
 * ```ts
 * const backend = selectBackend(undefined, { keepThreads: true })
 * const { proof } = await backend.prove('model.zkey', 'witness.wtns')
 * await backend.close()
 * ```
 */
export function selectBackend(
  name?: string,
  options: BackendOptions = {},
  env: Environment = process.env,
): ProverBackend {
  return BACKENDS[decide(name, env).name](options, env)
}

function checkName(name: string, what: string): BackendName {
  const known = BACKEND_NAMES.find((candidate) => candidate === name)
  if (known === undefined)
    throw new BackendChoiceError(`${what} is "${name}", which is none of ${BACKEND_NAMES.join(', ')}`)
  return known
}

/** A variable of the environment; one that is empty counts as not set. */
function setting(env: Environment, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name]
}
