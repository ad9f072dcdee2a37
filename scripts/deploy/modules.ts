// SPDX-License-Identifier: GPL-3.0-or-later

import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'

/** The four contracts that every model shares; none of them has an owner. */
export const coreModule = buildModule('ZkmlCore', (m) => {
  const keyStore = m.contract('VerifyingKeyStore')
  const shared = m.contract('Groth16Verifier', [keyStore])
  const registry = m.contract('ModelRegistry', [keyStore, m.getParameter('allowDev', false)])
  const verifier = m.contract('InferenceVerifier', [registry, shared])
  return { VerifyingKeyStore: keyStore, Groth16Verifier: shared, ModelRegistry: registry, InferenceVerifier: verifier }
})

/** One generated verifier. Its code is in the id, so that a newer one of the same name is another deployment. */
export function verifierModule(contractName: string, initCodeHash: string) {
  const tag = initCodeHash.slice(2, 10)
  return buildModule(`ZkmlVerifier_${contractName}_${tag}`, (m) => ({ verifier: m.contract(contractName) }))
}
