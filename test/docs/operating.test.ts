// SPDX-License-Identifier: GPL-3.0-or-later

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv from 'ajv'
import { Command } from 'commander'
import { expect } from 'chai'
import { COMMANDS } from '../../prover/cli/program'
import type { Shell } from '../../prover/cli/shell'
import { projectFolder } from '../../prover/project'
import { loadConfig } from '../../prover/service/config'
import { ScopeSchema } from '../../prover/service/config/schema'
import { tokenHash } from '../../prover/service/token-file'
import { NEXT_STATES } from '../../prover/service/store/job'
import { OPERATING, withSettings } from '../../scripts/generate-settings'
import { removeFolder, temporaryFolder } from '../cli/support'

/** A route of the OpenAPI document that takes JSON. */
type Operation = {
  readonly requestBody: { readonly content: { readonly 'application/json': { readonly schema: object } } }
}

const ROOT = projectFolder()
const DOCUMENT = readFileSync(OPERATING, 'utf8')

const blocks = (language: string): readonly string[] =>
  [...DOCUMENT.matchAll(/^ *```([\w ]+)\n([^]*?)^ *```$/gm)].flatMap(([, name, text]) =>
    name === language ? [text!] : [],
  )

/** First cells of the table that follows a heading, without backticks. */
function firstCells(heading: string): readonly string[] {
  const section = DOCUMENT.split(`\n${heading}\n`)[1]!.split(/^## /m)[0]!
  return [...section.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
  )
}

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(ROOT, folder, path), 'utf8'))
}

describe('docs/operating.md', () => {
  const folder = temporaryFolder()
  after(() => removeFolder(folder))

  it('has the settings that there are', () => {
    expect(DOCUMENT).to.equal(withSettings(DOCUMENT))
  })

  it('shows a configuration that the daemon takes', () => {
    const [config] = blocks('json config')
    const file = join(folder, 'zkml.json')
    writeFileSync(file, config!)
    const { models, chains, accounts } = loadConfig({ file }, {})
    expect(models).to.deep.equal([join(folder, 'models')])
    expect(chains[0]!.account).to.equal('prover')
    expect(accounts['prover']).to.include({ keystore: join(folder, 'keystore.json') })
  })

  it('shows commands and flags that exist', () => {
    const lines = blocks('sh').flatMap((text) => text.replaceAll(/\\\n/g, '').split('\n'))
    const calls = lines.flatMap((line) => (/^ *zkml /.test(line) ? [line.trim().split(/\s+/).slice(1)] : []))
    expect(calls).to.have.length.above(8)
    for (const [name, ...words] of calls) {
      expect(COMMANDS).to.have.property(name!)
      const command = new Command(name!)
      COMMANDS[name!]!(command, {} as Shell)
      const known = command.options.map(({ long }) => long)
      for (const word of words.filter((word) => word.startsWith('--'))) expect(known, name).to.include(word)
    }
  })

  it('names files that there are', () => {
    for (const [, path] of DOCUMENT.matchAll(/`(ops\/[\w./-]+)`/g))
      expect(existsSync(join(ROOT, path!)), path).to.equal(true)
  })

  it('asks the API for what it has', () => {
    const { paths } = JSON.parse(readFileSync(join(ROOT, 'docs', 'openapi.json'), 'utf8')) as {
      readonly paths: Readonly<Record<string, { readonly post?: Operation }>>
    }
    const asked = [...DOCUMENT.matchAll(/http:\/\/127\.0\.0\.1:8420(\/[\w/]+)/g)].map(([, path]) => path!)
    expect(asked).to.have.length.above(3)
    for (const path of asked) expect(paths).to.have.property(path.replace('/ID', '/{id}'))
    const [, body] = /--json '([^']+)'/.exec(DOCUMENT)!
    const { schema } = paths['/v1/inferences']!.post!.requestBody.content['application/json']
    const valid = new Ajv({ unknownFormats: 'ignore' }).compile(schema)
    expect(valid(JSON.parse(body!)), JSON.stringify(valid.errors)).to.equal(true)
  })

  it('hashes a token as the daemon does', () => {
    const [script] = blocks('sh run')
    const output = execFileSync('bash', ['-euo', 'pipefail', '-c', `${script}echo "$TOKEN"`], { encoding: 'utf8' })
    const [hash, token] = output.trim().split('\n')
    expect(hash).to.equal(tokenHash(token!))
  })

  it('lists the environment variables that are read', () => {
    const listed = firstCells('## Environment')
    const read = [...sources('prover/service'), readFileSync(join(ROOT, 'prover', 'project.ts'), 'utf8')].flatMap(
      (text) => [
        ...[...text.matchAll(/\benv(?:\.|\[')([A-Z][A-Z_]+)\b/g)].map(([, name]) => name!),
        ...[...text.matchAll(/'(ZKML_[A-Z_]+)'/g)].map(([, name]) => name!),
      ],
    )
    expect(read).to.include.members(['ZKML_DATA_KEY', 'DATABASE_URL', 'ZKML_CACHE'])
    expect(listed).to.include.members(read)
  })

  it('lists the scopes of tokens, and the states of jobs', () => {
    expect(firstCells('## Tokens')).to.deep.equal(ScopeSchema.anyOf.map((scope) => scope.const))
    expect(firstCells('## Jobs')).to.include.members(Object.keys(NEXT_STATES))
  })

  it('explains every code that the planner gives', () => {
    const codes = sources('prover/service/planner')
      .filter((text) => !text.includes('extends ServiceError'))
      .flatMap((text) => [...text.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, code]) => code!))
    expect(codes).to.have.length.above(20)
    expect(firstCells('## Jobs')).to.include.members(codes)
  })
})
