// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture, setCode } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { concat, id, keccak256, toBeHex } from 'ethers'
import { ethers } from 'hardhat'
import { encodeProofBlob, FIELD_R } from '../../prover/encodings'
import { FIELD_Q } from '../../prover/groth16/curve'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import { TrapdoorVerifier__factory } from '../../typechain-types'
import { itUninstrumented } from '../support/coverage'
import { twinOf } from '../support/malleate'
import { trapdoorKey } from '../support/trapdoor'
import { createWorld, LOGITS, type Statement, type World } from '../support/world'

const toBytes = (values: readonly bigint[]): string => concat(values.map((value) => toBeHex(value, 32)))

async function oneModel() {
  const world = await createWorld()
  const modelId = await world.register()
  return { ...world, verifier: world.verifier.connect(world.prover), modelId }
}

/** Different statements of one model, bound to the prover. */
function statements(world: World & { modelId: bigint }, count: number): Statement[] {
  return Array.from({ length: count }, (_, index) =>
    world.prove({
      modelId: world.modelId,
      caller: world.prover.address,
      requestId: id(`request ${index}`),
      outputs: LOGITS.map((value) => value + BigInt(index)),
      randomness: BigInt(index) + 3n,
    }),
  )
}

const items = (all: readonly Statement[]) =>
  all.map(({ inputCommitment, output, proof }) => ({ inputCommitment, output, proof }))

/** The same statement with other points. */
function withPoints(world: World, statement: Statement, points: Statement['points'], request: number): Statement {
  const blob = { points, inputWords: statement.signals.slice(1, 3), requestId: id(`request ${request}`) }
  return { ...statement, points, proof: encodeProofBlob({ ...blob, prover: world.prover.address }) }
}

