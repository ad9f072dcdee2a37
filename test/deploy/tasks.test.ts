// SPDX-License-Identifier: GPL-3.0-or-later

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reset } from '@nomicfoundation/hardhat-network-helpers'
import Ajv from 'ajv'
import { expect } from 'chai'
import { id } from 'ethers'
import hre, { ethers } from 'hardhat'
import type { RunTaskFunction } from 'hardhat/types'
import { checkDeployment } from '../../scripts/deploy/check'
import { planDeployment, type DeploymentPlan } from '../../scripts/deploy/deploy-all'
import { writeJson } from '../../scripts/deploy/json'
import type { DeploymentRecord } from '../../scripts/deploy/record'
import { formatRegistration } from '../../scripts/deploy/registration'
import { CORE_CONTRACTS, SUITE, type ContractSpec } from '../../scripts/deploy/suite'
import type { Verification } from '../../scripts/deploy/verify'
import {
  TimelockController__factory,
  VerifierEmergencyStop__factory,
  VerifierRouter__factory,
} from '../../typechain-types'
import { otherEnvironment } from '../support/public-chain'
import { ceremonyModel, devModel, generatedModel, GUARDIAN, PUBLIC, recordFolder, refusal, without } from './support'

type Output = { readonly stdout: string; readonly stderr: string; readonly error: unknown }

/** Runs a task and catches what it prints. */
async function run(task: string, args: Record<string, unknown>): Promise<Output> {
  const { log, error: warn } = console
  const out: string[] = []
  const err: string[] = []
  console.log = (...values: unknown[]) => out.push(values.join(' '))
  console.error = (...values: unknown[]) => err.push(values.join(' '))
  const result = await hre.run(task, args).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  console.log = log
  console.error = warn
  return { stdout: out.join('\n'), stderr: err.join('\n'), error: result }
}

