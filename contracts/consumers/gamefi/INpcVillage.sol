// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A village with errands
/// @notice The state of a small game: a clock, a weather, and for each player how far the errand of each character is and how
/// many were paid. Nobody sets any of it: the clock is the chain's, the weather of a day is fixed for ever, an errand begins
/// and is paid by what the character says, and in between it takes its time.
interface INpcVillage {
    /// @notice How far an errand is.
    enum Stage {
        NONE,
        GIVEN,
        DONE,
        PAID
    }

    /// @notice An errand went on.
    /// @param player whose it is
    /// @param character whose errand it is
    /// @param stage how far it is now
    event ErrandMoved(address indexed player, uint256 indexed character, Stage stage);

    /// @notice There is no such character.
    error UnknownCharacter(uint256 character);

    /// @notice There is no such topic.
    error UnknownTopic(uint256 topic);

    /// @notice What changed in this block is not asked about in it.
    error ActedInThisBlock(address player);

    /// @notice The errand is not given, or is already done.
    error NoErrand(address player, uint256 character);

    /// @notice The errand takes until then.
    error ErrandTakesTime(uint256 readyAt);

    /// @notice A phase or an errand takes some time, and 365 days at most.
    error BadTimes(uint256 phaseSeconds, uint256 errandSeconds);

    /// @notice Brings what a character sent the sender for. Stands in for the rules of a game: here it only takes time.
    /// @param character the character
    function finishErrand(uint256 character) external;

    /// @notice How far an errand is.
    /// @param player whose it is
    /// @param character whose errand it is
    /// @return stage how far it is
    /// @return readyAt from when on it can be finished; 0 unless it is given
    function errandOf(address player, uint256 character) external view returns (Stage stage, uint256 readyAt);

    /// @notice How many errands of a player were paid; more make a stranger a friend, and a friend a hero.
    /// @param player the player
    /// @return badges how many
    function badgesOf(address player) external view returns (uint256 badges);

    /// @notice Time of day and weather: 3 · (dawn, noon, dusk or night) + (clear, rain or fog).
    /// @param timestamp when
    /// @return sky the two as one number from 0 to 11
    function skyAt(uint256 timestamp) external view returns (uint256 sky);

    /// @notice The tokens that a line to a player begins after, were it asked for now: character, sky, standing, topic.
    /// @param player the player
    /// @param character who is asked
    /// @param topic about what
    /// @return prompt four tokens, one a byte, the first one lowest
    function promptOf(address player, uint256 character, uint256 topic) external view returns (uint32 prompt);
}
