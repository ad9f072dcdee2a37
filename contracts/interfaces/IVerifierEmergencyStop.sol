// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBatchVerifier} from "./IBatchVerifier.sol";
import {ISharedVerifier} from "./ISharedVerifier.sol";

/// @title Emergency stop of one verifier
/// @notice Stands before a shared verifier and answers as it does, until stopped; a stop is for good. Its guardian (the
/// owner) can stop everything and nothing else: it cannot start again, replace the verifier, or make a proof pass.
///
/// Anyone can stop one key with a proof of the impossible statement under it: that the first output word is r − 1. No
/// packing has that word (252 bits at most), and no commitment is known to, so whoever proves it can prove anything under
/// this key. It says nothing of other keys: anyone can craft a key for which it holds.
interface IVerifierEmergencyStop is ISharedVerifier, IBatchVerifier {
    /// @notice The verifier was stopped, for good.
    /// @param guardian who stopped it
    event VerifierStopped(address indexed guardian);

    /// @notice One key was stopped, for good.
    /// @param vkHash the key
    /// @param sender who brought the proof
    event KeyStopped(bytes32 indexed vkHash, address indexed sender);

    /// @notice The verifier is stopped.
    error Stopped();

    /// @notice The key is stopped.
    error KeyIsStopped(bytes32 vkHash);

    /// @notice The first signal of the impossible statement is r − 1.
    error NotTheImpossibleStatement();

    /// @notice The proof does not prove the impossible statement.
    error ImpossibleStatementNotProven(bytes32 vkHash);

    /// @notice The verifier to stand before is no shared verifier.
    error NotASharedVerifier(address verifier);

    /// @notice Stops everything, for good; only for the guardian.
    function stop() external;

    /// @notice Stops one key, for good; for anyone who proves the impossible statement under it.
    /// @param vkHash the key
    /// @param signals the statement, whose first signal is r − 1
    /// @param proof a proof of it
    function stopKey(bytes32 vkHash, uint256[] calldata signals, bytes calldata proof) external;

    /// @notice Whether proofs under a key are refused.
    /// @param vkHash the key
    /// @return stopped whether the verifier or the key is stopped
    function isStopped(bytes32 vkHash) external view returns (bool stopped);

    /// @notice The verifier this stands before.
    /// @return verifierAddress its address
    function verifier() external view returns (address verifierAddress);
}
