// SPDX-License-Identifier: GPL-3.0-or-later

// Generated from docs/openapi.json by `npm run generate`; a test checks that it is fresh.
/* eslint-disable @typescript-eslint/consistent-type-definitions */

export type paths = {
  '/v1/models': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * List the models
     * @description Every model that this prover serves.
     */
    get: operations['listModels']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/models/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Describe a model
     * @description Its inputs and outputs with their ranges, its hashes, how long a proof takes and where it is registered.
     */
    get: operations['getModel']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/inferences': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * List inferences, newest first
     * @description Jobs of all clients and of the market, for operators. `next` is the `before` of the next page.
     */
    get: operations['listInferences']
    put?: never
    /**
     * Run a model, and prove the run if asked
     * @description Give the input either as real values (`input_data`) or as integers (`input_integers`). Without `prove` or `submit` the
     *     answer is the output. With them it is a job, whose proof and progress are at its `Location`; `wait` or `Prefer: wait=N`
     *     holds the answer back until the job has ended, for so many seconds at most. Proofs need the scope `prove`, submissions
     *     `submit`. A request with an `Idempotency-Key` can be repeated safely.
     */
    post: operations['createInference']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/inferences/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Say where an inference stands
     * @description With its outputs once they are proved.
     */
    get: operations['getInference']
    put?: never
    post?: never
    /**
     * Cancel an inference
     * @description Possible until its proof is submitted. Cancelling twice is no error.
     */
    delete: operations['cancelInference']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/inferences/{id}/retry': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Try an inference once more
     * @description For operators: one that failed, was skipped or expired is taken up again from the start.
     */
    post: operations['retryInference']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/inferences/{id}/proof': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Get the proof
     * @description As `zkml prove` writes it and `zkml verify` reads it; `call` has the arguments of `verifyInference`. Of a market request once it is settled.
     */
    get: operations['getProof']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/inferences/{id}/secrets': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Get what opens the commitments
     * @description Salts and tensors of hashed inputs and outputs, for the client that asked, with its token. Erased some hours after the job.
     */
    get: operations['getSecrets']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/inferences/{id}/events': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Watch an inference
     * @description Server-sent events. `progress` {state, stage, percent, elapsed} comes at once and with every change; `end` with {state,
     *     error} is the last one. `closing` is the last one when the prover shuts down: ask again. Milliseconds; percent of the stage.
     */
    get: operations['watchInference']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/verify': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Verify a proof
     * @description Against a model of this prover, off chain. A proof with `context` counts only where and for what that says; one without is
     *     portable. Whoever must not trust this prover verifies with `zkml verify` or on chain.
     */
    post: operations['verifyProof']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/commitments/open': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Check the opening of a commitment
     * @description Whether salt and tensor give the commitment to a hashed tensor of a model. Nothing is stored.
     */
    post: operations['openCommitment']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/requests/{id}/input': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Send the input of a market request
     * @description For requests whose input is hashed: the chain has only the commitment. No token is needed; the requester signs typed data,
     *     domain {name: "zkml prover input", version: "1", chainId, verifyingContract: coordinator}, type
     *     RequestInput(bytes32 requestId, bytes32 inputHash), inputHash = keccak256(abi.encode(int256[][] integers, uint256[] salts)).
     *     The input is kept encrypted, and erased some hours after the job. Sending it again is no error.
     */
    post: operations['sendRequestInput']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/v1/requests/{id}/output': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Get what opens the hashed outputs of a market request
     * @description For its requester, who signs typed data, domain {name: "zkml prover output", version: "1", chainId, verifyingContract:
     *     coordinator}, type RequestOutput(bytes32 requestId, uint48 issuedAt, uint48 expiresAt). Seconds since 1970; it may count for
     *     600 seconds at most. Whoever has the signature gets the outputs as long as it counts.
     */
    post: operations['openRequestOutput']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/healthz': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Whether the prover is alive
     * @description It answers; whether it can work, /readyz says.
     */
    get: operations['health']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/readyz': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Whether the prover can work
     * @description Part by part; 503 when one cannot.
     */
    get: operations['readiness']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/metrics': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Metrics, for Prometheus
     * @description Needs a token unless the prover is bound to a loopback address, and knows of no proxy and no other host names.
     */
    get: operations['metrics']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/openapi.json': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * This document
     * @description OpenAPI 3.1, generated from the routes.
     */
    get: operations['openapi']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
}
export type webhooks = Record<string, never>
export type components = {
  schemas: {
    /** @description RFC 9457 problem details */
    Problem: {
      /** @description Where the code is explained */
      type: string
      /** @description What kind of problem it is */
      title: string
      /** @description The HTTP status */
      status: number
      /** @description A stable code of docs/errors.md */
      code: string
      /** @description What is wrong, where, and what to do */
      detail: string
      /** @description Id of the request, which the log has too */
      instance: string
    }
    /** @description An input or output of a model */
    Tensor: {
      name: string
      shape: number[]
      /** @description Number of elements: the length of its row */
      elements: number
      /** @enum {string} */
      visibility: 'public' | 'hashed' | 'private'
      /** @description value ≈ integer · 2^-exponent */
      exponent: number
      /** @description Bits of an element when packed */
      bits: number
      /** @description Least and greatest integer, decimal */
      integers: {
        min: string
        max: string
      }
      /** @description Real values that the circuit accepts or can give */
      range: {
        min: number
        max: number
      }
    }
    /** @description A model that this prover serves */
    Model: {
      /** @description What this prover calls the model */
      id: string
      name: string
      /** @enum {string} */
      source: 'local' | 'fetched'
      inputs: components['schemas']['Tensor'][]
      outputs: components['schemas']['Tensor'][]
      constraints: number
      publicSignals: number
      /** @description sha-256 of the ONNX file */
      modelHash: string
      /** @description Of the circuit with this key served by the shared verifier */
      circuitHash: string
      /** @description sha-256 of the circuit */
      r1csHash: string
      /** @description Of inputs and outputs */
      ioSchemaHash: string
      /** @description Of the recipe */
      recipeHash: string
      /** @description Of the verifying key */
      vkHash: string
      /** @description Of the ceremony; 0 for a key made by one party */
      setupHash: string
      /** @description Median of recent proofs; null before the first */
      proveMilliseconds: number | null
      /** @description Registry entries that speak of this model */
      registrations: {
        chainId: number
        /** @description Id in the registry */
        modelId: string
      }[]
    }
    /** @description An input or output of a proof */
    TensorValue: {
      name: string
      shape: number[]
      /** @description integer · 2^-exponent; null unless it is public */
      values: number[] | null
      /** @description Decimal; null unless it is public */
      integers: string[] | null
      exponent: number
      /** @description Of a hashed tensor, decimal */
      commitment: string | null
    }
    /** @description What a model says of an input, without a proof */
    Run: {
      model: string
      modelHash: string
      /** @description As the model took them: real values are rounded to integer · 2^-exponent */
      inputs: {
        name: string
        shape: number[]
        values: number[]
        integers: string[]
        exponent: number
      }[]
      /** @description What it says of them */
      outputs: {
        name: string
        shape: number[]
        values: number[]
        integers: string[]
        exponent: number
      }[]
    }
    /** @description A proof that was asked for, and where it stands */
    Inference: {
      /** Format: uuid */
      id: string
      /**
       * @description Asked for here, or by the market
       * @enum {string}
       */
      kind: 'api' | 'market'
      model: string | null
      /**
       * @description The last five are final
       * @enum {string}
       */
      state:
        | 'received'
        | 'waiting'
        | 'locking'
        | 'proving'
        | 'submitting'
        | 'done'
        | 'skipped'
        | 'failed'
        | 'cancelled'
        | 'expired'
      error: {
        code: string
        message: string
      } | null
      /** @description What the proof is bound to; null for a portable one */
      context: {
        /** @description Chain of the caller */
        chainId: string
        /** @description Account that calls verifyInference */
        caller: string
        /** @description Names the request */
        requestId: string
        /** @description Id of the model in the registry */
        modelId: string
        /** @description Account that is credited */
        prover: string
      } | null
      /** @description Chain that gets the proof */
      submitTo: number | null
      /** @description The market request that it is for */
      request: {
        chainId: number
        coordinator: string
        requestId: string
      } | null
      /** @description Once proved, for the market once settled, while the model is served */
      outputs: components['schemas']['TensorValue'][] | null
      /** @description Together with the outputs */
      inputs: components['schemas']['TensorValue'][] | null
      /** @description The transaction that carries the proof */
      transaction: {
        chainId: number
        hash: string | null
        state: string
        block: number | null
      } | null
      attempts: number
      /** Format: date-time */
      createdAt: string
      /** Format: date-time */
      updatedAt: string
      /** @description With the scope `admin` */
      operator?: {
        /** @description When it first reached a state, and was locked, proved and mined */
        times: {
          [key: string]: string
        }
        /** @description Decimal, wei */
        money: {
          [key: string]: string
        }
        /** @description Oldest first */
        transactions: {
          purpose: string
          state: string
          nonce: number | null
          hash: string | null
          block: number | null
          /** @description Decimal, wei */
          fee: string | null
          error: string | null
        }[]
      }
    }
    /** @description A proof and its statement */
    Proof: {
      /** @enum {string} */
      format: 'zkml-proof/1'
      system?: string
      /** @description sha-256 of the ONNX file */
      modelHash: string
      /** @description Of the circuit */
      circuitHash: string
      /** @description Of the verifying key */
      vkHash: string
      context: {
        /** @description Chain of the caller */
        chainId: string
        /** @description Account that calls verifyInference */
        caller: string
        /** @description Names the request */
        requestId: string
        /** @description Id of the model in the registry */
        modelId: string
        /** @description Account that is credited */
        prover: string
      } | null
      outputs?: {
        name: string
        shape: number[]
        values: number[] | null
        commitment: string | null
      }[]
      /** @description Arguments of verifyInference after the model id */
      call?: {
        inputCommitment: string
        output: string
        proof: string
      }
      publicSignals: string[]
      proof: {
        pi_a: string[]
        pi_b: string[][]
        pi_c: string[]
        protocol?: string
        curve?: string
      }
    }
    /** @description What opens the commitments of a proof; whoever has it knows the tensors */
    Secrets: {
      /** @enum {string} */
      format: 'zkml-secrets/1'
      modelHash: string
      tensors: {
        /** @enum {string} */
        side: 'output' | 'input'
        name: string
        commitment: string
        salt: string
        integers: string[]
        values: number[]
      }[]
    }
  }
  responses: never
  parameters: never
  requestBodies: never
  headers: never
  pathItems: never
}
export type $defs = Record<string, never>
export interface operations {
  listModels: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The models */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            models: components['schemas']['Model'][]
          }
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getModel: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Name of a model at this prover, or its model hash */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A model that this prover serves */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Model']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  listInferences: {
    parameters: {
      query?: {
        /** @description Most to list */
        limit?: number
        /** @description Only those created before this one */
        before?: string
        /** @description The last five are final */
        state?:
          | 'received'
          | 'waiting'
          | 'locking'
          | 'proving'
          | 'submitting'
          | 'done'
          | 'skipped'
          | 'failed'
          | 'cancelled'
          | 'expired'
        /** @description Asked for here, or by the market */
        kind?: 'api' | 'market'
        /** @description Chain id */
        chainId?: number
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A page of inferences */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            inferences: components['schemas']['Inference'][]
            /** @description null on the last page */
            next: string | null
          }
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  createInference: {
    parameters: {
      query?: {
        /** @description Seconds to wait for the end before answering */
        wait?: number
      }
      header?: {
        /** @description The same key and body get the same inference */
        'idempotency-key'?: string
        /** @description `wait=N`, as in RFC 7240 */
        prefer?: string
      }
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': {
          /** @description Name of a model at this prover, or its model hash */
          model: string
          /** @description Real values: for each input tensor a row of its elements, row-major. */
          input_data?: number[][]
          /** @description The integers q that the circuit takes, value ≈ q · 2^-exponent, as decimal strings or safe integers. */
          input_integers?: (string | number)[][]
          /** @description Prove the run */
          prove?: boolean
          /** @description What to bind the proof to; null makes a portable one */
          context?: {
            /** @description Chain of the caller */
            chainId: string
            /** @description Account that calls verifyInference */
            caller: string
            /** @description Names the request */
            requestId: string
            /** @description Id of the model in the registry */
            modelId: string
            /** @description Account that is credited */
            prover: string
          } | null
          /** @description Prove, and let an account of the prover call verifyInference on this chain */
          submit?: {
            /** @description Chain id */
            chainId: number
            /** @description Id of the model in the registry there; the one that the operator has configured when absent */
            modelId?: string
          }
          /** @description Of every hashed tensor, outputs first; fresh ones when absent. Keep them secret. */
          salts?: string[]
        }
      }
    }
    responses: {
      /** @description What a model says of an input, without a proof */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Run']
        }
      }
      /** @description A proof that was asked for, and where it stands */
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Inference']
        }
      }
      /** @description A proof that was asked for, and where it stands */
      202: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Inference']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not in this state */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Well-formed, but not possible */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not now */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getInference: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of an inference */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A proof that was asked for, and where it stands */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Inference']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  cancelInference: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of an inference */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A proof that was asked for, and where it stands */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Inference']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not in this state */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  retryInference: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of an inference */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A proof that was asked for, and where it stands */
      202: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Inference']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not in this state */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getProof: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of an inference */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description A proof and its statement */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Proof']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not in this state */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  getSecrets: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of an inference */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description What opens the commitments of a proof; whoever has it knows the tensors */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Secrets']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not in this state */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  watchInference: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of an inference */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Events */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/event-stream': string
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not now */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  verifyProof: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': {
          /** @description Name of a model at this prover, or its model hash */
          model: string
          proof: components['schemas']['Proof']
        }
      }
    }
    responses: {
      /** @description What verification found */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            valid: boolean
            /** @description Why not */
            reason: string | null
            /** @description Bound to nothing */
            portable: boolean
            /** @description What was proved, if it is valid */
            outputs: components['schemas']['TensorValue'][]
          }
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Well-formed, but not possible */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not now */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  openCommitment: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': {
          /** @description Name of a model at this prover, or its model hash */
          model: string
          /** @description Name of an input or output */
          tensor: string
          /** @description The commitment, as in the public signals */
          commitment: string
          /** @description The salt */
          salt: string
          /** @description Real values, row-major */
          values?: number[]
          /** @description The integers q, row-major */
          integers?: (string | number)[]
        }
      }
    }
    responses: {
      /** @description Whether it does */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            opens: boolean
          }
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Well-formed, but not possible */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  sendRequestInput: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of a market request */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': {
          /** @description Chain id */
          chainId: number
          /** @description Real values: for each input tensor a row of its elements, row-major. */
          input_data?: number[][]
          /** @description The integers q that the circuit takes, value ≈ q · 2^-exponent, as decimal strings or safe integers. */
          input_integers?: (string | number)[][]
          /** @description Of the hashed input tensors, in order */
          salts: string[]
          /** @description EIP-712 signature of the requester; of a contract whatever its `isValidSignature` takes, as hex */
          signature: string
        }
      }
    }
    responses: {
      /** @description The input is the committed one, and kept */
      202: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            chainId: number
            requestId: string
          }
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not in this state */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Well-formed, but not possible */
      422: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not now */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  openRequestOutput: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description Id of a market request */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': {
          /** @description Chain id */
          chainId: number
          /** @description When it was signed */
          issuedAt: number
          /** @description Until when it counts */
          expiresAt: number
          /** @description EIP-712 signature of the requester; of a contract whatever its `isValidSignature` takes, as hex */
          signature: string
        }
      }
    }
    responses: {
      /** @description What opens the commitments of a proof; whoever has it knows the tensors */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Secrets']
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description There is no such thing */
      404: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not in this state */
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is too large */
      413: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The body is not JSON */
      415: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not now */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  health: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description It is */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            /** @enum {string} */
            status: 'ok'
          }
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  readiness: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description Each part of the prover */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            ready: boolean
            parts: {
              name: string
              ready: boolean
              detail: string
            }[]
          }
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Each part of the prover */
      503: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': {
            ready: boolean
            parts: {
              name: string
              ready: boolean
              detail: string
            }[]
          }
        }
      }
    }
  }
  metrics: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description In the text format of Prometheus */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/plain': string
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description A token is needed */
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description The token, or the signature, does not allow this */
      403: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
  openapi: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      /** @description The document */
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': unknown
        }
      }
      /** @description The request is not well-formed */
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Not a host name of this prover */
      421: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
      /** @description Too many requests */
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/problem+json': components['schemas']['Problem']
        }
      }
    }
  }
}
