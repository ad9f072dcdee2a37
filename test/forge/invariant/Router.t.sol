// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IVerifierEmergencyStop} from "../../../contracts/interfaces/IVerifierEmergencyStop.sol";
import {IVerifierRouter} from "../../../contracts/interfaces/IVerifierRouter.sol";
import {BN254} from "../../../contracts/libraries/BN254.sol";
import {Artifacts} from "../support/Artifacts.sol";
import {FakeVerifier} from "../support/FakeVerifier.sol";
import {Assertions, InvariantTest} from "../support/Test.sol";
import {TrapdoorProver} from "../support/TrapdoorProver.sol";
import {VM} from "../support/Vm.sol";
import {World} from "../support/World.sol";

/// What owner, guardian, attackers and verifiers of bad character do to a router.
contract RouterHandler is Assertions {
    uint256 public constant STOPS = 5;
    uint256 public constant KEYS = 3;
    address private constant OWNER = address(0x0123);
    address private constant GUARDIAN = address(0x6A8D);
    address private constant STRANGER = address(0xBAD);

    IVerifierRouter public immutable router;
    World private immutable _world;
    bytes4[3] public selectors;
    // Index 0 stands before the real verifier, the others before fakes; 0 and 3 claim the same proof system.
    IVerifierEmergencyStop[STOPS] public stops;
    FakeVerifier[STOPS] private _fakes;

    TrapdoorProver.Key[KEYS] private _keys;
    bytes32[KEYS] public hashes;

    // What was true once, and must stay so.
    mapping(bytes4 selector => address verifier) public routedTo;
    mapping(bytes4 selector => bool) public tombstoned;
    mapping(address stop => bool) public stopped;
    mapping(address stop => mapping(bytes32 vkHash => bool)) public keyStopped;
    uint256 public answers;

    constructor() {
        _world = new World();
        selectors = [_world.GROTH16(), bytes4("two."), bytes4("odd.")];
        for (uint256 i = 0; i < KEYS; ++i) {
            _keys[i] = TrapdoorProver.generate(3, 100 + i);
            hashes[i] = _world.keyStore().store(TrapdoorProver.encode(_keys[i]));
        }
        for (uint256 i = 0; i < STOPS; ++i) {
            address inner = address(_world.shared());
            if (i != 0) {
                _fakes[i] = new FakeVerifier(selectors[i % 3], address(_world.keyStore()));
                inner = address(_fakes[i]);
            }
            stops[i] = IVerifierEmergencyStop(
                Artifacts.deploy("verification", "VerifierEmergencyStop", abi.encode(inner, GUARDIAN))
            );
        }
        IVerifierRouter.RouteConfig[] memory none = new IVerifierRouter.RouteConfig[](0);
        router = IVerifierRouter(Artifacts.deploy("verification", "VerifierRouter", abi.encode(OWNER, none)));
    }

    function addRoute(uint256 which, uint64 baseGas, uint64 signalGas, bool byOwner) external {
        address target = address(stops[which % STOPS]);
        // Mostly caps that are allowed; otherwise too little, or more than fits.
        bool sane = (which >> 8) % 8 != 0;
        if (sane) baseGas = uint64(bound(baseGas, 300_000, 1_000_000));
        else baseGas = baseGas % 2 == 0 ? baseGas % 300_000 : baseGas | (1 << 40);
        signalGas = uint64(bound(signalGas, 10_000, 50_000));
        bytes4 selector = IVerifierEmergencyStop(target).proofSystemId();
        bool taken = routedTo[selector] != address(0);
        VM.prank(byOwner ? OWNER : STRANGER);
        try router.addRoute(IVerifierRouter.RouteConfig(target, baseGas, signalGas)) {
            check(byOwner && !taken && sane, "the owner adds, once, with a cap that is enough");
            routedTo[selector] = target;
        } catch {
            check(!byOwner || taken || !sane, "the owner adds");
        }
    }

    function tombstone(uint256 which, bool byOwner) external {
        bytes4 selector = selectors[which % 3];
        VM.prank(byOwner ? OWNER : STRANGER);
        try router.tombstone(selector) {
            check(byOwner, "only the owner removes");
            check(routedTo[selector] != address(0) && !tombstoned[selector], "once, and what there was");
            tombstoned[selector] = true;
        } catch {}
    }

    function stopAll(uint256 which, bool byGuardian) external {
        // Seldom: what is stopped stays so, and there are 64 steps.
        if ((which >> 8) % 4 != 0) return;
        IVerifierEmergencyStop target = stops[which % STOPS];
        VM.prank(byGuardian ? GUARDIAN : STRANGER);
        try target.stop() {
            check(byGuardian, "only the guardian stops");
            stopped[address(target)] = true;
        } catch {}
    }

    /// A proof of the impossible statement, or something that looks like one.
    function stopKey(uint256 which, uint256 key, uint256 seed, uint8 fault) external {
        IVerifierEmergencyStop target = stops[which % STOPS];
        uint256[] memory signals = _signals(seed);
        key %= KEYS;
        if (fault % 3 != 0) signals[0] = BN254.R - 1;
        bytes memory proof = TrapdoorProver.prove(_keys[key], signals, seed);
        if (fault % 3 == 1) signals[1] = addmod(signals[1], 1, BN254.R);
        bool proven =
            which % STOPS == 0
                ? fault % 3 == 2
                : fault % 3 != 0 && _fakes[which % STOPS].mood() == FakeVerifier.Mood.TRUE;
        VM.prank(STRANGER);
        try target.stopKey{gas: 2_000_000}(hashes[key], signals, proof) {
            check(proven, "only a proof of the impossible stops a key");
            keyStopped[address(target)][hashes[key]] = true;
        } catch {
            check(!proven || keyStopped[address(target)][hashes[key]], "anyone stops a broken key");
        }
    }

    /// A verifier changes its mind, and what it says it is.
    function become(uint256 which, uint256 selector, uint8 mood) external {
        if (which % STOPS == 0) return;
        _fakes[which % STOPS].become(selectors[selector % 3], FakeVerifier.Mood(mood % 7));
    }

    function verify(uint256 which, uint256 key, uint256 seed, uint8 fault) external {
        bytes4 selector = selectors[which % 3];
        key %= KEYS;
        uint256[] memory signals = _signals(seed);
        bytes memory proof = TrapdoorProver.prove(_keys[key], signals, seed);
        bool good = fault % 2 == 0;
        if (!good) signals[seed % 3] = addmod(signals[seed % 3], 1, BN254.R);
        if (fault % 4 == 3) proof[seed % 256] ^= 0x01;
        address target = routedTo[selector];
        if (target != address(stops[0]) && target != address(0)) {
            for (uint256 i = 1; i < STOPS; ++i) {
                if (address(stops[i]) == target) good = _fakes[i].mood() == FakeVerifier.Mood.TRUE;
            }
        }
        bool dead = target == address(0) || isDead(selector, hashes[key]);
        uint256 cap = target == address(0) ? 0 : router.gasCapOf(selector, 3);
        uint256 before = gasleft();
        try router.verify{gas: 5_000_000}(selector, hashes[key], signals, proof) returns (bool valid) {
            uint256 used = before - gasleft();
            ++answers;
            check(!dead, "nothing dead verifies");
            check(valid == good, "the verifier's word, if it is one");
            // The router's own work: two cold reads, copying the statement.
            check(used <= cap + 40_000, "one proof costs at most the cap");
        } catch (bytes memory reason) {
            check(dead, "what lives answers");
            bytes4 expected =
                target == address(0) ? IVerifierRouter.RouteNotFound.selector : IVerifierRouter.RouteStopped.selector;
            check(bytes4(reason) == expected, "says why");
        }
    }

    function isDead(bytes4 selector, bytes32 vkHash) public view returns (bool) {
        address target = routedTo[selector];
        return tombstoned[selector] || stopped[target] || keyStopped[target][vkHash];
    }

    function _signals(uint256 seed) private pure returns (uint256[] memory signals) {
        signals = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) signals[i] = uint256(keccak256(abi.encode(seed, i))) % BN254.R;
    }
}

