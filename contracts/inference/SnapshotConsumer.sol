// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {InferenceConsumer} from "./InferenceConsumer.sol";

/// @title Base of contracts that ask about their own state
/// @notice The contract computes the input, so nobody can lie about it: its packed words are fixed when it asks, their hash
/// is in the request, and no proof about other words passes. Every request of such a contract is a snapshot.
/// @dev The values have to be closed: as they stood at the end of an earlier block, where no flash loan could shape them
/// within the transaction that asks. `ClosedValue` keeps such values.
///
/// One snapshot is open at a time, and one is answered in a period, so that nobody can ask again until a result suits. One
/// whose deadline has passed unanswered may be replaced at once. A result is as old as its snapshot, not as its delivery:
/// contracts let it expire by `snapshotAge`, and fall back to something safe when it is too old, because no
/// prover can be made to answer.
abstract contract SnapshotConsumer is InferenceConsumer {
    /// @notice Values fixed by a request.
    /// @param requestId the request
    /// @param blockNumber block of the request; the values were closed before it
    /// @param takenAt time of that block
    /// @param deadline last second at which it can be answered
    struct Snapshot {
        bytes32 requestId;
        uint64 blockNumber;
        uint64 takenAt;
        uint64 deadline;
    }

    /// @notice Least seconds from one answered snapshot to the next.
    uint256 public immutable snapshotPeriod;

    Snapshot private _newest;
    Snapshot private _answered;

    /// @notice A snapshot was taken.
    /// @param requestId its request
    /// @param values the values asked about
    event SnapshotTaken(bytes32 indexed requestId, int256[] values);

    /// @notice There is a snapshot that is open, or answered in this period.
    error SnapshotTooEarly(uint256 earliest);

    /// @notice Fixes the period for good.
    /// @param period least seconds from one answered snapshot to the next
    constructor(uint256 period) {
        snapshotPeriod = period;
    }

    /// @notice The snapshot taken last.
    /// @return snapshot it, all 0 if there is none
    function newestSnapshot() external view returns (Snapshot memory snapshot) {
        return _newest;
    }

    /// @notice The snapshot answered last.
    /// @return snapshot it, all 0 if there is none
    function answeredSnapshot() external view returns (Snapshot memory snapshot) {
        return _answered;
    }

    /// @notice When the next snapshot may be taken, as things stand.
    /// @return time the earliest time
    function nextSnapshotAt() public view returns (uint256 time) {
        Snapshot memory newest = _newest;
        if (newest.requestId == 0) return 0;
        return isPending[newest.requestId] ? uint256(newest.deadline) + 1 : newest.takenAt + snapshotPeriod;
    }

    /// @notice Age of the last result, counted from its snapshot.
    /// @return age seconds, or the highest number if there is no result
    function snapshotAge() public view returns (uint256 age) {
        uint256 takenAt = _answered.takenAt;
        return takenAt == 0 ? type(uint256).max : block.timestamp - takenAt;
    }

    /// @dev Called once with the verified result of a snapshot.
    function _fulfillSnapshot(Snapshot memory snapshot, bytes calldata output) internal virtual;

    /// @dev Asks about values of this contract's state, closed in an earlier block.
    function _requestFromState(int256[] memory values, Terms memory terms) internal returns (bytes32 requestId) {
        uint256 earliest = nextSnapshotAt();
        if (block.timestamp < earliest) revert SnapshotTooEarly(earliest);
        _forget(_newest.requestId);
        requestId = _requestInference(values, terms);
        _newest = Snapshot({
            requestId: requestId,
            blockNumber: uint64(block.number),
            takenAt: uint64(block.timestamp),
            deadline: uint64(block.timestamp + terms.lifetime)
        });
        emit SnapshotTaken(requestId, values);
    }

    /// @dev Takes the newest snapshot's result and no other.
    function _fulfillInference(bytes32 requestId, uint256, bytes32, bytes calldata output) internal override {
        Snapshot memory snapshot = _newest;
        if (requestId != snapshot.requestId) revert UnknownRequest(requestId);
        _answered = snapshot;
        _fulfillSnapshot(snapshot, output);
    }
}
