// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { expect } from 'chai'

import { FileWriteError, sha256File, withTemporaryFile, writeFileAtomic } from '../../prover/binfile/atomic'
import { type Workspace, workspace } from '../support/circom-circuit'
import { rejection } from '../support/rejection'

describe('binfile: atomic writing', () => {
  let space: Workspace
  beforeEach(() => (space = workspace()))
  afterEach(() => space.remove())
  const names = (): string[] => readdirSync(dirname(space.path('x')))

  it('writes chunks and tells size and hash', async () => {
    const path = space.path('out')
    const written = await writeFileAtomic(path, [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)])
    const sha256 = createHash('sha256')
      .update(Uint8Array.of(1, 2, 3))
      .digest('hex')
    expect(written).to.deep.equal({ path, bytes: 3, sha256 })
    expect([...readFileSync(path)]).to.deep.equal([1, 2, 3])
    expect(await sha256File(path)).to.equal(sha256)
    expect(names()).to.deep.equal(['out'])
  })

  it('keeps the old file and leaves nothing behind when the producer fails', async () => {
    const path = space.path('out')
    writeFileSync(path, 'old')
    const broken = function* (): Generator<Uint8Array> {
      yield Uint8Array.of(1)
      throw new TypeError('producer')
    }
    expect(await rejection(writeFileAtomic(path, broken()))).to.be.instanceOf(TypeError)
    expect(readFileSync(path, 'utf8')).to.equal('old')
    expect(names()).to.deep.equal(['out'])
  })

  it('names the file in a typed error when the folder is missing or the target is a folder', async () => {
    const missing = await rejection(writeFileAtomic(space.path('no/such/out'), []))
    expect(missing).to.be.instanceOf(FileWriteError)
    expect(missing).to.include({ code: 'FILE_WRITE_FAILED', path: space.path('no/such/out') })
    const onFolder = await rejection(writeFileAtomic(dirname(space.path('x')), []))
    expect(onFolder).to.be.instanceOf(FileWriteError)
    expect(names()).to.deep.equal([])
  })

  it('removes a temporary file whose writer fails', async () => {
    const failure = withTemporaryFile(space.path('out'), async (temporary) => {
      writeFileSync(temporary, 'half')
      throw new Error('stopped')
    })
    expect(await rejection(failure)).to.have.property('message', 'stopped')
    expect(names()).to.deep.equal([])
  })
})
