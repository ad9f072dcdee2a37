// SPDX-License-Identifier: GPL-3.0-or-later

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { writeFileAtomic } from '../../prover/binfile'
import { projectFolder } from '../../prover/project'
import { buildCli, removeFolder, temporaryFolder } from '../cli/support'
import { knownPtau } from '../support/known-ptau'

const run = promisify(execFile)
const ROOT = projectFolder()
const DOCUMENT = readFileSync(join(ROOT, 'docs', 'universal.md'), 'utf8')

describe('docs/universal.md', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()
  after(() => removeFolder(folder))

  it('shows commands that work', async () => {
    await writeFileAtomic(join(folder, 'powers.ptau'), [await knownPtau(11, { tau: 192837n, alpha: 5n, beta: 7n })])
    mkdirSync(join(folder, '.bin'))
    symlinkSync(buildCli(), join(folder, '.bin', 'zkml'))
    symlinkSync(join(ROOT, 'models'), join(folder, 'models'))
    const env = { ...process.env, PATH: `${join(folder, '.bin')}${delimiter}${process.env.PATH}` }
    const commands = [...DOCUMENT.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]!).join('')
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder, env })
    expect(stdout).to.match(/gates +1,874, of which 1,302 for affine maps \(groth16: 569 constraints\)/)
    expect(stdout).to.match(/made a plonk key for 1,874 gates, 2\^11 rows/)
    expect(stdout).to.include('wrote cancer/verifier/CancerPlonkVerifier.sol (GPL-3.0)')
    expect(stdout).to.match(/^valid, portable/m)
    expect(existsSync(join(folder, 'cancer/verifier/CancerPlonkVerifier.sol'))).to.equal(true)
  })
})
