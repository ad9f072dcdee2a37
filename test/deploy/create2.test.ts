// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { getCreateAddress, keccak256, Transaction } from 'ethers'
import { planSuite } from '../../scripts/deploy/plan'
import {
  create2Address,
  ensureContract,
  FACTORY,
  FACTORY_CODE,
  FACTORY_TRANSACTION,
} from '../../scripts/deploy/create2'
import { resolveConfig } from '../../scripts/deploy/config'
import { deployAll, planDeployment } from '../../scripts/deploy/deploy-all'
import { CORE_CONTRACTS } from '../../scripts/deploy/suite'
import { otherEnvironment, type Intercept } from '../support/public-chain'
import { GUARDIAN, PUBLIC, recordFolder, refusal } from './support'

describe('CREATE2 deployment', () => {
  const folder = recordFolder()
  const installer = Transaction.from(FACTORY_TRANSACTION).from ?? ''
  const options = () => ({ models: [], directory: folder(), config: PUBLIC })

  it('knows the factory: who signed for it, where it goes', () => {
    const { from, nonce, chainId } = Transaction.from(FACTORY_TRANSACTION)
    expect(getCreateAddress({ from: from ?? '', nonce })).to.equal(FACTORY)
    expect(chainId).to.equal(0n)
  })

  it('gives every contract the same address on every chain, and another one with other settings', async () => {
    const addresses = async (chainId: number, config = PUBLIC) => {
      const { record } = await deployAll(await otherEnvironment(chainId), { ...options(), config })
      return Object.fromEntries(Object.entries(record.contracts).map(([name, { address }]) => [name, address]))
    }
    const [one, two] = [await addresses(5), await addresses(6)]
    expect(two).to.deep.equal(one)
    const other = await addresses(7, { ...PUBLIC, guardian: installer })
    const changed = CORE_CONTRACTS.filter((name) => other[name] !== one[name])
    expect(changed).to.include.members(['VerifierEmergencyStop', 'VerifierRouter', 'RoutedInferenceVerifier'])
    expect(changed).not.to.include.members(['InferenceVerifier'])
    expect(changed).not.to.include.members(['TimelockController'])
  })

  it('installs the factory where it is absent, and does not pay for it twice', async () => {
    const sent: string[] = []
    const hre = await otherEnvironment(5, (method, _, next) => {
      if (method.startsWith('eth_send')) sent.push(method)
      return next()
    })
    await deployAll(hre, options())
    expect(await hre.ethers.provider.getCode(FACTORY)).to.equal(FACTORY_CODE)
    expect(sent.filter((method) => method === 'eth_sendTransaction')).to.have.length(CORE_CONTRACTS.length + 1)
    const spent = Transaction.from(FACTORY_TRANSACTION)
    expect(await hre.ethers.provider.getBalance(installer)).to.be.below(spent.gasLimit * (spent.gasPrice ?? 0n))
  })

  it('pays the installer no more than it lacks', async () => {
    const hre = await otherEnvironment(5)
    const funder = await hre.ethers.provider.getSigner(1)
    await funder.sendTransaction({ to: installer, value: 10n ** 16n })
    const [account] = (await hre.ethers.provider.send('eth_accounts', [])) as string[]
    await deployAll(hre, options())
    // Installed by the first broadcast: the account's transactions are the contracts' alone.
    expect(await hre.ethers.provider.getTransactionCount(account ?? '')).to.equal(CORE_CONTRACTS.length)
  })

  it('says what to do when a chain refuses the factory, before anything is paid', async () => {
    const refuses = (message: string): Intercept => {
      return (method, _, next) => (method === 'eth_sendRawTransaction' ? Promise.reject(new Error(message)) : next())
    }
    const protectedOnly = 'only replay-protected (EIP-155) transactions allowed over RPC'
    const hre = await otherEnvironment(5, refuses(protectedOnly))
    await refusal(deployAll(hre, options()), 'DEPLOY_FACTORY', 'only replay-protected', 'without a chain id')
    expect(await hre.ethers.provider.getBalance(installer)).to.equal(0n)
    expect(await hre.ethers.provider.getBlockNumber()).to.equal(0)

    const other = await otherEnvironment(5, refuses('transaction type not supported'))
    await refusal(deployAll(other, options()), 'DEPLOY_FACTORY', 'transaction type not supported')

    const dear = await otherEnvironment(5)
    await dear.ethers.provider.send('hardhat_setNextBlockBaseFeePerGas', ['0x1bf08eb000'])
    await dear.ethers.provider.send('hardhat_mine', ['0x1'])
    await refusal(deployAll(dear, options()), 'DEPLOY_FACTORY', 'base fee', 'when gas is cheaper')

    const burnt = await otherEnvironment(5)
    await burnt.ethers.provider.send('hardhat_setNonce', [installer, '0x1'])
    await refusal(deployAll(burnt, options()), 'DEPLOY_FACTORY', 'spent its nonce')

    const foreign = await otherEnvironment(5)
    await foreign.ethers.provider.send('hardhat_setCode', [FACTORY, '0x6000'])
    await refusal(deployAll(foreign, options()), 'DEPLOY_FACTORY', 'is not the CREATE2 factory')
    await refusal(planDeployment(foreign, options()), 'DEPLOY_FACTORY')
  })

  it('takes what somebody else created at the same address, even while it looked away', async () => {
    let blind = false
    const hre = await otherEnvironment(5, (method, _, next) => {
      if (!blind || method !== 'eth_getCode') return next()
      blind = false
      return Promise.resolve('0x')
    })
    const stranger = await hre.ethers.provider.getSigner(1)
    await deployAll(hre, { ...options(), signer: stranger })
    const { created } = await deployAll(hre, options())
    expect(created).to.deep.equal([])
    const signer = await hre.ethers.provider.getSigner(0)
    const { VerifyingKeyStore } = await planSuite(hre, await resolveConfig(folder(), 5, signer.address, PUBLIC))
    // The factory refuses to create it again; the code that is there counts.
    blind = true
    expect(await ensureContract(hre, signer, VerifyingKeyStore)).to.equal(undefined)
    expect(blind).to.equal(false)
    expect(await signer.getNonce()).to.equal(1)
  })

  it('names the custom error of a constructor that reverts, which the factory hides', async () => {
    const hre = await otherEnvironment(5)
    const signer = await hre.ethers.provider.getSigner(0)
    await deployAll(hre, options())
    const config = await resolveConfig(folder(), 5, signer.address, PUBLIC)
    const { InferenceVerifier } = await planSuite(hre, config)
    const initCode = InferenceVerifier.initCode.slice(0, -40) + GUARDIAN.slice(2)
    const broken = { ...InferenceVerifier, initCode, address: create2Address(keccak256(initCode)) }
    await refusal(ensureContract(hre, signer, broken), 'DEPLOY_TRANSACTION', 'NotAProofVerifier', 'run again')
  })
})
