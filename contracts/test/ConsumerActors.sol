// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec, one-contract-per-file */
pragma solidity ^0.8.28;

import {PriceLog} from "../consumers/defi/PriceLog.sol";
import {SpriteSvg} from "../consumers/nft/SpriteSvg.sol";
import {IReputationGate} from "../consumers/reputation/IReputationGate.sol";
import {IDiffusionSprites} from "../consumers/nft/IDiffusionSprites.sol";
import {ISpriteToken} from "../consumers/nft/ISpriteToken.sol";
import {ReputationGated} from "../consumers/reputation/ReputationGated.sol";
import {PixelSvg} from "../libraries/PixelSvg.sol";

/// @title Parts of the reference consumers, for tests
contract ConsumerLibraries {
    function log2(uint256 a, uint256 b) external pure returns (int256) {
        return PriceLog.log2(a, b);
    }

    function ticks(uint256 a, uint256 b, uint256 c, uint256 d) external pure returns (int256) {
        return PriceLog.ticks(PriceLog.log2(a, b) - PriceLog.log2(c, d));
    }

    function roundTicks(int256 difference) external pure returns (int256) {
        return PriceLog.ticks(difference);
    }

    function draw(int256[] calldata pixels) external pure returns (string memory) {
        return string(SpriteSvg.draw(pixels));
    }

    function drawColours(
        uint256[] calldata colours,
        uint256 side,
        uint256 background
    ) external pure returns (string memory) {
        return string(PixelSvg.draw(colours, side, background));
    }
}

/// @title A protocol that reports what accounts do, and an account that asks as soon as it did, for tests
contract GamingAccount {
    function act(IReputationGate gate, uint128 volume) external {
        gate.reportInteraction(address(this), volume);
    }

    function ask(IReputationGate gate) external {
        gate.requestScore();
    }

    function actAndAsk(IReputationGate gate, uint128 volume) external {
        gate.reportInteraction(address(this), volume);
        gate.requestScore();
    }
}

/// @title Lets admitted accounts in, for tests
contract GatedVault is ReputationGated {
    mapping(address account => uint256) public visits;

    constructor(IReputationGate gate) ReputationGated(gate) {}

    function enter() external onlyAdmitted(msg.sender) {
        ++visits[msg.sender];
    }
}

/// @title Draws only seeds it likes, for tests
contract SeedPicker {
    error Disliked(uint256 tokenId);

    function claim(ISpriteToken token) external returns (uint256) {
        return token.claim();
    }

    function claimAndDraw(ISpriteToken token) external {
        token.draw(token.claim());
    }

    function drawIfLiked(ISpriteToken token, uint256 claimId, uint256 mask) external {
        uint256 tokenId = token.draw(claimId);
        if (tokenId & mask != 0) revert Disliked(tokenId);
    }
}

/// @title Claims diffusion sprites, and may refuse its bond or ask for it twice, for tests
contract SpriteClaimer {
    error NoThanks();

    IDiffusionSprites private _sprites;
    bytes32 private _secret;
    bool private _refuses;
    bool private _greedy;

    receive() external payable {
        _receive();
    }

    function commit(IDiffusionSprites sprites, bytes32 secret) external payable {
        _sprites = sprites;
        _secret = secret;
        sprites.commit{value: msg.value}(sprites.commitmentOf(0, address(this), secret));
    }

    function behave(bool refuses, bool greedy) external {
        _refuses = refuses;
        _greedy = greedy;
    }

    function reveal() external returns (uint256) {
        return _sprites.reveal(0, _secret);
    }

    function _receive() private {
        if (_refuses) revert NoThanks();
        if (_greedy) _sprites.reveal(0, _secret);
    }
}
