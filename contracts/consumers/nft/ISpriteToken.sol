// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Sprites: tokens whose picture is a model's verified output
/// @notice ERC-7007 tokens (`IAigcToken`) whose prompt nobody chooses: a claim is drawn a seed of 32 bits, which is the
/// whole input of the model. `claim`, wait, `draw`; then anyone proves the picture and adds it (`addAigcData`).
///
/// The seed follows from the claim's number and the hash of a block `claimDelay` blocks after it. Whoever claims does not
/// know that hash, so seeds cannot be picked: each claim is one look at one seed. A claim is drawn once, by anyone, to
/// whoever claimed, so there is no second look. The EVM knows the hashes of 256 blocks: a claim nobody drew by then is void,
/// and its seed lost with it; to claim again is to draw another seed, which costs as much as any claim.
///
/// What this does not stop: whoever builds the very block that decides can try several orders of its transactions, and
/// one party that builds all blocks, as on some rollups, can decide. Where sprites are worth that, draw from a verifiable
/// random function instead; nothing else would change. Claims are free, so the number of looks is bounded by gas alone.
interface ISpriteToken {
    /// @notice A claim was made.
    /// @param claimId its number
    /// @param claimer who gets the token
    /// @param drawBlock the block whose hash decides
    event SpriteClaimed(uint256 indexed claimId, address indexed claimer, uint256 drawBlock);

    /// @notice A claim was drawn, and its token minted.
    /// @param claimId the claim
    /// @param tokenId the token
    /// @param claimer who got it
    /// @param seed the prompt: the model's input word
    event SpriteDrawn(uint256 indexed claimId, uint256 indexed tokenId, address indexed claimer, uint32 seed);

    /// @notice The model does not decode eight digits of 4 bits to 256 greys of 4 bits.
    error NotASpriteModel(uint256 modelId);

    /// @notice Prompts are drawn, not chosen.
    error PromptsAreDrawn();

    /// @notice There is no such claim, or it was drawn.
    error UnknownClaim(uint256 claimId);

    /// @notice The block that decides is not there yet.
    error DrawTooEarly(uint256 blockNumber, uint256 drawableFrom);

    /// @notice Nobody drew the claim in time; it is void.
    error ClaimLapsed(uint256 claimId, uint256 drawableUntil);

    /// @notice Every seed that was tried has its token. It takes billions of tokens before that is likely.
    error NoFreeSeed(uint256 claimId);

    /// @notice Claims a sprite for the sender. An account that is a contract has to be able to handle the token: it is
    /// minted without asking, so that nobody can refuse a seed.
    /// @return claimId number of the claim
    function claim() external returns (uint256 claimId);

    /// @notice Draws the seed of a claim and mints its token to whoever claimed.
    /// @param claimId the claim
    /// @return tokenId the token
    function draw(uint256 claimId) external returns (uint256 tokenId);

    /// @notice A claim that was not drawn.
    /// @param claimId its number
    /// @return claimer who gets the token, 0 when there is no such claim
    /// @return drawBlock the block whose hash decides: the claim can be drawn in the 256 blocks after it
    function claimOf(uint256 claimId) external view returns (address claimer, uint256 drawBlock);

    /// @notice The picture of a token's content.
    /// @param tokenId the token
    /// @return svg the SVG file
    function svgOf(uint256 tokenId) external view returns (string memory svg);
}