describe('hardhat deploy', () => {
  const folder = recordFolder()
  const args = (more: Record<string, unknown> = {}) => ({
    directory: folder(),
    models: join(folder(), 'models'),
    json: true,
    ...more,
  })
  const record = async () => JSON.parse(await readFile(join(folder(), '31337.json'), 'utf8')) as DeploymentRecord

  // Every task compiles first, and to find that everything is compiled takes it half a second.
  const runner = hre as { run: RunTaskFunction }
  const runAny = runner.run
  before(() => {
    runner.run = async (name, args) => (name === 'compile' ? undefined : ((await runAny(name, args)) as unknown))
  })
  after(() => {
    runner.run = runAny
  })

  beforeEach(async () => {
    await reset()
    for (const model of [ceremonyModel, generatedModel]) {
      await writeJson(join(folder(), 'models', model.name, 'registration.json'), formatRegistration(model))
    }
  })

  it('plans without sending or writing anything, and then does what it planned', async () => {
    const planned = await run('deploy', args({ dryRun: true }))
    expect(planned.error).to.equal(undefined)
    const plan = JSON.parse(planned.stdout) as DeploymentPlan
    expect(await ethers.provider.getBlockNumber()).to.equal(0)
    expect(await readdir(folder())).to.deep.equal(['models'])
    expect(plan).to.include({ chainId: 31337, factory: 'new' })
    expect(plan.contracts.map(({ name }) => name)).to.deep.equal([...CORE_CONTRACTS, 'TrapdoorVerifier'])
    expect(plan.contracts.every(({ status }) => status === 'new')).to.equal(true)

    const text = await run('deploy', args({ dryRun: true, json: false, models: 'models' }))
    expect(text.stdout).to.match(/VerifierRouter +0x\w{40} new +\d+ gas\n {2}\["0x/)
    expect(text.stdout).to.match(/nothing was sent$/)

    const done = await run('deploy', args())
    expect(done.error).to.equal(undefined)
    expect(done.stderr).to.include('the CREATE2 factory is absent: installing it')
    const result = JSON.parse(done.stdout) as { created: string[]; record: DeploymentRecord }
    expect(result.created).to.deep.equal(plan.contracts.map(({ name }) => name))
    const deployed = { ...result.record.contracts, ...result.record.verifiers }
    for (const { name, address, gas } of plan.contracts) {
      expect(deployed[name as keyof typeof deployed]?.address).to.equal(address)
      const block = await ethers.provider.getBlock(deployed[name as keyof typeof deployed]?.block ?? 0)
      expect(gas / Number(block?.gasUsed), `${name} estimate`).to.be.within(0.9, 1.15)
    }
    for (const { name, modelId } of plan.models) expect(result.record.models[name]?.modelId).to.equal(modelId)

    const after = JSON.parse((await run('deploy', args({ dryRun: true }))).stdout) as DeploymentPlan
    expect(after.factory).to.equal('exists')
    expect([...after.contracts, ...after.models].map(({ status }) => status)).to.satisfy((all: string[]) =>
      all.every((status) => status === 'exists'),
    )
    const again = JSON.parse((await run('deploy', args())).stdout) as { created: string[]; record: DeploymentRecord }
    expect(again).to.deep.include({ created: [], record: result.record })
  })

  it('plans which models a public chain refuses', async () => {
    const publicHre = await otherEnvironment(5)
    const models = [devModel, ceremonyModel]
    const statuses = async (config: object) =>
      (await planDeployment(publicHre, { models, directory: folder(), config })).models.map(({ name, status }) => [
        name,
        status,
      ])
    expect(await statuses(PUBLIC)).to.deep.equal([
      ['ceremony', 'new'],
      ['dev', 'refused'],
    ])
    expect(await statuses({ ...PUBLIC, allowDev: true })).to.deep.equal([
      ['dev', 'new'],
      ['ceremony', 'new'],
    ])
  })

  it('takes roles from flags, which are in the record and on chain', async () => {
    const flags = { guardian: GUARDIAN, minDelay: 60, proposers: `${GUARDIAN}, ${GUARDIAN.replaceAll('1', '5')}` }
    expect((await run('deploy', args(flags))).error).to.equal(undefined)
    const { config, contracts } = await record()
    expect(config.guardian).to.equal(GUARDIAN)
    expect(config.timelock.minDelay).to.equal(60)
    expect(config.timelock.proposers).to.have.length(2)
    const stop = VerifierEmergencyStop__factory.connect(contracts.VerifierEmergencyStop.address, ethers.provider)
    expect(await stop.owner()).to.equal(GUARDIAN)
    await refusal(
      run('deploy', args()).then(({ error }) => Promise.reject(error as Error)),
      'DEPLOY_CHANGED',
      'was deployed from other settings',
    )
  })

  it('prints an error with its code, and nothing else', async () => {
    const { stdout, error } = await run('deploy', args({ guardian: '0x12' }))
    const printed = JSON.parse(stdout) as { error: { code: string; message: string } }
    expect(printed.error.code).to.equal('DEPLOY_CONFIG')
    expect(String(error)).to.include(printed.error.message)
    const text = await run('deploy', args({ guardian: '0x12', json: false }))
    expect(text.stdout).to.equal('')
  })

  describe('--verify', () => {
    const original = hre.tasks['verify:verify']
    const asked: { address: string; contract: string; constructorArguments: unknown[] }[] = []
    let refusing: string | undefined

    before(() => {
      // Stands in for explorers: everything up to the request is the real thing.
      const fake = async (request: (typeof asked)[number]) => {
        console.log(`submitted ${request.address}`)
        asked.push(request)
        if (refusing !== undefined && request.contract.endsWith(refusing)) throw new Error('explorer is down')
      }
      Object.assign(original ?? {}, { action: fake })
    })
    const action = original?.action
    after(() => Object.assign(original ?? {}, { action }))
    beforeEach(() => asked.splice(0))

    it('publishes every contract with its arguments', async () => {
      refusing = undefined
      const { stdout, stderr, error } = await run('deploy', args({ verify: true }))
      expect(error).to.equal(undefined)
      expect(stderr).to.include('submitted 0x')
      const { verification } = JSON.parse(stdout) as { verification: Verification[] }
      const { contracts, verifiers } = await record()
      const all = Object.entries({ ...contracts, ...verifiers })
      expect(verification).to.deep.equal(all.map(([name, { address }]) => ({ name, address })))
      for (const [index, [, contract]] of all.entries()) {
        expect(asked[index]).to.include({ address: contract.address, contract: contract.contract })
        const [, name] = contract.contract.split(':')
        const factory = await ethers.getContractFactory(name ?? '')
        expect(factory.interface.encodeDeploy(asked[index]?.constructorArguments ?? [])).to.equal(
          contract.constructorArguments,
        )
      }
    })

    it('reports what an explorer refuses, and keeps the deployment', async () => {
      refusing = ':VerifierRouter'
      const { stdout, error } = await run('deploy', args({ verify: true }))
      await refusal(Promise.reject(error as Error), 'DEPLOY_VERIFICATION', 'VerifierRouter at 0x', 'explorer is down')
      const { verification } = JSON.parse(stdout) as { verification: Verification[] }
      expect(verification.filter((entry) => entry.error !== undefined).map(({ name }) => name)).to.deep.equal([
        'VerifierRouter',
      ])
      expect(Object.keys((await record()).models)).to.deep.equal(['ceremony', 'generated'])
      refusing = undefined
      asked.splice(0)
      const again = await run('deploy', args({ verify: true }))
      expect(again.error).to.equal(undefined)
      expect(asked).to.have.length(CORE_CONTRACTS.length + 1)
    })
  })

  describe('deployment:check', () => {
    type Result = { ok: boolean; differences: { what: string; recorded: unknown; found: unknown }[] }
    const check = async (): Promise<Result> => {
      const { stdout, error } = await run('deployment:check', { directory: folder(), json: true })
      const result = JSON.parse(stdout) as Result
      if (result.ok) expect(error).to.equal(undefined)
      else await refusal(Promise.reject(error as Error), 'DEPLOY_DIFFERENCE', `^${result.differences.length} things`)
      return result
    }
    const differing = async () => (await checkDeployment(hre, folder())).map(({ what }) => what)

    it('agrees with what was deployed', async () => {
      await run('deploy', args())
      expect(await check()).to.deep.equal({ ok: true, differences: [] })
      const text = await run('deployment:check', { directory: folder(), json: false })
      expect(text.stdout).to.equal('the chain is as recorded')
    })

    it('asks for every constructor argument that a view gives back', () => {
      const silent = (SUITE as readonly ContractSpec[]).flatMap(({ name, views }) =>
        views.flatMap((view, index) => (view === null ? [`${name} ${index}`] : [])),
      )
      // Roles and routes are checked one by one.
      expect(silent).to.deep.equal([
        'TimelockController 1',
        'TimelockController 2',
        'TimelockController 3',
        'VerifierRouter 1',
      ])
    })

    it('lists every field of the file that the chain contradicts', async () => {
      await run('deploy', args())
      const good = await record()
      const file = join(folder(), '31337.json')
      const { contracts, config, models } = good
      const [route] = good.routes
      const model = models['ceremony']
      if (route === undefined || model === undefined) throw new Error('Nothing was recorded.')
      const other = contracts.VerifyingKeyStore.address
      const cases: readonly [Partial<DeploymentRecord>, readonly string[]][] = [
        [{ config: { ...config, guardian: GUARDIAN } }, ['VerifierEmergencyStop.owner()']],
        [{ config: { ...config, allowDev: true } }, ['ModelRegistry.allowDev()']],
        [
          { config: { ...config, timelock: { ...config.timelock, minDelay: 1 } } },
          ['TimelockController.getMinDelay()'],
        ],
        [
          { config: { ...config, timelock: { ...config.timelock, proposers: [GUARDIAN] } } },
          [
            `TimelockController.hasRole(PROPOSER_ROLE, ${GUARDIAN})`,
            `TimelockController.hasRole(CANCELLER_ROLE, ${GUARDIAN})`,
          ],
        ],
        [
          { config: { ...config, timelock: { ...config.timelock, executors: [GUARDIAN] } } },
          [`TimelockController.hasRole(EXECUTOR_ROLE, ${GUARDIAN})`],
        ],
        [{ routes: [{ ...route, baseGas: 1 }] }, [`route ${route.selector}`]],
        [{ routes: [{ ...route, verifier: other }] }, [`route ${route.selector}`]],
        [{ routes: [{ ...route, selector: '0x12345678' }] }, ['route 0x12345678']],
        [{ models: { ceremony: { ...model, uri: 'ipfs://other' } } }, ['model ceremony']],
        [{ models: { ceremony: { ...model, vkHash: id('x') } } }, ['model ceremony', 'model ceremony publisher']],
        [{ models: { ceremony: { ...model, publisher: GUARDIAN } } }, ['model ceremony publisher']],
        [{ models: { ceremony: { ...model, verifier: other } } }, ['model ceremony verifier']],
        [
          { models: { ceremony: { ...model, modelId: '1' } } },
          ['model ceremony', 'model ceremony publisher', 'model ceremony verifier'],
        ],
        [
          { verifiers: { TrapdoorVerifier: { ...contracts.VerifierRouter, codeHash: id('x') } } },
          ['TrapdoorVerifier.codeHash'],
        ],
        [
          { verifiers: { TrapdoorVerifier: { ...contracts.VerifierRouter, initCodeHash: id('x') } } },
          ['TrapdoorVerifier.address'],
        ],
      ]
      for (const [change, what] of cases) {
        await writeJson(file, { ...good, ...change })
        expect(await differing()).to.have.members(what)
      }
      await writeJson(file, { ...good, contracts: without(contracts, 'RoutedInferenceVerifier') })
      expect(await differing()).to.include('RoutedInferenceVerifier')
      await writeJson(file, good)
      expect(await differing()).to.deep.equal([])
    })

    it('lists what happened on chain since', async () => {
      const [account] = await ethers.getSigners()
      if (account === undefined) throw new Error('There is no account.')
      await run('deploy', args())
      const { contracts, routes } = await record()
      const route = routes[0]?.selector ?? ''
      const stop = VerifierEmergencyStop__factory.connect(contracts.VerifierEmergencyStop.address, account)
      await stop.stop()
      const { ok, differences } = await check()
      expect(ok).to.equal(false)
      expect(differences).to.deep.equal([{ what: `route ${route} stopped`, recorded: false, found: true }])
      expect(await differing()).to.deep.equal([`route ${route} stopped`])

      const timelock = TimelockController__factory.connect(contracts.TimelockController.address, account)
      const router = VerifierRouter__factory.connect(contracts.VerifierRouter.address, account)
      const remove = router.interface.encodeFunctionData('tombstone', [route])
      const none = `0x${'00'.repeat(32)}`
      await timelock.schedule(router, 0, remove, none, none, 0)
      await timelock.execute(router, 0, remove, none, none)
      await timelock.revokeRole(await timelock.PROPOSER_ROLE(), account.address).then(
        () => expect.fail('the timelock has an administrator'),
        () => undefined,
      )
      const role = `TimelockController.hasRole(PROPOSER_ROLE, ${account.address})`
      await timelock.renounceRole(await timelock.PROPOSER_ROLE(), account.address)
      expect(await differing()).to.have.members([`route ${route} stopped`, role])
      await reset()
      expect((await differing()).length).to.be.above(CORE_CONTRACTS.length)
    })

    it('says so when there is nothing to compare', async () => {
      const { error } = await run('deployment:check', { directory: folder(), json: true })
      await refusal(Promise.reject(error as Error), 'DEPLOY_FILE', 'deploy first')
    })
  })

  it('writes what the JSON schemas describe', async () => {
    const schema = async (...path: string[]) =>
      JSON.parse(await readFile(join(hre.config.paths.root, 'deployments', ...path), 'utf8')) as object
    const ajv = new Ajv({ allErrors: true })
    const valid = ajv.compile(await schema('schema.json'))
    await run('deploy', args())
    const good = await record()
    expect(valid(good), JSON.stringify(valid.errors)).to.equal(true)
    expect(valid(without(good, 'routes'))).to.equal(false)
    expect(valid({ ...good, chainId: '1' })).to.equal(false)
    expect(valid({ ...good, extra: 1 })).to.equal(false)
    const config = ajv.compile(await schema('config', 'schema.json'))
    expect(config({ $schema: './schema.json', ...good.config }), JSON.stringify(config.errors)).to.equal(true)
    expect(config({ guardian: '0x12' })).to.equal(false)
    expect(config({ gaurdian: GUARDIAN })).to.equal(false)
  })

  it('describes its flags', () => {
    for (const name of ['deploy', 'deployment:check']) {
      const task = hre.tasks[name]
      expect(task?.description).to.be.a('string')
      for (const { description } of Object.values(task?.paramDefinitions ?? {})) {
        expect(description).to.match(/^[A-Z].{10,}[^.]$/)
      }
    }
  })
})
