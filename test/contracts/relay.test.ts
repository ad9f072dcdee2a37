// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import {
  AbiCoder,
  concat,
  dataSlice,
  id,
  keccak256,
  ZeroAddress,
  ZeroHash,
  type ContractTransactionResponse,
} from 'ethers'
import {
  CrossChainInferenceRelay__factory,
  InferenceMessageRelay__factory,
  TestGateway__factory,
  type TestGateway,
} from '../../typechain-types'
import { IS_COVERAGE } from '../support/coverage'
import { forge, malleate } from '../support/malleate'
import { FAR_CHAIN, interoperable, twoChains } from '../support/two-chains'
import { LOGITS, PIXELS, type StatementOptions } from '../support/world'

const HERE = 31337n
const ELSEWHERE = 5n

/** A contract that asked for an inference, on whichever chain. */
const CONSUMER = '0x00000000000000000000000000000000000000C0'

async function worlds() {
  const world = await twoChains()
  const { modelId, prover } = world
  const { inputCommitment, output } = world.prove({ modelId, caller: CONSUMER })
  const requestId = id('request')
  /** A statement of a chain, and the proof that was made for it. */
  const statementOf = (chainId: bigint) => ({
    chainId,
    caller: CONSUMER,
    requestId,
    prover: prover.address,
    modelId,
    inputCommitment,
  })
  const proofOf = (chainId: bigint, more: Partial<StatementOptions> = {}) =>
    world.prove({ modelId, caller: CONSUMER, requestId, prover: prover.address, chainId, ...more }).proof
  const unbound = { caller: ZeroAddress, requestId: ZeroHash, prover: ZeroAddress }
  const portable = { ...statementOf(0n), ...unbound }
  const portableProof = world.prove({ modelId, caller: CONSUMER, portable: true }).proof
  return { ...world, output, requestId, statementOf, proofOf, portable, portableProof }
}

async function relays() {
  const world = await worlds()
  const here = await new CrossChainInferenceRelay__factory(world.deployer).deploy(world.verifier)
  const there = await new CrossChainInferenceRelay__factory(world.far.deployer).deploy(world.far.verifier)
  return { ...world, here: here.connect(world.stranger), there }
}

describe('checkForeignInference', () => {
  it('accepts a proof for the chain named, and never one for this chain or none', async () => {
    const { verifier, far, modelId, statementOf, output, proofOf, portableProof } = await loadFixture(worlds)
    const { inputCommitment } = statementOf(HERE)
    const check = (on: typeof verifier, proof: string, chainId: bigint, caller = CONSUMER) =>
      on.checkForeignInference(modelId, inputCommitment, output, proof, chainId, caller)
    await check(far.verifier, proofOf(HERE), HERE)
    await check(verifier, proofOf(FAR_CHAIN), FAR_CHAIN)
    await check(verifier, malleate(proofOf(FAR_CHAIN)), FAR_CHAIN)
    for (const [on, own] of [
      [verifier, HERE],
      [far.verifier, FAR_CHAIN],
    ] as const) {
      for (const chainId of [own, 0n]) {
        await expect(check(on, proofOf(chainId), chainId))
          .to.be.revertedWithCustomError(verifier, 'NotForeign')
          .withArgs(chainId)
      }
    }
    for (const [proof, chainId, caller] of [
      [proofOf(HERE), FAR_CHAIN, CONSUMER],
      [proofOf(FAR_CHAIN), ELSEWHERE, CONSUMER],
      [proofOf(FAR_CHAIN), FAR_CHAIN, ZeroAddress],
      [portableProof, FAR_CHAIN, CONSUMER],
      [forge(proofOf(FAR_CHAIN)), FAR_CHAIN, CONSUMER],
    ] as const) {
      await expect(check(verifier, proof, chainId, caller)).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    }
    // A foreign proof is worth nothing where a proof for this chain is asked for.
    await expect(
      verifier.checkInference(modelId, inputCommitment, output, proofOf(FAR_CHAIN), CONSUMER),
    ).to.be.revertedWithCustomError(verifier, 'InvalidProof')
  })
})

