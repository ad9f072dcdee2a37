// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {INpcVillage} from "./INpcVillage.sol";

/// @title What characters of a game say
/// @notice A character's line is what a language model says for character, state of the game and topic: token by token,
/// always the most likely one. Each proof is one token: the model read one token at one position, with the keys and values of
/// all tokens before it, and gave the next token and the keys and values with its own. Keys and values are never shown, only
/// commitments to them, and each step begins with the commitment that the step before ended with.
///
/// The contract writes every statement itself: a step gives a proof, the token and the commitment that come out, and nothing
/// of what went in. What goes in follows from the question: at the first four positions the tokens of the prompt, then those
/// that came out.
///
/// Anyone may prove a line, in one call or in several; what somebody has proven so far is theirs, so that nobody can leave
/// another with a commitment that only they can open. The first to end a line is the one who told it. A prompt has one line: once it was
/// proven, it answers every later question with that prompt at once.
///
/// A line gives or pays an errand only by its words, and only if the errand is still as far as it was when the player asked; no
/// line does more than that. What is proven is numbers: which words they are is the lexicon's, which the deployer gives and
/// nobody proves. Compare {lexicon} with the model's `vocabulary.json` before trusting a text. Nobody owns the contract.
interface INpcDialogue is INpcVillage {
    /// @notice One proven token.
    /// @param points the proof itself
    /// @param next the token that comes out; of no account before the last token of the prompt
    /// @param cache commitment to keys and values, with those of this position
    struct Step {
        uint256[8] points;
        uint16 next;
        uint256 cache;
    }

    /// @notice Somebody asked.
    /// @param questionId what proofs name as their request
    /// @param player who asked
    /// @param prompt four tokens, one a byte, the first one lowest
    /// @param expiresAt last second of an answer
    event Asked(bytes32 indexed questionId, address indexed player, uint32 indexed prompt, uint256 expiresAt);

    /// @notice A line that nobody has ended yet went on.
    /// @param questionId the question
    /// @param teller who proves
    /// @param position the next position
    /// @param words the words so far, one a byte: numbers in the lexicon
    event Continued(bytes32 indexed questionId, address indexed teller, uint256 position, bytes words);

    /// @notice A line was proven for the first time.
    /// @param prompt what it is the line of
    /// @param teller who ended it
    /// @param words its words, one a byte: numbers in the lexicon
    event LineProven(uint32 indexed prompt, address indexed teller, bytes words);

    /// @notice A question was answered.
    /// @param questionId the question
    /// @param player who asked
    /// @param prompt what it was answered with the line of
    event Answered(bytes32 indexed questionId, address indexed player, uint32 indexed prompt);

    /// @notice The model does not give one token and a cache that goes in again, for 35 positions, or is not one of Groth16 that
    /// the shared verifier serves.
    error NotADialogueModel(uint256 modelId);

    /// @notice There is some time to answer, and 365 days at most.
    error BadLifetime(uint256 lifetime);

    /// @notice The question was never asked, is answered, or the player asked another one since.
    error NotOpen(bytes32 questionId);

    /// @notice The time to answer is over.
    error QuestionExpired(bytes32 questionId, uint256 expiresAt);

    /// @notice There is no step to take.
    error NothingToSay();

    /// @notice The line ends before this step.
    error LineIsOver(uint256 index);

    /// @notice The model has no such token.
    error UnknownToken(uint256 token);

    /// @notice The line of a prompt is not proven yet.
    error LineUnknown(uint32 prompt);

    /// @notice Asks a character. Takes the prompt from the state of the game; withdraws an older question of the sender that is
    /// still open. Answered at once if the line is known.
    /// @param character who is asked, from 0 to 5
    /// @param topic about what, from 0 to 7
    /// @return questionId the question
    function ask(uint256 character, uint256 topic) external returns (bytes32 questionId);

    /// @notice Goes on with the line of an open question, where the sender stopped. The proofs name contract, question and
    /// sender, and are checked together.
    /// @param questionId the question
    /// @param steps one a position, in order, none beyond the end of the line
    function advance(bytes32 questionId, Step[] calldata steps) external;

    /// @notice Answers an open question whose line was proven since.
    /// @param questionId the question
    function recall(bytes32 questionId) external;

    /// @notice The last question of a player.
    /// @param player the player
    /// @return questionId the question, 0 if there was none
    function questionOf(address player) external view returns (bytes32 questionId);

    /// @notice A question.
    /// @param questionId the question
    /// @return player who asked
    /// @return prompt what the line begins after
    /// @return expiresAt last second of an answer
    /// @return answered whether it was answered
    function question(
        bytes32 questionId
    ) external view returns (address player, uint32 prompt, uint256 expiresAt, bool answered);

    /// @notice How far somebody is with the line of a question.
    /// @param questionId the question
    /// @param teller who proves
    /// @return position the next position
    /// @return token what the model reads there
    /// @return cache commitment that the next step begins with
    /// @return text the words so far
    function progressOf(
        bytes32 questionId,
        address teller
    ) external view returns (uint256 position, uint256 token, uint256 cache, string memory text);

    /// @notice The line that a question was answered with.
    /// @param questionId the question
    /// @return text the line; three points while there is none
    /// @return answered whether there is one
    function lineOf(bytes32 questionId) external view returns (string memory text, bool answered);

    /// @notice The line of a prompt.
    /// @param prompt the prompt
    /// @return words its words, one a byte: numbers in the lexicon
    /// @return known whether it was proven
    function lineOfPrompt(uint32 prompt) external view returns (bytes memory words, bool known);

    /// @notice The words of the model, as the deployer gave them: its tokens from 39 on. No proof binds them.
    /// @return words 256 of them, each ended by a line feed
    function lexicon() external view returns (string memory words);
}
