// SPDX-License-Identifier: GPL-3.0-or-later
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import * as library from '../../prover'
import { projectFolder } from '../../prover/project'
import { makeFixture, type Fixture } from './fixture'

const run = promisify(execFile)
/** Of a snippet, in milliseconds: one may wait for what does not come. */
const PATIENCE = 50_000
const DOCUMENT = readFileSync(join(projectFolder(), 'docs', 'cli.md'), 'utf8')

type Block = { readonly language: string; readonly name: string | undefined; readonly text: string }

function blocksOf(document: string): Block[] {
  return [...document.matchAll(/^```(\w+)(?: ([\w-]+))?\n([^]*?)^```$/gm)].map(([, language, name, text]) => ({
    language: language!,
    name,
    text: text!,
  }))
}

describe('docs/cli.md', function () {
  this.timeout(60_000)
  const blocks = blocksOf(DOCUMENT)
  const objects: Record<string, unknown>[] = []
  let fixture: Fixture
  before(() => {
    fixture = makeFixture()
    const { folder, main } = fixture
    mkdirSync(join(folder, '.bin'))
    symlinkSync(main, join(folder, '.bin', 'zkml'))
    symlinkSync(join(projectFolder(), 'models'), join(folder, 'models'))
  })
  after(() => {
    // Of a daemon that a snippet did not stop.
    const left = fixture.path('zkml-state/daemon.json')
    if (existsSync(left)) process.kill((JSON.parse(readFileSync(left, 'utf8')) as { pid: number }).pid, 'SIGKILL')
    fixture.remove()
  })

  for (const { text } of blocks.filter(({ language }) => language === 'sh')) {
    it(text.split('\n')[0]!, async () => {
      const { folder } = fixture
      const env = { ...process.env, PATH: `${join(folder, '.bin')}${delimiter}${process.env.PATH}` }
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', text], {
        ...{ cwd: folder, env },
        timeout: PATIENCE,
      })
      for (const line of stdout.split('\n').filter((line) => line.startsWith('{')))
        objects.push(JSON.parse(line) as Record<string, unknown>)
    })
  }

  it('shows JSON with the fields that are printed', () => {
    const shown = blocks.filter(({ language }) => language === 'json')
    expect(shown.map(({ name }) => name)).to.deep.equal([
      'compile',
      'commit-weights',
      'check-input',
      'check-samples',
      'audit',
      'setup-verify',
      'ceremony-verify',
      'ptau-verify',
      'prove',
      'verify',
      'open-write',
      'open-verify',
      'publish',
      'jobs',
    ])
    for (const { name, text } of shown) {
      const keys = Object.keys(JSON.parse(text) as object).sort()
      const printed = objects.map((object) => Object.keys(object).sort())
      expect(printed, name).to.deep.include(keys)
    }
  })

  it('documents every command', () => {
    const sections = [...DOCUMENT.matchAll(/^## ([a-z-]+)$/gm)].map((match) => match[1])
    expect(sections).to.deep.equal([
      'compile',
      'commit-weights',
      'report',
      'check',
      'audit',
      'setup',
      'ceremony',
      'ptau',
      'prove',
      'verify',
      'open',
      'export-circom',
      'publish',
      'serve',
      'jobs',
      'doctor',
    ])
  })
})

describe('the library', () => {
  it('has what the commands are made of', () => {
    for (const name of [
      'compileModel',
      'saveModel',
      'loadModel',
      'compileReport',
      'checkInput',
      'checkSamples',
      'auditCircuit',
      'setupModel',
      'proveInference',
      'verifyInference',
      'openCommitment',
      'verifyOpening',
      'chainInput',
      'exportCircom',
      'generateVerifier',
      'parseModel',
      'tensorCommitment',
      'ZkmlError',
    ])
      expect(library, name).to.have.property(name).that.is.a('function')
  })
})
