// SPDX-License-Identifier: GPL-3.0-or-later

import type { Migration } from './index'

export const INITIAL: Migration = {
  version: 1,
  sql: `
-- Inference requests. "number" orders them; the chain of an API job is the one its proof is submitted to.
CREATE TABLE zkml.jobs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  kind text NOT NULL CHECK (kind IN ('market', 'api')),
  chain_id bigint,
  coordinator text,
  request_id text,
  request json,
  block_number bigint,
  block_hash text,
  client text,
  context json,
  model text,
  state text NOT NULL,
  error json,
  attempts integer NOT NULL DEFAULT 0,
  not_before timestamptz,
  result json,
  proof json,
  times jsonb NOT NULL,
  money jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  final_at timestamptz
);
CREATE UNIQUE INDEX jobs_request ON zkml.jobs (chain_id, lower(coordinator), lower(request_id)) WHERE kind = 'market';
CREATE INDEX jobs_request_id ON zkml.jobs (lower(request_id), chain_id) WHERE kind = 'market';
CREATE INDEX jobs_state ON zkml.jobs (state, number);
CREATE INDEX jobs_chain ON zkml.jobs (chain_id, number);
CREATE INDEX jobs_block ON zkml.jobs (chain_id, block_number) WHERE kind = 'market';
CREATE INDEX jobs_final ON zkml.jobs (final_at) WHERE final_at IS NOT NULL;

-- Transactions of our accounts.
CREATE TABLE zkml.transactions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number bigint GENERATED ALWAYS AS IDENTITY,
  job_id uuid NOT NULL REFERENCES zkml.jobs ON DELETE CASCADE,
  purpose text NOT NULL,
  chain_id bigint NOT NULL,
  sender text NOT NULL,
  recipient text NOT NULL,
  data text NOT NULL,
  value numeric NOT NULL,
  gas_limit numeric NOT NULL,
  follow_up_gas numeric,
  deadline bigint NOT NULL,
  state text NOT NULL DEFAULT 'queued',
  nonce bigint,
  attempts jsonb NOT NULL DEFAULT '[]',
  -- It failed, as far as is known: another one may take its place before that is final.
  superseded boolean NOT NULL DEFAULT false,
  receipt json,
  fee numeric,
  fee_at timestamptz,
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX transactions_live ON zkml.transactions (job_id, purpose)
  WHERE state IN ('queued', 'pending', 'mined', 'cancelling') AND NOT superseded;
CREATE UNIQUE INDEX transactions_nonce ON zkml.transactions (chain_id, lower(sender), nonce) WHERE nonce IS NOT NULL;
CREATE INDEX transactions_unsettled ON zkml.transactions (chain_id, lower(sender))
  WHERE state IN ('queued', 'pending', 'mined', 'cancelling');
CREATE INDEX transactions_job ON zkml.transactions (job_id);
CREATE INDEX transactions_fee ON zkml.transactions (chain_id, lower(sender), fee_at) WHERE fee IS NOT NULL;

-- The next nonce of each account on each chain.
CREATE TABLE zkml.lanes (
  chain_id bigint NOT NULL,
  sender text NOT NULL,
  next_nonce bigint NOT NULL,
  PRIMARY KEY (chain_id, sender)
);

-- The newest blocks that were searched for requests.
CREATE TABLE zkml.blocks (
  chain_id bigint NOT NULL,
  number bigint NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (chain_id, number)
);

-- Encrypted with the data key, of which one row keeps a sample.
CREATE TABLE zkml.secrets (
  job_id uuid NOT NULL REFERENCES zkml.jobs ON DELETE CASCADE,
  name text NOT NULL,
  blob bytea NOT NULL,
  PRIMARY KEY (job_id, name)
);
CREATE TABLE zkml.data_key (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  sample bytea NOT NULL
);

CREATE TABLE zkml.idempotency (
  client text NOT NULL,
  key text NOT NULL,
  request_hash text NOT NULL,
  daemon_id uuid NOT NULL,
  status integer,
  body json,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (client, key)
);
CREATE INDEX idempotency_age ON zkml.idempotency (created_at);

-- Processes that live, what they have taken from the queue, and their exclusive roles.
CREATE TABLE zkml.daemons (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  seen_at timestamptz NOT NULL
);
CREATE TABLE zkml.takes (
  queue text NOT NULL,
  job_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  message_id uuid NOT NULL,
  daemon_id uuid NOT NULL,
  retries integer NOT NULL,
  priority integer NOT NULL,
  -- Somebody sent the job again while it was at work.
  again_at timestamptz,
  taken_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, job_id)
);
CREATE TABLE zkml.leases (
  name text PRIMARY KEY,
  daemon_id uuid NOT NULL,
  until timestamptz NOT NULL
);
`,
}
