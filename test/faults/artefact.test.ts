// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { artefactPaths, type ArtefactPaths } from '../../prover/pipeline'
import { mirrorModel, type Mirrored } from './support/mirror'
import { CANCER, marketModel, TINY } from './support/models'
import { startPostgres } from './support/postgres'
import { scenario, type Scenario, type ScenarioOptions } from './support/scenario'
import { canMount, mountSmallDisk } from './support/small-disk'
import { sleep } from './support/wait'

/** Changes a byte in the middle of a file. */
function damage(path: string): void {
  const bytes = readFileSync(path)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = bytes[middle]! ^ 0x5a
  writeFileSync(path, bytes)
}

const cut = (path: string): void => truncateSync(path, Math.floor(statSync(path).size / 2))

/** A request whose model cannot be served is given up; an operator who has mended that has it tried again. */
async function retry({ daemon }: Scenario): Promise<void> {
  const answer = await daemon.request('/v1/inferences?kind=market')
  const { inferences } = (await answer.json()) as { inferences: { id: string; state: string }[] }
  for (const { id } of inferences.filter(({ state }) => state === 'skipped' || state === 'failed')) {
    expect((await daemon.request(`/v1/inferences/${id}/retry`, { method: 'POST' })).status).to.equal(202)
  }
}

describe('a model on disk', () => {
  const DAMAGES: Readonly<Record<string, (paths: ArtefactPaths) => void>> = {
    'whose ONNX file has another byte': ({ onnx }) => damage(onnx),
    'whose recipe ends early': ({ recipe }) => cut(recipe),
    'whose description is empty': ({ model }) => truncateSync(model, 0),
    'whose proving key ends early': ({ zkey }) => cut(zkey),
    'whose proving key has another byte': ({ zkey }) => damage(zkey),
    'whose verifying key is missing': ({ verificationKey }) => rmSync(verificationKey),
    'whose proving key is missing': ({ zkey }) => rmSync(zkey),
  }

  for (const [what, spoil] of Object.entries(DAMAGES)) {
    it(`${what}: nothing is staked on it, others are served, and so is it when it is mended`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'zkml-models-'))
      try {
        const [tiny, cancer] = [await marketModel(TINY), await marketModel(CANCER)]
        const heal = (): void => {
          for (const model of [tiny, cancer]) cpSync(model.folder, join(folder, model.name), { recursive: true })
        }
        heal()
        spoil(artefactPaths(join(folder, CANCER)))
        await scenario({ models: [TINY, CANCER], daemon: { models: [folder] } }, async (world) => {
          const corrupt = await world.ask(1, CANCER)
          world.unserved(corrupt)
          await world.ask(2, TINY)
          await world.served()
          await sleep(1000)
          expect((await world.market.coordinator.recordOf(corrupt[0]!.id)).state, 'state of the request').to.equal(1n)
          await world.daemon.stop()
          heal()
          await world.daemon.start()
          await retry(world)
          world.unserved([])
          return undefined
        })
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  }
})

describe('a model that is fetched', () => {
  let folder: string
  let mirrored: Mirrored

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zkml-mirror-'))
    mirrored = await mirrorModel(folder, await marketModel(CANCER))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const fetching = (): ScenarioOptions => ({
    models: [CANCER],
    uris: { [CANCER]: mirrored.uri },
    chain: { market: { models: 'any' } },
    daemon: { models: [], config: { artefacts: { mirrors: [folder] } as never } },
  })

  it('is served though it was never here', () =>
    scenario(fetching(), async ({ ask }) => {
      await ask(2, CANCER)
      return undefined
    }))

  for (const part of ['onnx', 'recipe', 'zkey', 'keyMetadata'] as const) {
    it(`with a wrong ${part}: nothing is staked on it; with the right one it is served`, () =>
      scenario(fetching(), async (world) => {
        const right = readFileSync(mirrored.path(part))
        damage(mirrored.path(part))
        const asked = await world.ask(1, CANCER)
        await world.reached(asked[0]!, 'open')
        await sleep(3000)
        expect((await world.market.coordinator.recordOf(asked[0]!.id)).state, 'state of the request').to.equal(1n)
        writeFileSync(mirrored.path(part), right)
        await world.daemon.stop()
        await world.daemon.start()
        await retry(world)
        return undefined
      }))
  }

  it('survives SIGKILLs while it is fetched', () =>
    scenario({ ...fetching(), idle: true }, async ({ daemon, ask }) => {
      await ask(2, CANCER)
      for (const milliseconds of [800, 1000, 1200, 1500]) {
        daemon.launch()
        await sleep(milliseconds)
        await daemon.kill()
      }
      await daemon.start()
      return undefined
    }))

  it('finds the disk full: it is served when there is room, and no half of a file is left', async function () {
    // As root in a container that may not mount, this cannot be tried.
    if (!canMount()) this.skip()
    // The database is elsewhere, so that the disk has nothing but artefacts on it.
    const postgres = await startPostgres()
    const options = fetching()
    const daemon = { ...options.daemon, database: postgres.url, secrets: [postgres.password] }
    try {
      await scenario({ ...options, daemon, idle: true }, async (world) => {
        const stateDir = join(world.daemon.stateDir, 'state')
        const disk = mountSmallDisk(stateDir, 256)
        try {
          await world.daemon.start()
          const asked = await world.ask(1, CANCER)
          await world.reached(asked[0]!, 'open')
          await sleep(3000)
          expect((await world.market.coordinator.recordOf(asked[0]!.id)).state, 'state of the request').to.equal(1n)
          expect((await world.daemon.request('/healthz')).status).to.equal(200)
          disk.resize(65_536)
          // It does not fill a full disk again at once; a restart is when an operator says that there is room.
          await world.daemon.stop()
          await world.daemon.start()
          await retry(world)
          await world.served()
          await world.daemon.stop()
          const files = readdirSync(stateDir, { recursive: true, encoding: 'utf8' })
          expect(files.filter((name) => /\.(tmp|part)/.test(name))).to.be.empty
          await world.daemon.start()
        } finally {
          if (world.daemon.isRunning) await world.daemon.kill()
          disk.remove()
        }
        return undefined
      })
    } finally {
      await postgres.remove()
    }
  })
})
