// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import type { ProverBackend } from './backend'
import { rapidsnarkBackend } from './rapidsnark-backend'
import { snarkjsBackend } from './snarkjs-backend'
import type { SnarkjsThreads } from './snarkjs-session'

/** No prover has this name, or the one that was named is not there. */
export class BackendChoiceError extends ZkmlError {
  readonly code = 'BACKEND_UNAVAILABLE'
}

type Environment = Readonly<Record<string, string | undefined>>

export type BackendOptions = SnarkjsThreads & {
  /** Keep threads between proofs, for daemons. {@link ProverBackend.close} must then be called. */
  readonly keepThreads?: boolean
}

/** How each prover is opened; throws a ZkmlError where it is not there. */
const BACKENDS = {
  rapidsnark: (_options: BackendOptions, env: Environment): ProverBackend => {
    const binary = setting(env, 'ZKML_RAPIDSNARK')
    if (binary === undefined)
      throw new BackendChoiceError(
        'the backend rapidsnark was asked for, and nothing says where it is; set ZKML_RAPIDSNARK to the path of its ' +
          '"prover" program',
      )
    return rapidsnarkBackend({ binary })
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
 * where it is; else snarkjs. Whether it is there is seen when it is opened: a wish is never met by another one.
 *
 * @throws BackendChoiceError when there is none of that name.
 */
export function chooseBackend(name?: string, env: Environment = process.env): BackendChoice {
  if (name !== undefined) return { name: checkName(name, 'the backend'), why: 'it was asked for' }
  const wish = setting(env, 'ZKML_BACKEND')
  if (wish !== undefined) return { name: checkName(wish, 'ZKML_BACKEND'), why: 'ZKML_BACKEND names it' }
  if (setting(env, 'ZKML_RAPIDSNARK') !== undefined) return { name: 'rapidsnark', why: 'ZKML_RAPIDSNARK is set' }
  return { name: 'snarkjs', why: 'it is always there' }
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
  return BACKENDS[chooseBackend(name, env).name](options, env)
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
