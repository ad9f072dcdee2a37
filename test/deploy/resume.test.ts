// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { deployAll } from '../../scripts/deploy/deploy-all'
import { readDeployment } from '../../scripts/deploy/record'
import { CORE_CONTRACTS } from '../../scripts/deploy/suite'
import { otherEnvironment, type Intercept } from '../support/public-chain'
import { ceremonyModel, generatedModel, PUBLIC, recordFolder, refusal } from './support'

const CHAIN = 5

/** Lets transactions pass until one of them fails: before the node has it, or with its answer lost. */
function failAt(): { readonly intercept: Intercept; arm(at: number, when: 'before' | 'after'): void; sent: number } {
  const state = { at: Infinity, when: 'before', sent: 0 }
  return {
    arm: (at, when) => Object.assign(state, { at, when, sent: 0 }),
    get sent() {
      return state.sent
    },
    intercept: async (method, _, next) => {
      if (!method.startsWith('eth_send')) return next()
      const fails = ++state.sent === state.at
      if (fails && state.when === 'before') throw new Error('connection lost')
      const result = await next()
      if (fails) throw new Error('connection lost')
      return result
    },
  }
}

describe('resumed deployment', function () {
  this.timeout(300_000)
  const folder = recordFolder()
  const models = [ceremonyModel, generatedModel]

  it('goes on after any transaction fails, sends nothing twice, and ends with the same record', async () => {
    const chain = failAt()
    const hre = await otherEnvironment(CHAIN, chain.intercept)
    const fresh = (await hre.ethers.provider.send('evm_snapshot', [])) as string
    const deploy = (directory: string) => deployAll(hre, { models, directory, config: PUBLIC })
    chain.arm(Infinity, 'before')
    const { record: expected } = await deploy(join(folder(), 'whole'))
    const [total, blocks] = [chain.sent, await hre.ethers.provider.getBlockNumber()]
    // The factory is paid for and broadcast twice; then contracts, a verifier and models.
    expect(total).to.equal(3 + CORE_CONTRACTS.length + 1 + models.length)

    let snapshot = fresh
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= total; at++) {
        await hre.ethers.provider.send('evm_revert', [snapshot])
        snapshot = (await hre.ethers.provider.send('evm_snapshot', [])) as string
        const directory = join(folder(), `${when}-${at}`)
        await mkdir(directory)
        chain.arm(at, when)
        const outcome = await deploy(directory).then(
          () => 'finished',
          (error: unknown) => String(error),
        )
        // The first broadcast of the factory only asks, and a lost answer to the second is found out on chain.
        if (outcome !== 'finished') expect(outcome, `${when} ${at}`).to.match(/connection lost/)
        const partial = await readDeployment(directory, CHAIN)
        if (partial !== undefined) expect(partial.contracts).to.deep.equal(expected.contracts)
        chain.arm(Infinity, 'before')
        const { record } = await deploy(directory)
        expect(record, `${when} ${at}`).to.deep.equal(expected)
        expect(await hre.ethers.provider.getBlockNumber(), `${when} ${at}`).to.equal(blocks)
        expect(await readdir(directory)).to.deep.equal([`${CHAIN}.json`])
        chain.arm(Infinity, 'before')
        await deploy(directory)
        expect(chain.sent, 'a finished deployment sends nothing').to.equal(0)
      }
    }
  })

  it('waits for what an interrupted run left in the pool instead of sending it again', async () => {
    const hre = await otherEnvironment(CHAIN)
    const { provider } = hre.ethers
    const signer = await provider.getSigner(0)
    await provider.send('evm_setAutomine', [false])
    await signer.sendTransaction({ to: signer.address, gasLimit: 21_000 })
    const log: string[] = []
    const run = deployAll(hre, { models: [], directory: folder(), config: PUBLIC, log: (line) => log.push(line) })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(log).to.deep.equal([])
    await provider.send('evm_setAutomine', [true])
    await provider.send('hardhat_mine', ['0x1'])
    const { created } = await run
    expect(created).to.include('VerifyingKeyStore')
  })

  it('does not know the block of a contract whose history the node has dropped, and says 0', async () => {
    const pruned: Intercept = (method, params, next) => {
      const block = (params as unknown[] | undefined)?.[1]
      const old = method === 'eth_getCode' && typeof block === 'string' && block.startsWith('0x')
      return old ? Promise.reject(new Error('missing trie node')) : next()
    }
    let pruning = false
    const hre = await otherEnvironment(CHAIN, (method, params, next) =>
      pruning ? pruned(method, params, next) : next(),
    )
    const first = await deployAll(hre, { models: [], directory: join(folder(), 'a'), config: PUBLIC })
    const again = await deployAll(hre, { models: [], directory: join(folder(), 'b'), config: PUBLIC })
    expect(again.record).to.deep.equal(first.record)
    pruning = true
    const { record } = await deployAll(hre, { models: [], directory: join(folder(), 'c'), config: PUBLIC })
    expect(Object.values(record.contracts).map(({ block }) => block)).to.deep.equal(
      Object.values(record.contracts).map(() => 0),
    )
  })

  it('refuses a network without an account', async () => {
    const hre = await otherEnvironment(CHAIN, (method, _, next) =>
      method === 'eth_accounts' ? Promise.resolve([]) : next(),
    )
    await refusal(deployAll(hre, { models: [], directory: folder() }), 'DEPLOY_CONFIG', 'ZKML_PRIVATE_KEY')
  })
})
