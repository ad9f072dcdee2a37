// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRealisedVolatility} from "./IRealisedVolatility.sol";

/// @title A vault that writes covered calls at a proven premium
/// @notice Depositors put up the underlying. A buyer names strike, expiry and amount; the vault adds the spot of its feed and
/// the volatility of its own daily closes, and fixes all of it as the model's input. Anyone proves what the model says, and
/// the buyer pays that premium, in the underlying. Each call has its amount locked until it is settled, so it is always paid.
///
/// The vault builds the input itself and derives the request from a counter, so a proof says one thing only: the premium of
/// this quote. No proof about other numbers, for another vault, chain, model or quote passes, and none twice. There is no
/// fallback price: while no proof comes, or the model is deprecated or its verification stopped, nobody buys. What was sold
/// is settled all the same, and then all can be withdrawn.
///
/// All that an inference can do is to price one call of one quote. Whatever it says, a call costs no less than it would pay
/// now plus `spread`, all that is sold in a day is at most `maxSoldPerDay` of the assets of then, and all that is open `maxLocked`. A quote
/// lives for `quoteTtl` seconds, is void once the spot has moved by more than `maxMove`, and charges a rise of the spot in full.
///
/// Time runs in cycles. A cycle begins with a window in which nothing is sold and everything sold before is settled or released,
/// by anyone. Nobody knows what open calls will cost, so nobody leaves while there are any: withdrawals are open from when the
/// last call is closed until the first one of the cycle is sold, and pay a share's part of all assets. In each window that
/// is at least the time from `grace` to its end, if somebody closes the calls. Deposits are open at any time and pay for all
/// assets, locked ones included: never less than a share is worth, and more while calls are open that will be paid.
///
/// Nobody owns or governs the vault: all bounds are fixed at deployment.
interface IOptionVault is IRealisedVolatility {
    /// @notice What is fixed at deployment.
    /// @param spread added to each premium, in hundredths of a basis point of the spot: at least 2,400, which is what the model
    /// errs by, and on top of that by how much the feed may lag behind the market
    /// @param maxMove most that the spot may move from quote to purchase, in basis points
    /// @param maxLocked most of the assets that may be locked, in basis points, below 10,000
    /// @param maxSoldPerDay most of the assets that may be locked in a day (UTC), in basis points, 5,000 at most
    /// @param quoteTtl seconds that a quote lives
    /// @param maxPriceAge seconds after which a price of the feed is too old to quote or sell at
    /// @param cycle seconds of a cycle, all of whose calls expire within it; 90 days at most, for so long shares may be held
    /// @param window seconds at the start of a cycle in which nothing is sold, at least twice `grace`
    /// @param grace seconds after expiry in which a call can be settled; then it is worth nothing. At least twice `maxPriceAge`,
    /// since settling waits for the feed's next round
    struct Config {
        uint32 spread;
        uint16 maxMove;
        uint16 maxLocked;
        uint16 maxSoldPerDay;
        uint32 quoteTtl;
        uint32 maxPriceAge;
        uint32 cycle;
        uint32 window;
        uint32 grace;
    }

    /// @notice What somebody may buy. Prices are the feed's.
    /// @param buyer who asked, 0 once it was used
    /// @param takenAt when
    /// @param expiry last second before the call is settled
    /// @param strike price from which on the call pays
    /// @param spot price at `takenAt`
    /// @param amount underlying that the call is on
    /// @param inputWord the model's input, packed
    struct Quote {
        address buyer;
        uint48 takenAt;
        uint48 expiry;
        uint112 strike;
        uint112 spot;
        uint128 amount;
        uint64 inputWord;
    }

    /// @notice A call that was sold.
    /// @param holder who is paid, 0 once it was settled
    /// @param expiry the payoff is of the feed's last price before it
    /// @param strike price from which on it pays
    /// @param amount underlying that it is on, which is locked
    struct Call {
        address holder;
        uint48 expiry;
        uint112 strike;
        uint128 amount;
    }

    /// @notice Underlying came in for shares.
    /// @param sender who paid
    /// @param to who got the shares
    /// @param assets how much underlying
    /// @param shares how many
    event Deposited(address indexed sender, address indexed to, uint256 assets, uint256 shares);

    /// @notice Underlying went out for shares.
    /// @param sender whose shares were burned
    /// @param to who was paid
    /// @param assets how much underlying
    /// @param shares how many
    event Withdrawn(address indexed sender, address indexed to, uint256 assets, uint256 shares);

    /// @notice A quote was taken.
    /// @param requestId what the proof has to be made for, with the vault as the caller
    /// @param buyer who may buy
    /// @param values the model's input: strike in basis points of the spot, hours to expiry, volatility in basis points
    /// @param expiresAt last second at which it may be bought
    event QuoteRequested(bytes32 indexed requestId, address indexed buyer, int256[] values, uint256 expiresAt);

    /// @notice A call was sold.
    /// @param requestId its quote, and its name from now on
    /// @param holder who bought it
    /// @param proposed what the model says, in hundredths of a basis point of the quoted spot
    /// @param premium what was paid, in the underlying
    event CallSold(bytes32 indexed requestId, address indexed holder, uint256 proposed, uint256 premium);

    /// @notice A call was settled, and its collateral is free.
    /// @param requestId the call
    /// @param holder who was paid
    /// @param paid how much, in the underlying
    event CallSettled(bytes32 indexed requestId, address indexed holder, uint256 paid);