describe('verifyInferenceBatch', () => {
  for (const count of [1, 2, 5]) {
    it(`accepts ${count} and emits for each`, async () => {
      const world = await loadFixture(oneModel)
      const all = statements(world, count)
      await world.verifier.checkInferenceBatch(world.modelId, items(all), world.prover)
      const tx = world.verifier.verifyInferenceBatch(world.modelId, items(all))
      for (const { inputCommitment, output } of all) {
        await expect(tx)
          .to.emit(world.verifier, 'InferenceVerified')
          .withArgs(world.modelId, inputCommitment, output, world.prover.address)
      }
      const routed = world.routed.connect(world.prover)
      await expect(routed.verifyInferenceBatch(world.modelId, items(all))).to.emit(routed, 'InferenceVerified')
    })
  }

  itUninstrumented('costs little gas a proof', async () => {
    const world = await loadFixture(oneModel)
    for (const [count, bar] of [
      [16, 80_000],
      [64, 68_000],
    ] as const) {
      const tx = await world.verifier.verifyInferenceBatch(world.modelId, items(statements(world, count)))
      const perProof = Number((await tx.wait())!.gasUsed) / count
      expect(perProof).to.be.at.most(bar)
    }
  })

  it('one bad proof anywhere fails it, and firstInvalid finds it', async () => {
    const world = await loadFixture(oneModel)
    const good = statements(world, 4)
    for (const index of good.keys()) {
      const victim = good[index]!
      // A good proof of another statement, in place of this one's.
      const [ax, ay, ...rest] = world.key.prove(victim.signals.map((signal, at) => (at === 0 ? signal + 1n : signal)))
      const all = good.with(index, withPoints(world, victim, [ax, ay, ...rest] as Statement['points'], index))
      await expect(world.verifier.verifyInferenceBatch(world.modelId, items(all))).to.be.revertedWithCustomError(
        world.verifier,
        'InvalidProof',
      )
      const [found, reason] = await world.verifier.firstInvalid(world.modelId, items(all), world.prover)
      expect(found).to.equal(index)
      expect(reason).to.equal(world.verifier.interface.getError('InvalidProof')!.selector)
    }
    expect((await world.verifier.firstInvalid(world.modelId, items(good), world.prover)).index).to.equal(4)
  })

  it('two bad proofs that cancel out without coefficients fail it', async () => {
    const world = await loadFixture(oneModel)
    const [first, second] = statements(world, 2) as [Statement, Statement]
    // C of the first plus D, C of the second minus D: the plain product of both equations still holds.
    const shift = world.key.prove(first.signals, 91n)
    const swap = (s: Statement, from: Statement['points'], request: number): Statement =>
      withPoints(world, s, [...s.points.slice(0, 6), from[6], from[7]] as unknown as Statement['points'], request)
    const crossed = [swap(first, second.points, 0), swap(second, first.points, 1)]
    for (const all of [crossed, [swap(first, shift, 0), second], [crossed[1]!, crossed[0]!]]) {
      await expect(
        world.verifier.checkInferenceBatch(world.modelId, items(all), world.prover),
      ).to.be.revertedWithCustomError(world.verifier, 'InvalidProof')
    }
  })

  it('refuses points that are aliased, off the curve or infinite, and takes malleated twins', async () => {
    const world = await loadFixture(oneModel)
    const good = statements(world, 3)
    const second = good[1]!
    const [, , bx1, bx0, by1, by0] = second.points
    await world.verifier.checkInferenceBatch(
      world.modelId,
      items(good.with(1, withPoints(world, second, twinOf(second.points), 1))),
      world.prover,
    )
    const bad: Statement['points'][] = second.points.flatMap((value, at) =>
      [value + FIELD_Q, value + 1n, 0n].map(
        (changed) => second.points.map((word, i) => (i === at ? changed : word)) as unknown as Statement['points'],
      ),
    )
    bad.push([0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n], [0n, 0n, bx1, bx0, by1, by0, 0n, 0n])
    for (const points of bad) {
      await expect(
        world.verifier.checkInferenceBatch(
          world.modelId,
          items(good.with(1, withPoints(world, second, points, 1))),
          world.prover,
        ),
      ).to.be.revertedWithCustomError(world.verifier, 'InvalidProof')
    }
  })

  it('refuses another caller, an alias, no proofs, and a model with a verifier of its own', async () => {
    const world = await loadFixture(oneModel)
    const { verifier, modelId, prover, stranger } = world
    const good = statements(world, 2)
    await expect(verifier.checkInferenceBatch(modelId, items(good), stranger)).to.be.revertedWithCustomError(
      verifier,
      'InvalidProof',
    )
    const [first, second] = items(good) as [ReturnType<typeof items>[0], ReturnType<typeof items>[0]]
    const aliased = { ...first, output: toBeHex(BigInt(first.output) + FIELD_R, 32) }
    await expect(verifier.checkInferenceBatch(modelId, [second, aliased], prover)).to.be.revertedWithCustomError(
      world.shared,
      'SignalNotInField',
    )
    await expect(verifier.verifyInferenceBatch(modelId, [])).to.be.revertedWithCustomError(verifier, 'EmptyBatch')
    const own = await new TrapdoorVerifier__factory(world.deployer).deploy()
    const ownId = await world.register({ verifier: await own.getAddress() })
    await expect(verifier.verifyInferenceBatch(ownId, items(good)))
      .to.be.revertedWithCustomError(verifier, 'BatchNotSupported')
      .withArgs(ownId)
    await world.registry.connect(world.publisher).deprecateModel(modelId)
    await expect(verifier.verifyInferenceBatch(modelId, items(good)))
      .to.be.revertedWithCustomError(verifier, 'VerificationRefused_ModelDeprecated')
      .withArgs(modelId)
  })

  it('never reads a lack of gas as a bad proof', async () => {
    const world = await loadFixture(oneModel)
    const { verifier, modelId, prover } = world
    const batch = items(statements(world, 3))
    const data = verifier.interface.encodeFunctionData('checkInferenceBatch', [modelId, batch, prover.address])
    let refused = 0
    for (let gas = 120_000; gas < 900_000; gas += 37_001) {
      const failure = await ethers.provider
        .call({ to: await verifier.getAddress(), from: prover.address, data, gasLimit: gas })
        .then(() => '', String)
      if (failure === '') break
      refused++
      expect(failure).not.to.include('InvalidProof')
      const invalid = verifier.interface.getError('InvalidProof')!.selector
      expect(failure).not.to.include(invalid)
    }
    expect(refused).to.be.greaterThan(3)
  })
})

