// SPDX-License-Identifier: GPL-3.0-or-later

import type { Wallet } from 'ethers'
import { decodeProofBlob } from '../../../prover/encodings'
import { inferenceCall, proveInference } from '../../../prover/pipeline'
import type { Market } from './market'
import type { AskedRequest } from './requester'

/**
 * Locks, proves and fulfils requests one by one, on a chain that mines at once: what a daemon does when nothing goes
 * wrong.
 */
export async function serveDirectly(market: Market, wallet: Wallet, requests: readonly AskedRequest[]): Promise<void> {
  const coordinator = market.coordinator.connect(wallet)
  for (const { id, request, model, input } of requests) {
    await (await coordinator.lock(request, { value: request.bond })).wait()
    const { schema } = model.loaded.circuit
    const sample = schema.inputs.map(({ exponent }, i) => input.values[i]!.map((q) => q * 2 ** -exponent))
    const context = {
      chainId: BigInt(market.chainId),
      caller: market.coordinatorAddress,
      requestId: id,
      modelId: model.modelId,
      prover: wallet.address,
    }
    const { output, proof } = inferenceCall(
      schema,
      await proveInference(model.loaded, { sample, context, salts: input.salts }),
    )
    if (decodeProofBlob(proof).requestId !== id) throw new Error('The proof is bound to another request.')
    await (await coordinator.fulfill(request, output, proof)).wait()
  }
}
