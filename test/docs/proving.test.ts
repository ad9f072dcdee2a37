// SPDX-License-Identifier: GPL-3.0-or-later

import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { BACKEND_NAMES } from '../../prover/groth16'
import { projectFolder } from '../../prover/project'
import { buildCli, removeFolder, temporaryFolder } from '../cli/support'

const run = promisify(execFile)
const ROOT = projectFolder()
const DOCUMENT = readFileSync(join(ROOT, 'docs', 'proving.md'), 'utf8')

const blocks = (language: string): readonly string[] =>
  [...DOCUMENT.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, name, text]) => (name === language ? [text!] : []))

describe('docs/proving.md', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  const prover = join(folder, 'prover')
  const env = { ...process.env, PATH: `${join(folder, '.bin')}${delimiter}${process.env.PATH}` }
  before(() => {
    mkdirSync(join(folder, '.bin'))
    symlinkSync(buildCli(), join(folder, '.bin', 'zkml'))
    symlinkSync(join(ROOT, 'models'), join(folder, 'models'))
    // snarkjs takes the arguments of rapidsnark.
    const snarkjs = join(ROOT, 'node_modules', 'snarkjs', 'build', 'cli.cjs')
    writeFileSync(prover, `#!/bin/sh\nexec ${process.execPath} ${snarkjs} groth16 prove "$@"\n`)
    chmodSync(prover, 0o755)
  })
  after(() => removeFolder(folder))

  for (const text of blocks('sh')) {
    it(text.split('\n')[0]!, async () => {
      const script = text.replaceAll('/usr/local/bin/prover', prover)
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env })
      if (text.includes('doctor')) expect(stdout).to.match(/^backend +rapidsnark, as ZKML_RAPIDSNARK is set$/m)
      expect(stdout).to.match(/^wrote proof.json; .* by (snarkjs|rapidsnark)$/m)
    })
  }

  it('shows code that works', async () => {
    const [source] = blocks('ts')
    const library = JSON.stringify(join(ROOT, 'prover'))
    const script = join(folder, 'snippet.ts')
    const [imports, ...rest] = source!.replace("'zkml'", library).split('\n')
    writeFileSync(script, `${imports}\nvoid (async () => {\n${rest.join('\n')}})()\n`)
    const { stdout } = await run(process.execPath, ['-r', require.resolve('ts-node/register/transpile-only'), script], {
      cwd: folder,
      env: { ...env, TS_NODE_PROJECT: join(ROOT, 'tsconfig.json'), ZKML_BACKEND: 'snarkjs' },
    })
    expect(stdout).to.match(/^snarkjs \[/)
  })

  it('has every backend and every error of one', () => {
    const cells = [...DOCUMENT.matchAll(/^\| `(\w+)` \|/gm)].map(([, cell]) => cell)
    expect(cells).to.include.members([...BACKEND_NAMES])
    const errors = readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8')
    const codes = [...errors.matchAll(/^\| `((?:RAPIDSNARK|BACKEND)_\w+)`/gm)].map(([, code]) => code)
    expect(codes).to.have.length.above(3)
    expect(cells).to.include.members(codes)
  })
})
