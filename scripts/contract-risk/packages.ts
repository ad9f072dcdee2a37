// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { replaceOne } from './mutations'
import { choices } from './templates/parts'
import { WRAPPERS } from './wrappers'

/** An npm package that contracts of the corpus come from. All are MIT, the package and each file that is read. */
export type Package = {
  readonly name: string
  readonly version: string
  /** Folder in node_modules, and the path that its files import each other by. */
  readonly folder: string
  /** Short name before the family of what is nowhere else. */
  readonly prefix: string
  /** Files whose contracts are compiled. */
  readonly files: readonly string[]
}

export const PACKAGES: readonly Package[] = [
  {
    name: '@openzeppelin/contracts',
    version: '5.1.0',
    folder: 'oz5',
    prefix: 'oz',
    files: [
      'governance/TimelockController.sol',
      'finance/VestingWallet.sol',
      'access/manager/AccessManager.sol',
      'proxy/beacon/UpgradeableBeacon.sol',
      'proxy/transparent/TransparentUpgradeableProxy.sol',
      'proxy/transparent/ProxyAdmin.sol',
      'metatx/ERC2771Forwarder.sol',
    ],
  },
  {
    name: '@openzeppelin/contracts',
    version: '4.9.6',
    folder: '@openzeppelin/contracts',
    prefix: 'oz',
    files: [
      'governance/TimelockController.sol',
      'finance/VestingWallet.sol',
      'finance/PaymentSplitter.sol',
      'token/ERC20/ERC20.sol',
      'token/ERC721/ERC721.sol',
      'token/ERC1155/ERC1155.sol',
      'token/ERC777/presets/ERC777PresetFixedSupply.sol',
      'token/ERC20/presets/ERC20PresetMinterPauser.sol',
      'token/ERC721/presets/ERC721PresetMinterPauserAutoId.sol',
      'token/ERC1155/presets/ERC1155PresetMinterPauser.sol',
      'token/ERC20/utils/TokenTimelock.sol',
      'proxy/beacon/UpgradeableBeacon.sol',
      'proxy/transparent/ProxyAdmin.sol',
      'utils/escrow/Escrow.sol',
      'utils/escrow/RefundEscrow.sol',
      'metatx/MinimalForwarder.sol',
    ],
  },
  {
    name: 'solady',
    version: '0.1.26',
    folder: 'solady',
    prefix: 'solady',
    files: ['src/tokens/WETH.sol', 'src/accounts/ERC4337Factory.sol', 'src/utils/ERC1967Factory.sol'],
  },
  {
    name: '@axelar-network/axelar-gmp-sdk-solidity',
    version: '6.0.6',
    folder: '@axelar-network/axelar-gmp-sdk-solidity',
    prefix: 'axelar',
    files: [
      'utils/Operators',
      'deploy/Create2Deployer',
      'deploy/Create3Deployer',
      'deploy/ConstAddressDeployer',
      'upgradable/InitProxy',
      'upgradable/FinalProxy',
      'upgradable/FixedProxy',
      'governance/InterchainGovernance',
      'governance/Multisig',
      'governance/AxelarServiceGovernance',
      'test/token/ERC20MintableBurnable',
      'test/utils/TestInterchainAddressTracker',
      'test/utils/TestOwnable',
      'test/upgradable/TestUpgradable',
      'test/gmp/DestinationChainReceiver',
      'test/gmp/DestinationChainTokenSwapper',
      'test/gmp/DestinationChainSwapExecutable',
      'test/gmp/ExpressExecutableTest',
    ].map((path) => `contracts/${path}.sol`),
  },
]

/** How one of the packages' habits is made unsound: what is replaced, by what. */
type Rule = { readonly kind: string; readonly pattern: RegExp; change(...groups: string[]): string }

