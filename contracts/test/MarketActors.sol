// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec, one-contract-per-file, no-empty-blocks, avoid-low-level-calls */
pragma solidity ^0.8.28;

import {IInferenceCallback} from "../interfaces/IInferenceCallback.sol";

/// @title A contract account that does as it is told and cannot receive coins, for tests
contract Puppet {
    constructor() payable {}

    function execute(address target, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool success, bytes memory result) = target.call{value: value}(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
        return result;
    }
}

/// @title A callback and account that calls back wherever it is called, for tests
contract ReentrantActor is Puppet, IInferenceCallback {
    bytes[] private _calls;
    address private immutable _target;

    /// @dev How each call made from inside ended.
    bool[] public entered;
    bytes4[] public answers;

    constructor(address target) {
        _target = target;
    }

    receive() external payable {
        _attack();
    }

    function arm(bytes calldata call) external {
        _calls.push(call);
    }

    function fulfillInference(bytes32, uint256, bytes32, bytes calldata) external {
        _attack();
    }

    function attempts() external view returns (uint256) {
        return entered.length;
    }

    function _attack() private {
        for (uint256 i = 0; i < _calls.length; ++i) {
            (bool success, bytes memory result) = _target.call(_calls[i]);
            entered.push(success);
            answers.push(bytes4(result));
        }
    }
}

/// @title A callback with one habit, for tests
contract HostileCallback is IInferenceCallback {
    enum Habit {
        RECORD,
        REVERT,
        BURN,
        RETURN_BOMB,
        REVERT_BOMB
    }

    Habit private immutable _habit;

    uint256 public calls;
    uint256 public gasReceived;
    bytes32 public requestId;
    uint256 public modelId;
    bytes32 public inputCommitment;
    bytes public output;
    address public sender;

    error Refused();

    constructor(Habit habit) {
        _habit = habit;
    }

    function fulfillInference(
        bytes32 requestId_,
        uint256 modelId_,
        bytes32 inputCommitment_,
        bytes calldata output_
    ) external {
        uint256 received = gasleft();
        Habit habit = _habit;
        if (habit == Habit.REVERT) revert Refused();
        assembly ("memory-safe") {
            switch habit
            case 2 {
                invalid()
            }
            case 3 {
                return(0, 250000)
            }
            case 4 {
                revert(0, 250000)
            }
        }
        (gasReceived, requestId, modelId) = (received, requestId_, modelId_);
        (inputCommitment, output, sender) = (inputCommitment_, output_, msg.sender);
        ++calls;
    }
}
