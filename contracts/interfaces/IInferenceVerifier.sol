// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLVerifier} from "./IERCZKMLVerifier.sol";

/// @title Inference verifier
/// @notice ERC-7992 verification over the model registry. Every public signal is built on chain: the context from chain,
/// caller, request, model and prover; the weights commitment from the registry. Stateless: replay is the caller's to
/// prevent, with keys taken from the statement and never from proof bytes, because Groth16 proofs are malleable.
interface IInferenceVerifier is IERCZKMLVerifier {
    /// @notice A portable proof was valid. It is bound to no chain, caller, request or prover: `caller` says who asked, and
    /// nothing about who made the proof or what for.
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param caller who asked
    event PortableInferenceVerified(
        uint256 indexed modelId,
        bytes32 indexed inputCommitment,
        bytes output,
        address indexed caller
    );

    /// @notice The verifier was not given its gas cap, so nothing is known about the proof.
    error InsufficientVerifierGas(uint256 available, uint256 required);

    /// @notice A generated verifier does not have the code it was registered with.
    error VerifierCodeChanged(address verifier, bytes32 expected, bytes32 actual);

    /// @notice A portable proof names no request and no prover, since it is bound to neither.
    error NotPortable(bytes32 requestId, address prover);

    /// @notice The shared verifier is none.
    error NotAProofVerifier(address verifier);

    /// @notice The registry is none.
    error NotARegistry(address registry);

    /// @notice The shared verifier does not serve the keys of the registry's store.
    error KeyStoreMismatch(address registryStore, address verifierStore);

    /// @notice The view twin of `verifyInference`: the same checks and reverts for a given caller, and no event.
    /// @param modelId the registered model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob
    /// @param caller the account that the proof is bound to
    function checkInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        address caller
    ) external view;

    /// @notice Like `verifyInference`, for a proof that is bound to nothing (context 0): anyone may use it anywhere, any
    /// number of times. It never passes where a bound proof is asked for, nor the other way round. Emits
    /// `PortableInferenceVerified` and not `InferenceVerified`, which is for proofs that bind the caller.
    /// @param modelId the registered model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob, request and prover 0
    function verifyInferencePortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external;

    /// @notice The view twin of `verifyInferencePortable`.
    /// @param modelId the registered model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob, request and prover 0
    function checkInferencePortable(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external view;

    /// @notice The context signal a proof has to be made for.
    /// @param caller the account that will call `verifyInference`
    /// @param requestId the request
    /// @param modelId the model
    /// @param prover who is credited: chosen by whoever makes the proof, so it authenticates nobody
    /// @return context the signal
    function contextOf(
        address caller,
        bytes32 requestId,
        uint256 modelId,
        address prover
    ) external view returns (uint256 context);

    /// @notice The verifier of models that have none of their own.
    /// @return verifier its address
    function sharedVerifier() external view returns (address verifier);

    /// @notice Most gas a verifier may use for a statement.
    /// @param signals number of public signals
    /// @return gasCap the cap
    function verifierGasCap(uint256 signals) external pure returns (uint256 gasCap);
}