describe('Groth16Verifier.verifyBatch', () => {
  const key = trapdoorKey(4)
  const hash = vkHash(key.vk)
  const all = [0n, 1n, 2n].map((index) => [index, FIELD_R - 1n, 7n * index, 9n])
  const proofs = concat(all.map((signals, index) => toBytes(key.prove(signals, BigInt(index) + 2n))))

  it('takes whole proofs, of the right number of signals, each below r', async () => {
    const { shared } = await loadFixture(oneModel)
    expect(await shared.verifyBatch(hash, all.flat(), proofs)).to.equal(true)
    expect(await shared.verifyBatch(hash, all.flat().with(5, 0n), proofs)).to.equal(false)
    const refuses = (call: Promise<boolean>, error: string, args: readonly unknown[]) =>
      expect(call)
        .to.be.revertedWithCustomError(shared, error)
        .withArgs(...args)
    await refuses(shared.verifyBatch(hash, [], '0x'), 'WrongProofLength', [0])
    await refuses(shared.verifyBatch(hash, all.flat(), proofs + '00'), 'WrongProofLength', [769])
    await refuses(shared.verifyBatch(hash, all.flat().slice(1), proofs), 'WrongSignalCount', [4, 3])
    await refuses(shared.verifyBatch(hash, [...all.flat(), 0n], proofs), 'WrongSignalCount', [12, 13])
    await refuses(shared.verifyBatch(hash, all.flat().with(11, FIELD_R), proofs), 'SignalNotInField', [11, FIELD_R])
    await refuses(shared.verifyBatch(id('x'), all.flat(), proofs), 'UnknownVerifyingKey', [id('x')])
    await refuses(shared.verifyBatch(hash, all.flat(), proofs, { gasLimit: 400_000 }), 'InsufficientGas', [])
  })

  it('agrees with verify on random batches', async () => {
    const { shared } = await loadFixture(oneModel)
    for (let seed = 0; seed < 12; seed++) {
      const digest = BigInt(keccak256(toBeHex(seed, 32)))
      const bad = all.map((_, index) => (digest >> BigInt(index)) % 3n === 0n)
      const mixed = concat(
        all.map((signals, index) =>
          toBytes(key.prove(bad[index] === true ? signals.with(2, digest % FIELD_R) : signals, digest % 1000n)),
        ),
      )
      expect(await shared.verifyBatch(hash, all.flat(), mixed)).to.equal(!bad.includes(true))
    }
  })

  it('a key of many signals', async () => {
    const { shared, keyStore } = await loadFixture(oneModel)
    const wide = trapdoorKey(300)
    await keyStore.store(canonicalKeyHex(wide.vk), { gasLimit: 16_000_000 })
    const signals = [0, 1].map((row) => Array.from({ length: 300 }, (_, index) => BigInt(index * (row + 1))))
    const bytes = concat(signals.map((row) => toBytes(wide.prove(row))))
    expect(await shared.verifyBatch(vkHash(wide.vk), signals.flat(), bytes)).to.equal(true)
  })

  // Precompiles cannot be taken away from Hardhat, so the calls in the code are pointed at accounts without code.
  for (const [name, from, to] of [
    ['multiplication', '6007612328fa', '60f7612328fa'],
    ['addition', '60066101f4fa', '60f66101f4fa'],
  ] as const) {
    it(`a chain without the ${name} precompile verifies nothing`, async () => {
      const { shared } = await loadFixture(oneModel)
      const address = await shared.getAddress()
      const code = await ethers.provider.getCode(address)
      expect(code).to.include(from)
      await setCode(address, code.replaceAll(from, to))
      await expect(shared.verifyBatch(hash, all.flat(), proofs)).to.be.revertedWithCustomError(
        shared,
        'InsufficientGas',
      )
    })
  }
})
