// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { projectFolder } from '../../prover/project'
import { buildCli, removeFolder, temporaryFolder } from '../cli/support'

const run = promisify(execFile)
const ROOT = projectFolder()
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const blocks = [...README.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]!)

describe('README.md', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  after(() => removeFolder(folder))

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
    expect(scripts).to.include.keys('start', 'test')
    expect(blocks[0]).to.match(/^npm ci && npm start .*\nnpm ci && npm test /)
  })

  it('shows commands that work, with a model of the reader', async () => {
    const model = join(ROOT, 'models', 'breast-cancer')
    copyFileSync(join(model, 'model.onnx'), join(folder, 'model.onnx'))
    copyFileSync(join(model, 'calibration.json'), join(folder, 'samples.json'))
    const samples = JSON.parse(readFileSync(join(model, 'samples.json'), 'utf8')) as { input_data: number[][] }
    writeFileSync(join(folder, 'input.json'), JSON.stringify({ input_data: samples.input_data.slice(0, 1) }))
    mkdirSync(join(folder, '.bin'))
    symlinkSync(buildCli(), join(folder, '.bin', 'zkml'))
    const env = { ...process.env, PATH: `${join(folder, '.bin')}${delimiter}${process.env.PATH}` }
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', blocks[1]!.replaceAll('npx zkml', 'zkml')], {
      cwd: folder,
      env,
    })
    expect(stdout).to.include('constraints')
    expect(existsSync(join(folder, 'proof.json'))).to.equal(true)
  })
})

describe('documents', () => {
  it('link only to files that exist', () => {
    const documents = [
      'README.md',
      'SECURITY.md',
      'contracts/README.md',
      ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => join('docs', path)),
    ]
    for (const document of documents.filter((path) => path.endsWith('.md'))) {
      const prose = readFileSync(join(ROOT, document), 'utf8').replaceAll(/^ *```[^]*?^ *```$/gm, '')
      for (const [, target] of prose.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        expect(existsSync(join(ROOT, dirname(document), target!)), `${document} links to ${target}`).to.equal(true)
      }
    }
  })
})
