// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInferenceCallback} from "../interfaces/IInferenceCallback.sol";
import {IInferenceCoordinator} from "../interfaces/IInferenceCoordinator.sol";
import {Requests} from "../libraries/Requests.sol";
import {PinnedModel} from "./PinnedModel.sol";

/// @title Base of contracts that ask the market for inferences
/// @notice `_requestInference` asks, `_fulfillInference` receives; in between a prover computes, proves and is paid.
/// @dev Requests belong to this contract: it pays, and refunds go to its account at the coordinator, from where the next
/// request takes them first and `_withdrawFunds` gets them out. Who inside this contract they belong to is for it to know.
///
/// The result comes once, in the coordinator's call, with the gas that the terms name. If `_fulfillInference` reverts or
/// needs more, the prover is paid all the same and the result is lost here: keep it small, and never let it depend on others.
/// The coordinator cannot be called from inside it.
abstract contract InferenceConsumer is PinnedModel, IInferenceCallback {
    using SafeERC20 for IERC20;

    /// @notice What this contract offers for an inference.
    /// @param token what is paid in, 0 for the native coin
    /// @param minPrice price at first
    /// @param maxPrice price once the ramp is over
    /// @param rampSeconds how long the price climbs
    /// @param lockSeconds how long a prover has the request alone
    /// @param lifetime seconds until the deadline
    /// @param bond what a prover puts up, in the native coin
    /// @param callbackGas gas for `fulfillInference`
    struct Terms {
        address token;
        uint128 minPrice;
        uint128 maxPrice;
        uint32 rampSeconds;
        uint32 lockSeconds;
        uint32 lifetime;
        uint128 bond;
        uint32 callbackGas;
    }

    /// @notice Where inferences are asked for.
    IInferenceCoordinator public immutable coordinator;

    /// @notice Whether a request of this contract waits for its result.
    mapping(bytes32 requestId => bool) public isPending;

    uint256 private _nonce;

    /// @notice Only the coordinator delivers results.
    error NotTheCoordinator(address sender);

    /// @notice This contract did not open the request, or has its result.
    error UnknownRequest(bytes32 requestId);

    /// @notice Pins coordinator and model for good.
    /// @param coordinator_ where inferences are asked for; its verifier checks them
    /// @param modelId_ the model to pin
    constructor(
        IInferenceCoordinator coordinator_,
        uint256 modelId_
    ) PinnedModel(coordinator_.inferenceVerifier(), modelId_) {
        coordinator = coordinator_;
    }

    /// @inheritdoc IInferenceCallback
    function fulfillInference(
        bytes32 requestId,
        uint256 modelId_,
        bytes32 inputCommitment,
        bytes calldata output
    ) external {
        if (msg.sender != address(coordinator)) revert NotTheCoordinator(msg.sender);
        if (!isPending[requestId]) revert UnknownRequest(requestId);
        delete isPending[requestId];
        _fulfillInference(requestId, modelId_, inputCommitment, output);
    }

    /// @dev Called once with the verified result of a request that this contract opened.
    function _fulfillInference(
        bytes32 requestId,
        uint256 modelId_,
        bytes32 inputCommitment,
        bytes calldata output
    ) internal virtual;

    /// @dev Asks for an inference of a public input, which travels with the request.
    function _requestInference(int256[] memory values, Terms memory terms) internal returns (bytes32 requestId) {
        uint256[] memory words = _packInput(values);
        return _requestInference(_inputCommitmentOf(words), abi.encodePacked(words), terms);
    }

    /// @dev Asks for an inference of an input with a known commitment. `input` helps provers who do not have it. Takes what
    /// the account at the coordinator lacks from this contract's coins or tokens. A token that takes a fee on transfer
    /// has to be deposited beforehand, or too little arrives.
    function _requestInference(
        bytes32 inputCommitment,
        bytes memory input,
        Terms memory terms
    ) internal returns (bytes32 requestId) {
        uint256 value = _fund(terms.token, terms.maxPrice);
        Requests.Request memory request = Requests.Request({
            requester: address(this),
            nonce: ++_nonce,
            modelId: modelId,
            inputCommitment: inputCommitment,
            token: terms.token,
            minPrice: terms.minPrice,
            maxPrice: terms.maxPrice,
            rampStart: uint48(block.timestamp),
            rampSeconds: terms.rampSeconds,
            lockSeconds: terms.lockSeconds,
            deadline: uint48(block.timestamp + terms.lifetime),
            bond: terms.bond,
            callback: address(this),
            callbackGas: terms.callbackGas
        });
        requestId = coordinator.requestInference{value: value}(request, input);
        isPending[requestId] = true;
    }

    /// @dev Withdraws a request of this contract that nobody has locked.
    function _cancelInference(Requests.Request calldata request) internal {
        bytes32 requestId = coordinator.requestIdOf(request);
        // One that does not exist yet could be cancelled as well, and then never opened.
        if (!isPending[requestId]) revert UnknownRequest(requestId);
        delete isPending[requestId];
        coordinator.cancel(request);
    }

    /// @dev Pays out from this contract's account at the coordinator.
    function _withdrawFunds(address token, uint256 amount, address to) internal {
        coordinator.withdraw(token, amount, to);
    }

    /// @dev No longer waits for a result.
    function _forget(bytes32 requestId) internal {
        delete isPending[requestId];
    }

    /// @dev Deposits what the account lacks in tokens; gives what it lacks in coins, to be sent along.
    function _fund(address token, uint256 amount) private returns (uint256 value) {
        uint256 held = coordinator.balanceOf(token, address(this));
        if (held >= amount) return 0;
        uint256 missing = amount - held;
        if (token == address(0)) return missing;
        IERC20(token).forceApprove(address(coordinator), missing);
        coordinator.deposit(token, missing);
    }
}
