// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zKey } from 'snarkjs'

import { ZkmlError } from '../errors'
import { FIELD_R } from '../groth16/curve'
import { withSnarkjs } from '../groth16/snarkjs-session'
import { VerifierNameError, VerifierTooLargeError } from '../groth16/solidity'
import { packageFolder, packageVersion } from '../project'
import { SYSTEM_NAMES, type UniversalSystem } from './system'
import { SILENT } from './verify'
import { universalKeyHash } from './vkey'
import { readUniversalZkey } from './zkey'

/** What a generated verifier of PLONK or FFLONK is made of. */
export type UniversalVerifierOptions = {
  /** Solidity name of the contract, for instance `IrisPlonkVerifier`. */
  readonly contractName: string
  /** The model as people call it; only for the header. Letters, digits, dot, dash, underscore and space. */
  readonly modelName: string
  /** Path of the proving key; only its header is used. */
  readonly zkey: string
  /** The powers of tau are not of a public ceremony: the verifier reverts outside of chains 1337 and 31337. */
  readonly dev: boolean
  /** Where `IProofVerifier.sol` is, seen from the generated file. */
  readonly interfacePath?: string
}

/** snarkjs' template is not the one that this version was reviewed against. */
export class VerifierTemplateError extends ZkmlError {
  readonly code = 'UNIVERSAL_VERIFIER_TEMPLATE'

  constructor(system: UniversalSystem, part: string) {
    super(
      `the ${system} verifier template of snarkjs ${packageVersion('snarkjs')} has no "${part}", or more than one; ` +
        'install the version of snarkjs that package-lock.json names',
    )
  }
}

/** Beyond this many signals the unrolled code does not fit the 24,576 bytes of EIP-170, optimised for 200 runs. */
export const MAX_UNIVERSAL_SIGNALS: Readonly<Record<UniversalSystem, number>> = { plonk: 80, fflonk: 30 }

/** One and a half times what a check costs at present: for a key of power 28, and for each signal. */
const CHECK_GAS: Readonly<Record<UniversalSystem, { readonly base: number; readonly signal: number }>> = {
  plonk: { base: 390_000, signal: 1000 },
  fflonk: { base: 285_000, signal: 1000 },
}

/**
 * Solidity source of a verifier for one key: snarkjs' GPL-3.0 template, which does the arithmetic, and behind it a contract
 * that inherits it and answers as `IProofVerifier`. One contract, without constructor argument, immutable, storage or
 * delegatecall, so that its `extcodehash` says everything about it. The file is GPL-3.0: keep it out of MIT packages.
 *
 * @throws BinFileError, UnsafeUniversalKeyError, VerifierNameError, VerifierTooLargeError, VerifierTemplateError
 * @example
 * ```ts
 * const source = await generateUniversalVerifier({ contractName: 'IrisPlonkVerifier', modelName: 'iris', zkey, dev: true })
 * ```
 */
export async function generateUniversalVerifier(options: UniversalVerifierOptions): Promise<string> {
  const { contractName, modelName, zkey, dev } = options
  const { interfacePath = '@zkml/contracts/interfaces/IProofVerifier.sol' } = options
  requireName(contractName, /^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'contract name; use letters, digits and underscores')
  requireName(
    modelName,
    /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/,
    'model name; use letters, digits, dot, dash, underscore and space',
  )
  requireName(interfacePath, /^[@A-Za-z0-9_./-]+\.sol$/, 'import path; pass the path of IProofVerifier.sol')
  const { key } = readUniversalZkey(zkey)
  const { system, nPublic } = key
  if (nPublic > MAX_UNIVERSAL_SIGNALS[system])
    throw new VerifierTooLargeError(
      `The key has ${nPublic} public signals and a generated ${system} verifier takes ${MAX_UNIVERSAL_SIGNALS[system]}; ` +
        'make the input hashed, or use groth16.',
    )
  const template = readTemplate(system, `${contractName}Core`)
  const core = await withSnarkjs(() => zKey.exportSolidityVerifier(zkey, { [system]: template }, SILENT))
  const values = { contractName, modelName, interfacePath, dev, system, signals: nPublic, hash: universalKeyHash(key) }
  return `${core.trimEnd()}\n${adapter(values)}`
}

function requireName(name: string, pattern: RegExp, what: string): void {
  if (!pattern.test(name)) throw new VerifierNameError(`'${name}' is no ${what}.`)
}

/**
 * snarkjs' template with three changes: the name, a base contract instead of one to deploy, and a check for which only the
 * contract itself may ask, since without what the adapter checks an answer is not to be relied on.
 */