contract RouterInvariants is InvariantTest {
    RouterHandler private _handler;

    function setUp() external {
        _handler = new RouterHandler();
        targetContract(address(_handler));
    }

    /// A selector leads where it first led, for good, and a tombstone stands for good.
    function invariant_routesAreForever() external view {
        IVerifierRouter router = _handler.router();
        for (uint256 i = 0; i < 3; ++i) {
            bytes4 selector = _handler.selectors(i);
            (IVerifierRouter.RouteConfig memory config, bool tombstoned) = router.routeOf(selector);
            same(config.verifier, _handler.routedTo(selector), "implementation");
            check(tombstoned == _handler.tombstoned(selector), "tombstone");
        }
    }

    /// A stop is for good, and a stopped key stops nothing else.
    function afterInvariant() external view {
        IVerifierRouter router = _handler.router();
        for (uint256 k = 0; k < _handler.KEYS(); ++k) {
            bytes32 vkHash = _handler.hashes(k);
            for (uint256 i = 0; i < 3; ++i) {
                bytes4 selector = _handler.selectors(i);
                bool expected = _handler.routedTo(selector) != address(0) && _handler.isDead(selector, vkHash);
                check(router.isStopped(selector, vkHash) == expected, "route");
            }
            for (uint256 i = 0; i < _handler.STOPS(); ++i) {
                IVerifierEmergencyStop target = _handler.stops(i);
                bool expected = _handler.stopped(address(target)) || _handler.keyStopped(address(target), vkHash);
                check(target.isStopped(vkHash) == expected, "verifier and key");
            }
        }
    }
}