    /// @notice Bounds or times do not fit together, or there is no token.
    error BadConfig();

    /// @notice The model does not take three digits of 14 bits and give one of 20.
    error NotAnOptionModel(uint256 modelId);

    /// @notice Nothing comes in, or nothing would go out.
    error NothingToDo();

    /// @notice Less than the least that was asked for.
    error BelowMinimum(uint256 amount, uint256 minimum);

    /// @notice Calls are open, so nobody leaves. From `freeAt` on, at the latest, anyone can close those of now.
    error AssetsLocked(uint256 locked, uint256 freeAt);

    /// @notice More than the most that was allowed.
    error AboveMaximum(uint256 amount, uint256 maximum);

    /// @notice A transfer delivered another amount than asked for.
    error UnsupportedToken(IERC20 token, uint256 expected, uint256 received);

    /// @notice The feed has been silent for too long.
    error StalePrice(uint256 updatedAt);

    /// @notice The feed's price came in this very block: ask in the next one.
    error PriceNotClosed(uint256 updatedAt);

    /// @notice The vault is in its window, or the call would outlive the cycle.
    error NotSoldNow(uint256 opensAt, uint256 endsAt);

    /// @notice The model was not trained for such a call: strikes are from half to one and a half of the spot, expiries
    /// in 24 to 2,160 hours, volatilities up to 150%.
    error OutOfRange(uint256 ratio, uint256 time, uint256 bps);

    /// @notice There is no such quote, or it was used.
    error UnknownQuote(bytes32 requestId);

    /// @notice Only who asked may buy.
    error NotTheBuyer(address sender, address buyer);

    /// @notice The quote is too old.
    error QuoteExpired(bytes32 requestId, uint256 expiredAt);

    /// @notice The spot has moved too far since the quote.
    error SpotMoved(uint256 quotedAt, uint256 spot);

    /// @notice The vault may not sell so much, today or at all.
    error CapacityExceeded(uint256 amount, uint256 capacity);

    /// @notice There is no such call, or it was settled.
    error UnknownCall(bytes32 requestId);

    /// @notice The call cannot be settled like this, now.
    error NotSettledNow(uint256 from, uint256 to);

    /// @notice Puts in underlying, at its part of all assets, locked ones included. Not to be had back before all calls are closed.
    /// @param assets how much
    /// @param minShares least shares to get
    /// @param to who gets them
    /// @return shares how many
    function deposit(uint256 assets, uint256 minShares, address to) external returns (uint256 shares);

    /// @notice Takes out underlying: the shares' part of all assets. Only while no call is open.
    /// @param shares how many of the sender's to burn
    /// @param minAssets least to get
    /// @param to who gets it
    /// @return assets how much
    function withdraw(uint256 shares, uint256 minAssets, address to) external returns (uint256 assets);

    /// @notice Asks for the premium of a call, for the sender to buy. Nothing is reserved.
    /// @param strike price from which on it pays, in the feed's unit
    /// @param expiry when it ends, within the cycle
    /// @param amount underlying that it is on
    /// @return requestId what the proof has to be made for, with the vault as the caller
    function requestQuote(uint256 strike, uint256 expiry, uint256 amount) external returns (bytes32 requestId);

    /// @notice Buys the call of a quote of the sender's.
    /// @param requestId the quote
    /// @param output the model's output
    /// @param proof the proof blob, bound to the vault and the quote, with any prover
    /// @param maxPremium most to pay, in the underlying
    /// @return premium what was paid
    function buy(
        bytes32 requestId,
        bytes calldata output,
        bytes calldata proof,
        uint256 maxPremium
    ) external returns (uint256 premium);

    /// @notice Pays an expired call to its holder and frees the rest. Anyone may, within `grace`.
    /// @param requestId the call
    /// @param roundId the feed's last round before expiry
    /// @return paid what the holder got
    function settle(bytes32 requestId, uint80 roundId) external returns (uint256 paid);

    /// @notice Frees the collateral of a call that nobody settled within `grace`. Anyone may.
    /// @param requestId the call
    function release(bytes32 requestId) external;

    /// @notice What the premium of a quote would be now, if the model said this. Does not say whether it may be bought.
    /// @param requestId the quote
    /// @param proposed what the model says, in hundredths of a basis point of the quoted spot
    /// @return premium in the underlying
    function premiumOf(bytes32 requestId, uint256 proposed) external view returns (uint256 premium);

    /// @notice A quote.
    /// @param requestId which
    /// @return quote it, all 0 if there is none or it was used
    function quoteOf(bytes32 requestId) external view returns (Quote memory quote);

    /// @notice A call.
    /// @param requestId the quote that it was bought on
    /// @return sold it, all 0 if there is none or it was settled
    function callOf(bytes32 requestId) external view returns (Call memory sold);

    /// @notice How much may be sold now: within the cap of the day and that of all open calls.
    /// @return amount of the underlying
    function capacity() external view returns (uint256 amount);

    /// @notice When calls are sold, in the present cycle.
    /// @return opensAt first second
    /// @return endsAt latest expiry
    function sellingTimes() external view returns (uint256 opensAt, uint256 endsAt);

    /// @notice What the vault counts as its own; tokens forced upon it are nobody's.
    /// @return total all underlying
    /// @return locked of it, what open calls hold
    function assets() external view returns (uint256 total, uint256 locked);

    /// @notice What calls are on.
    /// @return token the token
    function underlying() external view returns (IERC20 token);
}
