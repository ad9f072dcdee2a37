// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { formatArtefactUri, parseArtefactUri, rawCid, sha256OfCid } from '../../../prover/service/artefacts'
import { isRelativePath, resolveLocation } from '../../../prover/service/artefacts/uri'
import { sha256Of } from './support'

const HASH = sha256Of(Buffer.from('hello world'))
/** As Python's base32 writes 0x01551220 and the hash. */
const CID = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
const V0 = 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKDx1x'
const DIRECTORY = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'

describe('artefacts: CIDs', () => {
  it('of raw blocks are a SHA-256', () => {
    expect(rawCid(HASH)).to.equal(CID)
    expect(sha256OfCid(CID)).to.equal(HASH)
    for (const byte of [0x00, 0xff]) {
      const hash = Buffer.alloc(32, byte).toString('hex')
      expect(sha256OfCid(rawCid(hash))).to.equal(hash)
    }
  })

  it('of anything else are not', () => {
    const changed = (at: number, letter: string) => CID.slice(0, at) + letter + CID.slice(at + 1)
    for (const cid of [
      DIRECTORY,
      V0,
      '',
      'b',
      CID.toUpperCase(),
      CID.slice(0, -1),
      `${CID}a`,
      changed(10, '1'),
      // Bits that belong to no byte.
      changed(CID.length - 1, 'f'),
    ])
      expect(sha256OfCid(cid), cid).to.equal(undefined)
  })
})

describe('artefacts: uris', () => {
  const location = (path: string) => ({ kind: 'ipfs', path })

  it('say hash and place, and are written as they are read', () => {
    const cases = {
      [`https://host.example/a/manifest.json#sha256=${HASH}`]: {
        kind: 'http',
        url: 'https://host.example/a/manifest.json',
      },
      [`http://host.example:8080/m?x=1#sha256=${HASH}`]: { kind: 'http', url: 'http://host.example:8080/m?x=1' },
      [`ipfs://${DIRECTORY}/sha256/${HASH}#sha256=${HASH}`]: location(`${DIRECTORY}/sha256/${HASH}`),
      [`ipfs://${V0}#sha256=${HASH}`]: location(V0),
      [`ipfs://${CID}`]: location(CID),
      [`sha256:${HASH}`]: undefined,
    }
    for (const [uri, place] of Object.entries(cases)) {
      const parsed = parseArtefactUri(uri)
      expect(parsed, uri).to.deep.equal({ sha256: HASH, ...(place && { location: place }) })
      expect(formatArtefactUri(parsed)).to.equal(uri)
    }
    expect(parseArtefactUri(`ipfs://${CID}#sha256=${HASH}`)).to.deep.equal({ sha256: HASH, location: location(CID) })
  })

  it('are refused when they say neither, or both, or something else', () => {
    const other = '0'.repeat(64)
    for (const uri of [
      '',
      'hello',
      'https://host.example/manifest.json',
      `https://host.example/#sha256=${HASH.toUpperCase()}`,
      `https://host.example/#sha256=${HASH}0`,
      `https://host.example/#sha256=${HASH.slice(1)}`,
      `https://host.example/#sha512=${HASH}`,
      `https://host.example/#sha256=${HASH}#sha256=${other}`,
      `https://user:secret@host.example/#sha256=${HASH}`,
      `https:host.example#sha256=${HASH}`,
      `https://#sha256=${HASH}`,
      `file:///etc/passwd#sha256=${HASH}`,
      `ftp://host.example/x#sha256=${HASH}`,
      `javascript:alert(1)#sha256=${HASH}`,
      `/etc/passwd#sha256=${HASH}`,
      `ipfs://${DIRECTORY}`,
      `ipfs://${CID}#sha256=${other}`,
      `ipfs://${DIRECTORY}/../api/v0/shutdown#sha256=${HASH}`,
      `ipfs://${DIRECTORY}/a//b#sha256=${HASH}`,
      `ipfs://${DIRECTORY}/a?arg=x#sha256=${HASH}`,
      `ipfs://127.0.0.1/x#sha256=${HASH}`,
      `sha256:${HASH}/..`,
      `sha256:0x${HASH}`,
      `https://host.example/ #sha256=${HASH}`,
      `https://host.example/\u0000#sha256=${HASH}`,
      `https://host.example/${'a'.repeat(1000)}#sha256=${HASH}`,
    ])
      expect(() => parseArtefactUri(uri), uri)
        .to.throw()
        .with.property('code', 'ARTEFACT_URI_INVALID')
  })

  it('lead to files beside the manifest and nowhere else', () => {
    const http = { kind: 'http', url: 'https://host.example/a/manifest.json?x=1' } as const
    expect(resolveLocation(http, 'b/c')).to.deep.equal({ kind: 'http', url: 'https://host.example/a/b/c' })
    expect(resolveLocation({ kind: 'ipfs', path: `${DIRECTORY}/sha256/1` }, '2')).to.deep.equal(
      location(`${DIRECTORY}/sha256/2`),
    )
    for (const path of [
      '../x',
      'a/../x',
      '/x',
      '//host/x',
      'http://host/x',
      'a\\b',
      '',
      'a//b',
      '.',
      'x?y',
      'x#y',
      '%2e',
    ])
      expect(isRelativePath(path), path).to.equal(false)
  })
})
