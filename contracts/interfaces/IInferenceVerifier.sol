// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERCZKMLVerifier} from "./IERCZKMLVerifier.sol";

/// @title Inference verifier
/// @notice ERC-7992 verification over the model registry. Every public signal is built on chain: the context from chain,
/// caller, request, model and prover; the weights commitment from the registry. Stateless: replay is the caller's to
/// prevent, with keys taken from the statement and never from proof bytes, because Groth16 proofs are malleable.
///
/// An instance is direct or routed. A direct one asks one shared verifier that nobody can stop or replace. A routed one asks
/// a router, whose guardian can stop it for good, and which serves proof systems that are added to it later. Either way a
/// model with a verifier of its own is decided by that verifier, in a routed instance only while the route of its proof
/// system is live.
interface IInferenceVerifier is IERCZKMLVerifier {
    /// @notice One proof of a batch, as `verifyInference` takes it.
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob
    struct BatchItem {
        bytes32 inputCommitment;
        bytes output;
        bytes proof;
    }

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

    /// @notice The model's route or key is stopped, for good: nothing new is asked of it, and nothing recorded of it counts.
    error ModelStopped(uint256 modelId);

    /// @notice The version was appended and is not active yet.
    error ModelNotActive(uint256 modelId, uint256 activatesAt);

    /// @notice A model with a verifier of its own is decided by that verifier, one proof at a time.
    error BatchNotSupported(uint256 modelId);

    /// @notice A batch has a proof at least.
    error EmptyBatch();

    /// @notice A portable proof names no request and no prover, since it is bound to neither.
    error NotPortable(bytes32 requestId, address prover);

    /// @notice A proof for this chain, or for none, is no foreign one.
    error NotForeign(uint256 chainId);

    /// @notice The verifier is neither a shared verifier nor a router.
    error NotAProofVerifier(address verifier);

    /// @notice A verifier that can be stopped is asked through a router, which says when it is.
    error VerifierIsStoppable(address verifier);

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

    /// @notice Like `checkInference`, and for a deprecated model too: for settling what was agreed before the deprecation.
    /// New business asks `checkInference`.
    /// @param modelId the registered model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob
    /// @param caller the account that the proof is bound to
    function checkPendingInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        address caller
    ) external view;

    /// @notice `verifyInference` for many proofs of one model, in one pairing check: about 34,000 gas for the pairing and
    /// 12,000 for two multiplications a proof, instead of 181,000. Reverts unless all hold; `firstInvalid` finds which does
    /// not. The check is a random combination of the proofs' equations, with 128-bit coefficients hashed from the key, all
    /// proofs and all signals, so a batch with a bad proof passes with a probability of 2^-128 an attempt; the argument is
    /// in `Groth16Batch`. Emits `InferenceVerified` for each.
    /// @param modelId the registered model, which the shared verifier serves
    /// @param items the proofs, bound to the caller, at least one
    function verifyInferenceBatch(uint256 modelId, BatchItem[] calldata items) external;

    /// @notice The view twin of `verifyInferenceBatch`.
    /// @param modelId the registered model, which the shared verifier serves
    /// @param items the proofs, at least one
    /// @param caller the account that the proofs are bound to
    function checkInferenceBatch(uint256 modelId, BatchItem[] calldata items, address caller) external view;

    /// @notice Which proof of a batch is bad: checks one after the other. For use off chain, with gas to spare.
    /// @param modelId the registered model
    /// @param items the proofs
    /// @param caller the account that the proofs are bound to
    /// @return index the first one that `checkInference` refuses, the number of proofs when there is none
    /// @return reason its error
    function firstInvalid(
        uint256 modelId,
        BatchItem[] calldata items,
        address caller
    ) external view returns (uint256 index, bytes memory reason);

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

    /// @notice Like `checkInference`, for a proof that was made for another chain: what it says, it says of that chain. For
    /// contracts that record what was proven for elsewhere; none may take it for an answer to a request of its own.
    /// @param modelId the registered model
    /// @param inputCommitment commitment to the input
    /// @param output output signals, 32 bytes each
    /// @param proof the proof blob
    /// @param chainId the chain that the proof is bound to: not this one, and not 0
    /// @param caller the account there that the proof is bound to
    function checkForeignInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof,
        uint256 chainId,
        address caller
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

    /// @notice Whether the route or the key of a model is stopped: no proof of it will pass here again.
    /// @param modelId the model
    /// @return stopped whether it is; never in a direct instance
    function isStopped(uint256 modelId) external view returns (bool stopped);

    /// @notice The verifier of models that have none of their own.
    /// @return verifier its address, 0 in a routed instance
    function sharedVerifier() external view returns (address verifier);

    /// @notice The router that is asked for the verifier.
    /// @return routerAddress its address, 0 in a direct instance
    function router() external view returns (address routerAddress);

    /// @notice Most gas the verifier of a model may use for a statement. Reverts when nobody checks the model's proof system
    /// here, so that no proof of it could pass.
    /// @param modelId the model
    /// @return gasCap the cap
    function verifierGasCap(uint256 modelId) external view returns (uint256 gasCap);
}