describe('CrossChainInferenceRelay', () => {
  it('proves on the second chain what was proven for the first, and the other way round', async () => {
    const { here, there, statementOf, proofOf, output } = await loadFixture(relays)
    for (const [relay, chainId] of [
      [there, HERE],
      [here, FAR_CHAIN],
    ] as const) {
      const statement = statementOf(chainId)
      expect(await relay.isProven(statement, output)).to.equal(false)
      const proof = proofOf(chainId)
      const statementId = await relay.prove.staticCall(statement, output, proof)
      await expect(relay.prove(statement, output, malleate(proof)))
        .to.emit(relay, 'StatementProven')
        .withArgs(statementId, chainId, CONSUMER, Object.values(statement), output)
      expect(await relay.isProven(statement, output)).to.equal(true)
      for (const again of [proof, malleate(proof), proofOf(chainId, { randomness: 8n })]) {
        await expect(relay.prove(statement, output, again)).not.to.emit(relay, 'StatementProven')
      }
    }
  })

  it('proves nothing else by it', async () => {
    const { here, verifier, statementOf, proofOf, output, prover, stranger, modelId, prove } = await loadFixture(relays)
    const statement = statementOf(FAR_CHAIN)
    await here.prove(statement, output, proofOf(FAR_CHAIN))
    const other = prove({ modelId, caller: CONSUMER, outputs: LOGITS.map((v) => v + 1n) }).output
    expect(await here.isProven(statement, other)).to.equal(false)
    const changes = {
      chainId: ELSEWHERE,
      caller: stranger.address,
      requestId: id('other'),
      prover: stranger.address,
      modelId: modelId + 1n,
      inputCommitment: id('other'),
    }
    for (const [field, value] of Object.entries(changes)) {
      expect(await here.isProven({ ...statement, [field]: value }, output), field).to.equal(false)
    }
    const refused = (changed: Partial<typeof statement>, error: string, proof = proofOf(FAR_CHAIN), out = output) =>
      expect(here.prove({ ...statement, ...changed }, out, proof)).to.be.revertedWithCustomError(
        error === 'StatementMismatch' ? here : verifier,
        error,
      )
    await refused({ chainId: ELSEWHERE }, 'InvalidProof')
    await refused({ caller: stranger.address }, 'InvalidProof')
    await refused({ inputCommitment: id('other') }, 'InputCommitmentMismatch')
    await refused({}, 'InvalidProof', forge(proofOf(FAR_CHAIN)))
    await refused({}, 'InvalidProof', proofOf(FAR_CHAIN), other)
    await refused({}, 'InputCommitmentMismatch', proofOf(FAR_CHAIN, { inputs: PIXELS.map((v) => v ^ 1n) }))
    await expect(here.prove({ ...statement, requestId: id('other') }, output, proofOf(FAR_CHAIN)))
      .to.be.revertedWithCustomError(here, 'StatementMismatch')
      .withArgs(statement.requestId, prover.address)
    await refused({ prover: stranger.address }, 'StatementMismatch')
  })

  it('takes no statement of its own chain, so nothing here is answered by it', async () => {
    const { here, there, verifier, statementOf, proofOf, output } = await loadFixture(relays)
    await expect(here.prove(statementOf(HERE), output, proofOf(HERE)))
      .to.be.revertedWithCustomError(verifier, 'NotForeign')
      .withArgs(HERE)
    await expect(there.prove(statementOf(FAR_CHAIN), output, proofOf(FAR_CHAIN)))
      .to.be.revertedWithCustomError(verifier, 'NotForeign')
      .withArgs(FAR_CHAIN)
  })

  it('passes portable proofs on as portable ones only', async () => {
    const { here, there, verifier, portable, portableProof, statementOf, proofOf, output } = await loadFixture(relays)
    const { modelId, inputCommitment } = portable
    for (const relay of [here, there]) {
      await relay.provePortable(modelId, inputCommitment, output, malleate(portableProof))
      expect(await relay.isProven(portable, output)).to.equal(true)
      expect(await relay.isProven(statementOf(FAR_CHAIN), output)).to.equal(false)
      await expect(relay.provePortable(modelId, inputCommitment, output, portableProof)).not.to.emit(
        relay,
        'StatementProven',
      )
    }
    await expect(here.prove({ ...portable, chainId: FAR_CHAIN }, output, portableProof)).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    for (const [statement, proof] of [
      [portable, portableProof],
      [statementOf(0n), proofOf(0n)],
    ] as const) {
      await expect(here.prove(statement, output, proof))
        .to.be.revertedWithCustomError(verifier, 'NotForeign')
        .withArgs(0)
    }
    await expect(
      here.provePortable(modelId, inputCommitment, output, proofOf(FAR_CHAIN)),
    ).to.be.revertedWithCustomError(verifier, 'NotPortable')
  })

  it('needs the model here, in use', async () => {
    const { there, far, verifier, register, statementOf, proofOf, output, modelId } = await loadFixture(relays)
    const elsewhereId = await register({ modelHash: id('only here') })
    const statement = { ...statementOf(HERE), modelId: elsewhereId }
    await expect(there.prove(statement, output, proofOf(HERE, { modelId: elsewhereId })))
      .to.be.revertedWithCustomError(far.registry, 'ModelNotFound')
      .withArgs(elsewhereId)
    const snapshot = (await far.deployer.provider.send('evm_snapshot', [])) as string
    await far.registry.deprecateModel(modelId)
    await expect(there.prove(statementOf(HERE), output, proofOf(HERE))).to.be.revertedWithCustomError(
      verifier,
      'VerificationRefused_ModelDeprecated',
    )
    await far.deployer.provider.send('evm_revert', [snapshot])
  })

  it('what was proven under a key that is stopped later is not proven any more', async () => {
    const { routed, stop, guardian, deployer, statementOf, proofOf, output, portable, portableProof } =
      await loadFixture(worlds)
    const relay = await new CrossChainInferenceRelay__factory(deployer).deploy(routed)
    const statement = statementOf(FAR_CHAIN)
    await relay.prove(statement, output, proofOf(FAR_CHAIN))
    await relay.provePortable(portable.modelId, portable.inputCommitment, output, portableProof)
    for (const proven of [statement, portable]) expect(await relay.isProven(proven, output)).to.equal(true)
    await stop.connect(guardian).stop()
    for (const proven of [statement, portable]) expect(await relay.isProven(proven, output)).to.equal(false)
  })

  it('deploys only onto an inference verifier; costs little', async () => {
    const { here, deployer, registry, statementOf, proofOf, output } = await loadFixture(relays)
    await expect(new CrossChainInferenceRelay__factory(deployer).deploy(registry))
      .to.be.revertedWithCustomError(here, 'NotAnInferenceVerifier')
      .withArgs(await registry.getAddress())
    const receipt = await (await here.prove(statementOf(FAR_CHAIN), output, proofOf(FAR_CHAIN))).wait()
    if (!IS_COVERAGE) expect(receipt?.gasUsed).to.be.lessThan(320_000)
  })
})

