// SPDX-License-Identifier: GPL-3.0-or-later

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { projectFolder } from '../../prover/project'

describe('scripts/forge/run.js', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(projectFolder(), 'scripts', 'forge', 'run.js'), ...args], { encoding: 'utf8' })

  it('ends as forge ends, so that a failing test fails npm test', () => {
    expect(run('--version').status).to.equal(0)
    const failed = run('no-such-command')
    expect(failed.status).not.to.equal(0)
    expect(failed.stderr).to.include('no-such-command')
  })
})
