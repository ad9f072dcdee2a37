// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {INpcVillage} from "./INpcVillage.sol";

/// @title A village with errands
/// @notice See {INpcVillage}. No owner.
abstract contract NpcVillage is INpcVillage {
    /// @dev What a player is known for.
    struct Player {
        uint32 badges;
        uint64 changedIn;
    }

    /// @dev One player's errand for one character.
    struct Errand {
        Stage stage;
        uint64 givenAt;
    }

    uint256 internal constant CHARACTERS = 6;
    uint256 internal constant TOPICS = 8;

    /// @dev Token ids: the end of a line, then characters, skies, standings, topics, and words from there on.
    uint256 internal constant FIRST_CHARACTER = 1;
    uint256 internal constant FIRST_SKY = 7;
    uint256 internal constant FIRST_STANDING = 19;
    uint256 internal constant FIRST_TOPIC = 31;
    uint256 internal constant FIRST_WORD = 39;

    /// @dev Most seconds of any time that is set at deployment.
    uint256 internal constant MOST_SECONDS = 365 days;

    uint256 private constant TIMES = 4;
    uint256 private constant WEATHERS = 3;
    uint256 private constant STAGES = 4;
    uint256 private constant HERO = 3;

    /// @notice How long dawn, noon, dusk and night are, each.
    uint256 public immutable phaseSeconds;

    /// @notice How long an errand takes at least.
    uint256 public immutable errandSeconds;

    mapping(address player => Player) private _players;
    mapping(address player => mapping(uint256 character => Errand)) private _errands;

    /// @notice Fixes the times for good.
    /// @param phaseSeconds_ how long dawn, noon, dusk and night are, each
    /// @param errandSeconds_ how long an errand takes at least
    constructor(uint256 phaseSeconds_, uint256 errandSeconds_) {
        bool isSome = phaseSeconds_ != 0 && errandSeconds_ != 0;
        bool isBounded = phaseSeconds_ <= MOST_SECONDS && errandSeconds_ <= MOST_SECONDS;
        if (!isSome || !isBounded) revert BadTimes(phaseSeconds_, errandSeconds_);
        (phaseSeconds, errandSeconds) = (phaseSeconds_, errandSeconds_);
    }

    /// @inheritdoc INpcVillage
    function finishErrand(uint256 character) external {
        Errand memory errand = _errands[msg.sender][character];
        if (errand.stage != Stage.GIVEN) revert NoErrand(msg.sender, character);
        uint256 readyAt = errand.givenAt + errandSeconds;
        if (block.timestamp < readyAt) revert ErrandTakesTime(readyAt);
        _move(msg.sender, character, Stage.DONE);
    }

    /// @inheritdoc INpcVillage
    function errandOf(address player, uint256 character) external view returns (Stage stage, uint256 readyAt) {
        Errand memory errand = _errands[player][character];
        return (errand.stage, errand.stage == Stage.GIVEN ? errand.givenAt + errandSeconds : 0);
    }

    /// @inheritdoc INpcVillage
    function badgesOf(address player) external view returns (uint256 badges) {
        return _players[player].badges;
    }

    /// @inheritdoc INpcVillage
    function skyAt(uint256 timestamp) public view returns (uint256 sky) {
        uint256 phase = timestamp / phaseSeconds;
        uint256 weather = uint256(keccak256(abi.encode(address(this), phase / TIMES))) % WEATHERS;
        return WEATHERS * (phase % TIMES) + weather;
    }

    /// @inheritdoc INpcVillage
    function promptOf(address player, uint256 character, uint256 topic) public view returns (uint32 prompt) {
        if (character >= CHARACTERS) revert UnknownCharacter(character);
        if (topic >= TOPICS) revert UnknownTopic(topic);
        uint256 badges = _players[player].badges;
        uint256 reputation =
            badges == 0
                ? 0
                : badges < HERO
                    ? 1
                    : 2;
        uint256 standing = STAGES * reputation + uint256(_errands[player][character].stage);
        uint256 tokens = FIRST_CHARACTER + character;
        tokens |= (FIRST_SKY + skyAt(block.timestamp)) << 8;
        tokens |= (FIRST_STANDING + standing) << 16;
        tokens |= (FIRST_TOPIC + topic) << 24;
        return uint32(tokens);
    }

    /// @dev Refuses a player about whom something changed in this block.
    function _requireSettled(address player) internal view {
        if (_players[player].changedIn == block.number) revert ActedInThisBlock(player);
    }

    /// @dev What a character said to a player after a prompt: it can only give an errand that was never given, and pay one that
    /// is done, and neither if the errand went on since the player asked, for then it was said of another stage.
    function _hear(address player, uint32 prompt, bool asksForErrand, bool promisesReward) internal {
        uint256 character = (prompt & 0xff) - FIRST_CHARACTER;
        Stage stage = _errands[player][character].stage;
        uint256 asked = (((prompt >> 16) & 0xff) - FIRST_STANDING) % STAGES;
        if (uint256(stage) != asked) return;
        if (asksForErrand && stage == Stage.NONE) {
            _move(player, character, Stage.GIVEN);
        } else if (promisesReward && stage == Stage.DONE) {
            ++_players[player].badges;
            _move(player, character, Stage.PAID);
        }
    }

    function _move(address player, uint256 character, Stage stage) private {
        _players[player].changedIn = uint64(block.number);
        _errands[player][character] = Errand({stage: stage, givenAt: uint64(block.timestamp)});
        emit ErrandMoved(player, character, stage);
    }
}
