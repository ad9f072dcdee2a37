// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {ISharedVerifier} from "../interfaces/ISharedVerifier.sol";
import {DevChains} from "../libraries/DevChains.sol";
import {Domains} from "../libraries/Domains.sol";

/// @title Proof verifier that says what a test tells it to, for consumers' own tests
/// @notice Looks at no proof. A statement holds as it was told, or else as its key was told, or else as `acceptsAll` says.
/// Works on chains 1337 and 31337 and nowhere else.
contract MockProofVerifier is ISharedVerifier, IBatchVerifier, ERC165 {
    /// @notice What a test said.
    enum Answer {
        UNSET,
        HOLDS,
        FAILS
    }

    /// @inheritdoc ISharedVerifier
    address public immutable keyStore;

    /// @notice Whether statements hold of which nothing was said.
    bool public acceptsAll;

    /// @notice What was said of a key.
    mapping(bytes32 vkHash => Answer) public answerForKey;

    /// @notice What was said of a statement, by its `statementId`.
    mapping(bytes32 statement => Answer) public answerFor;

    /// @notice Refuses public chains.
    /// @param keyStore_ what `keyStore` answers: that of the registry beside it
    constructor(address keyStore_) {
        _requireDevChain();
        keyStore = keyStore_;
    }

    /// @notice Says whether statements hold of which nothing else was said.
    /// @param accepts whether they do; at first they do not
    function setAcceptsAll(bool accepts) external {
        acceptsAll = accepts;
    }

    /// @notice Says whether statements under a key hold.
    /// @param vkHash the key
    /// @param answer whether they do
    function setAnswerForKey(bytes32 vkHash, Answer answer) external {
        answerForKey[vkHash] = answer;
    }

    /// @notice Says whether one statement holds.
    /// @param vkHash the key
    /// @param signals every public signal
    /// @param answer whether it does
    function setAnswer(bytes32 vkHash, uint256[] calldata signals, Answer answer) external {
        answerFor[statementId(vkHash, signals)] = answer;
    }

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proof
    ) external view returns (bool valid) {
        _requireDevChain();
        if (proof.length != 256) revert WrongProofLength(proof.length);
        return _holds(vkHash, signals);
    }

    /// @inheritdoc IBatchVerifier
    function verifyBatch(
        bytes32 vkHash,
        uint256[] calldata signals,
        bytes calldata proofs
    ) external view returns (bool valid) {
        _requireDevChain();
        uint256 count = proofs.length / 256;
        if (count == 0 || proofs.length % 256 != 0) revert WrongProofLength(proofs.length);
        uint256 perProof = signals.length / count;
        if (perProof * count != signals.length) revert WrongSignalCount(perProof * count, signals.length);
        valid = true;
        for (uint256 i = 0; i < signals.length; i += perProof) {
            if (!_holds(vkHash, signals[i:i + perProof])) valid = false;
        }
    }

    /// @inheritdoc IProofVerifier
    function proofSystemId() external pure returns (bytes4 id) {
        return Domains.GROTH16;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return
            interfaceId == type(IProofVerifier).interfaceId ||
            interfaceId == type(ISharedVerifier).interfaceId ||
            interfaceId == type(IBatchVerifier).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @notice What a statement goes by in `answerFor`.
    /// @param vkHash the key
    /// @param signals every public signal
    /// @return id hash of both
    function statementId(bytes32 vkHash, uint256[] calldata signals) public pure returns (bytes32 id) {
        return keccak256(abi.encode(vkHash, signals));
    }

    function _holds(bytes32 vkHash, uint256[] calldata signals) private view returns (bool) {
        Answer answer = answerFor[statementId(vkHash, signals)];
        if (answer == Answer.UNSET) answer = answerForKey[vkHash];
        return answer == Answer.UNSET ? acceptsAll : answer == Answer.HOLDS;
    }

    function _requireDevChain() private view {
        if (!DevChains.isDev()) revert DevKeyOnPublicChain(block.chainid);
    }
}
