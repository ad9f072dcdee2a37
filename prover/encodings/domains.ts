// SPDX-License-Identifier: GPL-3.0-or-later

import { dataSlice, id } from 'ethers'

/** Domain separators of docs/encodings.md, frozen; a change of any encoding is a new version string here. */
export const DOMAIN_BATCH = id('zkml.batch.v1')
export const DOMAIN_CONTEXT = id('zkml.context.v1')
export const DOMAIN_INPUT = id('zkml.input.v1')
export const DOMAIN_MODEL = id('zkml.model.v1')
export const DOMAIN_SCHEMA = id('zkml.schema.v1')
export const DOMAIN_TENSOR = id('zkml.tensor.v1')
export const DOMAIN_WEIGHTS = id('zkml.weights.v1')
export const DOMAIN_LEDGER_REQUEST = id('zkml.ledger.request.v1')
export const DOMAIN_PROMPT = id('zkml.prompt.v1')
export const DOMAIN_STATEMENT = id('zkml.statement.v1')
export const DOMAIN_VALIDATION_REQUEST = id('zkml.erc8004.request.v1')

/** ERC-7992 id of our proof system: the first four bytes of keccak256("groth16-bn254-v1"). */
export const PROOF_SYSTEM_GROTH16 = dataSlice(id('groth16-bn254-v1'), 0, 4)
