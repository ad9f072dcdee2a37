// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceLedger} from "../../../contracts/interfaces/IInferenceLedger.sol";
import {IVerifierEmergencyStop} from "../../../contracts/interfaces/IVerifierEmergencyStop.sol";
import {Artifacts} from "../support/Artifacts.sol";
import {Assertions, InvariantTest} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";
import {Statement, World} from "../support/World.sol";

/// Consumers, provers and thieves of results.
contract LedgerHandler is Assertions {
    struct Entry {
        bytes32 id;
        address consumer;
        uint256 requestedAt;
        uint256 expiresAt;
        address prover;
        uint256 recordedAt;
        bool consumed;
        bytes output;
        bytes proof;
    }

    uint256 private constant ACTORS = 3;

    IInferenceLedger public immutable ledger;
    World private immutable _world;
    uint256 private immutable _model;
    bytes32 private immutable _commitment;
    Entry[] private _entries;
    mapping(address consumer => mapping(uint256 nonce => bool)) private _used;
    bool private _stopped;

    constructor() {
        _world = new World();
        _model = _world.register(address(0xA11CE), 1);
        ledger = IInferenceLedger(Artifacts.deploy("inference", "InferenceLedger", abi.encode(_world.routed())));
        _commitment = _world.inputCommitment(_statement(bytes32(0), address(0), 0));
    }

    function open(uint256 actor, uint256 nonce, uint256 ttl) external {
        address consumer = _actor(actor);
        nonce %= 8;
        ttl = bound(ttl, 0, 366 days);
        if (ttl > 2 hours && ttl <= 365 days) ttl %= 2 hours;
        bool allowed = !_stopped && ttl != 0 && ttl <= 365 days && !_used[consumer][nonce];
        bytes32 expected = ledger.requestIdOf(consumer, _model, _commitment, nonce);
        VM.prank(consumer);
        try ledger.open(_model, _commitment, nonce, ttl) returns (bytes32 id) {
            check(allowed, "a nonce is used once");
            same(id, expected, "id");
            _used[consumer][nonce] = true;
            Entry storage entry = _entries.push();
            (entry.id, entry.consumer) = (id, consumer);
            (entry.requestedAt, entry.expiresAt) = (block.timestamp, block.timestamp + ttl);
        } catch {
            check(!allowed, "a request is opened");
        }
    }

    /// A good proof, the same in its other form, one for another request, one with another output, a changed one.
    function record(uint256 which, uint256 prover, uint256 seed, uint8 fault) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[which % _entries.length];
        address account = _actor(prover);
        fault %= 8;
        Statement memory s = _statement(fault == 5 ? bytes32(seed) : entry.id, account, seed);
        bytes memory proof = _world.prove(s, seed);
        if (fault == 4) proof = _malleate(proof);
        if (fault == 6) s.output[0] ^= 1;
        if (fault == 7) proof[seed % 256] ^= 0x01;
        bytes memory output = _world.outputOf(s);
        bool live = block.timestamp <= entry.expiresAt;
        bool recorded = entry.recordedAt != 0;
        bool allowed = live && (recorded ? keccak256(output) == keccak256(entry.output) : !_stopped && fault < 5);
        try ledger.record(entry.id, output, proof) {
            check(allowed, "a result is proven, and stays");
            if (recorded) return;
            (entry.prover, entry.recordedAt) = (account, block.timestamp);
            entry.output = output;
            entry.proof = proof;
        } catch {
            check(!allowed, "a proven result is recorded");
        }
    }

    /// What was recorded, again, as it was or in its other form: accepted, and nothing changes.
    function replay(uint256 which, bool malleated) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[which % _entries.length];
        if (entry.recordedAt == 0 || block.timestamp > entry.expiresAt) return;
        ledger.record(entry.id, entry.output, malleated ? _malleate(entry.proof) : entry.proof);
    }

    function consume(uint256 which, uint256 actor) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[which % _entries.length];
        address account = actor % 3 == 0 ? _actor(actor >> 8) : entry.consumer;
        bool live = block.timestamp <= entry.expiresAt && entry.recordedAt != 0 && !_stopped;
        bool allowed = live && account == entry.consumer && !entry.consumed;
        VM.prank(account);
        try ledger.consume(entry.id) returns (IInferenceLedger.Result memory result) {
            check(allowed, "used once, by its consumer, in time");
            same(result.output, entry.output, "output");
            same(result.prover, entry.prover, "prover");
            entry.consumed = true;
        } catch {
            check(!allowed, "a live result can be used");
        }
    }

    function wait_(uint256 time) external {
        VM.warp(block.timestamp + bound(time, 1, 20 minutes));
    }

    /// Rare, and for good.
    function stop(uint256 seed) external {
        if (seed % 32 != 0 || _stopped) return;
        IVerifierEmergencyStop target = _world.stop();
        address guardian = _world.GUARDIAN();
        VM.prank(guardian);
        target.stop();
        _stopped = true;
    }

    /// Nothing but what the steps said: no result without a proof, no expiry moved, nothing used twice.
    function checkEntry(uint256 index) public view {
        Entry storage entry = _entries[index];
        IInferenceLedger.Request memory request = ledger.requestOf(entry.id);
        same(request.modelId, _model, "model");
        same(request.inputCommitment, _commitment, "input");
        same(request.consumer, entry.consumer, "consumer");
        same(request.requestedAt, entry.requestedAt, "requested");
        same(request.expiresAt, entry.expiresAt, "expiry");
        same(request.recordedAt, entry.recordedAt, "recorded");
        check(request.consumed == entry.consumed, "consumed");
        bool live = block.timestamp <= entry.expiresAt && entry.recordedAt != 0 && !_stopped;
        try ledger.resultOf(entry.id) returns (IInferenceLedger.Result memory result) {
            check(live, "nothing expired, missing or stopped is read");
            same(result.output, entry.output, "output");
            same(result.prover, entry.prover, "prover");
        } catch {
            check(!live, "a live result is read");
        }
    }

    function entryCount() external view returns (uint256) {
        return _entries.length;
    }

    function _statement(bytes32 id, address prover, uint256 seed) private view returns (Statement memory s) {
        (s.modelId, s.caller, s.requestId, s.prover) = (_model, address(ledger), id, prover);
        s.output = new uint256[](1);
        s.output[0] = seed % 4;
        s.input = new uint256[](2);
        (s.input[0], s.input[1]) = (3, 4);
    }

    function _malleate(bytes memory proof) private pure returns (bytes memory copy) {
        copy = bytes.concat(proof);
        bytes memory points = new bytes(256);
        assembly ("memory-safe") {
            mcopy(add(points, 32), add(proof, 32), 256)
        }
        points = TrapdoorProver.malleate(points);
        assembly ("memory-safe") {
            mcopy(add(copy, 32), add(points, 32), 256)
        }
    }

    function _actor(uint256 index) private pure returns (address) {
        return address(uint160(0xAC70 + (index % ACTORS)));
    }
}

contract LedgerInvariants is InvariantTest {
    LedgerHandler private _handler;

    function setUp() external {
        _handler = new LedgerHandler();
        targetContract(address(_handler));
    }

    function invariant_resultsAreProvenOnceAndUsedOnce() external view {
        uint256 count = _handler.entryCount();
        if (count != 0) _handler.checkEntry(count - 1);
    }

    function afterInvariant() external view {
        for (uint256 i = 0; i < _handler.entryCount(); ++i) _handler.checkEntry(i);
    }
}
