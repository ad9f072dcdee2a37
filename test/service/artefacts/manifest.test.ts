// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { canonicalJson } from '../../../prover/encodings'
import { encodeManifest, manifestHash, parseManifest, type ArtefactManifest } from '../../../prover/service/artefacts'
import { sha256Of } from './support'

const hash = (digit: string) => `0x${digit.repeat(64)}`
const file = (digit: string, bytes = 100) => ({ sha256: digit.repeat(64), bytes })

const MANIFEST: ArtefactManifest = {
  format: 'zkml-artefacts/1',
  name: 'credit default',
  modelHash: hash('1'),
  r1csHash: hash('2'),
  recipeHash: hash('3'),
  ioSchemaHash: hash('4'),
  vkHash: hash('5'),
  setupHash: hash('0'),
  files: {
    onnx: { ...file('1'), locations: ['1'.repeat(64), `ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKDx1x/a`] },
    recipe: file('7'),
    zkey: file('8', 2 ** 40),
    verificationKey: file('9'),
    keyMetadata: file('a'),
  },
}

type Json = Record<string, unknown> & { files: Record<string, Record<string, unknown>> }

const refuse = (what: string, bytes: Uint8Array, message = /cannot be used/) =>
  expect(() => parseManifest(bytes), what)
    .to.throw(message)
    .with.property('code', 'ARTEFACT_MANIFEST_INVALID')

const changed = (change: (json: Json) => void) => {
  const json = JSON.parse(canonicalJson(MANIFEST)) as Json
  change(json)
  return Buffer.from(canonicalJson(json))
}

describe('artefacts: manifests', () => {
  it('are read as they are written, and hashed as such', () => {
    const bytes = encodeManifest(MANIFEST)
    expect(parseManifest(bytes)).to.deep.equal(MANIFEST)
    expect(manifestHash(MANIFEST)).to.equal(sha256Of(bytes))
    const { onnx, recipe, zkey, keyMetadata } = MANIFEST.files
    const least = { ...MANIFEST, files: { onnx, recipe, zkey, keyMetadata } }
    expect(parseManifest(encodeManifest(least))).to.deep.equal(least)
    const ceremony = { ...MANIFEST, setupHash: hash('6'), files: { ...MANIFEST.files, transcript: file('b') } }
    expect(parseManifest(encodeManifest(ceremony))).to.deep.equal(ceremony)
  })

  it('bring no circuit, no code and no other unknown file or field', () => {
    for (const name of ['r1cs', 'wasm', 'witness', '__proto__x', 'model.json'])
      refuse(
        name,
        changed((json) => (json.files[name] = file('c'))),
        /does not belong there/,
      )
    refuse(
      'top',
      changed((json) => (json.script = 'rm -rf /')),
      /does not belong there/,
    )
    refuse(
      'file',
      changed((json) => (json.files.onnx!.mode = 493)),
      /does not belong there/,
    )
  })

  it('say each thing once, in the one canonical spelling', () => {
    const text = canonicalJson(MANIFEST)
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      JSON.stringify(JSON.parse(text), null, 2),
      text.replace('"name":', '"name":"other","name":'),
      text.replace('credit', '\\u0063redit'),
      text.replace('"bytes":100', '"bytes":1e2'),
      `\ufeff${text}`,
    ])
      refuse(other, Buffer.from(other))
  })

  it('are refused when malformed', () => {
    const cases: Readonly<Record<string, (json: Json) => void>> = {
      format: (json) => (json.format = 'zkml-artefacts/2'),
      'no name': (json) => delete json.name,
      'a name with a path': (json) => (json.name = '../../etc'),
      'a long name': (json) => (json.name = 'a'.repeat(65)),
      'a hash in upper case': (json) => (json.vkHash = hash('A')),
      'a hash without 0x': (json) => (json.vkHash = '5'.repeat(64)),
      'no hash': (json) => delete json.r1csHash,
      'no key': (json) => delete json.files.zkey,
      'no files': (json) => delete (json as Record<string, unknown>).files,
      'files as a list': (json) => ((json as Record<string, unknown>).files = []),
      'another ONNX file': (json) => (json.files.onnx!.sha256 = '2'.repeat(64)),
      'a hash with 0x': (json) => (json.files.recipe!.sha256 = hash('7')),
      'a hash that is a path': (json) => (json.files.recipe!.sha256 = '../'.repeat(22).slice(0, 64)),
      'no bytes': (json) => (json.files.recipe!.bytes = 0),
      'negative bytes': (json) => (json.files.recipe!.bytes = -1),
      'bytes as text': (json) => (json.files.recipe!.bytes = '100'),
      'a huge recipe': (json) => (json.files.recipe!.bytes = 2 ** 30),
      'huge metadata': (json) => (json.files.keyMetadata!.bytes = 2 ** 17),
      'no locations': (json) => (json.files.recipe!.locations = []),
      'many locations': (json) => (json.files.recipe!.locations = new Array(9).fill('a')),
      'a location upwards': (json) => (json.files.recipe!.locations = ['../a']),
      'an absolute location': (json) => (json.files.recipe!.locations = ['/a']),
      'a location elsewhere': (json) => (json.files.recipe!.locations = ['http://127.0.0.1/a']),
      'a location of another host': (json) => (json.files.recipe!.locations = ['//127.0.0.1/a']),
      'a local location': (json) => (json.files.recipe!.locations = ['file:///etc/passwd']),
      'a transcript without ceremony': (json) => (json.files.transcript = file('b')),
      'a ceremony without transcript': (json) => (json.setupHash = hash('6')),
    }
    for (const [what, change] of Object.entries(cases)) refuse(what, changed(change))
  })

  it('are refused when they are no manifest at all', () => {
    for (const text of ['', 'null', '[]', '1', '{}', '{', '<html></html>', '['.repeat(60_000)])
      refuse(text.slice(0, 9), Buffer.from(text))
    refuse('huge', Buffer.alloc(65_537, ' '))
  })
})
