// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript'
import { format, resolveConfig } from 'prettier'
import { apiConfig, createApi, type ApiBackend, type ApiStore } from '../prover/service/api'
import { checkConfig } from '../prover/service/config'
import { createMetrics } from '../prover/service/metrics'
import type { Log } from '../prover/service/log'

const ROOT = join(__dirname, '..')
export const OPENAPI = join(ROOT, 'docs', 'openapi.json')
export const CLIENT_TYPES = join(ROOT, 'prover', 'client', 'openapi.ts')

const HEADER = `// SPDX-License-Identifier: GPL-3.0-or-later

// Generated from docs/openapi.json by \`npm run generate\`; a test checks that it is fresh.
/* eslint-disable @typescript-eslint/consistent-type-definitions */

`

/** Nothing is asked of these: the document follows from the routes alone. */
const unused = (): never => {
  throw new Error('the document is made without a daemon')
}
const BACKEND: ApiBackend = {
  listModels: unused,
  getModel: unused,
  modelFacts: unused,
  run: unused,
  prepareSubmission: unused,
  createInference: unused,
  getInference: unused,
  listInferences: unused,
  transactions: unused,
  cancel: unused,
  retry: unused,
  progress: unused,
  subscribe: unused,
  secrets: unused,
  verify: unused,
  findRequest: unused,
  isContractSignature: unused,
  submitRequestInput: unused,
  readiness: unused,
}
const STORE: ApiStore = {
  db: { kind: 'embedded', query: unused, transaction: unused, listen: unused, close: unused },
  idempotency: { claim: unused, answer: unused, release: unused, purge: unused },
}
const LOG: Log = { debug: unused, info: unused, warn: unused, error: unused, child: () => LOG }

/** The OpenAPI document as it should be. */
export async function openApiDocument(): Promise<string> {
  const api = await createApi({
    ...{ backend: BACKEND, store: STORE, metrics: createMetrics(), log: LOG },
    config: apiConfig(checkConfig({}).api, ''),
    idempotencySecret: new Uint8Array(),
  })
  try {
    return await format(JSON.stringify(api.swagger()), { ...(await resolveConfig(OPENAPI)), parser: 'json' })
  } finally {
    await api.close()
  }
}

/** The types of the HTTP client as they should be, from a document. Checks that the document is valid OpenAPI. */
export async function clientTypes(document: string): Promise<string> {
  const nodes = await openapiTS(JSON.parse(document) as OpenAPI3, { exportType: true })
  const config = await resolveConfig(CLIENT_TYPES)
  return format(HEADER + astToString(nodes), { ...config, parser: 'typescript' })
}

async function generate(): Promise<void> {
  writeFileSync(OPENAPI, await openApiDocument())
  writeFileSync(CLIENT_TYPES, await clientTypes(readFileSync(OPENAPI, 'utf8')))
}

if (require.main === module) void generate()
