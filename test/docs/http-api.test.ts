// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import * as ts from 'typescript'
import { ZkmlClient } from '../../prover/client'
import { projectFolder } from '../../prover/project'
import { checkConfig, SCOPES } from '../../prover/service/config'
import { OPENAPI } from '../../scripts/generate-openapi'
import { closeApis, demoProofFile, listen, testApi, tokenOf, type TestApi } from '../service/api/support'

const DOCUMENT = readFileSync(join(projectFolder(), 'docs', 'http-api.md'), 'utf8')
const blocks = (language: string) =>
  [...DOCUMENT.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map((match) => match[1]!)
const { api: DEFAULTS } = checkConfig({})
const DEFAULT_URL = `http://${DEFAULTS.host}:${DEFAULTS.port}`
const TOKEN = 'token-of-reader'

describe('docs/http-api.md', function () {
  this.timeout(20_000)
  let test: TestApi
  let url: string
  beforeEach(async () => {
    const { anonymousScopes, allowedHosts } = DEFAULTS
    test = await testApi({ anonymousScopes, allowedHosts, tokens: [tokenOf('reader', ['prove'])] })
    ;({ url } = await listen(test))
    // Every proof that is asked for is made at once.
    const { subscribe } = test.backend
    test.backend.subscribe = (id, listener) => {
      setTimeout(() => test.backend.move(id, 'done', { proof: demoProofFile() }))
      return subscribe(id, listener)
    }
  })
  afterEach(closeApis)

  it('shows curl commands that work', async () => {
    const commands = blocks('sh').flatMap((block) => block.replaceAll('\\\n', ' ').trim().split('\n'))
    expect(commands).to.have.length(4)
    const statuses: number[] = []
    for (const command of commands) {
      const words = [...command.replaceAll('$TOKEN', TOKEN).matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
        ([, single, double, plain]) => single ?? double ?? plain!,
      )
      expect(words[0]).to.equal('curl')
      const after = (flag: string) => words.flatMap((word, i) => (words[i - 1] === flag ? [word] : []))
      const headers = after('-H').map((header) => header.split(': ') as [string, string])
      const [body] = after('-d')
      const method = body === undefined ? 'GET' : 'POST'
      const target = words[1]!.replace(DEFAULT_URL, url)
      expect(target).to.include(url)
      statuses.push((await fetch(target, { method, headers, ...(body !== undefined && { body }) })).status)
    }
    expect(statuses).to.deep.equal([200, 200, 201, 200])
  })

  it('shows TypeScript that works', async () => {
    const [snippet] = blocks('ts')
    const { outputText } = ts.transpileModule(snippet!.replaceAll(DEFAULT_URL, url), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    })
    const lines: unknown[][] = []
    const run = new Function('require', 'exports', 'console', 'process', `return (async () => {${outputText}})()`) as (
      require: (name: string) => object,
      exports: object,
      console: object,
      process: object,
    ) => Promise<void>
    await run(
      (name) => (name === 'zkml' ? { ZkmlClient } : expect.fail(name)),
      {},
      { log: (...values: unknown[]) => lines.push(values) },
      { env: { TOKEN } },
    )
    expect(lines[0]).to.deep.equal([[6, 0]])
    expect(lines.at(-1)).to.deep.equal([true])
  })

  it('names routes that exist, every scope, and every route of an inference', () => {
    const { paths } = JSON.parse(readFileSync(OPENAPI, 'utf8')) as { paths: Readonly<Record<string, object>> }
    const named = [...DOCUMENT.matchAll(/`(GET|POST|DELETE) (\/[^` ]*)`/g)]
    expect(named).to.have.length.above(5)
    for (const [, method, path] of named) expect(paths[path!], path).to.have.property(method!.toLowerCase())
    for (const path of Object.keys(paths).filter((name) => name.startsWith('/v1/inferences/')))
      expect(DOCUMENT).to.include(path)
    for (const scope of SCOPES) expect(DOCUMENT).to.include(`| \`${scope}\` |`)
  })
})
