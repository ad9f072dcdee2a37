// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_LIST, errorList } from '../../scripts/generate-error-list'
import { OPERATOR_LIST, operatorList } from '../../scripts/generate-operators'
import { CLIENT_TYPES, clientTypes, OPENAPI, openApiDocument } from '../../scripts/generate-openapi'

describe('generated documents', () => {
  it('docs/errors.md is fresh', () => {
    expect(readFileSync(ERROR_LIST, 'utf8')).to.equal(errorList())
  })

  it('docs/operators.md is fresh', async () => {
    expect(readFileSync(OPERATOR_LIST, 'utf8')).to.equal(await operatorList())
  })

  it('docs/openapi.json is fresh, valid OpenAPI, and what the types of the HTTP client are made of', async () => {
    const document = readFileSync(OPENAPI, 'utf8')
    expect(document).to.equal(await openApiDocument())
    expect(readFileSync(CLIENT_TYPES, 'utf8')).to.equal(await clientTypes(document))
  })

  it('docs/errors.md lists every code there is, once', () => {
    const sources = ['prover', 'scripts/deploy']
      .map((folder) => join(__dirname, '..', '..', folder))
      .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(path, 'utf8'))
    const codes = sources.flatMap((source) =>
      [...source.matchAll(/code(?:: \w+)? = '([A-Z0-9_]+)'/g)].map((match) => match[1]!),
    )
    expect(codes).to.have.lengthOf.above(50)
    expect(new Set(codes).size, 'a code is used by two classes').to.equal(codes.length)
    for (const code of codes) expect(errorList(), code).to.include(`| \`${code}\` |`)
  })
})

describe('source files', () => {
  it('all carry an SPDX header', () => {
    const root = join(__dirname, '..', '..')
    const missing = ['prover', 'circuits', 'contracts', 'scripts', 'test', 'types']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
      )
      .filter((path) => /\.(ts|sol|circom|py)$/.test(path) && !path.includes('node_modules'))
      .filter((path) => !readFileSync(join(root, path), 'utf8').slice(0, 200).includes('SPDX-License-Identifier'))
    expect(missing).to.deep.equal([])
  })
})
