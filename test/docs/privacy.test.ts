// SPDX-License-Identifier: GPL-3.0-or-later

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { projectFolder } from '../../prover/project'
import { makeFixture, type Fixture } from '../cli/fixture'
import { ENCODER, SCORER } from '../support/chained-models'
import { buildModel } from '../support/onnx-builder'

const run = promisify(execFile)
const ROOT = projectFolder()
const DOCUMENT = readFileSync(join(ROOT, 'docs', 'privacy.md'), 'utf8')

const blocks = (language: string): readonly string[] =>
  [...DOCUMENT.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, name, text]) => (name === language ? [text!] : []))

describe('docs/privacy.md', function () {
  this.timeout(120_000)
  let fixture: Fixture
  let env: NodeJS.ProcessEnv
  const shell = async (text: string): Promise<string> =>
    (await run('bash', ['-euo', 'pipefail', '-c', text], { cwd: fixture.folder, env })).stdout

  before(() => {
    fixture = makeFixture()
    mkdirSync(fixture.path('.bin'))
    symlinkSync(fixture.main, fixture.path('.bin/zkml'))
    env = { ...process.env, PATH: `${fixture.path('.bin')}${delimiter}${process.env.PATH}` }
  })
  after(() => fixture.remove())

  it('shows how to compile with privacy, and to open', async () => {
    const [compile, , open] = blocks('sh')
    await shell(`${compile}zkml setup my-model --dev\nzkml prove my-model --input input.json --out proof.json`)
    expect(await shell(open!)).to.match(/^valid, of a portable proof: opens the commitment \d+\ninput x: \[/m)
  })

  it('shows how one setup serves two models with private weights', async () => {
    const [, weights] = blocks('sh')
    expect(await shell(weights!)).to.match(/^valid, portable/m)
  })

  const runCode = async (source: string): Promise<string> => {
    const script = fixture.path('snippet.ts')
    const lines = source.replace("'zkml'", JSON.stringify(join(ROOT, 'prover'))).split('\n')
    const imports = lines.filter((line) => line.startsWith('import'))
    const rest = lines.filter((line) => !line.startsWith('import'))
    writeFileSync(script, `${imports.join('\n')}\nvoid (async () => {\n${rest.join('\n')}})()\n`)
    const { stdout } = await run(process.execPath, ['-r', require.resolve('ts-node/register/transpile-only'), script], {
      cwd: fixture.folder,
      env: { ...env, TS_NODE_PROJECT: join(ROOT, 'tsconfig.json') },
    })
    return stdout
  }

  it('shows code that verifies an opening', async () => {
    expect(await runCode(blocks('ts')[0]!)).to.match(/^true \[/)
  })

  it('shows how to chain two models', async () => {
    fixture.write('first.onnx', buildModel(ENCODER))
    fixture.write('second.onnx', buildModel(SCORER))
    const [, , , compile, prove] = blocks('sh')
    await shell(compile!)
    expect(await shell(prove!)).to.match(/^true$/m)
    expect(await runCode(blocks('ts')[1]!)).to.match(/^\[.*\] true$/m)
  })
})
