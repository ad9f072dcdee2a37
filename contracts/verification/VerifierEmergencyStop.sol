// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../interfaces/ISharedVerifier.sol";
import {IVerifierEmergencyStop} from "../interfaces/IVerifierEmergencyStop.sol";
import {BN254} from "../libraries/BN254.sol";
import {Supports} from "../libraries/Supports.sol";

/// @title Emergency stop of one verifier
/// @notice See {IVerifierEmergencyStop}. The owner is the guardian.
contract VerifierEmergencyStop is IVerifierEmergencyStop, ERC165, Ownable2Step {
    /// @inheritdoc IVerifierEmergencyStop
    address public immutable verifier;

    bool private _stopped;
    mapping(bytes32 vkHash => bool) private _keyStopped;

    /// @notice Stands before a verifier, for good.
    /// @param verifier_ a shared verifier that also checks batches
    /// @param guardian who may stop it
    constructor(address verifier_, address guardian) Ownable(guardian) {
        if (!Supports.isSharedVerifier(verifier_)) revert NotASharedVerifier(verifier_);
        verifier = verifier_;
    }

    /// @inheritdoc IVerifierEmergencyStop
    function stop() external onlyOwner {
        if (_stopped) revert Stopped();
        _stopped = true;
        emit VerifierStopped(msg.sender);
    }

    /// @inheritdoc IVerifierEmergencyStop
    function stopKey(bytes32 vkHash, uint256[] calldata signals, bytes calldata proof) external {
        if (_keyStopped[vkHash]) revert KeyIsStopped(vkHash);
        if (signals.length == 0 || signals[0] != BN254.R - 1) revert NotTheImpossibleStatement();
        if (!IProofVerifier(verifier).verify(vkHash, signals, proof)) revert ImpossibleStatementNotProven(vkHash);
        _keyStopped[vkHash] = true;
        emit KeyStopped(vkHash, msg.sender);
    }

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proof
    ) external view returns (bool valid) {
        _requireLive(vkHash);
        return IProofVerifier(verifier).verify(vkHash, signals, proof);
    }

    /// @inheritdoc IBatchVerifier
    function verifyBatch(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) external view returns (bool valid) {
        _requireLive(vkHash);
        return IBatchVerifier(verifier).verifyBatch(vkHash, signals, proofs);
    }

    /// @inheritdoc IVerifierEmergencyStop
    function isStopped(bytes32 vkHash) external view returns (bool stopped) {
        return _stopped || _keyStopped[vkHash];
    }

    /// @inheritdoc IProofVerifier
    function proofSystemId() external view returns (bytes4 id) {
        return IProofVerifier(verifier).proofSystemId();
    }

    /// @inheritdoc ISharedVerifier
    function keyStore() external view returns (address store) {
        return ISharedVerifier(verifier).keyStore();
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return
            interfaceId == type(IProofVerifier).interfaceId ||
            interfaceId == type(ISharedVerifier).interfaceId ||
            interfaceId == type(IBatchVerifier).interfaceId ||
            interfaceId == type(IVerifierEmergencyStop).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    function _requireLive(bytes32 vkHash) private view {
        if (_stopped) revert Stopped();
        if (_keyStopped[vkHash]) revert KeyIsStopped(vkHash);
    }
}
