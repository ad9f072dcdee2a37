// SPDX-License-Identifier: GPL-3.0-or-later

import { runChecks, type HealthCheck } from '../../../prover/cli/doctor/check'
import { daemonChecks } from '../../../prover/cli/doctor/daemon'
import { checkConfig } from '../../../prover/service/config'

/** What the doctor says of a configuration, by the name of the check. */
export async function examine(
  config: object,
  env: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, HealthCheck>>> {
  const results = await runChecks(daemonChecks(checkConfig(config), env), () => undefined)
  return Object.fromEntries(results.map((result) => [result.name, result]))
}

/** Of what is not well, what is said. */
export function complaints(results: Readonly<Record<string, HealthCheck>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.values(results)
      .filter(({ ok }) => !ok)
      .map(({ name, detail }) => [name, detail]),
  )
}
