// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec, one-contract-per-file */
pragma solidity ^0.8.28;

import {InferenceConsumer} from "../inference/InferenceConsumer.sol";
import {SnapshotConsumer} from "../inference/SnapshotConsumer.sol";
import {IInferenceCoordinator} from "../interfaces/IInferenceCoordinator.sol";
import {ClosedValue} from "../libraries/ClosedValue.sol";
import {Requests} from "../libraries/Requests.sol";
import {Tensors} from "../libraries/Tensors.sol";

/// @title The least consumer there is, for tests
/// @notice Keeps the class of the last result.
contract LastClass is InferenceConsumer {
    uint256 public class_;
    bytes32 public commitment;

    event Told(bytes32 indexed requestId, uint256 modelId, bytes32 inputCommitment, uint256 class_);

    constructor(IInferenceCoordinator coordinator_, uint256 modelId_) InferenceConsumer(coordinator_, modelId_) {}

    function ask(int256[] calldata values, Terms calldata terms) external payable returns (bytes32) {
        return _requestInference(values, terms);
    }

    function askAbout(bytes32 inputCommitment, bytes calldata input, Terms calldata terms) external payable {
        _requestInference(inputCommitment, input, terms);
    }

    function withdraw(Requests.Request calldata request) external {
        _cancelInference(request);
    }

    function payOut(address token, uint256 amount, address to) external {
        _withdrawFunds(token, amount, to);
    }

    function _fulfillInference(
        bytes32 requestId,
        uint256 modelId_,
        bytes32 inputCommitment,
        bytes calldata output
    ) internal override {
        class_ = Tensors.argmax(_decodeOutput(output));
        emit Told(requestId, modelId_, inputCommitment, class_);
    }
}

/// @title A consumer whose callback writes one slot, to measure gas
contract LastWord is InferenceConsumer {
    uint256 public word;

    constructor(IInferenceCoordinator coordinator_, uint256 modelId_) InferenceConsumer(coordinator_, modelId_) {}

    function ask(int256[] calldata values, Terms calldata terms) external payable {
        _requestInference(values, terms);
    }

    function _fulfillInference(bytes32, uint256, bytes32, bytes calldata output) internal override {
        word = uint256(bytes32(output));
    }
}

/// @title Asks about values of its own, for tests
contract SnapshotAsker is SnapshotConsumer {
    using ClosedValue for ClosedValue.Value;

    ClosedValue.Value private _level;

    uint256 public class_;

    event Answered(bytes32 indexed requestId, uint256 blockNumber, uint256 class_);

    constructor(
        IInferenceCoordinator coordinator_,
        uint256 modelId_,
        uint256 period
    ) InferenceConsumer(coordinator_, modelId_) SnapshotConsumer(period) {}

    function setLevel(int256 value) external {
        _level.set(value);
    }

    function setAndAsk(int256 value, Terms calldata terms) external payable {
        _level.set(value);
        ask(terms);
    }

    function askAnything(bytes32 inputCommitment, Terms calldata terms) external payable {
        _requestInference(inputCommitment, "", terms);
    }

    function withdraw(Requests.Request calldata request) external {
        _cancelInference(request);
    }

    function level() external view returns (int256) {
        return _level.get();
    }

    /// @dev Every pixel is the closed level.
    function ask(Terms calldata terms) public payable {
        int256[] memory values = new int256[](_inputFormat().count);
        int256 closed = _level.get();
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] = closed;
        }
        _requestFromState(values, terms);
    }

    function _fulfillSnapshot(Snapshot memory snapshot, bytes calldata output) internal override {
        class_ = Tensors.argmax(_decodeOutput(output));
        emit Answered(snapshot.requestId, snapshot.blockNumber, class_);
    }
}

/// @title Sets and reads a closed value in one block, for tests
contract ClosedValueHarness {
    using ClosedValue for ClosedValue.Value;

    ClosedValue.Value private _value;

    function set(int256 value) external {
        _value.set(value);
    }

    function setAndGet(int256[] calldata values) external returns (int256) {
        for (uint256 i = 0; i < values.length; ++i) {
            _value.set(values[i]);
        }
        return _value.get();
    }

    function get() external view returns (int256) {
        return _value.get();
    }
}
