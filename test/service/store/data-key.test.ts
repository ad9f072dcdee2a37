// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDataKey } from '../../../prover/service/store/data-key'
import { DataKeyError } from '../../../prover/service/store/errors'

describe('the data key', () => {
  let stateDir: string
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'zkml-key-'))
  })
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }))
  const key = Buffer.alloc(32, 0xfb)
  const load = (value: string | undefined, dir?: string) =>
    Buffer.from(loadDataKey({ stateDir: dir, env: { ZKML_DATA_KEY: value } }))

  it('is read from the environment, in hex or base64', () => {
    for (const value of [key.toString('hex'), `0x${key.toString('hex').toUpperCase()}`, key.toString('base64')]) {
      expect(load(value)).to.deep.equal(key)
    }
    for (const value of [key.toString('base64url'), ` ${key.toString('base64')}\n`])
      expect(load(value)).to.deep.equal(key)
    expect(load(key.toString('hex'), stateDir)).to.deep.equal(key)
    expect(readdirSync(stateDir)).to.deep.equal([])
  })

  it('is made once for a folder, for its owner only', () => {
    const folder = join(stateDir, 'new', 'folder')
    const made = load(undefined, folder)
    expect(made).to.have.length(32)
    expect(load(undefined, folder)).to.deep.equal(made)
    expect(load(undefined, stateDir)).not.to.deep.equal(made)
    expect(readdirSync(folder)).to.deep.equal(['data.key'])
    expect(statSync(join(folder, 'data.key')).mode & 0o777).to.equal(0o600)
    expect(statSync(folder).mode & 0o777).to.equal(0o700)
  })

  it('is refused when it is malformed, missing on a server, or open to others; and never shown', () => {
    const path = join(stateDir, 'data.key')
    for (const value of ['', 'secret', key.toString('hex').slice(1), `${key.toString('hex')}00`, 'z'.repeat(64)]) {
      expect(() => load(value))
        .to.throw(DataKeyError)
        .with.property('message')
        .that.does.not.include(value || 'none')
      writeFileSync(path, value, { mode: 0o600 })
      expect(() => load(undefined, stateDir)).to.throw(DataKeyError, 'data.key')
    }
    expect(() => load(undefined)).to.throw(DataKeyError, 'ZKML_DATA_KEY')
    writeFileSync(path, key.toString('hex'))
    chmodSync(path, 0o640)
    expect(() => load(undefined, stateDir)).to.throw(DataKeyError, 'chmod 600')
  })
})
