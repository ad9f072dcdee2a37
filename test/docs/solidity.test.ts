// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { projectFolder } from '../../prover/project'

const ROOT = projectFolder()

type Solc = {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } | { error: string } }): string
}

/** Sources by import path, as an integrator's tools find them. */
function importSource(path: string): { contents: string } | { error: string } {
  const file = path.startsWith('@zkml/contracts/')
    ? join(ROOT, 'contracts', path.slice('@zkml/contracts/'.length))
    : join(ROOT, 'node_modules', path)
  try {
    return { contents: readFileSync(file, 'utf8') }
  } catch {
    return { error: `${path} not found` }
  }
}

describe('Solidity in documents', function () {
  this.timeout(120_000)

  for (const name of ['contracts/README.md', 'docs/integrators.md', 'docs/use-cases.md']) {
    it(`${name} shows contracts that compile as an integrator imports them, without warnings`, () => {
      const document = readFileSync(join(ROOT, name), 'utf8')
      const snippets = [...document.matchAll(/^```solidity\n([^]*?)^```$/gm)].map((match) => match[1]!)
      expect(snippets).to.have.length.greaterThan(0)
      const solc = createRequire(__filename)('solc') as Solc
      const input = {
        language: 'Solidity',
        sources: Object.fromEntries(snippets.map((content, i) => [`Snippet${i}.sol`, { content }])),
        settings: { evmVersion: 'cancun', outputSelection: { '*': { '*': ['abi'] } } },
      }
      const output = JSON.parse(solc.compile(JSON.stringify(input), { import: importSource })) as {
        errors?: { formattedMessage: string }[]
      }
      expect((output.errors ?? []).map(({ formattedMessage }) => formattedMessage)).to.deep.equal([])
    })
  }
})
