// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {ProofBlob} from "../../libraries/ProofBlob.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {ISybilAwareAirdrop} from "./ISybilAwareAirdrop.sol";

/// @title Airdrop that asks whether an account looks like a person
/// @notice See {ISybilAwareAirdrop}. No owner.
contract SybilAwareAirdrop is ISybilAwareAirdrop, PinnedModel {
    using SafeERC20 for IERC20;

    bytes32 private constant DOMAIN_REQUEST = keccak256("zkml.airdrop.request.v1");
    uint256 private constant FEATURES = 14;
    uint256 private constant FEATURE_BITS = 10;
    uint256 private constant MAX_SCORE_BITS = 64;
    uint256 private constant CLAIM = 0;
    uint256 private constant APPEAL = 1;

    /// @notice Least seconds from the last publication of the second tree to the end.
    uint256 public constant MIN_APPEAL_TIME = 7 days;

    /// @notice What is given away.
    IERC20 public immutable token;

    /// @notice Root of the tree of accounts, amounts and features.
    bytes32 public immutable claimRoot;

    /// @notice The block that its features are of.
    uint256 public immutable snapshotBlock;

    /// @notice Who may publish the second tree.
    address public immutable publisher;

    /// @notice Who gets what is left.
    address public immutable treasury;

    /// @notice Least score that is paid.
    uint256 public immutable threshold;

    /// @notice Least first score of an account that appeals.
    uint256 public immutable appealFloor;

    /// @notice First second at which the second tree may be published.
    uint256 public immutable appealsFrom;

    /// @notice Last second for that.
    uint256 public immutable appealsBy;

    /// @notice Last second of claims and appeals.
    uint256 public immutable deadline;

    /// @inheritdoc ISybilAwareAirdrop
    bytes32 public appealRoot;

    /// @inheritdoc ISybilAwareAirdrop
    uint256 public appealSnapshotBlock;

    /// @inheritdoc ISybilAwareAirdrop
    mapping(address account => bool) public isPaid;

    /// @notice Fixes everything but the second tree for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `sybil-airdrop`
    /// @param config the rest
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        Config memory config
    ) PinnedModel(inferenceVerifier_, modelId_) {
        Tensors.Format memory output = _outputFormat();
        _requireSybilModel(inferenceVerifier_, modelId_, output);
        _requireUsable(config, output.bits);
        token = config.token;
        claimRoot = config.claimRoot;
        snapshotBlock = config.snapshotBlock;
        publisher = config.publisher;
        treasury = config.treasury;
        threshold = config.threshold;
        appealFloor = config.appealFloor;
        appealsFrom = config.appealsFrom;
        appealsBy = config.appealsBy;
        deadline = config.deadline;
    }

    /// @inheritdoc ISybilAwareAirdrop
    function claim(Entitlement calldata entitlement, Answer calldata answer) external {
        _requireClaimable(entitlement);
        uint256 score = _provenScore(entitlement.account, CLAIM, entitlement.features, answer);
        _markPaid(entitlement.account, score);
        _pay(entitlement, CLAIM, score);
    }

    /// @inheritdoc ISybilAwareAirdrop
    function claimBatch(Claim[] calldata claims) external {
        IInferenceVerifier.BatchItem[] memory items = new IInferenceVerifier.BatchItem[](claims.length);
        uint256[] memory scores = new uint256[](claims.length);
        uint256[] memory chosen = new uint256[](claims.length);
        uint256 count;
        for (uint256 i = 0; i < claims.length; ++i) {
            Entitlement calldata entitlement = claims[i].entitlement;
            if (isPaid[entitlement.account]) continue;
            _requireClaimable(entitlement);
            Answer calldata answer = claims[i].answer;
            ProofBlob.proverFor(answer.proof, requestOf(entitlement.account, CLAIM));
            // Nothing is proven yet, and nothing paid until it is.
            scores[count] = uint256(_decodeOutput(answer.output)[0]);
            _markPaid(entitlement.account, scores[count]);
            chosen[count] = i;
            items[count] = IInferenceVerifier.BatchItem({
                inputCommitment: _commitmentTo(entitlement.features),
                output: answer.output,
                proof: answer.proof
            });
            ++count;
        }
        if (count == 0) return;
        assembly ("memory-safe") {
            mstore(items, count)
        }
        inferenceVerifier.verifyInferenceBatch(modelId, items);
        for (uint256 i = 0; i < count; ++i) _pay(claims[chosen[i]].entitlement, CLAIM, scores[i]);
    }

    /// @inheritdoc ISybilAwareAirdrop
    function appeal(
        Entitlement calldata entitlement,
        Answer calldata first,
        Update calldata update,
        Answer calldata fresh
    ) external {
        address account = entitlement.account;
        if (appealRoot == 0) revert NoAppeals();
        _requireClaimable(entitlement);
        _requireLeaf(account, abi.encode(account, update.features), appealRoot, update.merkleProof);
        uint256 firstScore = _provenScore(account, CLAIM, entitlement.features, first);
        if (firstScore < appealFloor) revert ScoreTooLow(account, firstScore, appealFloor);
        uint256 score = _provenScore(account, APPEAL, update.features, fresh);
        _markPaid(account, score);
        _pay(entitlement, APPEAL, score);
    }

    /// @inheritdoc ISybilAwareAirdrop
    function publishAppeals(bytes32 root, uint256 snapshotBlock_) external {
        if (msg.sender != publisher) revert NotThePublisher(msg.sender);
        if (block.timestamp < appealsFrom || block.timestamp > appealsBy) {
            revert NotTimeToPublish(appealsFrom, appealsBy);
        }
        if (appealRoot != 0) revert AlreadyPublished(appealRoot);
        if (root == 0) revert ZeroRoot();
        if (snapshotBlock_ >= block.number || snapshotBlock_ <= snapshotBlock) revert BadSnapshot(snapshotBlock_);
        (appealRoot, appealSnapshotBlock) = (root, snapshotBlock_);
        emit AppealsOpened(root, snapshotBlock_);
    }

    /// @inheritdoc ISybilAwareAirdrop
    function sweep() external {
        if (block.timestamp <= deadline) revert NotEnded(deadline);
        uint256 amount = token.balanceOf(address(this));
        emit Swept(amount);
        token.safeTransfer(treasury, amount);
    }

    /// @inheritdoc ISybilAwareAirdrop
    /// @dev Chain and airdrop are in the proof's context.
    function requestOf(address account, uint256 round) public pure returns (bytes32 requestId) {
        return keccak256(abi.encode(DOMAIN_REQUEST, account, round));
    }

    /// @dev What a verified score of an account and round is; reverts unless it holds. A deprecated model goes on deciding
    /// what was announced before.
    function _provenScore(
        address account,
        uint256 round,
        uint256 features,
        Answer calldata answer
    ) private view returns (uint256 score) {
        ProofBlob.proverFor(answer.proof, requestOf(account, round));
        bytes32 commitment = _commitmentTo(features);
        inferenceVerifier.checkPendingInference(modelId, commitment, answer.output, answer.proof, address(this));
        // From 0 to below 2^64, as the constructor made sure.
        return uint256(_decodeOutput(answer.output)[0]);
    }

    /// @dev Keyed on the account: a tree that has it twice pays it once.
    function _markPaid(address account, uint256 score) private {
        if (score < threshold) revert ScoreTooLow(account, score, threshold);
        isPaid[account] = true;
    }

    function _pay(Entitlement calldata entitlement, uint256 round, uint256 score) private {
        emit Paid(entitlement.account, round, entitlement.amount, score);
        token.safeTransfer(entitlement.account, entitlement.amount);
    }

    function _requireClaimable(Entitlement calldata entitlement) private view {
        if (block.timestamp > deadline) revert Ended(deadline);
        address account = entitlement.account;
        if (isPaid[account]) revert AlreadyPaid(account);
        bytes memory leaf = abi.encode(account, entitlement.amount, entitlement.features);
        _requireLeaf(account, leaf, claimRoot, entitlement.merkleProof);
    }

    function _commitmentTo(uint256 features) private view returns (bytes32) {
        uint256[] memory words = new uint256[](1);
        words[0] = features;
        return _inputCommitmentOf(words);
    }

    /// @dev Hashed twice, so that no inner node is a leaf.
    function _requireLeaf(
        address account,
        bytes memory leaf,
        bytes32 root,
        bytes32[] calldata merkleProof
    ) private pure {
        bytes32 hash = keccak256(bytes.concat(keccak256(leaf)));
        if (!MerkleProof.verifyCalldata(merkleProof, root, hash)) revert NotInTree(account, root);
    }

    function _requireSybilModel(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        Tensors.Format memory output
    ) private view {
        Tensors.Format memory input = _inputFormat();
        bool fits = input.lo == 0 && input.bits == FEATURE_BITS && input.count == FEATURES;
        fits = fits && output.lo == 0 && output.bits <= MAX_SCORE_BITS && output.count == 1;
        if (!fits) revert NotASybilModel(modelId_);
        IModelRegistry registry = IModelRegistry(inferenceVerifier_.registry());
        if (registry.verificationData(modelId_).deprecated) revert DeprecatedModel(modelId_);
    }

    function _requireUsable(Config memory config, uint256 scoreBits) private view {
        (uint256 paid, uint256 floor) = (config.threshold, config.appealFloor);
        (uint256 from, uint256 by, uint256 end) = (config.appealsFrom, config.appealsBy, config.deadline);
        if (address(config.token) == address(0)) revert ZeroAddress();
        if (config.publisher == address(0) || config.treasury == address(0)) revert ZeroAddress();
        if (config.claimRoot == 0) revert ZeroRoot();
        if (config.snapshotBlock >= block.number) revert BadSnapshot(config.snapshotBlock);
        if (paid == 0 || paid >> scoreBits != 0 || floor > paid) revert BadThresholds(paid, floor);
        if (from < block.timestamp || by < from || by > end || end - by < MIN_APPEAL_TIME) {
            revert BadTimes(from, by, end);
        }
    }
}
