// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addressFile,
  ListenError,
  listenError,
  localUrl,
  removeAddress,
  writeAddress,
} from '../../prover/service/address'

describe('the address of a daemon', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'zkml-address-'))))
  after(() => rmSync(folder, { recursive: true }))

  it('leads to this machine, whatever it listens on', () => {
    expect(localUrl('127.0.0.1', 8420)).to.equal('http://127.0.0.1:8420')
    expect(localUrl('0.0.0.0', 1)).to.equal('http://127.0.0.1:1')
    expect(localUrl('::', 1)).to.equal('http://[::1]:1')
    expect(localUrl('fd00::7', 1)).to.equal('http://[fd00::7]:1')
    expect(localUrl('prover.example', 1)).to.equal('http://prover.example:1')
  })

  it('is left for its owner, and taken back', async () => {
    await writeAddress(folder, 'http://127.0.0.1:1')
    expect(statSync(addressFile(folder)).mode & 0o777).to.equal(0o600)
    const left = JSON.parse(readFileSync(addressFile(folder), 'utf8')) as object
    expect(left).to.deep.equal({ url: 'http://127.0.0.1:1', pid: process.pid })
    await removeAddress(folder)
    expect(existsSync(addressFile(folder))).to.equal(false)
    await removeAddress(folder)
  })

  it('of another daemon stays', async () => {
    writeFileSync(addressFile(folder), JSON.stringify({ url: 'http://127.0.0.1:1', pid: process.pid + 1 }))
    await removeAddress(folder)
    expect(existsSync(addressFile(folder))).to.equal(true)
  })

  it('that cannot be had is explained', () => {
    const api = { host: '127.0.0.1', port: 80 }
    const explained = (code: string) => listenError(api, Object.assign(new Error(), { code })) as Error
    expect(explained('EADDRINUSE')).to.be.instanceOf(ListenError)
    expect(explained('EADDRINUSE').message).to.match(/another program listens on port 80/)
    expect(explained('EACCES').message).to.match(/for root only/)
    expect(explained('ENOTFOUND').message).to.match(/no address of this machine/)
    expect(explained('EMFILE')).not.to.be.instanceOf(ListenError)
  })
})
