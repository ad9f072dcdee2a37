// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A risk score per deployed code
/// @notice Says what a model makes of the instructions of a contract, so that others can ask before they call it. `snapshot`
/// counts the features of a contract's code, anyone proves what the model says of them, and `submit` records it for the
/// code's hash. The attestor has no owner and holds nothing; all that an inference can do is to set this number.
///
/// A score belongs to code, not to an address: `riskOf` looks up the hash of what stands at an address now. So code that was
/// replaced, or is not there yet, is unknown. The same code gets the same score wherever it stands; what its storage, its
/// constructor or its counterparties do is not seen.
///
/// Whoever writes a contract shapes its code, and code that never runs shapes the features as well. So a score finds honest
/// mistakes; **it does not find malice**, and a low risk is no audit. Use it to refuse, never as the only reason to trust.
///
/// Refused are accounts without code, accounts that act by the code of another (EIP-7702) and minimal proxies (EIP-1167): a
/// score of theirs would say nothing about what runs. Other code that runs foreign code as its own (DELEGATECALL, CALLCODE),
/// upgradeable proxies among it, gets a score of its own instructions, and `riskOf` says that there is more behind.
///
/// A score holds for `scoreTtl` seconds from its snapshot. If the model's verification is stopped, none holds.
interface IContractRiskAttestor {
    /// @notice What is known of a contract.
    /// @param isKnown whether its code has a score that holds
    /// @param runsForeignCode whether its code can run the code of others as its own, which the score says nothing about. Never wrongly
    /// false; wrongly true for about one honest contract in a hundred, whose metadata looks like code and holds such a byte, and for
    /// contracts that only carry such code to deploy it
    /// @param risk from 0, harmless, to 1000; 1000 if nothing is known
    /// @param expiresAt last second of the score
    struct Risk {
        bool isKnown;
        bool runsForeignCode;
        uint16 risk;
        uint64 expiresAt;
    }

    /// @notice The features of some code were fixed as the input of an inference.
    /// @param codehash hash of the code
    /// @param requestId what the proof has to be made for, with the attestor as the caller
    /// @param target where the code was found
    /// @param expiresAt last second of the request and of its score
    event SnapshotTaken(bytes32 indexed codehash, bytes32 indexed requestId, address indexed target, uint256 expiresAt);

    /// @notice A score was proven.
    /// @param codehash hash of the code
    /// @param requestId the request that it answers
    /// @param risk the score
    /// @param expiresAt last second of it
    event RiskProven(bytes32 indexed codehash, bytes32 indexed requestId, uint256 risk, uint256 expiresAt);

    /// @notice The times are 0, or scores expire before they can be renewed.
    error BadTimes(uint256 requestPeriod, uint256 scoreTtl);

    /// @notice The model does not take 62 digits of 8 bits and give one number.
    error NotARiskModel(uint256 modelId);

    /// @notice The account has no code.
    error NoCode(address target);

    /// @notice The account acts by the code of another one (EIP-7702).
    error DelegatedAccount(address target);

    /// @notice The account is a minimal proxy: ask about the implementation.
    error MinimalProxy(address target, address implementation);

    /// @notice The code is longer than EIP-170 allows, so reading it could cost any amount of gas.
    error CodeTooLong(address target, uint256 size);

    /// @notice The last snapshot of this code is not old enough.
    error SnapshotTooEarly(bytes32 codehash, uint256 earliest);

    /// @notice The code waits for no score: there is no snapshot, or it has its answer.
    error NoOpenRequest(bytes32 codehash);

    /// @notice The snapshot was taken in this block: its answer comes in a later one.
    error SnapshotNotClosed(bytes32 codehash);

    /// @notice The snapshot is too old to be worth a score.
    error RequestExpired(bytes32 requestId, uint256 expiredAt);

    /// @notice The proof was made for another request.
    error WrongRequest(bytes32 expected, bytes32 actual);

    /// @notice Fixes the features of a contract's code as the input of an inference. Anyone may, once in `requestPeriod`
    /// seconds for the same code. The first time reads all of the code, which takes most of the gas.
    /// @param target the contract
    /// @return requestId what the proof has to be made for, with the attestor as the caller
    function snapshot(address target) external returns (bytes32 requestId);

    /// @notice Hands in the score of some code. Anyone may, in a later block than the snapshot's.
    /// @param codehash hash of the code
    /// @param output the model's output
    /// @param proof the proof blob, bound to the attestor and the request, with any prover
    function submit(bytes32 codehash, bytes calldata output, bytes calldata proof) external;

    /// @notice What is known of a contract, by the code that it has now.
    /// @param target the contract
    /// @return risk its risk
    function riskOf(address target) external view returns (Risk memory risk);

    /// @notice Whether a contract may be called by who accepts a risk: its code is known, runs no foreign code as its own,
    /// and has at most this score.
    /// @param target the contract
    /// @param most greatest score that is accepted
    /// @return accepted whether it may
    function isBelow(address target, uint256 most) external view returns (bool accepted);

    /// @notice The open request for some code, expired or not.
    /// @param codehash hash of the code
    /// @return requestId its id, 0 if there is none
    /// @return inputCommitment commitment to the features
    /// @return expiresAt last second of it and of its score
    function requestOf(
        bytes32 codehash
    ) external view returns (bytes32 requestId, bytes32 inputCommitment, uint256 expiresAt);

    /// @notice The model's input for the code of a contract. Refuses what `snapshot` refuses.
    /// @param target the contract
    /// @return features 62 numbers from 0 to 255
    /// @return runsForeignCode whether the code can run the code of others as its own
    function featuresOf(address target) external view returns (int256[] memory features, bool runsForeignCode);
}