type Message = readonly [sendId: string, sender: string, recipient: string, payload: string]

/** The message a transaction left in a gateway. */
async function messageOf(gateway: TestGateway, sending: Promise<ContractTransactionResponse>): Promise<Message> {
  const receipt = await (await sending).wait()
  for (const log of receipt?.logs ?? []) {
    const parsed = gateway.interface.parseLog(log)
    if (parsed?.name === 'MessageSent') {
      const { sendId, sender, recipient, payload } = parsed.args
      return [sendId, sender, recipient, payload] as Message
    }
  }
  throw new Error('no message was sent')
}

async function messengers() {
  const world = await worlds()
  const { deployer, far } = world
  const [gateway, farGateway] = [
    await new TestGateway__factory(deployer).deploy(),
    await new TestGateway__factory(far.deployer).deploy(),
  ]
  const here = await new InferenceMessageRelay__factory(deployer).deploy(world.verifier, deployer)
  const there = await new InferenceMessageRelay__factory(far.deployer).deploy(far.verifier, far.deployer)
  const [hereAddress, thereAddress] = [
    interoperable(HERE, await here.getAddress()),
    interoperable(FAR_CHAIN, await there.getAddress()),
  ]
  await here.link(gateway, thereAddress)
  await there.link(farGateway, hereAddress)
  const farChain = interoperable(FAR_CHAIN)
  const send = (proof: string, statement = world.statementOf(HERE)) =>
    here.connect(world.stranger).send(farChain, statement, world.output, proof, [])
  return { ...world, gateway, farGateway, here, there, hereAddress, thereAddress, farChain, send }
}

