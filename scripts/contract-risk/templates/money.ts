// SPDX-License-Identifier: GPL-3.0-or-later

import { file, type Parts } from './parts'

/** Contracts that hold coins or tokens for others. */
export const MONEY = {
  vault(p: Parts): string {
    const all = p.r.chance(50)
    const out = all
      ? `function withdrawAll() external ${p.guard} { uint256 amount = balances[msg.sender]; ${p.check('amount > 0', 'nothing')}
    ${p.settle(p.r.pick(['balances[msg.sender] = 0;', 'delete balances[msg.sender]; total -= amount;']), p.send('msg.sender', 'amount'))} }`
      : `function withdraw(uint256 amount) external ${p.guard} {
    ${p.settle(p.take('balances[msg.sender]', 'amount'), p.send('msg.sender', 'amount'))} emit Out(msg.sender, amount); }`
    const move = p.r.chance(50)
      ? `function move(address to, uint256 amount) external { ${p.take('balances[msg.sender]', 'amount')} balances[to] += amount; }`
      : ''
    return file(
      'Vault',
      p,
      `mapping(address => uint256) public balances; uint256 public total; event Out(address indexed who, uint256 amount);
  function deposit() external payable { balances[msg.sender] += msg.value; total += msg.value; }
  ${out} ${move}
  function sweep(address to) external ${p.owned} { ${p.send('to', 'address(this).balance')} }`,
    )
  },

  escrow(p: Parts): string {
    const states = p.r.chance(50)
    const done = states ? 'deal.state = State.Paid;' : 'deal.amount = 0;'
    const open = states ? 'deal.state == State.Open' : 'deal.amount != 0'
    return file(
      'Escrow',
      p,
      `${states ? 'enum State { None, Open, Paid }' : ''}
  struct Deal { address buyer; address seller; uint256 amount; ${states ? 'State state;' : ''} uint256 deadline; }
  mapping(uint256 => Deal) public deals; uint256 public count; event Closed(uint256 indexed id, address to);
  function openDeal(address seller) external payable returns (uint256 id) {
    ${p.check('msg.value > 0', 'no money')} id = ++count;
    deals[id] = Deal(msg.sender, seller, msg.value, ${states ? 'State.Open,' : ''} block.timestamp + ${1 + p.r.below(30)} days); }
  function release(uint256 id) external ${p.guard} { Deal storage deal = deals[id];
    ${p.check(open, 'closed')} ${p.check('/*S*/msg.sender/*s*/ == deal.buyer', 'not the buyer')}
    uint256 amount = deal.amount; ${p.settle(done, p.send('deal.seller', 'amount'))} emit Closed(id, deal.seller); }
  function refund(uint256 id) external ${p.guard} { Deal storage deal = deals[id];
    ${p.check(open, 'closed')} ${p.check('block.timestamp > deal.deadline', 'too early')}
    uint256 amount = deal.amount; ${p.settle(done, p.send('deal.buyer', 'amount'))} }
  function decide(uint256 id, bool forSeller) external ${p.owned} ${p.guard} { Deal storage deal = deals[id]; ${p.check(open, 'closed')}
    uint256 amount = deal.amount; address to = forSeller ? deal.seller : deal.buyer;
    ${p.settle(done, p.send('to', 'amount'))} emit Closed(id, to); }`,
    )
  },

  auction(p: Parts): string {
    const pull = p.r.chance(60)
    const outbid = pull ? 'pending[leader] += best;' : `address before = leader; uint256 owed = best;`
    const effect = 'leader = msg.sender; best = msg.value;'
    const bid = pull
      ? `${outbid} ${effect}`
      : `${outbid} ${p.settle(effect, `if (owed != 0) { ${p.send('before', 'owed')} }`)}`
    return file(
      'Auction',
      p,
      `address public leader; uint256 public best; uint256 public endsAt = block.timestamp + ${1 + p.r.below(9)} days; bool public ended;
  mapping(address => uint256) public pending; event Bid(address indexed who, uint256 amount);
  function bid() external payable ${pull ? '' : p.guard} { ${p.check('block.timestamp < endsAt', 'over')} ${p.check('msg.value > best', 'too low')}
    ${bid} emit Bid(msg.sender, msg.value); }
  function collect() external ${p.guard} returns (uint256 amount) { amount = pending[msg.sender]; ${p.check('amount != 0', 'nothing')}
    ${p.settle('pending[msg.sender] = 0;', p.send('msg.sender', 'amount'))} }
  function finish(address to) external ${p.owned} { ${p.check('block.timestamp >= endsAt && !ended', 'not yet')}
    ${p.settle('ended = true;', p.send('to', 'best'))} }`,
    )
  },

  staking(p: Parts): string {
    const coin = p.r.chance(40)
    const stake = coin
      ? `function stake() external payable { _update(msg.sender); staked[msg.sender] += msg.value; total += msg.value; }`
      : `function stake(uint256 amount) external ${p.guard} { _update(msg.sender); staked[msg.sender] += amount; total += amount;
    /*C*/require(/*c*/token.transferFrom(msg.sender, address(this), amount)/*C*/)/*c*/; }`
    const payOut = (amount: string) => (coin ? p.send('msg.sender', amount) : p.pay('token', 'msg.sender', amount))
    return file(
      'Staking',
      p,
      `IToken public token; mapping(address => uint256) public staked; mapping(address => uint256) public since; mapping(address => uint256) public earned;
  uint256 public total; uint256 public rate = ${1 + p.r.below(1000)};
  constructor(IToken token_) { token = token_; }
  function _update(address who) internal { earned[who] += staked[who] * (block.timestamp - since[who]) * rate / 1e9; since[who] = block.timestamp; }
  ${stake}
  function unstake(uint256 amount) external ${p.guard} { _update(msg.sender);
    ${p.settle(`${p.take('staked[msg.sender]', 'amount')} total -= amount;`, payOut('amount'))} }
  function claim() external ${p.guard} { _update(msg.sender); uint256 amount = earned[msg.sender];
    ${p.settle('earned[msg.sender] = 0;', payOut('amount'))} }
  function setRate(uint256 rate_) external ${p.owned} { rate = rate_; }
  function rescue(uint256 amount) external ${p.owned} { ${p.pay('token', 'msg.sender', 'amount')} }`,
    )
  },

  crowdfund(p: Parts): string {
    return file(
      'Crowdfund',
      p,
      `uint256 public goal = ${1 + p.r.below(500)} ether; uint256 public deadline = block.timestamp + ${5 + p.r.below(60)} days; uint256 public raised;
  mapping(address => uint256) public given; ${p.r.chance(50) ? 'bool public taken;' : 'bool public taken; event Given(address indexed who, uint256 amount);'}
  function give() external payable { ${p.check('block.timestamp < deadline', 'over')} given[msg.sender] += msg.value; raised += msg.value; }
  function refund() external ${p.guard} { ${p.check('block.timestamp >= deadline && raised < goal', 'no refund')}
    uint256 amount = given[msg.sender]; ${p.check('amount > 0', 'nothing')}
    ${p.settle('given[msg.sender] = 0;', p.send('msg.sender', 'amount'))} }
  function takeBack(uint256 amount) external ${p.guard} { ${p.check('block.timestamp < deadline', 'over')}
    ${p.settle(`${p.take('given[msg.sender]', 'amount')} raised -= amount;`, p.send('msg.sender', 'amount'))} }
  function payOut(address to) external ${p.owned} { ${p.check('raised >= goal && !taken', 'not reached')}
    ${p.settle('taken = true;', p.send('to', 'address(this).balance'))} }`,
    )
  },

  splitter(p: Parts): string {
    return file(
      'Splitter',
      p,
      `address[] public payees; mapping(address => uint256) public shares; mapping(address => uint256) public released; uint256 public totalShares; uint256 public totalReleased;
  event Released(address to, uint256 amount); receive() external payable {}
  function addPayee(address who, uint256 share) external ${p.owned} { ${p.check('shares[who] == 0 && share > 0', 'bad share')} payees.push(who); shares[who] = share; totalShares += share; }
  function due(address who) public view returns (uint256) { return (address(this).balance + totalReleased) * shares[who] / totalShares - released[who]; }
  function release(address who) external ${p.guard} { ${p.check('shares[who] > 0', 'no shares')} uint256 amount = due(who); ${p.check('amount != 0', 'nothing due')}
    ${p.settle('released[who] += amount; totalReleased += amount;', p.send('who', 'amount'))} emit Released(who, amount); }
  function shift(address to, uint256 amount) external { ${p.take('shares[msg.sender]', 'amount')} shares[to] += amount; }`,
    )
  },

  lending(p: Parts): string {
    return file(
      'Lending',
      p,
      `IToken public token; mapping(address => uint256) public collateral; mapping(address => uint256) public debt; uint256 public price = ${100 + p.r.below(900)};
  uint256 public constant FACTOR = ${110 + p.r.below(90)}; event Borrowed(address indexed who, uint256 amount);
  constructor(IToken token_) { token = token_; }
  function lock() external payable { collateral[msg.sender] += msg.value; }
  function healthy(address who) public view returns (bool) { return collateral[who] * price * 100 >= debt[who] * FACTOR; }
  function borrow(uint256 amount) external ${p.guard} { ${p.settle(`debt[msg.sender] += amount; ${p.check('healthy(msg.sender)', 'too little')}`, p.pay('token', 'msg.sender', 'amount'))} emit Borrowed(msg.sender, amount); }
  function repay(uint256 amount) external { ${p.take('debt[msg.sender]', 'amount')} /*C*/require(/*c*/token.transferFrom(msg.sender, address(this), amount)/*C*/)/*c*/; }
  function unlock(uint256 amount) external ${p.guard} { ${p.settle(`${p.take('collateral[msg.sender]', 'amount')} ${p.check('healthy(msg.sender)', 'too little')}`, p.send('msg.sender', 'amount'))} }
  function setPrice(uint256 price_) external ${p.owned} { price = price_; }`,
    )
  },

  vesting(p: Parts): string {
    const coin = p.r.chance(50)
    const out = (to: string, amount: string) => (coin ? p.send(to, amount) : p.pay('token', to, amount))
    return file(
      'Vesting',
      p,
      `IToken public token; struct Grant { uint256 total; uint256 taken; uint64 start; uint64 length; } mapping(address => Grant) public grants;
  constructor(IToken token_) payable { token = token_; } receive() external payable {}
  function grant(address who, uint256 total, uint64 length) external ${p.owned} { ${p.check('length != 0', 'no length')} grants[who] = Grant(total, 0, uint64(block.timestamp), length); }
  function vested(address who) public view returns (uint256) { Grant memory g = grants[who]; uint256 time = block.timestamp - g.start; return time >= g.length ? g.total : g.total * time / g.length; }
  function release() external ${p.guard} { uint256 amount = vested(msg.sender) - grants[msg.sender].taken; ${p.check('amount > 0', 'nothing')}
    ${p.settle('grants[msg.sender].taken += amount;', out('msg.sender', 'amount'))} }
  function revoke(address who) external ${p.owned} { uint256 rest = grants[who].total - grants[who].taken; ${p.settle('delete grants[who];', out('msg.sender', 'rest'))} }
  function hand(address to, uint256 amount) external { ${p.take('grants[msg.sender].total', 'amount')} grants[to].total += amount; }`,
    )
  },

  registry(p: Parts): string {
    return file(
      'NameRegistry',
      p,
      `struct Entry { address holder; uint64 until; } mapping(bytes32 => Entry) public entries; mapping(address => uint256) public credit; uint256 public price = ${1 + p.r.below(99)} * 1e15;
  event Taken(bytes32 indexed name, address holder);
  function take(bytes32 name) external payable ${p.guard} { ${p.check('entries[name].until < block.timestamp', 'taken')} ${p.check('msg.value >= price', 'too little')}
    uint256 change = msg.value - price; ${p.settle('entries[name] = Entry(msg.sender, uint64(block.timestamp + 365 days));', `if (change != 0) { ${p.send('msg.sender', 'change')} }`)} emit Taken(name, msg.sender); }
  function give(bytes32 name, address to) external { ${p.check('entries[name].holder == /*S*/msg.sender/*s*/', 'not yours')} entries[name].holder = to; }
  function top() external payable { credit[msg.sender] += msg.value; }
  function drop(uint256 amount) external ${p.guard} { ${p.settle(p.take('credit[msg.sender]', 'amount'), p.send('msg.sender', 'amount'))} }
  function setPrice(uint256 price_) external ${p.owned} { price = price_; }
  function collect(address to) external ${p.owned} { ${p.send('to', 'address(this).balance')} }`,
    )
  },
} as const
