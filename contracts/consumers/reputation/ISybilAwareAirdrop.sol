// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Airdrop that asks whether an account looks like a person
/// @notice A Merkle tree, fixed at deployment, says of each account its amount and its features: the model's input, packed
/// in one word, as they were at the end of a block before the deployment. Whoever proves that the model gives them
/// `threshold` or more has the amount paid out to the account. Anyone may prove and send: request and account are in the
/// proof, and the money goes to the account and nowhere else.
///
/// The model is a function: an account below the threshold is refused today and on any other day, whoever asks. It may
/// appeal. From `appealsFrom` to `appealsBy` the publisher may publish, once, a second tree with newer features; then the
/// account is paid if the model gives those `threshold` or more. By then everybody knows the model, and can do what it likes
/// to see. So an appeal has to prove the first score as well, and that it was `appealFloor` at least: whatever is done after
/// the first snapshot, no account below the floor is ever paid, and none more than the first tree says.
///
/// Who publishes the trees is trusted for them, and for nothing else. Features follow from public transfers by a public
/// rule, so anyone can recompute them as of the block that is named, and see whether they are true; this contract cannot.
///
/// What was announced stands: a model that is deprecated after the deployment keeps deciding claims and appeals, so its
/// owner cannot end them. If its verifier is stopped, because proofs may be false, nobody is paid any more. After `deadline`
/// what is left goes to the treasury, in that case as well.
interface ISybilAwareAirdrop {
    /// @notice What is fixed at deployment. The tokens are sent to the airdrop by whoever pays for it.
    /// @param token what is given away
    /// @param claimRoot root of the tree of accounts, amounts and features
    /// @param snapshotBlock the block at whose end the features were as they are in the tree
    /// @param publisher who may publish the second tree
    /// @param treasury who gets what is left
    /// @param threshold least score that is paid
    /// @param appealFloor least first score of an account that appeals, at most `threshold`
    /// @param appealsFrom first second at which the second tree may be published
    /// @param appealsBy last second for that
    /// @param deadline last second of claims and appeals, a week or more after `appealsBy`
    struct Config {
        IERC20 token;
        bytes32 claimRoot;
        uint256 snapshotBlock;
        address publisher;
        address treasury;
        uint256 threshold;
        uint256 appealFloor;
        uint256 appealsFrom;
        uint256 appealsBy;
        uint256 deadline;
    }

    /// @notice A leaf of the first tree and its way to the root. The leaf is
    /// keccak256(keccak256(abi.encode(account, amount, features))), as OpenZeppelin's StandardMerkleTree has it.
    /// @param account who is paid
    /// @param amount how much
    /// @param features the model's input word at the first snapshot
    /// @param merkleProof siblings from the leaf up
    struct Entitlement {
        address account;
        uint256 amount;
        uint256 features;
        bytes32[] merkleProof;
    }

    /// @notice A leaf of the second tree: keccak256(keccak256(abi.encode(account, features))).
    /// @param features the model's input word at the second snapshot
    /// @param merkleProof siblings from the leaf up
    struct Update {
        uint256 features;
        bytes32[] merkleProof;
    }

    /// @notice What the model says of a word.
    /// @param output the model's output
    /// @param proof the proof blob, bound to this contract and `requestOf(account, round)`, with any prover
    struct Answer {
        bytes output;
        bytes proof;
    }

    /// @notice A claim of a batch.
    /// @param entitlement the account's leaf
    /// @param answer what the model says of its features
    struct Claim {
        Entitlement entitlement;
        Answer answer;
    }

    /// @notice An account was paid.
    /// @param account the account
    /// @param round 0 for a claim, 1 for an appeal
    /// @param amount how much
    /// @param score what the model said of its features of that round
    event Paid(address indexed account, uint256 indexed round, uint256 amount, uint256 score);

    /// @notice Appeals are open.
    /// @param root root of the second tree
    /// @param snapshotBlock the block at whose end the features were as they are in it
    event AppealsOpened(bytes32 root, uint256 snapshotBlock);

