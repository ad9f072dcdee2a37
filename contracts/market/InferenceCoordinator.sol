// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IInferenceCallback} from "../interfaces/IInferenceCallback.sol";
import {IInferenceCoordinator} from "../interfaces/IInferenceCoordinator.sol";
import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ProofBlob} from "../libraries/ProofBlob.sol";
import {Requests} from "../libraries/Requests.sol";
import {UsableModel} from "../libraries/UsableModel.sol";
import {Supports} from "../libraries/Supports.sol";
import {Accounts} from "./Accounts.sol";

/// @title Inference coordinator
/// @notice See {IInferenceCoordinator}. The owner can pause the opening of requests, and can do nothing else.
contract InferenceCoordinator is IInferenceCoordinator, Accounts, EIP712, ERC165, Ownable2Step, Pausable {
    using Requests for Requests.Request;

    /// @dev All that is stored of a request; price and times follow from the request itself.
    struct Record {
        State state;
        address locker;
        uint48 lockedAt;
    }

    /// @notice Highest bond.
    uint256 public constant MAX_BOND = 10 ether;

    /// @notice Most gas of a callback.
    uint256 public constant MAX_CALLBACK_GAS = 1_000_000;

    /// @notice Longest time from opening to deadline, in seconds.
    uint256 public constant MAX_LIFETIME = 30 days;

    /// @notice Where burned bonds go.
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    /// @dev What a callback costs beside its own gas, with room: a cold account, the call, and the event when it fails.
    uint256 private constant CALLBACK_RESERVE = 10_000;

    /// @inheritdoc IInferenceCoordinator
    IInferenceVerifier public immutable inferenceVerifier;

    IModelRegistry private immutable _registry;

    mapping(bytes32 requestId => Record) private _records;

    /// @notice Pins the inference verifier for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param owner_ who may pause the opening of requests
    constructor(address inferenceVerifier_, address owner_) EIP712("zkml InferenceCoordinator", "1") Ownable(owner_) {
        Supports.requireInferenceVerifier(inferenceVerifier_);
        inferenceVerifier = IInferenceVerifier(inferenceVerifier_);
        _registry = IModelRegistry(IInferenceVerifier(inferenceVerifier_).registry());
    }

    /// @notice Refuses new requests. Everything else goes on.
    function pause() external onlyOwner {
        _pause();
    }

    /// @notice Accepts new requests again.
    function unpause() external onlyOwner {
        _unpause();
    }

    /// @inheritdoc IInferenceCoordinator
    function requestInference(
        Requests.Request calldata request,
        bytes calldata input
    ) external payable nonReentrant returns (bytes32 requestId) {
        _requireRequester(request);
        _depositValue();
        requestId = requestIdOf(request);
        _open(requestId, request, input);
    }

    /// @inheritdoc IInferenceCoordinator
    function openSigned(
        Requests.Request calldata request,
        bytes calldata signature,
        bytes calldata input
    ) external nonReentrant returns (bytes32 requestId) {
        requestId = requestIdOf(request);
        _requireSignature(requestId, request, signature);
        _open(requestId, request, input);
    }

    /// @inheritdoc IInferenceCoordinator
    function lock(Requests.Request calldata request) external payable nonReentrant {
        _lock(requestIdOf(request), request);
    }

    /// @inheritdoc IInferenceCoordinator
    function lockSigned(Requests.Request calldata request, bytes calldata signature) external payable nonReentrant {
        bytes32 requestId = requestIdOf(request);
        // Somebody who opens it first must not make this fail.
        if (_records[requestId].state == State.NONE) {
            _requireSignature(requestId, request, signature);
            _open(requestId, request, msg.data[:0]);
        }
        _lock(requestId, request);
    }

    /// @inheritdoc IInferenceCoordinator
    function fulfill(
        Requests.Request calldata request,
        bytes calldata output,
        bytes calldata proof
    ) external nonReentrant {
        bytes32 requestId = requestIdOf(request);
        Record memory record = _records[requestId];
        State state = _stateAt(record, request);
        if (state != State.LOCKED && state != State.LOCK_EXPIRED) revert WrongState(requestId, state);
        address prover = ProofBlob.proverFor(proof, requestId);
        if (state == State.LOCKED && prover != record.locker) revert NotTheLocker(prover, record.locker);
        _requireAccount(prover);
        inferenceVerifier.checkPendingInference(request.modelId, request.inputCommitment, output, proof, address(this));
        _settle(requestId, request, record, state == State.LOCK_EXPIRED, prover, output);
        if (request.callback != address(0)) _callback(requestId, request, output);
    }

    /// @inheritdoc IInferenceCoordinator
    function cancel(Requests.Request calldata request) external nonReentrant {
        _requireRequester(request);
        bytes32 requestId = requestIdOf(request);
        State state = _stateAt(_records[requestId], request);
        if (state != State.NONE && state != State.OPEN) revert WrongState(requestId, state);
        _records[requestId].state = State.CANCELLED;
        uint256 amount = state == State.OPEN ? request.maxPrice : 0;
        _credit(request.token, request.requester, amount);
        emit RequestCancelled(requestId, amount);
    }

    /// @inheritdoc IInferenceCoordinator
    function refund(Requests.Request calldata request) external nonReentrant {
        bytes32 requestId = requestIdOf(request);
        Record memory record = _records[requestId];
        State state = _stateAt(record, request);
        if (!_isUnfinished(record.state)) revert WrongState(requestId, state);
        bool stopped = inferenceVerifier.isStopped(request.modelId);
        if (state != State.EXPIRED && !stopped) revert WrongState(requestId, state);
        _records[requestId].state = State.REFUNDED;
        bool locked = record.state == State.LOCKED;
        uint256 amount = locked ? request.priceAt(record.lockedAt) : request.maxPrice;
        uint256 bondReturned = locked && stopped ? request.bond : 0;
        _credit(request.token, request.requester, amount);
        _credit(NATIVE, record.locker, bondReturned);
        emit RequestRefunded(requestId, amount, bondReturned);
        if (locked && !stopped) _slash(requestId, record.locker, request.bond, 0);
    }

    /// @inheritdoc IInferenceCoordinator
    function stateOf(Requests.Request calldata request) external view returns (State state) {
        return _stateAt(_records[requestIdOf(request)], request);
    }

    /// @inheritdoc IInferenceCoordinator
    function recordOf(bytes32 requestId) external view returns (State state, address locker, uint256 lockedAt) {
        Record memory record = _records[requestId];
        return (record.state, record.locker, record.lockedAt);
    }

    /// @inheritdoc IInferenceCoordinator
    function priceAt(Requests.Request calldata request, uint256 time) external pure returns (uint256 price) {
        return request.priceAt(time);
    }

    /// @inheritdoc IInferenceCoordinator
    function requestIdOf(Requests.Request calldata request) public view returns (bytes32 requestId) {
        return _hashTypedDataV4(request.hashStruct());
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IInferenceCoordinator).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev Escrows the highest price.
    function _open(bytes32 requestId, Requests.Request calldata request, bytes calldata input) private {
        State state = _stateAt(_records[requestId], request);
        if (state != State.NONE) revert WrongState(requestId, state);
        _requireNotPaused();
        _requireTerms(request);
        UsableModel.requireUsable(inferenceVerifier, _registry, request.modelId);
        _records[requestId].state = State.OPEN;
        _debit(request.token, request.requester, request.maxPrice);
        emit RequestOpened(requestId, request.requester, request.modelId, request, input);
    }

    /// @dev Takes the bond, fixes the price, and gives the requester what is above it back at once.
    function _lock(bytes32 requestId, Requests.Request calldata request) private {
        State state = _stateAt(_records[requestId], request);
        if (state != State.OPEN) revert WrongState(requestId, state);
        if (inferenceVerifier.isStopped(request.modelId)) revert IInferenceVerifier.ModelStopped(request.modelId);
        _depositValue();
        _debit(NATIVE, msg.sender, request.bond);
        _records[requestId] = Record({state: State.LOCKED, locker: msg.sender, lockedAt: uint48(block.timestamp)});
        uint256 price = request.priceAt(block.timestamp);
        _credit(request.token, request.requester, request.maxPrice - price);
        emit RequestLocked(requestId, msg.sender, price, request.lockExpiry(block.timestamp));
    }

    /// @dev Pays for a proof that was checked.
    function _settle(
        bytes32 requestId,
        Requests.Request calldata request,
        Record memory record,
        bool late,
        address prover,
        bytes calldata output
    ) private {
        _records[requestId].state = State.FULFILLED;
        uint256 price = request.priceAt(record.lockedAt);
        uint256 bond = late ? request.bond / 2 : request.bond;
        _credit(request.token, prover, price);
        _credit(NATIVE, prover, bond);
        emit RequestFulfilled(requestId, prover, request.modelId, request.inputCommitment, output, price, bond);
        if (late) _slash(requestId, record.locker, request.bond - bond, bond);
    }

    /// @dev Nobody controls the burn address and it has no code, so sending to it neither fails nor calls back.
    function _slash(bytes32 requestId, address locker, uint256 burned, uint256 paid) private {
        if (burned == 0) return;
        emit BondSlashed(requestId, locker, burned, paid);
        Address.sendValue(payable(BURN_ADDRESS), burned);
    }

    /// @dev Gives the callback exactly its gas, or reverts; copies nothing it returns. Everything is settled by now, and the
    /// guard is still held, so that nothing here can be called from inside.
    function _callback(bytes32 requestId, Requests.Request calldata request, bytes calldata output) private {
        address callback = request.callback;
        uint256 callbackGas = request.callbackGas;
        bytes memory data = abi.encodeCall(
            IInferenceCallback.fulfillInference,
            (requestId, request.modelId, request.inputCommitment, output)
        );
        uint256 available = gasleft();
        available = available > CALLBACK_RESERVE ? available - CALLBACK_RESERVE : 0;
        available -= available / 64;
        if (available < callbackGas) revert InsufficientCallbackGas(available, callbackGas);
        // A call to an account without code succeeds, and tells nobody.
        bool success = callback.code.length != 0;
        assembly ("memory-safe") {
            success := and(success, call(callbackGas, callback, 0, add(data, 32), mload(data), 0, 0))
        }
        if (!success) emit CallbackFailed(requestId, callback);
    }

    function _stateAt(Record memory record, Requests.Request calldata request) private view returns (State state) {
        state = record.state;
        if (!_isUnfinished(state)) return state;
        if (block.timestamp > request.deadline) return State.EXPIRED;
        if (state == State.LOCKED && block.timestamp > request.lockExpiry(record.lockedAt)) return State.LOCK_EXPIRED;
    }

    function _requireRequester(Requests.Request calldata request) private view {
        if (msg.sender != request.requester) revert NotTheRequester(msg.sender, request.requester);
    }

    function _requireSignature(
        bytes32 requestId,
        Requests.Request calldata request,
        bytes calldata signature
    ) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(request.requester, requestId, signature)) {
            revert InvalidSignature(request.requester);
        }
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

    /// @dev Whether a stored state still holds money.
    function _isUnfinished(State state) private pure returns (bool) {
        return state == State.OPEN || state == State.LOCKED;
    }
}
