// SPDX-License-Identifier: GPL-3.0-or-later

import { availableParallelism } from 'node:os'
import { chooseBackend } from '../../groth16'
import type { Config } from '../../service/config'
import { openAccount } from '../../service/config'
import { defaultProvers } from '../../service/pool'
import { apiCheck } from './api'
import { artefactChecks } from './artefacts'
import { chainChecks } from './chains'
import type { Check } from './check'
import { modelChecks } from './models'
import { storeChecks } from './store'

type Environment = Readonly<Record<string, string | undefined>>

/** What a daemon of this configuration needs, in the order in which it starts. */
export function daemonChecks(config: Config, env: Environment): readonly Check[] {
  const addresses = new Map<string, string>()
  return [
    ...storeChecks(config, env),
    { name: 'provers', run: () => describeProvers(config, env) },
    ...artefactChecks(config),
    ...Object.keys(config.accounts).map((name) => accountCheck(name, config, env, addresses)),
    ...config.chains.flatMap((chain) => chainChecks(chain, addresses)),
    ...modelChecks(config),
    apiCheck(config),
  ]
}

/** Opens an account, and notes its address for the checks of its chains. */
function accountCheck(name: string, { accounts }: Config, env: Environment, addresses: Map<string, string>): Check {
  return {
    name: `account ${name}`,
    run: async () => {
      const { address } = await openAccount(name, accounts[name]!, env)
      addresses.set(name, address)
      return address
    },
  }
}

function describeProvers({ prover: { processes, backend } }: Config, env: Environment): string {
  const { name } = chooseBackend(backend, env)
  if (processes === 0)
    return `${defaultProvers()} proofs at once by ${name}: one for each core that has 2 GiB of memory, as prover.processes is 0`
  const cores = availableParallelism()
  return `${processes} proofs at once by ${name}, by prover.processes${processes > cores ? `; no faster than ${cores}, as there are ${cores} cores` : ''}`
}
