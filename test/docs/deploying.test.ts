// SPDX-License-Identifier: GPL-3.0-or-later

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import Ajv from 'ajv'
import { expect } from 'chai'
import { projectFolder } from '../../prover/project'
import { CORE_CONTRACTS } from '../../scripts/deploy/suite'
import { removeFolder, temporaryFolder } from '../cli/support'

const ROOT = projectFolder()
const DOCUMENT = readFileSync(join(ROOT, 'docs', 'deploying.md'), 'utf8')
const HARDHAT = join(ROOT, 'node_modules', '.bin', 'hardhat')
/** The first account of every Hardhat chain. */
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

const blocks = (language: string): string[] =>
  [...DOCUMENT.matchAll(/^ *```([\w ]+)\n([^]*?)^ *```$/gm)].flatMap(([, name, text]) =>
    name === language ? [text!] : [],
  )

describe('docs/deploying.md', function () {
  this.timeout(300_000)
  const folder = temporaryFolder()
  let node: ChildProcess
  let env: NodeJS.ProcessEnv

  before(async () => {
    const anyPort = ['--hostname', '127.0.0.1', '--port', '0']
    node = spawn(HARDHAT, ['node', ...anyPort], { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] })
    let url: string | undefined
    for await (const line of createInterface({ input: node.stdout! })) {
      url = /Started HTTP.* (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (url !== undefined) break
    }
    node.stdout!.resume()
    env = { ...process.env, ZKML_RPC_URL: url, ZKML_PRIVATE_KEY: KEY }
    delete env['HARDHAT_NETWORK']
  })
  after(async () => {
    node.kill()
    await once(node, 'exit')
    removeFolder(folder)
  })

  it('shows a configuration that its schema allows', () => {
    const schema = readFileSync(join(ROOT, 'deployments', 'config', 'schema.json'), 'utf8')
    const valid = new Ajv().compile(JSON.parse(schema) as object)
    const [config] = blocks('json config')
    expect(valid(JSON.parse(config!)), JSON.stringify(valid.errors)).to.equal(true)
  })

  it('shows commands that plan, deploy and check', async () => {
    const commands = blocks('sh').flatMap((text) => text.trim().split('\n'))
    expect(commands).to.have.length(3)
    const outputs: string[] = []
    for (const command of commands) {
      const [program, tool, ...words] = command.trim().split(' ')
      expect([program, tool]).to.deep.equal(['npx', 'hardhat'])
      const { stdout } = await promisify(execFile)(HARDHAT, [...words, '--directory', folder], { cwd: ROOT, env })
      outputs.push(stdout)
      expect(readdirSync(folder)).to.deep.equal(outputs.length === 1 ? [] : ['31337.json'])
    }
    for (const name of CORE_CONTRACTS) {
      expect(outputs[0]).to.match(new RegExp(`^${name} +0x\\w{40} new`, 'm'))
      expect(outputs[1]).to.match(new RegExp(`^${name} +0x\\w{40}$`, 'm'))
    }
    expect(outputs[2]).to.include('the chain is as recorded')
  })

  it('names flags that exist', async () => {
    const { stdout } = await promisify(execFile)(HARDHAT, ['help', 'deploy'], { cwd: ROOT, env })
    const flags = new Set([...DOCUMENT.matchAll(/(?<!-)(--[a-z][a-z-]*)/g)].map((match) => match[1]!))
    for (const flag of ['--network', '--dev']) flags.delete(flag)
    expect(flags.size).to.be.above(4)
    for (const flag of flags) expect(stdout).to.include(flag)
  })
})
