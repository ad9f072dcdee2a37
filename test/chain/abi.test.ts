// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { Interface } from 'ethers'
import { readFileSync } from 'node:fs'
import * as abi from '../../prover/chain/abi'
import { ABI_FILE, abiSource } from '../../scripts/generate-abi'

describe("the client's ABIs", () => {
  it('are fresh', async () => {
    expect(readFileSync(ABI_FILE, 'utf8'), 'run "npm run generate"').to.equal(await abiSource())
  })

  it('can be read by ethers, and name every error once', () => {
    for (const lines of Object.values(abi)) expect(new Interface(lines).fragments).to.have.lengthOf(lines.length)
    const selectors = new Interface(abi.ERRORS).fragments.map(
      (error) => new Interface([error]).getError(error.format())!.selector,
    )
    expect(new Set(selectors).size).to.equal(selectors.length)
    for (const lines of [abi.MODEL_REGISTRY_ABI, abi.INFERENCE_VERIFIER_ABI, abi.INFERENCE_COORDINATOR_ABI])
      new Interface(lines).forEachError(({ selector }) => expect(selectors).to.include(selector))
  })
})
