// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {Tensors} from "../../libraries/Tensors.sol";

/// @title Class gate
/// @notice Remembers, for each account, the class that a classifier gave an input the account proved. An example: the
/// input is the prover's own choice, so a class here is worth as much as knowing some input of that class.
///
/// A class is held for or against an account, and `prover` is chosen by whoever made the proof. So the account itself has
/// to send it; otherwise anyone could write any account's class, and use up its request ids.
contract ClassGate is PinnedModel {
    /// @notice How a class is read from the output: the greatest element, one score against a threshold (0 below it, 1
    /// from it on), or one element that is the class itself.
    enum Decision {
        ARGMAX,
        THRESHOLD,
        INDEX
    }

    /// @notice A verified class.
    /// @param class_ the class
    /// @param at when it was recorded
    /// @param inputCommitment commitment to the classified input
    struct Classification {
        uint64 class_;
        uint64 at;
        bytes32 inputCommitment;
    }

    /// @notice How the class is read from the output.
    Decision public immutable decision;

    /// @notice Least score of class 1, in the output's own integers; only for `Decision.THRESHOLD`.
    int256 public immutable threshold;

    /// @notice The newest classification of an account.
    mapping(address account => Classification) public classificationOf;

    /// @notice Whether an account has used a request id.
    mapping(address account => mapping(bytes32 requestId => bool)) public isUsed;

    /// @notice An account was classified.
    /// @param account who proved it
    /// @param class_ the class
    /// @param requestId what the proof was made for
    /// @param inputCommitment commitment to the classified input
    event Classified(
        address indexed account,
        uint256 indexed class_,
        bytes32 indexed requestId,
        bytes32 inputCommitment
    );

    /// @notice A request id counts once for each account.
    error RequestUsed(address account, bytes32 requestId);

    /// @notice Only the account that a proof names as its prover may send it.
    error NotTheProver(address sender, address prover);

    /// @notice The output has no class in it.
    error NotAClass(int256 value);

    /// @notice Pins a classifier for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ the classifier
    /// @param decision_ how the class is read from the output
    /// @param threshold_ least score of class 1, for `Decision.THRESHOLD`
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        Decision decision_,
        int256 threshold_
    ) PinnedModel(inferenceVerifier_, modelId_) {
        decision = decision_;
        threshold = threshold_;
    }

    /// @notice Records the class of the sender, whom the proof has to name as its prover.
    /// @param inputCommitment commitment to the classified input
    /// @param output the model's output
    /// @param proof the proof blob, bound to this contract
    function classify(bytes32 inputCommitment, bytes calldata output, bytes calldata proof) external {
        Inference memory inference = _verify(inputCommitment, output, proof);
        if (msg.sender != inference.prover) revert NotTheProver(msg.sender, inference.prover);
        // A request id counts once for each account, whatever its proof looks like.
        if (isUsed[inference.prover][inference.requestId]) revert RequestUsed(inference.prover, inference.requestId);
        isUsed[inference.prover][inference.requestId] = true;
        uint256 class_ = _classOf(_decodeOutput(output));
        classificationOf[inference.prover] = Classification({
            class_: uint64(class_),
            at: uint64(block.timestamp),
            inputCommitment: inference.inputCommitment
        });
        emit Classified(inference.prover, class_, inference.requestId, inference.inputCommitment);
    }

    function _classOf(int256[] memory scores) private view returns (uint256) {
        if (decision == Decision.ARGMAX) return Tensors.argmax(scores);
        if (decision == Decision.THRESHOLD) return scores[0] < threshold ? 0 : 1;
        if (scores[0] < 0 || scores[0] > int256(uint256(type(uint64).max))) revert NotAClass(scores[0]);
        return uint256(scores[0]);
    }
}
