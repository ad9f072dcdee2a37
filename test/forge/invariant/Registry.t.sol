// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERCZKMLRegistry} from "../../../contracts/interfaces/IERCZKMLRegistry.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {Assertions, InvariantTest} from "../support/Test.sol";
import {VM} from "../support/Vm.sol";
import {World} from "../support/World.sol";

/// Publishers, owners, heirs and strangers, in any order.
contract RegistryHandler is Assertions {
    uint256 public constant ACTORS = 4;
    uint256 private constant NUMBERS = 6;

    World private immutable _world;
    IModelRegistry public immutable registry;

    uint256[] public models;
    mapping(uint256 modelId => bytes32) public commitmentHash;
    mapping(uint256 modelId => uint256) public lineageOf;
    mapping(uint256 modelId => uint256) public versionOf;
    mapping(uint256 modelId => uint256) public activationOf;
    mapping(uint256 modelId => bool) public deprecated;
    mapping(uint256 lineageId => uint256[]) private _versions;
    mapping(uint256 lineageId => address) public ownerOf;
    mapping(uint256 lineageId => address) public pendingOwnerOf;

    constructor() {
        _world = new World();
        registry = _world.registry();
    }

    function register(uint256 actor, uint256 number) external {
        address publisher = _actor(actor);
        IERCZKMLRegistry.ModelCommitment memory commitment = _world.commitment(number % NUMBERS);
        uint256 expected = registry.modelIdOf(publisher, commitment);
        VM.prank(publisher);
        try registry.registerModel(commitment) returns (uint256 modelId) {
            same(modelId, expected, "content-addressed");
            ownerOf[modelId] = publisher;
            _add(modelId, modelId, commitment, 0);
        } catch {
            check(commitmentHash[expected] != 0, "whatever is new is registered");
        }
    }

    function publish(uint256 actor, uint256 number) external {
        IERCZKMLRegistry.ModelCommitment memory commitment = _world.commitment(number % NUMBERS);
        uint256 expected = registry.modelIdOf(_actor(actor), commitment);
        try _world.publish(_actor(actor), number % NUMBERS) returns (uint256 modelId) {
            same(modelId, expected, "the same id as in three calls");
            ownerOf[modelId] = _actor(actor);
            _add(modelId, modelId, commitment, 0);
        } catch {
            check(commitmentHash[expected] != 0, "whatever is new is published");
        }
    }

    function update(uint256 actor, uint256 which, uint256 number) external {
        if (models.length == 0) return;
        address sender = _actor(actor);
        uint256 previous = models[which % models.length];
        uint256 lineage = lineageOf[previous];
        IERCZKMLRegistry.ModelCommitment memory commitment = _world.commitment(number % NUMBERS);
        uint256 expected = registry.modelIdOf(sender, commitment);
        bool allowed =
            sender == ownerOf[lineage] &&
                _versions[lineage][_versions[lineage].length - 1] == previous &&
                commitmentHash[expected] == 0;
        VM.prank(sender);
        try registry.updateModel(previous, commitment) {
            check(allowed, "the owner appends to the newest version");
            _add(expected, lineage, commitment, block.timestamp + 2 days);
        } catch {
            check(!allowed, "the owner appends");
        }
    }

    function deprecate(uint256 actor, uint256 which) external {
        if (models.length == 0) return;
        uint256 modelId = models[which % models.length];
        bool allowed = _actor(actor) == ownerOf[lineageOf[modelId]] && !deprecated[modelId];
        VM.prank(_actor(actor));
        try registry.deprecateModel(modelId) {
            check(allowed, "the owner deprecates, once");
            deprecated[modelId] = true;
        } catch {
            check(!allowed, "the owner deprecates");
        }
    }

    function transfer(uint256 actor, uint256 which, uint256 heir) external {
        if (models.length == 0) return;
        uint256 modelId = models[which % models.length];
        bool allowed = _actor(actor) == ownerOf[lineageOf[modelId]];
        VM.prank(_actor(actor));
        try registry.transferModelOwnership(modelId, _actor(heir)) {
            check(allowed, "the owner offers");
            pendingOwnerOf[lineageOf[modelId]] = _actor(heir);
        } catch {
            check(!allowed, "the owner offers");
        }
    }

    function accept(uint256 actor, uint256 which) external {
        if (models.length == 0) return;
        uint256 modelId = models[which % models.length];
        uint256 lineage = lineageOf[modelId];
        bool allowed = _actor(actor) == pendingOwnerOf[lineage];
        VM.prank(_actor(actor));
        try registry.acceptModelOwnership(modelId) {
            check(allowed, "the one who was offered it takes it");
            ownerOf[lineage] = _actor(actor);
            pendingOwnerOf[lineage] = address(0);
        } catch {
            check(!allowed, "the one who was offered it takes it");
        }
    }

    function wait_(uint256 time) external {
        VM.warp(block.timestamp + bound(time, 1, 3 days));
    }

    function modelCount() external view returns (uint256) {
        return models.length;
    }

    /// @dev A lineage has the versions it was given, in order, and follows them once they are active.
    function checkLineage(uint256 lineage) external view {
        uint256[] storage versions = _versions[lineage];
        uint256 active = 1;
        for (uint256 i = 0; i < versions.length; ++i) {
            same(registry.modelAt(lineage, i + 1), versions[i], "version");
            if (activationOf[versions[i]] <= block.timestamp) active = i + 1;
        }
        same(registry.modelAt(lineage, versions.length + 1), 0, "no more versions");
        same(registry.modelAt(lineage, 0), 0, "no version 0");
        (uint256 number, uint256 modelId) = registry.activeVersionOf(lineage);
        same(number, active, "active version");
        same(modelId, versions[active - 1], "active model");
    }

    function _add(
        uint256 modelId,
        uint256 lineage,
        IERCZKMLRegistry.ModelCommitment memory commitment,
        uint256 activatesAt
    ) private {
        same(commitmentHash[modelId], 0, "new");
        commitmentHash[modelId] = keccak256(abi.encode(commitment));
        lineageOf[modelId] = lineage;
        _versions[lineage].push(modelId);
        versionOf[modelId] = _versions[lineage].length;
        activationOf[modelId] = activatesAt;
        models.push(modelId);
    }

    function _actor(uint256 index) private pure returns (address) {
        return address(uint160(0xAC70 + (index % ACTORS)));
    }
}

