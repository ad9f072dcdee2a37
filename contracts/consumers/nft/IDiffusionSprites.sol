// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Diffusion sprites: tokens whose picture a diffusion model painted out of noise
/// @notice ERC-7007 tokens (`IAigcToken`) whose prompt is noise and a class. The class is the claimer's choice; the noise
/// follows from a seed that nobody chooses. `commit` to class and secret, wait, `reveal`; then anyone proves the picture and
/// adds it (`addAigcData`). A class and a seed have one picture, whoever proves it.
///
/// The seed is a hash of the secret, which the claimer fixed before, and of the hash of a block `claimDelay` blocks after the
/// commitment. The claimer does not know that block when it commits itself, and who builds that block does not know the
/// secret. Once the block is there the claimer alone can see its seed, and may prefer not to reveal: that costs the bond, which
/// nobody gets. So each look at a seed costs a bond, unless the token is taken. The EVM knows the hashes of 256 blocks:
/// what was not revealed by then is void.
///
/// What this does not stop: a claimer who also builds the very block that decides can try several orders of its transactions,
/// and one party that builds all blocks can decide for itself. On a chain whose `block.number` or `blockhash` is not that of its own
/// blocks (some rollups give another chain's), the block that decides may be known or chosen before; where blocks come every quarter of a
/// second, 256 of them are about a minute to reveal in. Do not deploy there without another source. Where sprites are worth that, take the second half of the seed
/// from a verifiable random function; nothing else would change.
///
/// The id of `IAigcToken` is reported as supported, but its `commitPrompt` and `claimPrompt` always revert here: nobody chooses a prompt.
interface IDiffusionSprites {
    /// @notice An account committed itself to a class and a secret.
    /// @param claimer the account
    /// @param commitment hash of both
    /// @param drawBlock the block whose hash decides
    event SpriteCommitted(address indexed claimer, bytes32 indexed commitment, uint256 drawBlock);

    /// @notice A commitment was revealed, and its token minted.
    /// @param tokenId the token
    /// @param claimer who got it
    /// @param class_ the class
    /// @param seed what the noise follows from
    event SpriteRevealed(uint256 indexed tokenId, address indexed claimer, uint8 indexed class_, uint248 seed);

    /// @notice The model does not make 588 numbers of 4 bits, 14×14 pixels of three colours, out of 126 digits of noise and 4 of class.
    error NotADiffusionModel(uint256 modelId);

    /// @notice Prompts are drawn, not chosen.
    error PromptsAreDrawn();

    /// @notice A commitment takes exactly the bond.
    error WrongBond(uint256 expected, uint256 actual);

    /// @notice The sender is committed to this already, or was and let it lapse.
    error CommittedAlready(address claimer, bytes32 commitment);

    /// @notice The sender is not committed to this class with this secret.
    error NotCommitted(address claimer, bytes32 commitment);

    /// @notice There is no such class.
    error UnknownClass(uint256 class_);

    /// @notice The block that decides is not there yet.
    error RevealTooEarly(uint256 blockNumber, uint256 revealableFrom);

    /// @notice Nothing was revealed in time: the commitment is void, and its bond lost.
    error CommitmentLapsed(bytes32 commitment, uint256 revealableUntil);

    /// @notice The sender did not take its bond back.
    error BondRefused(address claimer, uint256 amount);

    /// @notice The token was not minted.
    error UnknownSprite(uint256 tokenId);

    /// @notice Commits the sender to a class and a secret that nobody can see yet, and takes the bond.
    /// @param commitment `commitmentOf` a class, the sender and a secret; of no other class and no other sender, or the bond is lost.
    /// A sender that is a contract has to be able to take the bond back, or it can never reveal
    function commit(bytes32 commitment) external payable;

    /// @notice Shows what the sender committed itself to, mints the sprite of the seed that came of it and gives the bond back.
    /// To be sent in the 256 blocks after the one that decides. An account that is a contract has to be able to take the bond, unless that is 0, and to
    /// handle the token.
    /// @param class_ the class
    /// @param secret the secret
    /// @return tokenId the token
    function reveal(uint8 class_, bytes32 secret) external returns (uint256 tokenId);

    /// @notice What an account commits itself with. To be computed off chain: the secret is one until revealed.
    /// @param class_ the class
    /// @param claimer the account
    /// @param secret 32 random bytes, a fresh one each time
    /// @return commitment their hash
    function commitmentOf(uint8 class_, address claimer, bytes32 secret) external view returns (bytes32 commitment);

    /// @notice The block whose hash decides a commitment: it can be revealed in the 256 blocks after it.
    /// @param claimer who committed itself
    /// @param commitment to what
    /// @return drawBlock the block, 0 when there is no such commitment or it was revealed
    function drawBlockOf(address claimer, bytes32 commitment) external view returns (uint256 drawBlock);

    /// @notice The input words of a class and a seed: 63 digits of noise of 4 bits in each of the first two, the class in the third.
    /// @param class_ the class
    /// @param seed the seed
    /// @return prompt three words of 32 bytes
    function promptFor(uint8 class_, uint248 seed) external pure returns (bytes memory prompt);

    /// @notice What a token was minted for: all that anyone needs to prove its picture.
    /// @param tokenId the token
    /// @return class_ the class
    /// @return seed the seed
    function spriteOf(uint256 tokenId) external view returns (uint8 class_, uint248 seed);

    /// @notice The name of a class.
    /// @param class_ the class
    /// @return name one word
    function className(uint8 class_) external pure returns (string memory name);

    /// @notice The picture of a token's content.
    /// @param tokenId the token
    /// @return svg the SVG file
    function svgOf(uint256 tokenId) external view returns (string memory svg);

    /// @notice What a commitment costs until it is revealed, and for good if it is not.
    /// @return amount in the native coin
    function bond() external view returns (uint256 amount);
}
