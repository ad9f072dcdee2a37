// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { toBeHex } from 'ethers'
import { HASHED } from './support/models'
import { inputBody } from './support/request-input'
import { scenario, type Scenario } from './support/scenario'
import { eventually, sleep } from './support/wait'

/** Every way a secret integer might be written down. */
const spellings = (value: bigint): string[] => [value.toString(), toBeHex(value, 32).slice(2)]

/** Files below a folder that have one of some strings or their bytes in them. */
function filesWith(folder: string, secrets: readonly string[]): string[] {
  const needles = secrets.flatMap((secret) => [
    Buffer.from(secret, 'utf8'),
    ...(/^[0-9a-f]{64}$/.test(secret) ? [Buffer.from(secret, 'hex')] : []),
  ])
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => {
      const bytes = readFileSync(path)
      return needles.some((needle) => bytes.includes(needle))
    })
}

describe('secrets', () => {
  /** Gives the daemon the input of a hashed request. */
  async function giveInput({ daemon, market, requester, ask }: Scenario): Promise<readonly string[]> {
    const [request] = await ask(1, HASHED)
    const body = await inputBody(market, requester.wallet, request!, request!.input)
    await eventually(async () => {
      const answer = await daemon.request(`/v1/requests/${request!.id}/input`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return answer.ok
    }, 'the input is taken')
    return request!.input.salts.flatMap(spellings)
  }

  it('are in no log, metric or file, whatever goes wrong', () =>
    scenario({ models: [HASHED] }, async (world) => {
      const { daemon, proxy, account } = world
      // Before the transaction that carries it, so that the input is at rest for a while.
      const held = proxy.hold('eth_sendRawTransaction', 'request', world.carries('lock'))
      const input = await giveInput(world)
      const secrets = [...input, daemon.token, account.privateKey.slice(2), proxy.secret]
      daemon.keepSecret(...secrets)
      await held.arrived
      await daemon.kill()
      held.cut()
      const state = join(daemon.stateDir, 'state')
      expect(filesWith(state, [...input, account.privateKey.slice(2)]), 'files with secrets').to.be.empty

      proxy.set({ cut: 1 })
      daemon.launch()
      await sleep(2000)
      proxy.set({ garbage: 1 })
      await sleep(1000)
      proxy.set({ status: { share: 1, code: 500 } })
      await sleep(1000)
      proxy.set({})
      await daemon.ready()
      await daemon.request('/v1/inferences', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${daemon.token}x` },
        body: `{"model":"${HASHED}","input_data":[[${daemon.token}]]}`,
      })
      for (const path of ['/metrics', '/healthz', '/readyz', '/v1/models', '/v1/inferences']) {
        const text = await (await daemon.request(path)).text()
        expect(
          secrets.filter((secret) => text.includes(secret)),
          `secrets in ${path}`,
        ).to.be.empty
      }
      await world.served()
      return undefined
    }))

  it('are erased when they have served their purpose', () =>
    scenario({ models: [HASHED], daemon: { config: { retention: { inputHours: 0, jobDays: 90 } } } }, async (world) => {
      const { daemon } = world
      await giveInput(world)
      await world.check()
      await eventually(
        async () => {
          const answer = await daemon.request('/v1/inferences?kind=market')
          const { inferences } = (await answer.json()) as { inferences: { id: string }[] }
          const secrets = await daemon.request(`/v1/inferences/${inferences[0]!.id}/secrets`)
          return secrets.status === 404
        },
        'the openings are erased',
        30_000,
      )
      return undefined
    }))
})
