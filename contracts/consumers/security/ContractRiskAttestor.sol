// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {IContractRiskAttestor} from "./IContractRiskAttestor.sol";
import {OpcodeFeatures} from "./OpcodeFeatures.sol";

/// @title Contract risk attestor
/// @notice See {IContractRiskAttestor}. No owner.
contract ContractRiskAttestor is IContractRiskAttestor, PinnedModel {
    /// @dev The newest snapshot of some code. The commitment never changes: code has one hash, and one set of features.
    struct Snapshot {
        bytes32 inputCommitment;
        uint64 takenAt;
        uint64 blockNumber;
        uint64 round;
        bool open;
        bool runsForeignCode;
    }

    /// @dev The newest proven score of some code.
    struct Score {
        uint16 value;
        uint64 takenAt;
        bool runsForeignCode;
    }

    bytes32 private constant DOMAIN_REQUEST = keccak256("zkml.contractrisk.request.v1");

    /// @dev The greatest risk; what a model says beyond it is no more.
    uint256 private constant HIGHEST = 1000;

    /// @dev Longest code that an account may have (EIP-170).
    uint256 private constant MAX_CODE = 24_576;

    /// @dev Begins the code of an account that acts by another's (EIP-7702). No contract's code begins so (EIP-3541).
    bytes1 private constant DESIGNATOR = 0xef;

    /// @dev The two parts of a minimal proxy (EIP-1167), around the implementation.
    uint256 private constant PROXY_SIZE = 45;
    bytes10 private constant PROXY_HEAD = 0x363d3d373d3d3d363d73;
    bytes15 private constant PROXY_TAIL = 0x5af43d82803e903d91602b57fd5bf3;

    /// @notice Least seconds from one snapshot of some code to its next.
    uint256 public immutable requestPeriod;

    /// @notice How many seconds a score holds, from its snapshot.
    uint256 public immutable scoreTtl;

    mapping(bytes32 codehash => Snapshot) private _snapshots;
    mapping(bytes32 codehash => Score) private _scores;

    /// @notice Fixes everything for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `contract-risk`
    /// @param requestPeriod_ least seconds from one snapshot of some code to its next
    /// @param scoreTtl_ how many seconds a score holds, from its snapshot
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        uint256 requestPeriod_,
        uint256 scoreTtl_
    ) PinnedModel(inferenceVerifier_, modelId_) {
        if (requestPeriod_ == 0 || scoreTtl_ < requestPeriod_ || scoreTtl_ > type(uint32).max) {
            revert BadTimes(requestPeriod_, scoreTtl_);
        }
        Tensors.Format memory input = _inputFormat();
        Tensors.Format memory output = _outputFormat();
        bool fits = input.lo == 0 && input.bits == OpcodeFeatures.BITS && input.count == OpcodeFeatures.COUNT;
        if (!fits || output.lo != 0 || output.count != 1) revert NotARiskModel(modelId_);
        (requestPeriod, scoreTtl) = (requestPeriod_, scoreTtl_);
    }

    /// @inheritdoc IContractRiskAttestor
    function snapshot(address target) external returns (bytes32 requestId) {
        bytes32 codehash = target.codehash;
        Snapshot memory last = _snapshots[codehash];
        bytes32 inputCommitment = last.inputCommitment;
        bool runsForeignCode = last.runsForeignCode;
        if (inputCommitment == 0) {
            int256[] memory features;
            (features, runsForeignCode) = featuresOf(target);
            inputCommitment = _inputCommitmentOf(_packInput(features));
        } else if (block.timestamp < last.takenAt + requestPeriod) {
            revert SnapshotTooEarly(codehash, last.takenAt + requestPeriod);
        }
        _snapshots[codehash] = Snapshot({
            inputCommitment: inputCommitment,
            takenAt: uint64(block.timestamp),
            blockNumber: uint64(block.number),
            round: last.round + 1,
            open: true,
            runsForeignCode: runsForeignCode
        });
        requestId = _requestId(codehash, last.round + 1);
        emit SnapshotTaken(codehash, requestId, target, block.timestamp + scoreTtl);
    }

    /// @inheritdoc IContractRiskAttestor
    function submit(bytes32 codehash, bytes calldata output, bytes calldata proof) external {
        Snapshot memory last = _snapshots[codehash];
        if (!last.open) revert NoOpenRequest(codehash);
        if (block.number == last.blockNumber) revert SnapshotNotClosed(codehash);
        bytes32 requestId = _requestId(codehash, last.round);
        uint256 expiresAt = last.takenAt + scoreTtl;
        if (block.timestamp > expiresAt) revert RequestExpired(requestId, expiresAt);
        _snapshots[codehash].open = false;
        Inference memory inference = _verify(last.inputCommitment, output, proof);
        if (inference.requestId != requestId) revert WrongRequest(requestId, inference.requestId);
        // From 0 on, as the constructor made sure.
        uint256 proven = uint256(_decodeOutput(output)[0]);
        uint256 risk = proven < HIGHEST ? proven : HIGHEST;
        _scores[codehash] = Score({value: uint16(risk), takenAt: last.takenAt, runsForeignCode: last.runsForeignCode});
        emit RiskProven(codehash, requestId, risk, expiresAt);
    }

    /// @inheritdoc IContractRiskAttestor
    function isBelow(address target, uint256 most) external view returns (bool accepted) {
        Risk memory found = riskOf(target);
        return found.isKnown && !found.runsForeignCode && found.risk <= most;
    }

    /// @inheritdoc IContractRiskAttestor
    function requestOf(
        bytes32 codehash
    ) external view returns (bytes32 requestId, bytes32 inputCommitment, uint256 expiresAt) {
        Snapshot memory last = _snapshots[codehash];
        if (!last.open) return (0, 0, 0);
        return (_requestId(codehash, last.round), last.inputCommitment, last.takenAt + scoreTtl);
    }

    /// @inheritdoc IContractRiskAttestor
    function riskOf(address target) public view returns (Risk memory risk) {
        Score memory score = _scores[target.codehash];
        uint256 expiresAt = score.takenAt + scoreTtl;
        if (score.takenAt == 0 || block.timestamp > expiresAt || inferenceVerifier.isStopped(modelId)) {
            return Risk({isKnown: false, runsForeignCode: false, risk: uint16(HIGHEST), expiresAt: 0});
        }
        return
            Risk({
                isKnown: true,
                runsForeignCode: score.runsForeignCode,
                risk: score.value,
                expiresAt: uint64(expiresAt)
            });
    }

    /// @inheritdoc IContractRiskAttestor
    function featuresOf(address target) public view returns (int256[] memory features, bool runsForeignCode) {
        uint256 size = target.code.length;
        if (size == 0) revert NoCode(target);
        if (size > MAX_CODE) revert CodeTooLong(target, size);
        bytes memory code = target.code;
        if (code[0] == DESIGNATOR) revert DelegatedAccount(target);
        _refuseMinimalProxy(target, code);
        return OpcodeFeatures.read(code);
    }

    /// @dev Code that is nothing but a minimal proxy.
    function _refuseMinimalProxy(address target, bytes memory code) private pure {
        if (code.length != PROXY_SIZE) return;
        bytes32 head;
        bytes32 tail;
        assembly ("memory-safe") {
            head := mload(add(code, 32))
            tail := mload(add(code, 45))
        }
        // The second word holds the last 32 bytes: three of the head, the implementation, and the tail.
        if (bytes10(head) != PROXY_HEAD || uint120(uint256(tail)) != uint120(PROXY_TAIL)) return;
        revert MinimalProxy(target, address(uint160(bytes20(head << 80))));
    }

    /// @dev Chain and attestor are in the proof's context.
    function _requestId(bytes32 codehash, uint256 round) private pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_REQUEST, codehash, round));
    }
}