function readTemplate(system: UniversalSystem, name: string): string {
  const text = readFileSync(join(packageFolder('snarkjs'), 'templates', `verifier_${system}.sol.ejs`), 'utf8')
  const contract = system === 'plonk' ? 'contract PlonkVerifier {' : 'contract FflonkVerifier {'
  const replace = (from: string, to: string, source: string): string => {
    if (source.split(from).length !== 2) throw new VerifierTemplateError(system, from)
    return source.replace(from, () => to)
  }
  const guarded = replace(contract, `abstract contract ${name} {\n${GUARD}`, text)
  return replace(' public view returns (bool) {', ' public view onlyItself returns (bool) {', guarded)
}

const GUARD = `    /// @dev Added by zkml, with "abstract", the name and the modifier of verifyProof: ask verify() instead.
    error OnlyItself(address caller);

    modifier onlyItself() {
        if (msg.sender != address(this)) revert OnlyItself(msg.sender);
        _;
    }
`

type AdapterValues = {
  readonly contractName: string
  readonly modelName: string
  readonly interfacePath: string
  readonly dev: boolean
  readonly system: UniversalSystem
  readonly signals: number
  readonly hash: string
}

function adapter({ contractName, modelName, interfacePath, dev, system, signals, hash }: AdapterValues): string {
  const { base, signal } = CHECK_GAS[system]
  return `
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IProofVerifier} from "${interfacePath}";

/// @title ${contractName}
/// @notice ${system.toUpperCase()} verifier over BN254 of the model "${modelName}".${system === 'fflonk' ? ' snarkjs calls its FFLONK a beta.' : ''}
///   verifying key   ${hash}
///   public signals  ${signals}${dev ? DEV_NOTICE : ''}
/// Generated by zkml; do not edit. The code hash is part of the model's identity.
/// @dev The contract above does the arithmetic, checks that points are on the curve and evaluations below r, and passes all
/// the gas it has to precompiles. Here: the key is the one that was asked for, signals are as many as it has and below r,
/// the proof has the length of one; there is enough gas, so that false is never for lack of it, and no more than one and a
/// half times the present price is spent; and the precompiles exist, since a call to an account without code succeeds.
contract ${contractName} is ${contractName}Core, IProofVerifier {
    /// @notice keccak256 of the canonical bytes of the key that is served.
    bytes32 public constant VK_HASH = ${hash};

    uint256 private constant CHECK_GAS = ${base + signal * signals};

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proof
    ) external view returns (bool valid) {
${dev ? DEV_GUARD : ''}        if (vkHash != VK_HASH) revert UnknownVerifyingKey(vkHash);
        if (signals.length != ${signals}) revert WrongSignalCount(${signals}, signals.length);
        if (proof.length != 768) revert WrongProofLength(proof.length);
        for (uint256 i = 0; i < ${signals}; ++i) {
            if (signals[i] >= ${FIELD_R}) {
                revert SignalNotInField(i, signals[i]);
            }
        }
        if (_lacksPrecompiles()) revert InsufficientGas();
        bytes memory call = abi.encodePacked(this.verifyProof.selector, proof, signals);
        // All but a 64th can be passed on; a little is spent on the way.
        uint256 available = gasleft();
        if (available - available / 64 < CHECK_GAS + 1000) revert InsufficientGas();
        (bool success, bytes memory result) = address(this).staticcall{gas: CHECK_GAS}(call);
        return success && result.length == 32 && abi.decode(result, (uint256)) == 1;
    }

    /// @inheritdoc IProofVerifier
    function proofSystemId() external pure returns (bytes4 id) {
        return bytes4(keccak256("${SYSTEM_NAMES[system]}"));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IProofVerifier).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    /// @dev Addition, multiplication and pairing fail without gas and on input that is none (the point (1, 1), and one byte).
    /// An account without code succeeds.
    function _lacksPrecompiles() private view returns (bool missing) {
        assembly ("memory-safe") {
            mstore(0, 1)
            mstore(0x20, 1)
            missing := staticcall(0, 6, 0, 0x40, 0, 0)
            missing := or(missing, staticcall(0, 7, 0, 0x40, 0, 0))
            missing := or(missing, staticcall(0, 8, 0, 1, 0, 0))
        }
    }
}
`
}

const DEV_NOTICE = '\n///   setup           powers of tau of unknown origin: chains 1337 and 31337 only'
const DEV_GUARD =
  '        if (block.chainid != 31337 && block.chainid != 1337) revert DevKeyOnPublicChain(block.chainid);\n'
