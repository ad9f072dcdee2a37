// SPDX-License-Identifier: GPL-3.0-or-later

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** What is generated from other files of the project, each by a script of its own, those first that others read. */
const GENERATORS = ['poseidon', 'abi', 'error-list', 'operators', 'settings', 'vectors', 'fixtures', 'openapi']

for (const name of GENERATORS) {
  const script = join(__dirname, `generate-${name}.ts`)
  execFileSync(process.execPath, ['-r', 'ts-node/register/transpile-only', script], { stdio: 'inherit' })
}
