// SPDX-License-Identifier: GPL-3.0-or-later

import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { projectFolder } from '../../prover/project'
import { buildFolder } from '../../scripts/bundle'
import { modelFolder } from '../../scripts/bundled'
import { STORIES } from '../../scripts/demo/stories'
import { removeFolder, temporaryFolder } from '../cli/support'
import { loadBundled } from '../support/reference-models'

const run = promisify(execFile)
const ROOT = projectFolder()
const DOCUMENT = readFileSync(join(ROOT, 'docs', 'use-cases.md'), 'utf8')
const block = (language: string): string => DOCUMENT.split(`\`\`\`${language}\n`)[1]!.split('```')[0]!

describe('docs/use-cases.md', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  after(() => removeFolder(folder))

  it('lists and measures every use case that the demo tells', () => {
    const told = STORIES.map(({ name }) => `npm run demo -- ${name}`)
    expect(block('sh').trim().split('\n')).to.deep.equal(['npm run demo', ...told])
    for (const { name, contract } of STORIES) {
      expect(DOCUMENT).to.include(`| \`${name}\` | [\`${contract}\`](`)
      const { constraints } = JSON.parse(readFileSync(join(modelFolder(name), 'circuit.json'), 'utf8')) as {
        constraints: number
      }
      expect(DOCUMENT).to.match(new RegExp(`\\| ${name}: constraints +\\| ${constraints.toLocaleString('en-US')} +\\|`))
      expect(DOCUMENT).to.include(`${name}: gas, ${contract}`)
    }
  })

  it('shows how an issuer commits to a file', async () => {
    await loadBundled('credit-default')
    const samples = join(modelFolder('credit-default'), 'samples.json')
    const script = join(folder, 'snippet.ts')
    const source = block('ts').replace("'zkml'", JSON.stringify(join(ROOT, 'prover')))
    writeFileSync(
      script,
      `${source}
import { readFileSync } from 'node:fs'
const file = JSON.parse(readFileSync(${JSON.stringify(samples)}, 'utf8')).input_data[0]
void commitFile(${JSON.stringify(buildFolder('credit-default'))}, file).then(({ salt, commitment }) => console.log(typeof salt, commitment))
`,
    )
    const { stdout } = await run(process.execPath, ['-r', require.resolve('ts-node/register/transpile-only'), script], {
      env: { ...process.env, NODE_PATH: join(ROOT, 'node_modules'), TS_NODE_PROJECT: join(ROOT, 'tsconfig.json') },
    })
    expect(stdout).to.match(/^bigint 0x[0-9a-f]{64}$/m)
  })
})
