// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC8004ValidationAdapter} from "../interfaces/IERC8004ValidationAdapter.sol";
import {IERC8004ValidationRegistry} from "../interfaces/IERC8004ValidationRegistry.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {Domains} from "../libraries/Domains.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {Supports} from "../libraries/Supports.sol";

/// @title ERC-8004 validator by verified inference
/// @notice See {IERC8004ValidationAdapter}. No owner.
contract ERC8004ValidationAdapter is IERC8004ValidationAdapter {
    uint8 private constant PASSED = 100;
    string private constant TAG = "zkml";

    /// @inheritdoc IERC8004ValidationAdapter
    address public immutable inferenceVerifier;

    /// @inheritdoc IERC8004ValidationAdapter
    address public immutable validationRegistry;

    /// @inheritdoc IERC8004ValidationAdapter
    mapping(bytes32 requestHash => bool) public isAnswered;

    /// @notice Pins verifier and registry for good.
    /// @param inferenceVerifier_ what checks the proofs
    /// @param validationRegistry_ the ERC-8004 validation registry to answer to
    constructor(address inferenceVerifier_, address validationRegistry_) {
        Supports.requireInferenceVerifier(inferenceVerifier_);
        inferenceVerifier = inferenceVerifier_;
        validationRegistry = validationRegistry_;
    }

    /// @inheritdoc IERC8004ValidationAdapter
    function validate(Claim calldata claim, bytes calldata output, bytes calldata proof) external {
        bytes32 requestHash = keccak256(requestOf(claim, output));
        if (isAnswered[requestHash]) revert AlreadyAnswered(requestHash);
        address prover = ProofBlob.proverFor(proof, requestHash);
        _requireRequested(requestHash, claim.agentId);
        isAnswered[requestHash] = true;
        IInferenceVerifier(inferenceVerifier).verifyInference(claim.modelId, claim.inputCommitment, output, proof);
        emit InferenceValidated(requestHash, claim.agentId, claim.modelId, claim.inputCommitment, output, prover);
        IERC8004ValidationRegistry(validationRegistry).validationResponse(
            requestHash,
            PASSED,
            "",
            keccak256(output),
            TAG
        );
    }

    /// @inheritdoc IERC8004ValidationAdapter
    function requestOf(Claim calldata claim, bytes calldata output) public view returns (bytes memory request) {
        bytes32 domain = Domains.VALIDATION_REQUEST;
        return abi.encode(domain, block.chainid, address(this), validationRegistry, claim, keccak256(output));
    }

    function _requireRequested(bytes32 requestHash, uint256 agentId) private view {
        (address validator, uint256 asking, , , , ) = IERC8004ValidationRegistry(validationRegistry)
            .getValidationStatus(requestHash);
        if (validator != address(this) || asking != agentId) revert NotRequested(requestHash, validator, asking);
    }
}