/** What is documented in `mutations.ts`, for sources that have no marks. Each replaces one place in one file. */
const RULES: readonly Rule[] = [
  {
    kind: 'tx-origin',
    pattern: /owner\(\) (!=|==) (?:_msgSender\(\)|msg\.sender)/,
    change: (_, is) => `owner() ${is} tx.origin`,
  },
  { kind: 'tx-origin', pattern: /_checkRole\(role, _msgSender\(\)\)/, change: () => '_checkRole(role, tx.origin)' },
  {
    kind: 'tx-origin',
    pattern: /eq\(caller\(\), sload\(_OWNER_SLOT\)\)/,
    change: () => 'eq(origin(), sload(_OWNER_SLOT))',
  },
  {
    kind: 'tx-origin',
    pattern: /msg\.sender (!=|==) (owner|operator|address\(this\))/,
    change: (_, is, who) => `tx.origin ${is} ${who}`,
  },
  // A modifier between the parentheses of a function that is open to all and its body.
  {
    kind: 'missing-auth',
    pattern:
      /(function \w+\([^)]*\)[^{;]*?(?:external|public)[^{;]*?)\b(?:only(?:Owner|Self|Operator|Authorized|RoleOrOpenRole|Role|Roles)\b(?:\([^)]*\))?)/,
    change: (_, head) => head!,
  },
  {
    kind: 'missing-auth',
    pattern: /require\(\s*hasRole\((?:MINTER|PAUSER)_ROLE, _msgSender\(\)\),\s*"[^"]*"\s*\);/,
    change: () => '',
  },
  { kind: 'unchecked-call', pattern: /if \(!success\) revert \w+\(\);/, change: () => '' },
  { kind: 'unchecked-call', pattern: /require\(success, "[^"]*"\);/, change: () => '' },
  {
    kind: 'unchecked-call',
    pattern: /if \(!success\) \{\s*(?:revert [\w.]+\([^;]*\)|_revert\(returndata\));\s*\}/,
    change: () => '',
  },
  {
    kind: 'reentrancy',
    pattern: /(_released \+= amount;)(.*?)(Address\.sendValue\(payable\(\w+\(?\)?\), amount\);)/,
    change: (_, effect, between, call) => `${call} ${effect}${between}`,
  },
  {
    kind: 'reentrancy',
    pattern: /(_deposits\[payee\] = 0;)(.*?)(payee\.sendValue\(payment\);)/,
    change: (_, effect, between, call) => `${call} ${effect}${between}`,
  },
  {
    kind: 'reentrancy',
    pattern: /(_totalReleased \+= payment;\s*unchecked \{[^}]*\})(.*?)(Address\.sendValue\(account, payment\);)/,
    change: (_, effect, between, call) => `${call} ${effect}${between}`,
  },
  {
    kind: 'reentrancy',
    pattern: /(_burn\(owner, shares\);)(\s*)(SafeERC20\.safeTransfer\([^;]*;)/,
    change: (_, effect, between, call) => `${call} ${effect}${between}`,
  },
  {
    kind: 'reentrancy',
    pattern: /(_burn\(msg\.sender, amount\);)(\s*\/\/\/ @solidity memory-safe-assembly\s*assembly \{.*?\n {8}\})/,
    change: (_, effect, call) => `${call} ${effect}`,
  },
  {
    kind: 'reentrancy',
    pattern: /\/\*E\*\/(.*?)\/\*e\*\/ \/\*I\*\/(.*?)\/\*i\*\//,
    change: (_, effect, call) => `${call} ${effect}`,
  },
  { kind: 'unchecked-arithmetic', pattern: /require\((?:from|account)Balance >= amount, "[^"]*"\);/, change: () => '' },
  { kind: 'unchecked-arithmetic', pattern: /require\(fromBalance >= amount, "[^"]*"\);/, change: () => '' },
  { kind: 'unchecked-arithmetic', pattern: /if \(fromBalance < value\) \{\s*revert [^}]*\}/, change: () => '' },
  { kind: 'open-initialiser', pattern: /\binitializer\b(?=[^;]*\{)/, change: () => '' },
]

/** A file of a package, with mutations in one of the files that it is made of. */
export type PackageSource = {
  readonly family: string
  readonly origin: string
  readonly kind: string
  readonly path: string
  /** The contract; any of the file if it is a wrapper. */
  readonly contract: string
  read(path: string): string | null
}

/**
 * The contracts of a package as they are, and with one mutation each: for each kind that applies in one of the files that
 * a contract is made of, one place of one file, drawn. Whether it changes the code shows after compilation.
 */
export function packaged(one: Package, nodeModules: string): PackageSource[] {
  const origin = `${one.name} ${one.version}`
  const own = WRAPPERS[one.folder] ?? {}
  const read = (path: string): string | null => {
    const wrapper = own[path]
    if (wrapper !== undefined) return wrapper
    const file = join(nodeModules, path)
    return existsSync(file) ? readFileSync(file, 'utf8') : null
  }
  const paths = [...one.files.map((file) => posix.join(one.folder, file)), ...Object.keys(own)]
  return paths.flatMap((path) => {
    const contract = posix.basename(path, '.sol')
    const family = `${one.prefix}:${contract}`
    const files = closure(path, read)
    for (const [file, text] of files)
      if (!/SPDX-License-Identifier: (MIT|Apache-2\.0)/.test(text))
        throw new Error(`${file}: neither MIT nor Apache-2.0`)
    const sound: PackageSource = { family, origin, kind: 'sound', path, contract, read }
    const kinds = [...new Set(RULES.map(({ kind }) => kind))]
    const mutants = kinds.flatMap((kind) => {
      const r = choices(path.length * 31 + kind.length)
      const places = [...files].flatMap(([file, text]) =>
        RULES.filter((rule) => rule.kind === kind).flatMap(({ pattern, change }) => {
          const changed = replaceOne(text, pattern, r, change)
          return changed === null ? [] : [{ file, changed }]
        }),
      )
      return places.slice(0, 1).map(({ file, changed }) => ({
        ...sound,
        kind,
        read: (wanted: string) => (wanted === file ? changed : read(wanted)),
      }))
    })
    return [sound, ...mutants]
  })
}

/** A file and all that it imports, itself first. */
function closure(path: string, read: (path: string) => string | null): Map<string, string> {
  const files = new Map<string, string>()
  const queue = [path]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (files.has(next)) continue
    const text = read(next)
    if (text === null) throw new Error(`${next} is not installed`)
    files.set(next, text)
    for (const [, imported] of text.matchAll(/import\s+(?:[^"';]*?from\s+)?["']([^"']+)["']/g))
      queue.push(imported!.startsWith('.') ? posix.join(posix.dirname(next), imported!) : imported!)
  }
  return files
}
