// SPDX-License-Identifier: GPL-3.0-or-later

import { file, type Parts } from './parts'

const CHANCE = (p: Parts, seed: string): string => {
  const weak = p.r.pick([
    'uint256(keccak256(abi.encodePacked(block.timestamp, block.prevrandao, msg.sender)))',
    'uint256(blockhash(block.number - 1))',
    'uint256(keccak256(abi.encode(block.prevrandao, block.number)))',
    'uint256(keccak256(abi.encodePacked(blockhash(block.number - 1), block.coinbase)))',
  ])
  return `/*W*/${seed}/*w:${weak}:*/`
}

/** Contracts whose functions do what only some may: tokens, games, wallets, upgrades. */
export const POWER = {
  token(p: Parts): string {
    return file(
      'Token',
      p,
      `string public name = "${p.r.pick(['Coin', 'A token', 'Points of a shop'])}"; uint8 public constant decimals = 18; uint256 public totalSupply;
  mapping(address => uint256) public balanceOf; mapping(address => mapping(address => uint256)) public allowance;
  event Transfer(address indexed from, address indexed to, uint256 amount); event Approval(address indexed a, address indexed b, uint256 amount);
  function transfer(address to, uint256 amount) external returns (bool) { ${p.take('balanceOf[msg.sender]', 'amount')} balanceOf[to] += amount; emit Transfer(msg.sender, to, amount); return true; }
  function approve(address to, uint256 amount) external returns (bool) { allowance[msg.sender][to] = amount; emit Approval(msg.sender, to, amount); return true; }
  function transferFrom(address from, address to, uint256 amount) external returns (bool) { ${p.take('allowance[from][msg.sender]', 'amount')} ${p.take('balanceOf[from]', 'amount')} balanceOf[to] += amount; emit Transfer(from, to, amount); return true; }
  function mint(address to, uint256 amount) external ${p.owned} { totalSupply += amount; balanceOf[to] += amount; emit Transfer(address(0), to, amount); }
  function burn(uint256 amount) external { ${p.take('balanceOf[msg.sender]', 'amount')} totalSupply -= amount; }
  ${p.r.chance(50) ? `function seize(address from, uint256 amount) external ${p.owned} { ${p.take('balanceOf[from]', 'amount')} }` : ''}`,
    )
  },

  lottery(p: Parts): string {
    return file(
      'Lottery',
      p,
      `address[] public players; bytes32 public commitment; uint256 public price = ${1 + p.r.below(50)} * 1e16; uint256 public round; mapping(address => uint256) public won; event Won(address who, uint256 amount);
  function commit(bytes32 hash) external ${p.owned} { ${p.check('players.length == 0', 'begun')} commitment = hash; }
  function enter() external payable { ${p.check('msg.value == price && commitment != 0', 'price')} players.push(msg.sender); }
  function draw(uint256 seed) external ${p.owned} { ${p.check('keccak256(abi.encode(seed)) == commitment', 'not committed')} ${p.check('players.length != 0', 'nobody')}
    uint256 roll = ${CHANCE(p, 'seed')}; address who = players[roll % players.length]; won[who] += address(this).balance; commitment = 0; delete players; ++round; emit Won(who, roll); }
  function collect() external ${p.guard} { uint256 amount = won[msg.sender]; ${p.check('amount != 0', 'nothing')} ${p.settle('won[msg.sender] = 0;', p.send('msg.sender', 'amount'))} }`,
    )
  },

  dice(p: Parts): string {
    return file(
      'Dice',
      p,
      `struct Bet { address who; uint96 amount; } mapping(uint256 => Bet) public bets; uint256 public next; address public oracle = msg.sender; uint256 public sides = ${2 + p.r.below(98)};
  event Rolled(uint256 indexed id, uint256 roll); receive() external payable {}
  function bet() external payable returns (uint256 id) { ${p.check('msg.value > 0', 'no bet')} id = next++; bets[id] = Bet(msg.sender, uint96(msg.value)); }
  function settle(uint256 id, uint256 word) external ${p.guard} { ${p.check('/*S*/msg.sender/*s*/ == oracle', 'not the oracle')} Bet memory b = bets[id]; ${p.check('b.who != address(0)', 'no bet')}
    uint256 roll = ${CHANCE(p, 'word')} % sides; ${p.settle('delete bets[id];', `if (roll == 0) { ${p.send('b.who', 'b.amount * (sides - 1)')} }`)} emit Rolled(id, roll); }
  function setOracle(address oracle_) external ${p.owned} { oracle = oracle_; }
  function close(address payable to) external ${p.owned} { ${p.r.chance(50) ? 'selfdestruct(to);' : p.send('to', 'address(this).balance')} }`,
    )
  },

  nft(p: Parts): string {
    return file(
      'Collectible',
      p,
      `mapping(uint256 => address) public ownerOf; mapping(address => uint256) public balanceOf; mapping(uint256 => uint256) public traits; uint256 public supply; uint256 public cap = ${100 + p.r.below(9900)}; uint256 private _secret; uint256 public price = ${1 + p.r.below(90)} * 1e15;
  event Transfer(address indexed from, address indexed to, uint256 indexed id);
  function mint() external payable ${p.guard} returns (uint256 id) { ${p.check('msg.value >= price && supply < cap', 'no')} id = ++supply;
    traits[id] = ${CHANCE(p, 'uint256(keccak256(abi.encode(_secret, id)))')} % 1000;
    ${p.settle('ownerOf[id] = msg.sender; balanceOf[msg.sender] += 1;', `if (msg.sender.code.length != 0) { ${p.check('IReceiver(msg.sender).onReceived(id)', 'not taken')} }`)} emit Transfer(address(0), msg.sender, id); }
  function transfer(address to, uint256 id) external { ${p.check('ownerOf[id] == msg.sender', 'not yours')} ownerOf[id] = to; balanceOf[msg.sender] -= 1; balanceOf[to] += 1; emit Transfer(msg.sender, to, id); }
  function setSecret(uint256 secret) external ${p.owned} { _secret = secret; }
  function withdraw(address to) external ${p.owned} { ${p.send('to', 'address(this).balance')} }`,
      'interface IReceiver { function onReceived(uint256 id) external returns (bool); }',
    )
  },

  wallet(p: Parts): string {
    const plugins = p.r.chance(60)
      ? `function plugin(address target, bytes calldata data) external ${p.owned} { (bool ok, ) = target.delegatecall(data); /*C*/${p.check('ok', 'plugin failed')}/*c*/ }`
      : `mapping(bytes4 => address) public plugins; function setPlugin(bytes4 id, address target) external ${p.owned} { plugins[id] = target; }
  fallback() external payable { address target = plugins[msg.sig]; ${p.check('target != address(0)', 'unknown')} (bool ok, ) = target.delegatecall(msg.data); ${p.check('ok', 'plugin failed')} }`
    return file(
      'Wallet',
      p,
      `event Done(address indexed target, uint256 value); receive() external payable {}
  function execute(address target, uint256 value, bytes calldata data) external payable ${p.owned} returns (bytes memory) { (bool ok, bytes memory out) = target.call{value: value}(data); /*C*/${p.check('ok', 'call failed')}/*c*/ emit Done(target, value); return out; }
  function sendMany(address[] calldata to, uint256 amount) external ${p.owned} { for (uint256 i = 0; i < to.length; ++i) { ${p.send('to[i]', 'amount')} } }
  ${plugins}
  ${p.r.chance(50) ? `function destroy(address payable to) external ${p.owned} { selfdestruct(to); }` : ''}`,
    )
  },

  upgradeable(p: Parts): string {
    const proxied = p.r.chance(50)
    const upgrade = proxied
      ? `address public implementation; function upgradeTo(address next) external ${p.owned} { ${p.check('next.code.length != 0', 'no code')} implementation = next; }
  fallback() external payable { (bool ok, bytes memory out) = implementation.delegatecall(msg.data); ${p.check('ok', 'failed')} assembly { return(add(out, 32), mload(out)) } }`
      : `function upgradeToAndCall(address next, bytes calldata data) external ${p.owned} { implementation = next; (bool ok, ) = next.delegatecall(data); /*C*/${p.check('ok', 'failed')}/*c*/ } address public implementation;`
    return file(
      'Upgradeable',
      p,
      `bool public initialized; address public treasury; uint256 public limit; mapping(address => uint256) public balances; event Started(address treasury);
  function initialize(address treasury_, uint256 limit_) external { /*N*/${p.check('!initialized', 'again')}/*n*/ initialized = true; treasury = treasury_; limit = limit_; emit Started(treasury_); }
  function deposit() external payable { ${p.check('balances[msg.sender] + msg.value <= limit', 'limit')} balances[msg.sender] += msg.value; }
  function withdraw(uint256 amount) external ${p.guard} { ${p.settle(p.take('balances[msg.sender]', 'amount'), p.send('msg.sender', 'amount'))} }
  function skim() external { ${p.check('/*S*/msg.sender/*s*/ == treasury', 'not the treasury')} ${p.send('treasury', 'address(this).balance')} }
  ${upgrade}`,
    )
  },

  multisig(p: Parts): string {
    return file(
      'Multisig',
      p,
      `struct Job { address to; uint256 value; bytes data; bool done; uint256 votes; } Job[] public jobs; mapping(uint256 => mapping(address => bool)) public voted; mapping(address => bool) public isSigner; uint256 public needed = ${2 + p.r.below(5)}; receive() external payable {}
  function setSigner(address who, bool yes) external ${p.owned} { isSigner[who] = yes; }
  function propose(address to, uint256 value, bytes calldata data) external returns (uint256 id) { ${p.check('isSigner[/*S*/msg.sender/*s*/]', 'not a signer')} id = jobs.length; jobs.push(Job(to, value, data, false, 0)); }
  function vote(uint256 id) external { ${p.check('isSigner[/*S*/msg.sender/*s*/] && !voted[id][msg.sender]', 'not a signer')} voted[id][msg.sender] = true; jobs[id].votes += 1; }
  function execute(uint256 id) external ${p.guard} { Job storage job = jobs[id]; ${p.check('!job.done && job.votes >= needed', 'not yet')}
    ${p.settle('job.done = true;', `(bool ok, ) = job.to.call{value: job.value}(job.data); /*C*/${p.check('ok', 'failed')}/*c*/`)} }`,
    )
  },

  channel(p: Parts): string {
    return file(
      'Channel',
      p,
      `mapping(address => uint256) public deposits; mapping(address => uint256) public spent; mapping(bytes32 => bool) public used; event Paid(address from, address to, uint256 amount);
  function fund() external payable { deposits[msg.sender] += msg.value; }
  function pay(address from, uint256 amount, uint256 nonce, uint8 v, bytes32 rr, bytes32 s) external ${p.guard} {
    bytes32 hash = keccak256(abi.encode(block.chainid, address(this), from, msg.sender, amount, nonce)); address signer = ecrecover(hash, v, rr, s);
    /*Z*/${p.check('signer != address(0)', 'bad signature')}/*z*/ ${p.check('signer == from', 'not signed')}
    /*Z*/${p.check('!used[hash]', 'used')}/*z*/ used[hash] = true;
    ${p.settle(p.take('deposits[from]', 'amount'), p.send('msg.sender', 'amount'))} emit Paid(from, msg.sender, amount); }
  function leave() external ${p.guard} { uint256 amount = deposits[msg.sender]; ${p.settle('deposits[msg.sender] = 0;', p.send('msg.sender', 'amount'))} }
  function recover(address to) external ${p.owned} { ${p.send('to', 'address(this).balance')} }`,
    )
  },

  timelock(p: Parts): string {
    return file(
      'Timelock',
      p,
      `mapping(bytes32 => uint256) public readyAt; uint256 public delay = ${1 + p.r.below(14)} days; event Queued(bytes32 id, uint256 at); receive() external payable {}
  function queue(address to, uint256 value, bytes calldata data) external ${p.owned} returns (bytes32 id) { id = keccak256(abi.encode(to, value, data)); readyAt[id] = block.timestamp + delay; emit Queued(id, readyAt[id]); }
  function cancel(bytes32 id) external ${p.owned} { delete readyAt[id]; }
  function execute(address to, uint256 value, bytes calldata data) external payable ${p.owned} ${p.guard} { bytes32 id = keccak256(abi.encode(to, value, data)); ${p.check('readyAt[id] != 0 && block.timestamp >= readyAt[id]', 'not ready')}
    ${p.settle('delete readyAt[id];', `(bool ok, ) = ${p.r.chance(70) ? 'to.call{value: value}(data)' : 'to.delegatecall(data)'}; /*C*/${p.check('ok', 'failed')}/*c*/`)} }
  function setDelay(uint256 delay_) external { ${p.check('/*S*/msg.sender/*s*/ == address(this)', 'only itself')} delay = delay_; }`,
    )
  },

  airdrop(p: Parts): string {
    const coin = p.r.chance(40)
    const out = coin ? p.send('msg.sender', 'amount') : p.pay('token', 'msg.sender', 'amount')
    return file(
      'Airdrop',
      p,
      `bytes32 public root; mapping(address => bool) public claimed; IToken public token; uint256 public left = ${1 + p.r.below(100)} ether; bool public initialized; receive() external payable {}
  function start(IToken token_, bytes32 root_) external { /*N*/${p.check('!initialized', 'again')}/*n*/ initialized = true; token = token_; root = root_; }
  function claim(uint256 amount, bytes32[] calldata proof) external ${p.guard} { bytes32 node = keccak256(bytes.concat(keccak256(abi.encode(msg.sender, amount))));
    for (uint256 i = 0; i < proof.length; ++i) node = node < proof[i] ? keccak256(abi.encode(node, proof[i])) : keccak256(abi.encode(proof[i], node));
    ${p.check('node == root && !claimed[msg.sender]', 'no claim')} ${p.settle(`claimed[msg.sender] = true; ${p.take('left', 'amount')}`, out)} }
  function setRoot(bytes32 root_) external ${p.owned} { root = root_; }
  function sweep(address to) external ${p.owned} { ${coin ? p.send('to', 'address(this).balance') : p.pay('token', 'to', 'token.balanceOf(address(this))')} }`,
    )
  },

  exchange(p: Parts): string {
    return file(
      'Exchange',
      p,
      `IToken public token; uint256 public reserve; uint256 public reserveToken; mapping(address => uint256) public shares; uint256 public totalShares;
  constructor(IToken token_) { token = token_; }
  function add(uint256 tokens) external payable ${p.guard} { uint256 minted = totalShares == 0 ? msg.value : msg.value * totalShares / reserve; shares[msg.sender] += minted; totalShares += minted; reserve += msg.value; reserveToken += tokens; /*C*/require(/*c*/token.transferFrom(msg.sender, address(this), tokens)/*C*/)/*c*/; }
  function remove(uint256 amount) external ${p.guard} { uint256 coins = amount * reserve / totalShares; uint256 tokens = amount * reserveToken / totalShares;
    ${p.settle(`${p.take('shares[msg.sender]', 'amount')} totalShares -= amount; reserve -= coins; reserveToken -= tokens;`, `${p.send('msg.sender', 'coins')} ${p.pay('token', 'msg.sender', 'tokens')}`)} }
  function buy(uint256 least) external payable ${p.guard} { uint256 out = reserveToken * msg.value / (reserve + msg.value); ${p.check('out >= least', 'slipped')}
    ${p.settle('reserve += msg.value; reserveToken -= out;', p.pay('token', 'msg.sender', 'out'))} }
  function sell(uint256 amount, uint256 least) external ${p.guard} { uint256 out = reserve * amount / (reserveToken + amount); ${p.check('out >= least', 'slipped')} /*C*/require(/*c*/token.transferFrom(msg.sender, address(this), amount)/*C*/)/*c*/;
    ${p.settle('reserve -= out; reserveToken += amount;', p.send('msg.sender', 'out'))} }
  function rescue(address to) external ${p.owned} { ${p.send('to', 'address(this).balance - reserve')} }`,
    )
  },
} as const
