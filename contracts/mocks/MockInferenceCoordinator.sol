// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IInferenceCallback} from "../interfaces/IInferenceCallback.sol";
import {IInferenceCoordinator} from "../interfaces/IInferenceCoordinator.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {DevChains} from "../libraries/DevChains.sol";
import {Requests} from "../libraries/Requests.sol";
import {UsableModel} from "../libraries/UsableModel.sol";
import {Accounts} from "../market/Accounts.sol";

/// @title Market without provers, for consumers' own tests
/// @notice Takes requests as `InferenceCoordinator` does, and lets a test answer them with any output and no proof. What
/// provers do (locks, bonds, proofs, signed requests) is left out and reverts. Works on chains 1337 and 31337 and
/// nowhere else.
contract MockInferenceCoordinator is IInferenceCoordinator, Accounts, EIP712, ERC165, Pausable {
    using Requests for Requests.Request;

    uint256 private constant MAX_BOND = 10 ether;
    uint256 private constant MAX_CALLBACK_GAS = 1_000_000;
    uint256 private constant MAX_LIFETIME = 30 days;
    uint256 private constant CALLBACK_RESERVE = 10_000;

    /// @inheritdoc IInferenceCoordinator
    IInferenceVerifier public immutable inferenceVerifier;

    /// @notice Ids of all requests, in the order in which they were opened.
    bytes32[] public requestIds;

    mapping(bytes32 requestId => Requests.Request) private _requests;
    mapping(bytes32 requestId => State) private _states;

    /// @notice This is a public chain.
    error MockOnPublicChain(uint256 chainId);

    /// @notice The mock has no provers.
    error NotMocked(bytes4 selector);

    /// @notice The callback failed without saying why: most likely its gas ran out.
    error CallbackFailedSilently(uint256 callbackGas);

    /// @notice Refuses public chains.
    /// @param inferenceVerifier_ where consumers look their model up, for instance a `MockInferenceVerifier`
    constructor(IInferenceVerifier inferenceVerifier_) EIP712("zkml InferenceCoordinator", "1") {
        _requireDevChain();
        inferenceVerifier = inferenceVerifier_;
    }

    /// @notice Refuses new requests, as the owner of the real one can.
    function pause() external {
        _pause();
    }

    /// @notice Accepts new requests again.
    function unpause() external {
        _unpause();
    }

    /// @inheritdoc IInferenceCoordinator
    function requestInference(
        Requests.Request calldata request,
        bytes calldata input
    ) external payable nonReentrant whenNotPaused returns (bytes32 requestId) {
        _requireDevChain();
        _requireRequester(request);
        _requireTerms(request);
        UsableModel.requireUsable(inferenceVerifier, IModelRegistry(inferenceVerifier.registry()), request.modelId);
        _depositValue();
        requestId = requestIdOf(request);
        if (_states[requestId] != State.NONE) revert WrongState(requestId, stateOf(request));
        _states[requestId] = State.OPEN;
        _requests[requestId] = request;
        requestIds.push(requestId);
        _debit(request.token, request.requester, request.maxPrice);
        emit RequestOpened(requestId, request.requester, request.modelId, request, input);
    }

    /// @notice Answers a request with any output, as the market would answer it with a proven one: the price of now goes to the
    /// sender's account, the rest to the requester's, then the callback is called with its gas. Reverts as the callback
    /// does, so that a test sees why.
    /// @param requestId the request
    /// @param output output words
    function fulfil(bytes32 requestId, bytes calldata output) external nonReentrant {
        if (_fulfil(requestId, output)) return;
        uint256 size;
        assembly ("memory-safe") {
            size := returndatasize()
        }
        if (size == 0) revert CallbackFailedSilently(_requests[requestId].callbackGas);
        assembly ("memory-safe") {
            let at := mload(0x40)
            returndatacopy(at, 0, size)
            revert(at, size)
        }
    }

    /// @notice The same, but when the callback fails the request is settled all the same, as on the market.
    /// @param requestId the request
    /// @param output output words
    function fulfilWhateverHappens(bytes32 requestId, bytes calldata output) external nonReentrant {
        if (!_fulfil(requestId, output)) emit CallbackFailed(requestId, _requests[requestId].callback);
    }

    /// @inheritdoc IInferenceCoordinator
    function cancel(Requests.Request calldata request) external nonReentrant {
        _requireRequester(request);
        (bytes32 requestId, State state) = (requestIdOf(request), stateOf(request));
        if (state != State.NONE && state != State.OPEN) revert WrongState(requestId, state);
        _states[requestId] = State.CANCELLED;
        uint256 amount = state == State.OPEN ? request.maxPrice : 0;
        _credit(request.token, request.requester, amount);
        emit RequestCancelled(requestId, amount);
    }

    /// @inheritdoc IInferenceCoordinator
    function refund(Requests.Request calldata request) external nonReentrant {
        (bytes32 requestId, State state) = (requestIdOf(request), stateOf(request));
        bool stopped = state == State.OPEN && inferenceVerifier.isStopped(request.modelId);
        if (state != State.EXPIRED && !stopped) revert WrongState(requestId, state);
        _states[requestId] = State.REFUNDED;
        _credit(request.token, request.requester, request.maxPrice);
        emit RequestRefunded(requestId, request.maxPrice, 0);
    }

    /// @notice How many requests were opened.
    /// @return count the number
    function requestCount() external view returns (uint256 count) {
        return requestIds.length;
    }

    /// @notice A request by its id, all zero if there is none.
    /// @param requestId the request
    /// @return request all of it
    function requestOf(bytes32 requestId) external view returns (Requests.Request memory request) {
        return _requests[requestId];
    }

    /// @inheritdoc IInferenceCoordinator
    function recordOf(bytes32 requestId) external view returns (State state, address locker, uint256 lockedAt) {
        return (_states[requestId], address(0), 0);
    }

    /// @inheritdoc IInferenceCoordinator
    function openSigned(Requests.Request calldata, bytes calldata, bytes calldata) external pure returns (bytes32) {
        revert NotMocked(msg.sig);
    }

    /// @inheritdoc IInferenceCoordinator
    function lock(Requests.Request calldata) external payable {
        revert NotMocked(msg.sig);
    }

    /// @inheritdoc IInferenceCoordinator
    function lockSigned(Requests.Request calldata, bytes calldata) external payable {
        revert NotMocked(msg.sig);
    }

    /// @inheritdoc IInferenceCoordinator
    function fulfill(Requests.Request calldata, bytes calldata, bytes calldata) external pure {
        revert NotMocked(msg.sig);
    }

    /// @inheritdoc IInferenceCoordinator
    function priceAt(Requests.Request calldata request, uint256 time) external pure returns (uint256 price) {
        return request.priceAt(time);
    }

    /// @inheritdoc IInferenceCoordinator
    function stateOf(Requests.Request calldata request) public view returns (State state) {
        state = _states[requestIdOf(request)];
        if (state == State.OPEN && block.timestamp > request.deadline) state = State.EXPIRED;
    }

    /// @inheritdoc IInferenceCoordinator
    function requestIdOf(Requests.Request calldata request) public view returns (bytes32 requestId) {
        return _hashTypedDataV4(request.hashStruct());
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IInferenceCoordinator).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev Settles an open request and calls its callback. What the call returned is left for the caller to read.
    function _fulfil(bytes32 requestId, bytes calldata output) private returns (bool success) {
        _requireDevChain();
        Requests.Request memory request = _requests[requestId];
        State state = _states[requestId];
        if (state == State.OPEN && block.timestamp > request.deadline) state = State.EXPIRED;
        if (state != State.OPEN) revert WrongState(requestId, state);
        _states[requestId] = State.FULFILLED;
        uint256 price = this.priceAt(request, block.timestamp);
        _credit(request.token, msg.sender, price);
        _credit(request.token, request.requester, request.maxPrice - price);
        emit RequestFulfilled(
            requestId,
            msg.sender,
            request.modelId,
            request.inputCommitment,
            output,
            price,
            request.bond
        );
        address callback = request.callback;
        if (callback == address(0)) return true;
        uint256 callbackGas = request.callbackGas;
        bytes memory data = abi.encodeCall(
            IInferenceCallback.fulfillInference,
            (requestId, request.modelId, request.inputCommitment, output)
        );
        uint256 available = gasleft();
        available = available > CALLBACK_RESERVE ? available - CALLBACK_RESERVE : 0;
        available -= available / 64;
        if (available < callbackGas) revert InsufficientCallbackGas(available, callbackGas);
        success = callback.code.length != 0;
        assembly ("memory-safe") {
            success := and(call(callbackGas, callback, 0, add(data, 32), mload(data), 0, 0), success)
        }
    }

    /// @dev Asked in use as well: code can be put on a chain without running its constructor.
    function _requireDevChain() private view {
        if (!DevChains.isDev()) revert MockOnPublicChain(block.chainid);
    }

    function _requireRequester(Requests.Request calldata request) private view {
        if (msg.sender != request.requester) revert NotTheRequester(msg.sender, request.requester);
    }

    function _requireTerms(Requests.Request calldata request) private view {
        if (request.minPrice > request.maxPrice) revert BadPrice(request.minPrice, request.maxPrice);
        uint256 deadline = request.deadline;
        if (request.lockSeconds == 0 || deadline < block.timestamp || deadline > block.timestamp + MAX_LIFETIME)
            revert BadTimes(request.lockSeconds, deadline);
        if (request.bond > MAX_BOND) revert BondTooHigh(request.bond, MAX_BOND);
        if (request.callbackGas > MAX_CALLBACK_GAS || (request.callback == address(0)) != (request.callbackGas == 0))
            revert BadCallback(request.callback, request.callbackGas);
    }
}
