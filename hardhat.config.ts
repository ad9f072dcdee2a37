// SPDX-License-Identifier: GPL-3.0-or-later

import { availableParallelism } from 'node:os'
import '@nomicfoundation/hardhat-toolbox'
import type { HardhatUserConfig } from 'hardhat/config'
import './scripts/tasks/deploy'
import './scripts/tasks/deployment-check'
import { SOLC_VERSION } from './scripts/tasks/solc'
import './scripts/tasks/test-files'

const { ZKML_RPC_URL, ZKML_PRIVATE_KEY, ETHERSCAN_API_KEY, SOLIDITY_COVERAGE } = process.env

// Instrumented contracts and their types never mix with the real ones.
const build = SOLIDITY_COVERAGE === undefined ? '' : 'coverage/'

const config: HardhatUserConfig = {
  solidity: {
    version: SOLC_VERSION,
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 1_000_000 },
      // Generated verifiers are pinned by extcodehash, so code must follow from the source alone.
      metadata: { bytecodeHash: 'none', appendCBOR: false },
    },
  },
  networks: {
    hardhat: { chainId: 31337 },
    localhost: { url: 'http://127.0.0.1:8545' },
    ...(ZKML_RPC_URL === undefined
      ? {}
      : { remote: { url: ZKML_RPC_URL, accounts: ZKML_PRIVATE_KEY === undefined ? [] : [ZKML_PRIVATE_KEY] } }),
  },
  // For `hardhat deploy --verify`.
  ...(ETHERSCAN_API_KEY === undefined ? {} : { etherscan: { apiKey: ETHERSCAN_API_KEY } }),
  paths: { sources: 'contracts', tests: 'test', cache: `${build}cache`, artifacts: `${build}artifacts` },
  typechain: { outDir: 'typechain-types', target: 'ethers-v6', dontOverrideCompile: build !== '' },
  mocha: {
    timeout: 300_000,
    reporter: require.resolve('./scripts/mocha/reporter'),
    // For `--parallel`. Four, because provers that tests start want cores too.
    jobs: Math.min(4, availableParallelism()),
  },
}

// No default export, by house rule; Hardhat takes the whole module when there is none.
export = config
