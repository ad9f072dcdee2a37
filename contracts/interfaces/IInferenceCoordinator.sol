// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Requests} from "../libraries/Requests.sol";
import {IAccounts} from "./IAccounts.sol";
import {IInferenceVerifier} from "./IInferenceVerifier.sol";

/// @title Inference coordinator
/// @notice The market: a requester offers a price for an inference, a prover locks the request with a bond, proves it and
/// is paid on the spot. docs/market.md has every transition and where the money goes.
///
/// A request id is the EIP-712 digest of the request, whether it was signed or opened on chain: it binds chain, this
/// contract, and everything asked and offered, and it is what proofs are bound to. An id is used once.
///
/// The prover named in the proof is paid, not the sender: relaying a proof is safe, and copying it is useless. Deprecating
/// a model refuses new requests; what was opened before is settled. Pausing refuses new requests and nothing else.
interface IInferenceCoordinator is IAccounts {
    /// @notice Where a request stands. `LOCK_EXPIRED` and `EXPIRED` come with time, the others with transactions.
    enum State {
        NONE,
        OPEN,
        LOCKED,
        LOCK_EXPIRED,
        EXPIRED,
        FULFILLED,
        CANCELLED,
        REFUNDED
    }

    /// @notice A request was opened and its highest price escrowed.
    /// @param requestId its id
    /// @param requester who pays
    /// @param modelId the model
    /// @param request all of it
    /// @param input helps provers, for instance the packed words; whoever opened a signed request chose it, so compare it
    /// with the input commitment
    event RequestOpened(
        bytes32 indexed requestId,
        address indexed requester,
        uint256 indexed modelId,
        Requests.Request request,
        bytes input
    );

    /// @notice A request was locked and its price fixed.
    /// @param requestId the request
    /// @param locker the only prover until the lock expires
    /// @param price what will be paid; the rest of the escrow went back to the requester
    /// @param lockExpiry last second of the lock
    event RequestLocked(bytes32 indexed requestId, address indexed locker, uint256 price, uint256 lockExpiry);

    /// @notice A request was proven and paid.
    /// @param requestId the request
    /// @param prover who was paid
    /// @param modelId the model
    /// @param inputCommitment commitment to the input
    /// @param output output words, proven
    /// @param price what was paid, in the request's token
    /// @param bond what the prover got of the bond, in the native coin
    event RequestFulfilled(
        bytes32 indexed requestId,
        address indexed prover,
        uint256 indexed modelId,
        bytes32 inputCommitment,
        bytes output,
        uint256 price,
        uint256 bond
    );

    /// @notice A locker did not deliver in time.
    /// @param requestId the request
    /// @param locker whose bond it was
    /// @param burned what was burned of it
    /// @param paid what the later prover got of it
    event BondSlashed(bytes32 indexed requestId, address indexed locker, uint256 burned, uint256 paid);

    /// @notice The requester withdrew a request.
    /// @param requestId the request
    /// @param refund what went back to the requester
    event RequestCancelled(bytes32 indexed requestId, uint256 refund);

    /// @notice A request ended unproven.
    /// @param requestId the request
    /// @param refund what went back to the requester
    /// @param bondReturned what went back to the locker, because the model's verification was stopped
    event RequestRefunded(bytes32 indexed requestId, uint256 refund, uint256 bondReturned);

    /// @notice The callback failed. The request is settled all the same.
    /// @param requestId the request
    /// @param callback the contract
    event CallbackFailed(bytes32 indexed requestId, address indexed callback);

    /// @notice In this state the request does not allow that.
    error WrongState(bytes32 requestId, State state);

    /// @notice Only the requester may do this.
    error NotTheRequester(address sender, address requester);

    /// @notice The signature is not the requester's for this request.
    error InvalidSignature(address requester);

    /// @notice The least price is above the highest.
    error BadPrice(uint256 minPrice, uint256 maxPrice);

    /// @notice The deadline has passed or is too far away, or a lock would not last.
    error BadTimes(uint256 lockSeconds, uint256 deadline);

    /// @notice The bond is too high.
    error BondTooHigh(uint256 bond, uint256 maxBond);

    /// @notice The callback's gas is too high, or there is one of callback and gas without the other.
    error BadCallback(address callback, uint256 callbackGas);

    /// @notice Until the lock expires only the locker is paid for a proof.
    error NotTheLocker(address prover, address locker);

    /// @notice The callback cannot be given its gas; send more.
    error InsufficientCallbackGas(uint256 available, uint256 required);

    /// @notice Opens a request of the sender's. Coins sent along are credited to the sender first; then the highest price is
    /// escrowed from the sender's account.
    /// @param request the request
    /// @param input what provers need to know of the input, if they do not have it; goes into the event only
    /// @return requestId its id
    function requestInference(
        Requests.Request calldata request,
        bytes calldata input
    ) external payable returns (bytes32 requestId);

    /// @notice Opens a request that its requester signed (EIP-712, or ERC-1271 for contracts), escrowing from the requester's
    /// account. Anyone may.
    /// @param request the request
    /// @param signature the requester's signature
    /// @param input what provers need to know of the input, if they do not have it; goes into the event only
    /// @return requestId its id
    function openSigned(
        Requests.Request calldata request,
        bytes calldata signature,
        bytes calldata input
    ) external returns (bytes32 requestId);

    /// @notice Locks an open request for the sender, at the price of now. Coins sent along are credited to the sender first;
    /// then the bond is taken from the sender's account.
    /// @param request the request
    function lock(Requests.Request calldata request) external payable;

    /// @notice Opens a signed request, unless somebody has, and locks it.
    /// @param request the request
    /// @param signature the requester's signature
    function lockSigned(Requests.Request calldata request, bytes calldata signature) external payable;

    /// @notice Settles a locked request with a proof: pays the prover named in it, then tells the callback. Anyone may send it.
    /// @param request the request
    /// @param output output words
    /// @param proof the proof blob, bound to this contract and the request
    function fulfill(Requests.Request calldata request, bytes calldata output, bytes calldata proof) external;

    /// @notice Withdraws a request that nobody has locked. A signed request that was never opened never can be, after this.
    /// @param request the request
    function cancel(Requests.Request calldata request) external;

    /// @notice Ends a request past its deadline, or one whose model was stopped, and refunds the requester. Anyone may.
    /// @param request the request
    function refund(Requests.Request calldata request) external;

    /// @notice Where a request stands now.
    /// @param request the request
    /// @return state its state
    function stateOf(Requests.Request calldata request) external view returns (State state);

    /// @notice What is stored of a request.
    /// @param requestId the request
    /// @return state its state as the last transaction left it
    /// @return locker who locked it, or 0
    /// @return lockedAt when it was locked, or 0
    function recordOf(bytes32 requestId) external view returns (State state, address locker, uint256 lockedAt);

    /// @notice Id of a request: its EIP-712 digest.
    /// @param request the request
    /// @return requestId its id
    function requestIdOf(Requests.Request calldata request) external view returns (bytes32 requestId);

    /// @notice Checks the proofs.
    /// @return verifier the inference verifier
    function inferenceVerifier() external view returns (IInferenceVerifier verifier);

    /// @notice What locking a request at a given time would fix as its price.
    /// @param request the request
    /// @param time the time
    /// @return price the price
    function priceAt(Requests.Request calldata request, uint256 time) external pure returns (uint256 price);
}