describe('InferenceMessageRelay', () => {
  it('sends what it verified; the other chain takes it as attested, once', async () => {
    const w = await loadFixture(messengers)
    const { gateway, farGateway, there, here, hereAddress, thereAddress, statementOf, proofOf, output, send } = w
    const statement = statementOf(HERE)
    const sending = send(malleate(proofOf(HERE)))
    const message = await messageOf(gateway, sending)
    await expect(sending)
      .to.emit(here, 'StatementSent')
      .withArgs(keccak256(encoded(statement, output)), w.farChain, message[0])
    expect(message.slice(1, 3)).to.deep.equal([hereAddress, thereAddress])
    expect(await there.isAttested(HERE, statement, output)).to.equal(false)
    await expect(farGateway.deliver(...message))
      .to.emit(there, 'StatementAttested')
      .withArgs(keccak256(encoded(statement, output)), HERE, HERE, Object.values(statement), output)
    expect(await there.isAttested(HERE, statement, output)).to.equal(true)
    expect(await here.isAttested(HERE, statement, output)).to.equal(false)
    expect(await there.isAttested(ELSEWHERE, statement, output)).to.equal(false)
    expect(await there.isAttested(HERE, { ...statement, requestId: id('other') }, output)).to.equal(false)
    // A second message, of another proof of it, changes nothing.
    const again = await messageOf(gateway, send(proofOf(HERE)))
    expect(again[0]).not.to.equal(message[0])
    await expect(farGateway.deliver(...again)).not.to.emit(there, 'StatementAttested')
  })

  it('passes portable statements on as portable ones', async () => {
    const w = await loadFixture(messengers)
    const { gateway, farGateway, there, here, verifier, portable, portableProof, output, farChain, proofOf } = w
    const { modelId, inputCommitment } = portable
    const sendPortable = (proof: string) => here.sendPortable(farChain, modelId, inputCommitment, output, proof, [])
    await farGateway.deliver(...(await messageOf(gateway, sendPortable(portableProof))))
    expect(await there.isAttested(HERE, portable, output)).to.equal(true)
    await expect(sendPortable(proofOf(HERE))).to.be.revertedWithCustomError(verifier, 'NotPortable')
    await expect(w.send(portableProof, portable))
      .to.be.revertedWithCustomError(here, 'WrongSourceChain')
      .withArgs(HERE, 0)
  })

  it('sends nothing that is not proven, for this chain, to a linked one', async () => {
    const w = await loadFixture(messengers)
    const { here, verifier, stranger, statementOf, proofOf, portableProof, output, send, prover } = w
    await expect(send(forge(proofOf(HERE)))).to.be.revertedWithCustomError(verifier, 'InvalidProof')
    await expect(send(proofOf(HERE), { ...statementOf(HERE), caller: stranger.address })).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    await expect(send(portableProof))
      .to.be.revertedWithCustomError(here, 'StatementMismatch')
      .withArgs(ZeroHash, ZeroAddress)
    await expect(send(proofOf(HERE), { ...statementOf(HERE), requestId: id('other') }))
      .to.be.revertedWithCustomError(here, 'StatementMismatch')
      .withArgs(id('request'), prover.address)
    // What holds for another chain is that chain's to say.
    await expect(send(proofOf(FAR_CHAIN), statementOf(FAR_CHAIN)))
      .to.be.revertedWithCustomError(here, 'WrongSourceChain')
      .withArgs(HERE, FAR_CHAIN)
    const nowhere = interoperable(ELSEWHERE)
    await expect(here.send(nowhere, statementOf(HERE), output, proofOf(HERE), []))
      .to.be.revertedWithCustomError(here, 'ChainNotLinked')
      .withArgs(nowhere)
    await expect(
      here.send(interoperable(FAR_CHAIN), statementOf(HERE), output, proofOf(HERE), ['0x12345678']),
    ).to.be.revertedWithCustomError(w.gateway, 'UnsupportedAttribute')
  })

  it('takes messages from its gateway and relay alone', async () => {
    const w = await loadFixture(messengers)
    const { gateway, farGateway, there, far, hereAddress, proofOf, send, stranger } = w
    const [sendId, sender, recipient, payload] = await messageOf(gateway, send(proofOf(HERE)))
    const refusal = 'ERC7786RecipientUnauthorizedGateway'
    // Anyone, who is no gateway; and another gateway.
    await expect(there.receiveMessage(sendId, sender, payload))
      .to.be.revertedWithCustomError(there, refusal)
      .withArgs(far.deployer.address, sender)
    const rogue = await new TestGateway__factory(far.deployer).deploy()
    await expect(rogue.deliver(sendId, sender, recipient, payload)).to.be.revertedWithCustomError(there, refusal)
    // The right gateway, with a message of somebody else's, of another chain's, or of the relay's name with a tail.
    for (const other of [
      interoperable(HERE, stranger.address),
      interoperable(ELSEWHERE, await w.here.getAddress()),
      hereAddress + '00',
    ]) {
      await expect(farGateway.deliver(sendId, other, recipient, payload))
        .to.be.revertedWithCustomError(there, refusal)
        .withArgs(await farGateway.getAddress(), other)
    }
    await expect(farGateway.deliver(sendId, sender, recipient, payload, { value: 1 }))
      .to.be.revertedWithCustomError(there, 'UnexpectedValue')
      .withArgs(1)
  })

  it('takes from a relay only statements of that relay’s own chain', async () => {
    const w = await loadFixture(messengers)
    const { gateway, farGateway, there, statementOf, proofOf, output, send } = w
    const [sendId, sender, recipient] = await messageOf(gateway, send(proofOf(HERE)))
    const kind = id('zkml.statement.v1')
    for (const chainId of [FAR_CHAIN, ELSEWHERE]) {
      await expect(farGateway.deliver(sendId, sender, recipient, payloadOf(kind, statementOf(chainId), output)))
        .to.be.revertedWithCustomError(there, 'WrongSourceChain')
        .withArgs(HERE, chainId)
    }
    await expect(
      farGateway.deliver(sendId, sender, recipient, payloadOf(kind, statementOf(0n), output)),
    ).to.be.revertedWithCustomError(there, 'NotPortableStatement')
    await expect(farGateway.deliver(sendId, sender, recipient, payloadOf(id('x'), statementOf(HERE), output)))
      .to.be.revertedWithCustomError(there, 'UnknownMessage')
      .withArgs(id('x'))
    await expect(farGateway.deliver(sendId, sender, recipient, '0x1234')).to.be.reverted
  })

  it('a relay linked to its own chain says nothing about it', async () => {
    const { here, gateway, statementOf, output, portable, deployer } = await loadFixture(messengers)
    const self = interoperable(HERE, deployer.address)
    await here.link(gateway, self)
    const recipient = interoperable(HERE, await here.getAddress())
    for (const statement of [statementOf(HERE), portable]) {
      const payload = payloadOf(id('zkml.statement.v1'), statement, output)
      await expect(gateway.deliver(ZeroHash, self, recipient, payload))
        .to.be.revertedWithCustomError(here, 'WrongSourceChain')
        .withArgs(HERE, statement.chainId)
    }
  })

  it('a chain has one link, however its id is written', async () => {
    const { there, far, farGateway, hereAddress, statementOf, output } = await loadFixture(messengers)
    const own = await new TestGateway__factory(far.deployer).deploy()
    const account = dataSlice(hereAddress, 8)
    for (const sender of [
      // 31337 in three bytes, the same with another account, no chain, no account, and something behind it.
      concat(['0x0001000003007a6914', account]),
      concat(['0x0001000003007a6914', far.deployer.address]),
      concat(['0x000100000014', account]),
      interoperable(6n),
      concat([interoperable(6n, account), '0x00']),
    ]) {
      await expect(there.link(own, sender)).to.be.revertedWithCustomError(there, 'NotCanonical').withArgs(sender)
    }
    const sender = concat(['0x0001000003007a6914', account])
    const recipient = interoperable(FAR_CHAIN, await there.getAddress())
    const statement = { ...statementOf(HERE), requestId: id('never sent') }
    const payload = payloadOf(id('zkml.statement.v1'), statement, output)
    for (const gateway of [own, farGateway]) {
      await expect(gateway.deliver(ZeroHash, sender, recipient, payload)).to.be.revertedWithCustomError(
        there,
        'ERC7786RecipientUnauthorizedGateway',
      )
    }
    expect(await there.isAttested(HERE, statement, output)).to.equal(false)
  })

  it('links are the owner’s to add, and nobody’s to change', async () => {
    const { here, gateway, thereAddress, stranger, deployer, verifier, registry } = await loadFixture(messengers)
    const elsewhere = interoperable(ELSEWHERE, stranger.address)
    await expect(here.connect(stranger).link(gateway, elsewhere))
      .to.be.revertedWithCustomError(here, 'OwnableUnauthorizedAccount')
      .withArgs(stranger.address)
    const other = await new TestGateway__factory(deployer).deploy()
    for (const counterpart of [thereAddress, interoperable(FAR_CHAIN, stranger.address)]) {
      await expect(here.link(other, counterpart))
        .to.be.revertedWithCustomError(here, 'LinkAlreadyRegistered')
        .withArgs(interoperable(FAR_CHAIN))
    }
    await here.link(gateway, elsewhere)
    expect(await here.getLink(interoperable(ELSEWHERE))).to.deep.equal([await gateway.getAddress(), elsewhere])
    await here.renounceOwnership()
    await expect(here.link(gateway, interoperable(6n, stranger.address))).to.be.revertedWithCustomError(
      here,
      'OwnableUnauthorizedAccount',
    )
    expect(await here.inferenceVerifier()).to.equal(await verifier.getAddress())
    await expect(new InferenceMessageRelay__factory(deployer).deploy(registry, deployer))
      .to.be.revertedWithCustomError(here, 'NotAnInferenceVerifier')
      .withArgs(await registry.getAddress())
  })

  it('attested and proven are two things', async () => {
    const { gateway, farGateway, far, there, statementOf, proofOf, output, send } = await loadFixture(messengers)
    const proven = await new CrossChainInferenceRelay__factory(far.deployer).deploy(far.verifier)
    const sending = await send(proofOf(HERE))
    await farGateway.deliver(...(await messageOf(gateway, Promise.resolve(sending))))
    expect(await there.isAttested(HERE, statementOf(HERE), output)).to.equal(true)
    expect(await proven.isProven(statementOf(HERE), output)).to.equal(false)
  })
})

const STATEMENT = 'tuple(uint256,address,bytes32,address,uint256,bytes32)'
type StatementFields = Readonly<Record<string, string | bigint>>

function encoded(statement: StatementFields, output: string): string {
  return AbiCoder.defaultAbiCoder().encode([STATEMENT, 'bytes32'], [Object.values(statement), keccak256(output)])
}

function payloadOf(kind: string, statement: StatementFields, output: string): string {
  return AbiCoder.defaultAbiCoder().encode(['bytes32', STATEMENT, 'bytes'], [kind, Object.values(statement), output])
}
