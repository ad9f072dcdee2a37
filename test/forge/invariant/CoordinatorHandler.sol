// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IAccounts} from "../../../contracts/interfaces/IAccounts.sol";
import {IInferenceCoordinator} from "../../../contracts/interfaces/IInferenceCoordinator.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {IVerifierEmergencyStop} from "../../../contracts/interfaces/IVerifierEmergencyStop.sol";
import {Requests} from "../../../contracts/libraries/Requests.sol";
import {Artifacts} from "../support/Artifacts.sol";
import {Attacker, FickleToken} from "../support/Attacker.sol";
import {Assertions} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";
import {Statement, World} from "../support/World.sol";

/// The owner's switch, which no interface names.
interface IPausable {
    function pause() external;

    function unpause() external;
}

/// A second set of books beside the coordinator's, kept by the rules of docs/market.md, and every way to disturb it.
contract CoordinatorHandler is Assertions {
    enum Status {
        OPEN,
        LOCKED,
        FULFILLED,
        CANCELLED,
        REFUNDED
    }

    struct Entry {
        Requests.Request request;
        bytes32 id;
        Status status;
        address locker;
        uint256 lockedAt;
        uint256 price;
        bytes output;
        bytes proof;
    }

    uint256 private constant ACTORS = 4;
    address private constant OWNER = address(0x0123);
    address private constant PUBLISHER = address(0xA11CE);
    address private constant BURNED = 0x000000000000000000000000000000000000dEaD;

    IInferenceCoordinator public immutable coordinator;
    World private immutable _world;
    FickleToken private immutable _token;
    Attacker private immutable _attacker;
    uint256 private immutable _model;

    Entry[] private _entries;
    mapping(bytes32 requestId => uint256) private _payments;
    mapping(address token => mapping(address account => uint256)) private _books;
    mapping(address token => uint256) private _forced;
    uint256 private _burned;
    uint256 private _nonce;
    bool private _paused;
    bool private _stopped;
    bool private _deprecated;

    constructor() {
        _world = new World();
        _model = _world.register(PUBLISHER, 1);
        coordinator = IInferenceCoordinator(
            Artifacts.deploy("market", "InferenceCoordinator", abi.encode(_world.routed(), OWNER))
        );
        _token = new FickleToken();
        _attacker = new Attacker();
        for (uint256 i = 0; i < ACTORS; ++i) {
            address account = _actor(i);
            VM.deal(account, 1e9 ether);
            _token.mint(account, 1e9 ether);
            VM.startPrank(account);
            _token.approve(address(coordinator), type(uint256).max);
            coordinator.deposit{value: 20 ether}(address(0), 20 ether);
            coordinator.deposit(address(_token), 20 ether);
            VM.stopPrank();
            _books[address(0)][account] = _books[address(_token)][account] = 20 ether;
        }
    }

    // ---------------------------------------------------------------- money in and out

    function deposit(uint256 actor, uint256 beneficiary, uint256 amount, bool native) external {
        amount = bound(amount, 0, 50 ether);
        address account = _actor(beneficiary);
        address token = native ? address(0) : address(_token);
        bool arrives = native || _tokenMoves();
        uint256 received = !native && _token.habit() == FickleToken.Habit.FEE ? amount - amount / 10 : amount;
        VM.prank(_actor(actor));
        try coordinator.depositFor{value: native ? amount : 0}(token, amount, account) {
            check(arrives, "only what arrives is credited");
            _books[token][account] += received;
        } catch {
            check(!arrives, "deposits are taken");
        }
    }

    function withdraw(uint256 actor, uint256 amount, uint256 to, bool native) external {
        address account = _actor(actor);
        address token = native ? address(0) : address(_token);
        uint256 balance = _books[token][account];
        // Mostly what is there; sometimes more.
        if (amount % 8 != 0) amount = bound(amount, 0, balance);
        else amount = bound(amount, 0, 2 * balance + 1);
        bool refused = native && to % ACTORS == ACTORS - 1 && _attacker.habit() == Attacker.Habit.REVERT;
        bool allowed = amount <= balance && !refused && (native || _tokenMoves());
        VM.prank(account);
        try coordinator.withdraw(token, amount, _actor(to)) {
            check(allowed, "no more than one has");
            _books[token][account] = balance - amount;
        } catch {
            check(!allowed, "nobody freezes withdrawals");
        }
    }

    /// Coins and tokens that nobody deposited belong to nobody, and must not become anybody's.
    function force(uint256 amount, bool native) external {
        amount = bound(amount, 0, 1 ether);
        _forced[native ? address(0) : address(_token)] += amount;
        if (native) VM.deal(address(coordinator), address(coordinator).balance + amount);
        else _token.mint(address(coordinator), amount);
    }

    // ---------------------------------------------------------------- the life of a request

    function open(uint256 actor, uint256 seed, uint8 way) external {
        Requests.Request memory request = _terms(_actor(actor), seed);
        bytes32 id = coordinator.requestIdOf(request);
        uint256 value = request.token == address(0) && way % 2 == 0 ? request.maxPrice : 0;
        // 0, 1: the requester's own transaction; 2: signed; 3: signed by somebody else
        way %= 4;
        bool isContract = request.requester == address(_attacker);
        bool allowed = !_paused && !_stopped && !_deprecated && (way < 2 || (way == 2 && !isContract));
        if (way >= 2) value = 0;
        allowed = allowed && _books[request.token][request.requester] + value >= request.maxPrice;
        bool done;
        if (way < 2) {
            VM.prank(request.requester);
            try coordinator.requestInference{value: value}(request, "") {
                done = true;
            } catch {}
        } else {
            bytes memory signature = _sign((actor % ACTORS) + (way - 2), id);
            VM.prank(_actor(seed));
            try coordinator.openSigned(request, signature, "") {
                done = true;
            } catch {}
        }
        check(done == allowed, "opened by its requester, with the money for it");
        if (done) _opened(request, id, value);
    }

    /// A signed request is opened and locked in one go.
    function lockSigned(uint256 actor, uint256 locker, uint256 seed) external {
        Requests.Request memory request = _terms(_actor(actor % (ACTORS - 1)), seed);
        bytes32 id = coordinator.requestIdOf(request);
        bytes memory signature = _sign(actor % (ACTORS - 1), id);
        address account = _actor(locker);
        bool allowed = !_paused && !_stopped && !_deprecated;
        allowed = allowed && _books[request.token][request.requester] >= request.maxPrice;
        VM.prank(account);
        try coordinator.lockSigned{value: request.bond}(request, signature) {
            check(allowed, "opened with the money for it");
            _opened(request, id, 0);
            _locked(_entries[_entries.length - 1], account, request.bond);
        } catch {
            check(!allowed, "a signed request can be locked");
        }
    }

    function lock(uint256 actor, uint256 which, bool send) external {
        if (_entries.length == 0) return;
        Entry storage entry = _pickOf(which, Status.OPEN);
        address account = _actor(actor);
        uint256 bond = entry.request.bond;
        uint256 value = send ? bond : 0;
        bool allowed =
            entry.status == Status.OPEN &&
                block.timestamp <= entry.request.deadline &&
                !_stopped &&
                _books[address(0)][account] + value >= bond;
        VM.prank(account);
        try coordinator.lock{value: value}(entry.request) {
            check(allowed, "one locker, with a bond, in time");
            _locked(entry, account, value);
        } catch {
            check(!allowed, "an open request can be locked");
        }
    }

    /// A locker's own proof, brought by anybody.
    function deliver(uint256 which, uint256 sender, uint256 seed) external {
        _fulfill(which, sender, 1, 0, seed);
    }

    /// Proofs of all kinds, for anybody. Faults below 4 are none: the proof holds for the request and the prover.
    function fulfill(uint256 which, uint256 sender, uint256 prover, uint8 fault, uint256 seed) external {
        _fulfill(which, sender, prover, fault % 12, seed);
    }

    /// What settled a request, in its own form or another, to settle it or another request again.
    function replay(uint256 which, uint256 other, uint256 sender, bool malleated) external {
        if (_entries.length == 0) return;
        Entry storage entry = _pickOf(which, Status.FULFILLED);
        if (entry.status != Status.FULFILLED) return;
        bytes memory proof = malleated ? _malleate(entry.proof) : entry.proof;
        VM.prank(_actor(sender));
        try coordinator.fulfill(entry.request, entry.output, proof) {
            check(false, "paid again");
        } catch {}
        VM.prank(_actor(sender));
        Entry storage target = _pick(other);
        try coordinator.fulfill(target.request, entry.output, proof) {
            check(false, "paid for another request");
        } catch {}
    }

    function cancel(uint256 actor, uint256 which) external {
        // Seldom, or little is left to prove.
        if (_entries.length == 0 || (which >> 8) % 4 != 0) return;
        Entry storage entry = _pick(which);
        address account = actor % 2 == 0 ? entry.request.requester : _actor(actor >> 8);
        bool allowed =
            account == entry.request.requester &&
                entry.status == Status.OPEN &&
                block.timestamp <= entry.request.deadline;
        VM.prank(account);
        try coordinator.cancel(entry.request) {
            check(allowed, "the requester, while open");
            entry.status = Status.CANCELLED;
            _books[entry.request.token][entry.request.requester] += entry.request.maxPrice;
        } catch {
            check(!allowed, "the requester, while open");
        }
    }

    function refund(uint256 sender, uint256 which) external {
        if (_entries.length == 0) return;
        Entry storage entry = _pick(which);
        bool allowed = _unfinished(entry) && (_stopped || block.timestamp > entry.request.deadline);
        VM.prank(_actor(sender));
        try coordinator.refund(entry.request) {
            check(allowed, "past its deadline, or stopped");
            _refunded(entry);
        } catch {
            check(!allowed, "past its deadline, or stopped");
        }
    }

    // ---------------------------------------------------------------- the world around

    function wait_(uint256 time) external {
        VM.warp(block.timestamp + bound(time, 1, 10 minutes));
    }

    function pause(uint256 seed) external {
        bool on = seed % 4 == 0;
        if (on == _paused) return;
        _paused = on;
        VM.prank(OWNER);
        if (on) IPausable(address(coordinator)).pause();
        else IPausable(address(coordinator)).unpause();
    }

    function misbehave(uint8 token, uint8 attacker) external {
        // Half of the time all is well with the token.
        _token.become(FickleToken.Habit(token % 8 < 4 ? token % 4 : 0));
        _attacker.become(Attacker.Habit(attacker % 6));
    }

    /// Rare, and for good.
    function stopOrDeprecate(uint256 seed) external {
        if (seed % 32 == 0 && !_stopped) {
            IVerifierEmergencyStop stop = _world.stop();
            address guardian = _world.GUARDIAN();
            VM.prank(guardian);
            stop.stop();
            _stopped = true;
        } else if (seed % 32 == 1 && !_deprecated) {
            IModelRegistry registry = _world.registry();
            VM.prank(PUBLISHER);
            registry.deprecateModel(_model);
            _deprecated = true;
        }
    }

    // ---------------------------------------------------------------- what must hold

    function checkBooks() external view {
        _checkToken(address(0), address(coordinator).balance);
        _checkToken(address(_token), _token.balanceOf(address(coordinator)));
        same(BURNED.balance, _burned, "burned");
        same(_attacker.entered(), 0, "nothing is called from inside");
    }

    function checkRequests() external view {
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            check(coordinator.stateOf(entry.request) == _stateOf(entry), "state");
            same(_payments[entry.id], entry.status == Status.FULFILLED ? 1 : 0, "fulfilled is paid once");
        }
    }

    /// Ends everything, pays everybody out, and finds the coordinator empty.
    function windDown() external {
        _token.become(FickleToken.Habit.HONEST);
        VM.warp(block.timestamp + 31 days);
        for (uint256 i = 0; i < _entries.length; ++i) {
            if (!_unfinished(_entries[i])) continue;
            coordinator.refund(_entries[i].request);
            _refunded(_entries[i]);
        }
        for (uint256 i = 0; i < ACTORS; ++i) {
            address account = _actor(i);
            VM.startPrank(account);
            // An account that refuses coins names another.
            coordinator.withdraw(address(0), _books[address(0)][account], address(0xCAFE));
            coordinator.withdraw(address(_token), _books[address(_token)][account], address(0xCAFE));
            VM.stopPrank();
        }
        same(address(coordinator).balance, _forced[address(0)], "coins left");
        same(_token.balanceOf(address(coordinator)), _forced[address(_token)], "tokens left");
        same(BURNED.balance, _burned, "burned");
    }

    // ---------------------------------------------------------------- the second set of books

    function _fulfill(uint256 which, uint256 sender, uint256 prover, uint8 fault, uint256 seed) private {
        if (_entries.length == 0) return;
        Entry storage entry = _pickOf(which, Status.LOCKED);
        // Mostly the locker's, so that requests get fulfilled.
        address account = prover % 4 == 0 || entry.locker == address(0) ? _actor(prover >> 8) : entry.locker;
        (bytes memory output, bytes memory proof) = _prove(entry, account, fault, seed);
        bool allowed =
            fault < 4 && entry.status == Status.LOCKED && !_stopped && block.timestamp <= entry.request.deadline;
        bool late = entry.status == Status.LOCKED && block.timestamp > _lockExpiry(entry);
        if (!late && account != entry.locker) allowed = false;
        _aimAt(entry, output, proof);
        VM.prank(_actor(sender));
        try coordinator.fulfill(entry.request, output, proof) {
            check(allowed, "paid for a proof of this request, by whom it may be, once");
            same(++_payments[entry.id], 1, "paid once");
            _settle(entry, account, late);
            (entry.output, entry.proof) = (output, proof);
        } catch {
            check(!allowed, "a proof is paid for");
        }
    }

    function _checkToken(address token, uint256 holdings) private view {
        uint256 owed = _forced[token];
        for (uint256 i = 0; i < ACTORS; ++i) {
            address account = _actor(i);
            same(coordinator.balanceOf(token, account), _books[token][account], "balance");
            owed += _books[token][account];
        }
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            if (entry.request.token == token) {
                if (entry.status == Status.OPEN) owed += entry.request.maxPrice;
                if (entry.status == Status.LOCKED) owed += entry.price;
            }
            if (token == address(0) && entry.status == Status.LOCKED) owed += entry.request.bond;
        }
        same(holdings, owed, "holdings");
    }

    function _opened(Requests.Request memory request, bytes32 id, uint256 value) private {
        _books[request.token][request.requester] += value;
        _books[request.token][request.requester] -= request.maxPrice;
        Entry storage entry = _entries.push();
        entry.request = request;
        entry.id = id;
    }

    function _locked(Entry storage entry, address account, uint256 value) private {
        Requests.Request storage request = entry.request;
        _books[address(0)][account] += value;
        _books[address(0)][account] -= request.bond;
        (entry.status, entry.locker, entry.lockedAt) = (Status.LOCKED, account, block.timestamp);
        entry.price = _price(request);
        _books[request.token][request.requester] += request.maxPrice - entry.price;
    }

    function _settle(Entry storage entry, address prover, bool late) private {
        uint256 bond = entry.request.bond;
        entry.status = Status.FULFILLED;
        _books[entry.request.token][prover] += entry.price;
        _books[address(0)][prover] += late ? bond / 2 : bond;
        if (late) _burned += bond - bond / 2;
    }

    function _refunded(Entry storage entry) private {
        bool locked = entry.status == Status.LOCKED;
        entry.status = Status.REFUNDED;
        _books[entry.request.token][entry.request.requester] += locked ? entry.price : entry.request.maxPrice;
        if (!locked) return;
        if (_stopped) _books[address(0)][entry.locker] += entry.request.bond;
        else _burned += entry.request.bond;
    }

    /// Climbs evenly from the least price to the highest.
    function _price(Requests.Request storage request) private view returns (uint256) {
        if (block.timestamp <= request.rampStart) {
            return
                request.rampSeconds == 0 && block.timestamp == request.rampStart ? request.maxPrice : request.minPrice;
        }
        uint256 elapsed = block.timestamp - request.rampStart;
        if (elapsed >= request.rampSeconds) return request.maxPrice;
        return request.minPrice + ((request.maxPrice - request.minPrice) * elapsed) / request.rampSeconds;
    }

    function _lockExpiry(Entry storage entry) private view returns (uint256) {
        uint256 end = entry.lockedAt + entry.request.lockSeconds;
        return end < entry.request.deadline ? end : entry.request.deadline;
    }

    function _unfinished(Entry storage entry) private view returns (bool) {
        return entry.status == Status.OPEN || entry.status == Status.LOCKED;
    }

    function _stateOf(Entry storage entry) private view returns (IInferenceCoordinator.State) {
        if (entry.status == Status.FULFILLED) return IInferenceCoordinator.State.FULFILLED;
        if (entry.status == Status.CANCELLED) return IInferenceCoordinator.State.CANCELLED;
        if (entry.status == Status.REFUNDED) return IInferenceCoordinator.State.REFUNDED;
        if (block.timestamp > entry.request.deadline) return IInferenceCoordinator.State.EXPIRED;
        if (entry.status == Status.OPEN) return IInferenceCoordinator.State.OPEN;
        if (block.timestamp > _lockExpiry(entry)) return IInferenceCoordinator.State.LOCK_EXPIRED;
        return IInferenceCoordinator.State.LOCKED;
    }

    // ---------------------------------------------------------------- requests and proofs

    function _terms(address requester, uint256 seed) private returns (Requests.Request memory request) {
        Statement memory s = _statement(bytes32(0), address(0), 0);
        request.requester = requester;
        request.nonce = ++_nonce;
        request.modelId = _model;
        request.inputCommitment = _world.inputCommitment(s);
        request.token = seed % 3 == 0 ? address(_token) : address(0);
        request.maxPrice = uint128(_draw(seed, 1) % 5 ether);
        request.minPrice = uint128(_draw(seed, 2) % (uint256(request.maxPrice) + 1));
        request.rampStart = uint48(block.timestamp - 10 minutes + (_draw(seed, 3) % 20 minutes));
        request.rampSeconds = uint32(_draw(seed, 4) % 20 minutes);
        request.lockSeconds = uint32(1 + (_draw(seed, 5) % 20 minutes));
        request.deadline = uint48(block.timestamp + (_draw(seed, 6) % 1 hours));
        request.bond = uint128(_draw(seed, 7) % 3 ether);
        if (_draw(seed, 8) % 2 == 0) {
            request.callback = address(_attacker);
            request.callbackGas = uint32(1 + (_draw(seed, 9) % 300_000));
        }
    }

    /// Faults from 4 on: a copied proof under the thief's name, another output, another request, contract, chain or
    /// model, a portable proof, and a changed byte.
    function _prove(
        Entry storage entry,
        address prover,
        uint8 fault,
        uint256 seed
    ) private returns (bytes memory output, bytes memory proof) {
        Statement memory s = _statement(entry.id, prover, seed);
        if (fault == 4) s.prover = address(uint160(prover) ^ 1);
        if (fault == 6) s.requestId = keccak256(abi.encode(entry.id));
        if (fault == 7) s.caller = address(_attacker);
        if (fault == 8) VM.chainId(1);
        if (fault == 9) s.modelId ^= 1;
        proof = fault == 10 ? _world.provePortable(s, seed) : _world.prove(s, seed);
        if (fault == 8) VM.chainId(31337);
        if (fault == 11) proof[seed % 256] ^= 0x01;
        if (fault == 5) s.output[0] ^= 1;
        output = _world.outputOf(s);
        if (fault == 3) proof = _malleate(proof);
        if (fault == 4 || fault == 9) {
            // The blob names the thief, or says nothing of the model.
            s.prover = prover;
            proof = _world.encode(s, _points(proof));
        }
    }

    function _statement(bytes32 id, address prover, uint256 seed) private view returns (Statement memory s) {
        s.modelId = _model;
        s.caller = address(coordinator);
        s.requestId = id;
        s.prover = prover;
        s.output = new uint256[](1);
        s.output[0] = _draw(seed, 10) >> 8;
        s.input = new uint256[](2);
        (s.input[0], s.input[1]) = (3, 4);
    }

    /// When the attacker is called, it tries to be paid again, to withdraw, and to open and lock more.
    function _aimAt(Entry storage entry, bytes memory output, bytes memory proof) private {
        if (entry.request.callback == address(0)) return;
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(IInferenceCoordinator.fulfill, (entry.request, output, proof));
        calls[1] = abi.encodeCall(IAccounts.withdraw, (address(0), 1, address(_attacker)));
        calls[2] = abi.encodeCall(IAccounts.deposit, (address(0), 0));
        calls[3] = abi.encodeCall(IInferenceCoordinator.refund, (entry.request));
        _attacker.aim(address(coordinator), calls);
    }

    function _malleate(bytes memory proof) private pure returns (bytes memory) {
        bytes memory other = TrapdoorProver.malleate(_points(proof));
        bytes memory copy = bytes.concat(proof);
        assembly ("memory-safe") {
            mcopy(add(copy, 32), add(other, 32), 256)
        }
        return copy;
    }

    function _points(bytes memory proof) private pure returns (bytes memory points) {
        points = new bytes(256);
        assembly ("memory-safe") {
            mcopy(add(points, 32), add(proof, 32), 256)
        }
    }

    function _sign(uint256 actor, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(_secret(actor), digest);
        return abi.encodePacked(r, s, v);
    }

    function _tokenMoves() private view returns (bool) {
        FickleToken.Habit habit = _token.habit();
        return habit == FickleToken.Habit.HONEST || habit == FickleToken.Habit.FEE;
    }

    function _pick(uint256 which) private view returns (Entry storage) {
        return _entries[which % _entries.length];
    }

    /// Mostly a request of this status, if there is one: random steps seldom line up.
    function _pickOf(uint256 which, Status status) private view returns (Entry storage entry) {
        entry = _pick(which);
        if ((which >> 16) % 8 == 0) return entry;
        for (uint256 i = 0; i < _entries.length && entry.status != status; ++i) {
            entry = _entries[((which % _entries.length) + i) % _entries.length];
        }
    }

    /// Three people and the attacker.
    function _actor(uint256 index) private view returns (address) {
        index %= ACTORS;
        return index == ACTORS - 1 ? address(_attacker) : VM.addr(_secret(index));
    }

    function _secret(uint256 index) private pure returns (uint256) {
        return 0xBEEF00 + (index % ACTORS);
    }

    function _draw(uint256 seed, uint256 index) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index)));
    }
}