    /// @notice What was left went to the treasury.
    /// @param amount how much
    event Swept(uint256 amount);

    /// @notice Token, publisher or treasury is 0.
    error ZeroAddress();

    /// @notice A root is 0.
    error ZeroRoot();

    /// @notice No score the model can give is refused, or none is paid, or the floor is above the threshold.
    error BadThresholds(uint256 threshold, uint256 appealFloor);

    /// @notice The times are over, out of order, or leave less than a week for appeals.
    error BadTimes(uint256 appealsFrom, uint256 appealsBy, uint256 deadline);

    /// @notice A snapshot is of a block that is not over, or not after the earlier one.
    error BadSnapshot(uint256 snapshotBlock);

    /// @notice The model does not take fourteen digits of 10 bits and give one number.
    error NotASybilModel(uint256 modelId);

    /// @notice A deprecated model decides no new airdrop.
    error DeprecatedModel(uint256 modelId);

    /// @notice Only the publisher publishes.
    error NotThePublisher(address sender);

    /// @notice It is too early or too late for the second tree.
    error NotTimeToPublish(uint256 earliest, uint256 latest);

    /// @notice There is one second tree, and it is published.
    error AlreadyPublished(bytes32 root);

    /// @notice There is no second tree, so far or ever.
    error NoAppeals();

    /// @notice Claims and appeals are over.
    error Ended(uint256 deadline);

    /// @notice Claims and appeals are not over.
    error NotEnded(uint256 deadline);

    /// @notice The tree has no such leaf.
    error NotInTree(address account, bytes32 root);

    /// @notice An account is paid once.
    error AlreadyPaid(address account);

    /// @notice The model gives the account less than it takes.
    error ScoreTooLow(address account, uint256 score, uint256 least);

    /// @notice Pays an account what the first tree says. Anyone may ask.
    /// @param entitlement the account's leaf
    /// @param answer what the model says of its features, for round 0
    function claim(Entitlement calldata entitlement, Answer calldata answer) external;

    /// @notice Many claims, with one pairing check for all proofs. Accounts that are paid already are passed over, so nobody
    /// can make a batch fail by claiming for one of it; any other claim that does not hold fails all. So does an account
    /// that the token does not pay (one that it blocks, or that refuses it): leave it out. For a model that is deprecated, or
    /// has a verifier of its own, claim one by one.
    /// @param claims the claims
    function claimBatch(Claim[] calldata claims) external;

    /// @notice Pays an account whose features have become better what the first tree says. Anyone may ask.
    /// @param entitlement the account's leaf in the first tree
    /// @param first what the model says of those features, for round 0: `appealFloor` at least
    /// @param update the account's leaf in the second tree
    /// @param fresh what the model says of these features, for round 1: `threshold` at least
    function appeal(
        Entitlement calldata entitlement,
        Answer calldata first,
        Update calldata update,
        Answer calldata fresh
    ) external;

    /// @notice Publishes the second tree, once.
    /// @param root its root
    /// @param snapshotBlock_ the block at whose end the features were as they are in it
    function publishAppeals(bytes32 root, uint256 snapshotBlock_) external;

    /// @notice Sends what is left to the treasury, once claims and appeals are over. Anyone may.
    function sweep() external;

    /// @notice Root of the second tree.
    /// @return root 0 until it is published
    function appealRoot() external view returns (bytes32 root);

    /// @notice The block that the features of the second tree are of.
    /// @return blockNumber 0 until it is published
    function appealSnapshotBlock() external view returns (uint256 blockNumber);

    /// @notice Whether an account was paid.
    /// @param account the account
    /// @return paid whether it was
    function isPaid(address account) external view returns (bool paid);

    /// @notice What a proof has to be made for, with this contract as the caller.
    /// @param account the account
    /// @param round 0 for a claim and the first score of an appeal, 1 for the fresh one
    /// @return requestId the request
    function requestOf(address account, uint256 round) external pure returns (bytes32 requestId);
}
