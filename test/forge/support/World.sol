// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERCZKMLRegistry} from "../../../contracts/interfaces/IERCZKMLRegistry.sol";
import {IInferenceVerifier} from "../../../contracts/interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../../../contracts/interfaces/IProofVerifier.sol";
import {IVerifierEmergencyStop} from "../../../contracts/interfaces/IVerifierEmergencyStop.sol";
import {IVerifierRouter} from "../../../contracts/interfaces/IVerifierRouter.sol";
import {IVerifyingKeyStore} from "../../../contracts/interfaces/IVerifyingKeyStore.sol";
import {Identity} from "../../../contracts/libraries/Identity.sol";
import {Schema} from "../../../contracts/libraries/Schema.sol";
import {Artifacts} from "./Artifacts.sol";
import {TrapdoorProver} from "./TrapdoorProver.sol";
import {VM} from "./Vm.sol";

/// @title What one inference says, and for whom it was proven
/// @notice `output` and `input` are signals; the models of a world have OUTPUTS and INPUTS of them.
struct Statement {
    uint256 modelId;
    address caller;
    bytes32 requestId;
    address prover;
    uint256[] output;
    uint256[] input;
}

/// @title The core, deployed, with models whose proofs we can make
/// @notice Contexts and commitments are computed here a second time, from docs/encodings.md alone.
contract World {
    uint256 public constant OUTPUTS = 1;
    uint256 public constant INPUTS = 2;
    uint256 public constant SIGNALS = OUTPUTS + INPUTS + 1;

    bytes4 public constant GROTH16 = bytes4(keccak256("groth16-bn254-v1"));

    IVerifyingKeyStore public immutable keyStore;
    IProofVerifier public immutable shared;
    IModelRegistry public immutable registry;
    IInferenceVerifier public immutable verifier;

    /// @notice The same through an emergency stop and a router.
    IInferenceVerifier public immutable routed;
    IVerifierEmergencyStop public immutable stop;
    address public constant GUARDIAN = address(0x6A8D);
    address public constant TIMELOCK = address(0x71ED);

    bytes32 public immutable vkHash;
    bytes32 public immutable ioSchemaHash;
    bytes32 public immutable circuitHash;

    TrapdoorProver.Key private _key;

    constructor() {
        keyStore = IVerifyingKeyStore(Artifacts.deploy("verification", "VerifyingKeyStore", ""));
        shared = IProofVerifier(Artifacts.deploy("verification", "Groth16Verifier", abi.encode(keyStore)));
        registry = IModelRegistry(Artifacts.deploy("registry", "ModelRegistry", abi.encode(keyStore, false)));
        verifier = IInferenceVerifier(Artifacts.deploy("inference", "InferenceVerifier", abi.encode(registry, shared)));
        stop = IVerifierEmergencyStop(
            Artifacts.deploy("verification", "VerifierEmergencyStop", abi.encode(shared, GUARDIAN))
        );
        IVerifierRouter.RouteConfig[] memory routes = new IVerifierRouter.RouteConfig[](1);
        routes[0] = IVerifierRouter.RouteConfig(address(stop), 300_000, 10_000);
        address router = Artifacts.deploy("verification", "VerifierRouter", abi.encode(TIMELOCK, routes));
        routed = IInferenceVerifier(Artifacts.deploy("inference", "InferenceVerifier", abi.encode(registry, router)));
        _key = TrapdoorProver.generate(SIGNALS, 1);
        vkHash = keyStore.store(TrapdoorProver.encode(_key));
        Identity.Manifest memory manifest = _manifest();
        ioSchemaHash = keccak256(abi.encode(keccak256("zkml.schema.v1"), manifest.ioSchema));
        circuitHash = registry.publishManifest(manifest, address(0));
    }

    /// @dev What a publisher registers as their model of some number.
    function commitment(uint256 number) public view returns (IERCZKMLRegistry.ModelCommitment memory) {
        return
            IERCZKMLRegistry.ModelCommitment({
                modelHash: keccak256(abi.encode("model", number)),
                circuitHash: circuitHash,
                vkHash: vkHash,
                proofSystemId: GROTH16,
                uri: "ipfs://card"
            });
    }

    /// @dev Registers a model under a lineage of its own.
    function register(address publisher, uint256 number) external returns (uint256 modelId) {
        VM.prank(publisher);
        return registry.registerModel(commitment(number));
    }

    /// @dev The same in one call, key and manifest included.
    function publish(address publisher, uint256 number) external returns (uint256 modelId) {
        IERCZKMLRegistry.ModelCommitment memory model = commitment(number);
        bytes memory key = TrapdoorProver.encode(_key);
        VM.prank(publisher);
        return registry.publishModel(model.modelHash, model.proofSystemId, model.uri, key, _manifest(), address(0));
    }

    /// @dev The proof blob of a statement, for the chain as it is now.
    function prove(Statement memory s, uint256 randomness) external view returns (bytes memory) {
        return encode(s, points(signalsOf(s, contextOf(s)), randomness));
    }

    /// @dev The blob of a portable proof; caller, request and prover are ignored.
    function provePortable(Statement memory s, uint256 randomness) external view returns (bytes memory) {
        (s.requestId, s.prover) = (bytes32(0), address(0));
        return encode(s, points(signalsOf(s, 0), randomness));
    }

    /// @dev A, B and C for any signals at all.
    function points(uint256[] memory signals, uint256 randomness) public view returns (bytes memory) {
        return TrapdoorProver.prove(_key, signals, randomness);
    }

    function signalsOf(Statement memory s, uint256 context) public pure returns (uint256[] memory signals) {
        signals = new uint256[](SIGNALS);
        for (uint256 i = 0; i < OUTPUTS; ++i) signals[i] = s.output[i];
        for (uint256 i = 0; i < INPUTS; ++i) signals[OUTPUTS + i] = s.input[i];
        signals[SIGNALS - 1] = context;
    }

    function contextOf(Statement memory s) public view returns (uint256) {
        bytes32 domain = keccak256("zkml.context.v1");
        return uint256(keccak256(abi.encode(domain, block.chainid, s.caller, s.requestId, s.modelId, s.prover))) >> 8;
    }

    function encode(Statement memory s, bytes memory points_) public pure returns (bytes memory) {
        return abi.encode(abi.decode(points_, (uint256[8])), s.input, s.requestId, s.prover);
    }

    function inputCommitment(Statement memory s) public view returns (bytes32) {
        return keccak256(abi.encode(keccak256("zkml.input.v1"), ioSchemaHash, s.input));
    }

    function outputOf(Statement memory s) public pure returns (bytes memory) {
        return abi.encodePacked(s.output);
    }

    /// @dev One word of output, two of input, all public, from a ceremony.
    function _manifest() private pure returns (Identity.Manifest memory manifest) {
        manifest.r1csHash = keccak256("r1cs");
        manifest.recipeHash = keccak256("recipe");
        manifest.setupHash = keccak256("ceremony");
        manifest.ioSchema.outputs = new Schema.TensorSpec[](1);
        manifest.ioSchema.outputs[0] = _tensor("logits", 10, -(1 << 20), 21);
        manifest.ioSchema.inputs = new Schema.TensorSpec[](1);
        manifest.ioSchema.inputs[0] = _tensor("pixels", 40, 0, 8);
    }

    function _tensor(
        string memory name,
        uint256 size,
        int256 lo,
        uint8 bits
    ) private pure returns (Schema.TensorSpec memory spec) {
        spec.name = name;
        spec.shape = new uint256[](1);
        spec.shape[0] = size;
        spec.lo = lo;
        spec.bits = bits;
        spec.visibility = Schema.PUBLIC;
    }
}
