// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {ProofBlob} from "../../libraries/ProofBlob.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {CoveredCall} from "./CoveredCall.sol";
import {FeedRounds} from "./FeedRounds.sol";
import {IOptionVault} from "./IOptionVault.sol";
import {IRoundFeed} from "./IRoundFeed.sol";
import {RealisedVolatility} from "./RealisedVolatility.sol";

/// @title Option vault
/// @notice See {IOptionVault}. Shares are an ERC-20 token. No owner.
contract OptionVault is IOptionVault, ERC20, PinnedModel, RealisedVolatility, ReentrancyGuard {
    using FeedRounds for IRoundFeed;
    using SafeERC20 for IERC20;

    /// @dev What all calls and those of the day take of the assets.
    struct Book {
        uint128 total;
        uint128 locked;
        uint128 soldToday;
        uint32 day;
        uint96 quotes;
    }

    bytes32 private constant DOMAIN_REQUEST = keccak256("zkml.option.request.v1");

    /// @dev What the model was trained on: strikes in basis points of the spot, hours, basis points a year.
    uint256 private constant MIN_RATIO = 5000;
    uint256 private constant MAX_RATIO = 15_000;
    uint256 private constant MIN_HOURS = 24;
    uint256 private constant MAX_HOURS = 2160;
    uint256 private constant MIN_VOLATILITY = 2000;
    uint256 private constant MAX_VOLATILITY = 15_000;

    /// @dev The model asks up to 23.6 basis points of the spot too little within these ranges, as its card says; in hundredths.
    uint256 private constant MIN_SPREAD = 2400;

    uint256 private constant INPUT_BITS = 14;
    uint256 private constant OUTPUT_BITS = 20;

    /// @dev No bound is wider: a tenth of the spot for the spread, and for a move; half of the assets a day; an hour for a quote.
    uint256 private constant SPREAD_LIMIT = 100_000;
    uint256 private constant MOVE_LIMIT = 1000;
    uint256 private constant DAY_LIMIT = 5000;
    uint256 private constant TTL_LIMIT = 1 hours;

    /// @dev Shares of the first deposit that belong to nobody, so that a share always costs little.
    uint256 private constant LOCKED_SHARES = 1000;
    address private constant NOBODY = address(0xdead);

    /// @inheritdoc IOptionVault
    IERC20 public immutable underlying;

    /// @notice When the first cycle began.
    uint256 public immutable start;

    Config private _config;
    Book private _book;
    mapping(bytes32 requestId => Quote) private _quotes;
    mapping(bytes32 requestId => Call) private _calls;

    /// @notice Fixes everything for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `option-pricer`
    /// @param underlying_ what calls are on, and are paid in
    /// @param feed_ its price
    /// @param config_ bounds and times
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        IERC20 underlying_,
        IRoundFeed feed_,
        Config memory config_
    ) ERC20("Option vault share", "OVS") PinnedModel(inferenceVerifier_, modelId_) RealisedVolatility(feed_) {
        bool bounded = config_.spread <= SPREAD_LIMIT && config_.maxMove <= MOVE_LIMIT;
        bounded = bounded && config_.spread >= MIN_SPREAD && config_.maxLocked < CoveredCall.BPS;
        bounded = bounded && config_.maxSoldPerDay <= config_.maxLocked && config_.maxSoldPerDay <= DAY_LIMIT;
        bool timely = config_.quoteTtl != 0 && config_.quoteTtl <= TTL_LIMIT && config_.maxPriceAge != 0;
        timely = timely && config_.grace >= 2 * uint256(config_.maxPriceAge);
        timely = timely && config_.window >= 2 * uint256(config_.grace);
        timely = timely && config_.cycle > config_.window + MIN_HOURS * 1 hours;
        timely = timely && config_.cycle <= MAX_HOURS * 1 hours;
        if (!bounded || !timely || address(underlying_) == address(0)) revert BadConfig();
        Tensors.Format memory input = _inputFormat();
        Tensors.Format memory output = _outputFormat();
        bool fits = input.lo == 0 && input.bits == INPUT_BITS && input.count == 3;
        fits = fits && output.lo == 0 && output.bits == OUTPUT_BITS && output.count == 1;
        if (!fits) revert NotAnOptionModel(modelId_);
        (underlying, start, _config) = (underlying_, block.timestamp, config_);
    }

    /// @inheritdoc IOptionVault
    function deposit(uint256 amount, uint256 minShares, address to) external nonReentrant returns (uint256 shares) {
        uint256 supply = totalSupply();
        uint256 total = _book.total;
        if (supply == 0) {
            shares = Math.saturatingSub(amount, LOCKED_SHARES);
            _mint(NOBODY, LOCKED_SHARES);
        } else {
            shares = Math.mulDiv(amount, supply, total);
        }
        if (shares == 0) revert NothingToDo();
        if (shares < minShares) revert BelowMinimum(shares, minShares);
        _book.total = SafeCast.toUint128(total + amount);
        _mint(to, shares);
        emit Deposited(msg.sender, to, amount, shares);
        _pull(amount);
    }

    /// @inheritdoc IOptionVault
    function withdraw(uint256 shares, uint256 minAssets, address to) external nonReentrant returns (uint256 amount) {
        Book memory book = _book;
        if (book.locked != 0) revert AssetsLocked(book.locked, _freeAt());
        amount = Math.mulDiv(shares, book.total, totalSupply());
        if (amount == 0) revert NothingToDo();
        if (amount < minAssets) revert BelowMinimum(amount, minAssets);
        _burn(msg.sender, shares);
        // Not more than the total, which has 128 bits.
        _book.total = book.total - uint128(amount);
        emit Withdrawn(msg.sender, to, amount, shares);
        underlying.safeTransfer(to, amount);
    }

    /// @inheritdoc IOptionVault
    function requestQuote(uint256 strike, uint256 expiry, uint256 amount) external returns (bytes32 requestId) {
        if (amount == 0) revert NothingToDo();
        (uint256 opensAt, uint256 endsAt) = sellingTimes();
        if (block.timestamp < opensAt || expiry > endsAt) revert NotSoldNow(opensAt, endsAt);
        (uint256 spot, uint256 updatedAt) = _spot();
        if (updatedAt == block.timestamp) revert PriceNotClosed(updatedAt);
        int256[] memory values = _valuesOf(strike, expiry, spot);
        requestId = keccak256(abi.encode(DOMAIN_REQUEST, ++_book.quotes));
        _quotes[requestId] = Quote({
            buyer: msg.sender,
            takenAt: uint48(block.timestamp),
            // The range of the model bounds expiry and strike.
            expiry: uint48(expiry),
            strike: SafeCast.toUint112(strike),
            spot: uint112(spot),
            amount: SafeCast.toUint128(amount),
            // Three digits of 14 bits.
            inputWord: uint64(_packInput(values)[0])
        });
        emit QuoteRequested(requestId, msg.sender, values, block.timestamp + _config.quoteTtl);
    }

    /// @inheritdoc IOptionVault
    function buy(
        bytes32 requestId,
        bytes calldata output,
        bytes calldata proof,
        uint256 maxPremium
    ) external nonReentrant returns (uint256 premium) {
        Quote memory quote = _quotes[requestId];
        uint256 spot = _requireUsable(requestId, quote);
        delete _quotes[requestId];
        ProofBlob.proverFor(proof, requestId);
        uint256[] memory words = new uint256[](1);
        words[0] = quote.inputWord;
        _verify(_inputCommitmentOf(words), output, proof);
        // From 0 to below 2^20, as the constructor made sure.
        uint256 proposed = uint256(_decodeOutput(output)[0]);
        premium = _premiumOf(quote, proposed, spot);
        if (premium > maxPremium) revert AboveMaximum(premium, maxPremium);
        _sell(requestId, quote, premium);
        emit CallSold(requestId, msg.sender, proposed, premium);
        _pull(premium);
    }

    /// @inheritdoc IOptionVault
    function settle(bytes32 requestId, uint80 roundId) external nonReentrant returns (uint256 paid) {
        Call memory sold = _openCall(requestId);
        uint256 latest = uint256(sold.expiry) + _config.grace;
        if (block.timestamp < sold.expiry || block.timestamp > latest) revert NotSettledNow(sold.expiry, latest);
        uint256 spot = feed.lastBefore(roundId, sold.expiry);
        paid = CoveredCall.payoff(sold.amount, sold.strike, spot);
        _close(requestId, sold, paid);
        if (paid != 0) underlying.safeTransfer(sold.holder, paid);
    }

    /// @inheritdoc IOptionVault
    function release(bytes32 requestId) external nonReentrant {
        Call memory sold = _openCall(requestId);
        uint256 earliest = uint256(sold.expiry) + _config.grace + 1;
        if (block.timestamp < earliest) revert NotSettledNow(earliest, type(uint256).max);
        _close(requestId, sold, 0);
    }

    /// @notice What was fixed at deployment.
    /// @return config_ bounds and times
    function config() external view returns (Config memory config_) {
        return _config;
    }

    /// @inheritdoc IOptionVault
    function premiumOf(bytes32 requestId, uint256 proposed) external view returns (uint256 premium) {
        Quote memory quote = _quotes[requestId];
        if (quote.buyer == address(0)) revert UnknownQuote(requestId);
        (uint256 spot, ) = _spot();
        return _premiumOf(quote, proposed, spot);
    }

    /// @inheritdoc IOptionVault
    function quoteOf(bytes32 requestId) external view returns (Quote memory quote) {
        return _quotes[requestId];
    }

    /// @inheritdoc IOptionVault
    function callOf(bytes32 requestId) external view returns (Call memory sold) {
        return _calls[requestId];
    }

    /// @inheritdoc IOptionVault
    function assets() external view returns (uint256 total, uint256 locked) {
        return (_book.total, _book.locked);
    }

    /// @inheritdoc IOptionVault
    function capacity() external view returns (uint256 amount) {
        return _capacityOf(_bookOfToday(_book));
    }

    /// @inheritdoc IOptionVault
    function sellingTimes() public view returns (uint256 opensAt, uint256 endsAt) {
        uint256 begun = block.timestamp - ((block.timestamp - start) % _config.cycle);
        return (begun + _config.window, begun + _config.cycle);
    }

    /// @dev Locks a call's amount and takes note of its premium.
    function _sell(bytes32 requestId, Quote memory quote, uint256 premium) private {
        Book memory book = _bookOfToday(_book);
        uint256 most = _capacityOf(book);
        if (quote.amount > most) revert CapacityExceeded(quote.amount, most);
        book.soldToday += quote.amount;
        book.locked += quote.amount;
        book.total = SafeCast.toUint128(book.total + premium);
        _book = book;
        _calls[requestId] = Call({
            holder: quote.buyer,
            expiry: quote.expiry,
            strike: quote.strike,
            amount: quote.amount
        });
    }

    /// @dev Frees a call's amount but for what it pays, which is less.
    function _close(bytes32 requestId, Call memory sold, uint256 paid) private {
        delete _calls[requestId];
        _book.locked -= sold.amount;
        _book.total -= uint128(paid);
        emit CallSettled(requestId, sold.holder, paid);
    }

    /// @dev Takes underlying from the sender, all of it.
    function _pull(uint256 amount) private {
        uint256 held = underlying.balanceOf(address(this));
        underlying.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = underlying.balanceOf(address(this)) - held;
        if (received != amount) revert UnsupportedToken(underlying, amount, received);
    }

    function _openCall(bytes32 requestId) private view returns (Call memory sold) {
        sold = _calls[requestId];
        if (sold.holder == address(0)) revert UnknownCall(requestId);
    }

    /// @dev From when on, at the latest, anyone can settle or release all calls that are open now.
    function _freeAt() private view returns (uint256) {
        (uint256 opensAt, uint256 endsAt) = sellingTimes();
        // In a window all open calls are of the cycle before.
        uint256 latestExpiry = block.timestamp < opensAt ? endsAt - _config.cycle : endsAt;
        return latestExpiry + _config.grace + 1;
    }

    /// @dev Everything about a quote but its proof; gives the spot.
    function _requireUsable(bytes32 requestId, Quote memory quote) private view returns (uint256 spot) {
        if (quote.buyer == address(0)) revert UnknownQuote(requestId);
        if (msg.sender != quote.buyer) revert NotTheBuyer(msg.sender, quote.buyer);
        uint256 expiresAt = uint256(quote.takenAt) + _config.quoteTtl;
        if (block.timestamp > expiresAt) revert QuoteExpired(requestId, expiresAt);
        (spot, ) = _spot();
        if (CoveredCall.moveOf(spot, quote.spot) > _config.maxMove) revert SpotMoved(quote.spot, spot);
    }

    /// @dev The model's input, each number rounded to where a call is worth more. Calmer markets than the model knows count
    /// as the calmest; wilder ones are refused, since there its price would be too low.
    function _valuesOf(uint256 strike, uint256 expiry, uint256 spot) private view returns (int256[] memory values) {
        uint256 ratio = Math.mulDiv(strike, CoveredCall.BPS, spot);
        uint256 time = Math.ceilDiv(Math.saturatingSub(expiry, block.timestamp), 1 hours);
        uint256 bps = Math.max(volatility(), MIN_VOLATILITY);
        bool known = ratio >= MIN_RATIO && ratio <= MAX_RATIO && bps <= MAX_VOLATILITY;
        if (!known || time < MIN_HOURS || time > MAX_HOURS) revert OutOfRange(ratio, time, bps);
        values = new int256[](3);
        (values[0], values[1], values[2]) = (int256(ratio), int256(time), int256(bps));
    }

    function _spot() private view returns (uint256 spot, uint256 updatedAt) {
        (spot, updatedAt) = feed.latest();
        if (block.timestamp > updatedAt + _config.maxPriceAge) revert StalePrice(updatedAt);
    }

    function _premiumOf(Quote memory quote, uint256 proposed, uint256 spot) private view returns (uint256) {
        return CoveredCall.premium(proposed, quote.spot, spot, quote.strike, _config.spread, quote.amount);
    }

    function _capacityOf(Book memory book) private view returns (uint256) {
        uint256 total = book.total;
        uint256 today = Math.saturatingSub((total * _config.maxSoldPerDay) / CoveredCall.BPS, book.soldToday);
        return Math.min(today, Math.saturatingSub((total * _config.maxLocked) / CoveredCall.BPS, book.locked));
    }

    /// @dev The book as of today: what was sold on an earlier day no longer counts.
    function _bookOfToday(Book memory book) private view returns (Book memory) {
        uint32 day = uint32(block.timestamp / 1 days);
        if (book.day != day) (book.day, book.soldToday) = (day, 0);
        return book;
    }
}
