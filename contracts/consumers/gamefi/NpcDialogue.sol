// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {ITensorOpening} from "../../interfaces/ITensorOpening.sol";
import {CodeStore} from "../../libraries/CodeStore.sol";
import {Domains} from "../../libraries/Domains.sol";
import {Schema} from "../../libraries/Schema.sol";
import {TensorChain} from "../../libraries/TensorChain.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {INpcDialogue} from "./INpcDialogue.sol";
import {Lexicon} from "./Lexicon.sol";
import {NpcVillage} from "./NpcVillage.sol";

/// @title Dialogue of characters
/// @notice See {INpcDialogue}. No owner.
contract NpcDialogue is INpcDialogue, NpcVillage, PinnedModel {
    /// @dev Somebody asked.
    struct Question {
        address player;
        uint32 prompt;
        uint48 askedAt;
        bool answered;
    }

    /// @dev A line as somebody has proven it so far. The first word is the highest byte.
    struct Telling {
        uint256 cache;
        uint256 words;
        uint256 position;
    }

    /// @dev A proven line.
    struct Line {
        uint256 words;
        uint8 length;
        bool known;
    }

    bytes32 private constant DOMAIN_QUESTION = keccak256("zkml.npc.question.v1");

    /// @dev What the input `step` holds: token and position, in so many bits each.
    uint256 private constant STEP_BITS = 9;
    uint256 private constant PROMPT = 4;
    /// @dev Positions of the model: the last token of the prompt gives the first of 32 words.
    uint256 private constant POSITIONS = 35;
    uint256 private constant MOST_WORDS = 32;

    /// @notice How long a question may be answered.
    uint256 public immutable lifetime;

    /// @notice Commitment to the keys and values before the first token: all 0, under the salt 0.
    uint256 public immutable emptyCache;

    /// @inheritdoc INpcDialogue
    mapping(address player => bytes32 questionId) public questionOf;

    address private immutable _lexicon;
    bytes32 private immutable _schemaHash;

    uint256 private _asked;
    mapping(bytes32 questionId => Question) private _questions;
    mapping(bytes32 questionId => mapping(address teller => Telling)) private _tellings;
    mapping(uint32 prompt => Line) private _lines;

    /// @notice Fixes everything for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `npc-dialogue`
    /// @param opening computes the commitment to the empty cache
    /// @param lexicon_ the model's words, each ended by a line feed: its tokens from 39 on. That they are the model's is the
    /// deployer's word
    /// @param phaseSeconds_ how long dawn, noon, dusk and night are, each
    /// @param errandSeconds_ how long an errand takes at least
    /// @param lifetime_ how many seconds a question may be answered
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        ITensorOpening opening,
        string memory lexicon_,
        uint256 phaseSeconds_,
        uint256 errandSeconds_,
        uint256 lifetime_
    ) NpcVillage(phaseSeconds_, errandSeconds_) PinnedModel(inferenceVerifier_, modelId_) {
        if (lifetime_ == 0 || lifetime_ > MOST_SECONDS) revert BadLifetime(lifetime_);
        lifetime = lifetime_;
        IModelRegistry registry = IModelRegistry(inferenceVerifier_.registry());
        Schema.IoSchema memory schema = registry.ioSchemaOf(modelId_);
        IModelRegistry.VerificationData memory data = registry.verificationData(modelId_);
        // Many proofs at once are what the shared verifier checks, and a step has room for a proof of Groth16.
        bool batched = data.verifier == address(0) && data.proofSystemId == Domains.GROTH16;
        if (!batched || !_isDialogue(schema)) revert NotADialogueModel(modelId_);
        TensorChain.link(schema.outputs, 1, schema.inputs, 1);
        _schemaHash = Schema.hash(schema);
        emptyCache = _commitmentToZero(opening, Tensors.formatOf(schema.inputs[1]));
        Lexicon.requireComplete(bytes(lexicon_));
        _lexicon = CodeStore.write(bytes(lexicon_));
    }

    /// @inheritdoc INpcDialogue
    function ask(uint256 character, uint256 topic) external returns (bytes32 questionId) {
        _requireSettled(msg.sender);
        uint32 prompt = promptOf(msg.sender, character, topic);
        questionId = keccak256(abi.encode(DOMAIN_QUESTION, ++_asked));
        questionOf[msg.sender] = questionId;
        _questions[questionId] = Question(msg.sender, prompt, uint48(block.timestamp), false);
        emit Asked(questionId, msg.sender, prompt, block.timestamp + lifetime);
        if (_lines[prompt].known && !inferenceVerifier.isStopped(modelId)) _answer(questionId, _questions[questionId]);
    }

    /// @inheritdoc INpcDialogue
    function advance(bytes32 questionId, Step[] calldata steps) external {
        Question memory open = _openQuestion(questionId);
        if (steps.length == 0) revert NothingToSay();
        Telling memory telling = _tellings[questionId][msg.sender];
        bool isResumed = telling.position != 0;
        if (!isResumed) telling.cache = emptyCache;
        IInferenceVerifier.BatchItem[] memory items = new IInferenceVerifier.BatchItem[](steps.length);
        bool isOver = false;
        for (uint256 i = 0; i < steps.length; ++i) {
            if (isOver) revert LineIsOver(i);
            items[i] = _itemOf(questionId, _tokenAt(telling, open.prompt), telling, steps[i]);
            isOver = _take(telling, steps[i]);
        }
        inferenceVerifier.verifyInferenceBatch(modelId, items);
        if (!isOver) {
            _tellings[questionId][msg.sender] = telling;
            emit Continued(questionId, msg.sender, telling.position, _wordsOf(telling.words, _said(telling.position)));
            return;
        }
        if (isResumed) delete _tellings[questionId][msg.sender];
        if (!_lines[open.prompt].known) {
            // The last position gave a word, or what ended the line.
            uint256 length = _said(telling.position);
            _lines[open.prompt] = Line(telling.words, uint8(length), true);
            emit LineProven(open.prompt, msg.sender, _wordsOf(telling.words, length));
        }
        _answer(questionId, open);
    }

    /// @inheritdoc INpcDialogue
    function recall(bytes32 questionId) external {
        Question memory open = _openQuestion(questionId);
        if (!_lines[open.prompt].known) revert LineUnknown(open.prompt);
        if (inferenceVerifier.isStopped(modelId)) revert IInferenceVerifier.ModelStopped(modelId);
        _answer(questionId, open);
    }

    /// @inheritdoc INpcDialogue
    function question(
        bytes32 questionId
    ) external view returns (address player, uint32 prompt, uint256 expiresAt, bool answered) {
        Question memory asked = _questions[questionId];
        return (asked.player, asked.prompt, asked.askedAt + lifetime, asked.answered);
    }

    /// @inheritdoc INpcDialogue
    function progressOf(
        bytes32 questionId,
        address teller
    ) external view returns (uint256 position, uint256 token, uint256 cache, string memory text) {
        Telling memory telling = _tellings[questionId][teller];
        position = telling.position;
        token = _tokenAt(telling, _questions[questionId].prompt);
        cache = position == 0 ? emptyCache : telling.cache;
        text = _decode(_wordsOf(telling.words, _said(position)));
    }

    /// @inheritdoc INpcDialogue
    function lineOf(bytes32 questionId) external view returns (string memory text, bool answered) {
        Question memory asked = _questions[questionId];
        if (!asked.answered) return ("...", false);
        Line memory line = _lines[asked.prompt];
        return (_decode(_wordsOf(line.words, line.length)), true);
    }

    /// @inheritdoc INpcDialogue
    function lineOfPrompt(uint32 prompt) external view returns (bytes memory words, bool known) {
        Line memory line = _lines[prompt];
        return (_wordsOf(line.words, line.length), line.known);
    }

    /// @inheritdoc INpcDialogue
    function lexicon() external view returns (string memory words) {
        return string(CodeStore.read(_lexicon));
    }

    /// @dev Marks a question answered, and lets its line have its effect. Words 0 and 1 of the lexicon are those that count.
    function _answer(bytes32 questionId, Question memory open) private {
        _questions[questionId].answered = true;
        emit Answered(questionId, open.player, open.prompt);
        Line memory line = _lines[open.prompt];
        bool asksForErrand = false;
        bool promisesReward = false;
        for (uint256 i = 0; i < line.length; ++i) {
            uint256 word = uint8(bytes32(line.words)[i]);
            if (word == 0) asksForErrand = true;
            if (word == 1) promisesReward = true;
        }
        _hear(open.player, open.prompt, asksForErrand, promisesReward);
    }

    /// @dev The statement of the next step, all of it from here but what comes out and the proof itself.
    function _itemOf(
        bytes32 questionId,
        uint256 token,
        Telling memory telling,
        Step calldata step
    ) private view returns (IInferenceVerifier.BatchItem memory) {
        uint256[] memory inputWords = new uint256[](1);
        inputWords[0] = token | (telling.position << STEP_BITS);
        bytes32[] memory commitments = new bytes32[](2);
        commitments[0] = keccak256(abi.encode(Domains.INPUT, _schemaHash, inputWords));
        commitments[1] = bytes32(telling.cache);
        inputWords = new uint256[](2);
        inputWords[0] = token | (telling.position << STEP_BITS);
        inputWords[1] = telling.cache;
        return
            IInferenceVerifier.BatchItem({
                inputCommitment: keccak256(abi.encode(commitments)),
                output: abi.encode(uint256(step.next), step.cache),
                proof: abi.encode(step.points, inputWords, questionId, msg.sender)
            });
    }

    /// @dev Takes what a step gave, and says whether the line ends with it: by a token that is no word, or by its last word.
    function _take(Telling memory telling, Step calldata step) private pure returns (bool isOver) {
        uint256 position = telling.position;
        telling.cache = step.cache;
        // Within a prompt what comes out is of no account: the next token is given.
        if (position + 1 < PROMPT) {
            telling.position = position + 1;
            return false;
        }
        if (step.next < FIRST_WORD) return true;
        uint256 word = step.next - FIRST_WORD;
        if (word >= Lexicon.WORDS) revert UnknownToken(step.next);
        telling.words |= word << (248 - 8 * (position + 1 - PROMPT));
        telling.position = position + 1;
        return telling.position == POSITIONS;
    }

    /// @dev An open question in its time.
    function _openQuestion(bytes32 questionId) private view returns (Question memory open) {
        open = _questions[questionId];
        bool isOpen = open.player != address(0) && !open.answered && questionOf[open.player] == questionId;
        if (!isOpen) revert NotOpen(questionId);
        uint256 expiresAt = open.askedAt + lifetime;
        if (block.timestamp > expiresAt) revert QuestionExpired(questionId, expiresAt);
    }

    function _decode(bytes memory words) private view returns (string memory) {
        return Lexicon.decode(CodeStore.read(_lexicon), words);
    }

    /// @dev What the model reads next: a token of the prompt, or the word that came out.
    function _tokenAt(Telling memory telling, uint32 prompt) private pure returns (uint256) {
        uint256 position = telling.position;
        if (position < PROMPT) return (prompt >> (8 * position)) & 0xff;
        return FIRST_WORD + uint8(bytes32(telling.words)[position - PROMPT]);
    }

    /// @dev Words before a position: one came out of each from the last of the prompt on.
    function _said(uint256 position) private pure returns (uint256) {
        return position < PROMPT ? 0 : position + 1 - PROMPT;
    }

    function _wordsOf(uint256 words, uint256 length) private pure returns (bytes memory list) {
        list = abi.encodePacked(words);
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }

    /// @dev One token of 9 bits and a hashed cache out; token and position, and a hashed cache of 35 rows, in.
    function _isDialogue(Schema.IoSchema memory schema) private pure returns (bool) {
        if (schema.outputs.length != 2 || schema.inputs.length != 2 || schema.weightsCommitted) return false;
        Schema.TensorSpec memory next = schema.outputs[0];
        Schema.TensorSpec memory step = schema.inputs[0];
        Schema.TensorSpec memory cache = schema.inputs[1];
        return
            next.lo == 0 &&
            next.bits <= 16 &&
            Schema.elements(next) == 1 &&
            step.visibility == Schema.PUBLIC &&
            step.lo == 0 &&
            step.bits == STEP_BITS &&
            Schema.elements(step) == 2 &&
            cache.shape.length == 2 &&
            cache.shape[0] == POSITIONS;
    }

    /// @dev Commitment to a tensor of zeros under the salt 0.
    function _commitmentToZero(ITensorOpening opening, Tensors.Format memory format) private pure returns (uint256) {
        uint256[] memory words = Tensors.pack(new int256[](format.count), format);
        return opening.tensorCommitment(format.lo, format.bits, format.count, words, 0);
    }
}