contract RegistryInvariants is InvariantTest {
    RegistryHandler private _handler;

    function setUp() external {
        _handler = new RegistryHandler();
        targetContract(address(_handler));
    }

    /// The newest model is as it was registered; all of them are looked at when a run ends.
    function invariant_modelsNeverChange() external view {
        uint256 count = _handler.modelCount();
        if (count != 0) _checkModel(_handler.models(count - 1));
    }

    function afterInvariant() external view {
        for (uint256 i = 0; i < _handler.modelCount(); ++i) {
            uint256 modelId = _handler.models(i);
            _checkModel(modelId);
            if (_handler.versionOf(modelId) == 1) _handler.checkLineage(modelId);
        }
    }

    function _checkModel(uint256 modelId) private view {
        IModelRegistry registry = _handler.registry();
        uint256 lineage = _handler.lineageOf(modelId);
        (IERCZKMLRegistry.ModelCommitment memory commitment, bool deprecated, address owner) = registry.getModel(
            modelId
        );
        same(keccak256(abi.encode(commitment)), _handler.commitmentHash(modelId), "commitment");
        check(deprecated == _handler.deprecated(modelId), "deprecated, for good");
        same(owner, _handler.ownerOf(lineage), "owner");
        same(registry.pendingOwnerOf(modelId), _handler.pendingOwnerOf(lineage), "pending owner");
        same(registry.activationOf(modelId), _handler.activationOf(modelId), "activation");
        (uint256 lineageId, uint256 version, ) = registry.versionOf(modelId);
        same(lineageId, lineage, "lineage");
        same(version, _handler.versionOf(modelId), "version");
    }
}
