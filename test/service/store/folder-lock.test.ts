// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoreFolderError, StoreInUseError } from '../../../prover/service/store/errors'
import { lockFolder } from '../../../prover/service/store/folder-lock'
import { rejection } from '../../support/rejection'

describe('the lock of the state folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zkml-lock-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A lock whose holder was killed. */
  const leaveStaleLock = (): void => {
    const listen = `require('net').createServer().listen(${JSON.stringify(join(folder, 'lock'))}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(() => execFileSync(process.execPath, ['-e', listen])).to.throw()
    expect(readdirSync(folder)).to.deep.equal(['lock'])
  }

  it('is held by one, who is named to others, until it is given back', async () => {
    const unlock = await lockFolder(folder)
    for (let i = 0; i < 2; i++) {
      const error = await rejection(lockFolder(folder))
      expect(error).to.be.instanceOf(StoreInUseError)
      expect(error.message).to.include(`process ${process.pid} `)
    }
    expect(readdirSync(folder)).to.deep.equal(['lock'])
    unlock()
    expect(readdirSync(folder)).to.deep.equal([])
    ;(await lockFolder(folder))()
  })

  it('is free when its holder was killed', async () => {
    leaveStaleLock()
    const unlock = await lockFolder(folder)
    expect(await rejection(lockFolder(folder))).to.be.instanceOf(StoreInUseError)
    unlock()
  })

  it('goes to one of many who find it stale, or not there', async () => {
    for (const stale of [true, false]) {
      if (stale) leaveStaleLock()
      const claims = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)))
      const won = claims.filter((claim) => claim.status === 'fulfilled')
      expect(won).to.have.length(1)
      expect(await rejection(lockFolder(folder))).to.be.instanceOf(StoreInUseError)
      won[0]!.value()
    }
  })

  it('is not misled by a file that is no socket', async () => {
    writeFileSync(join(folder, 'lock'), `${process.pid}\n`)
    ;(await lockFolder(folder))()
  })

  it('says when the path is too long for a socket, and when there is no folder', async () => {
    const long = join(folder, 'x'.repeat(120))
    mkdirSync(long)
    for (const path of [long, join(folder, 'missing')]) {
      expect(await rejection(lockFolder(path))).to.be.instanceOf(StoreFolderError)
    }
  })
})
