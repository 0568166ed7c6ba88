/**
 * The plugin contract. A plugin is described once with `definePlugin`; `setup` runs once per revision of a route and
 * resolves every option into closures, so nothing about configuration is left to decide per request.
 *
 * A phase returns nothing (go on), an `Answer` (stop, this goes to the client) or a promise of either; it is awaited only
 * when it returned a promise. A phase that throws closes the request with 500 (law 1), never lets it pass.
 */
import type { KeyObject } from 'node:crypto'
import type { AnswerStore } from '../cache/index.ts'
import type { Duplex } from 'node:stream'
import type { ConnectionFacts, HttpVersion } from '../http/contract.ts'
import type { HeaderBlock } from '../http/headers.ts'
import type { ApikeyView } from '../identity/apikey.ts'
import type { Counting } from '../limits/counting.ts'
import type { Schema } from '../schema/index.ts'
import type { Answer, Refusal } from './answer.ts'
import type { Attributes } from './attributes.ts'
import type { JwtServices } from './jwt-services.ts'
import type { InstanceServices } from './instance-services.ts'
import type { Logins } from './logins.ts'
import type { Board } from './board.ts'
import type { Outages } from './outages.ts'
import type { OutgoingCalls } from './outgoing-calls.ts'

export type Step =
  | 'IncomingRequestValidator'
  | 'Router'
  | 'Sink'
  | 'MatchRoute'
  | 'PreRoute'
  | 'ValidateAccess'
  | 'TransformRequest'
  | 'CallBackend'
  | 'TransformResponse'
  | 'TransformError'
  | 'HandlesTunnel'
  | 'HandlesWebsocket'
  | 'Preset'

/** The request as the client sent it. Never changes. */
export interface ClientRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly path: string
  /** Text after `?`, without it; empty when there is none. */
  readonly queryString: string
  /** Decoded query parameters, built on first use. */
  readonly query: URLSearchParams
  readonly version: HttpVersion
  readonly headers: HeaderBlock
  /** `host[:port]`, from `X-Forwarded-Host` when trusted. */
  readonly host: string
  /** Host without port, lower case. */
  readonly domain: string
  /** Client address, from `X-Forwarded-For` when trusted. */
  readonly ip: string
  /** `https` or `http`, from `X-Forwarded-Proto` when trusted. */
  readonly protocol: 'http' | 'https'
  readonly cookies: Cookies
  /** Values of `:name` and `$name<regex>` segments of the matched path. */
  readonly pathParams: Readonly<Record<string, string>>
  readonly hasBody: boolean
  readonly bodyLength: number
  readonly connection: ConnectionFacts
}

/** Cookies of a request, name and value. Of equal names the first counts. */
export interface Cookies extends Iterable<readonly [string, string]> {
  get(name: string): string | undefined
  has(name: string): boolean
}

/** A streaming body, read by nobody unless a plugin asks. */
export interface Body {
  /** 0: none. -1: not declared. */
  readonly length: number
  /** Buffers the whole body (it is still sent afterwards). Rejects with `BodyTooLarge` above `limit` bytes. */
  read(limit: number): Promise<Buffer>
  /** Sends this instead. */
  replace(content: Buffer | string): void
  /** Passes every chunk through `transform`; the length becomes unknown unless `length` is given. */
  transform(transform: BodyTransform, length?: number): void
  /** Passes the body through a stream of Node (`node:zlib`); the length becomes unknown. */
  pipe(step: BodyStream): void
}

/**
 * A synchronous streaming transformation. Throwing ends the message with an error; the client is told when its answer has
 * not begun (413 for `BodyTooLarge`).
 */
export interface BodyTransform {
  push(chunk: Buffer): Buffer | null
  end(): Buffer | null
  /** True once nothing that still comes counts: the message ends behind what the last `push` returned. */
  readonly done?: boolean
}

/** A transformation that is a stream of Node. */
export interface BodyStream {
  /** Called when the body begins to flow. The stream is destroyed when the body is given up. */
  open(): Duplex
  /** Makes the stream give out what it holds, then calls `done`. Called whenever the sender pauses. */
  flush?(stream: Duplex, done: () => void): void
  /** The stream keeps no piece once it has dealt with it, as those of `node:zlib`: its memory is used again. */
  readonly keepsNothing?: boolean
  /** What the request is refused with when the stream fails; `plugin.failed` unless given. */
  readonly fault?: Refusal
}

/** The request on its way to the backend. */
export interface BackendRequest {
  method: string
  /** Path and query on the backend, root included. */
  path: string
  readonly headers: HeaderBlock
  readonly body: Body
}

/** The response on its way to the client. */
export interface BackendResponse {
  status: number
  reason: string
  readonly headers: HeaderBlock
  readonly body: Body
}

/** The chosen target of the backend. */
export interface TargetView {
  readonly id: string
  readonly hostname: string
  readonly port: number
  readonly tls: boolean
}

/** Servers that requests go to in place of those of the route's backend. Made by `PluginServices.destination`. */
export interface Destination {
  readonly targets: readonly TargetView[]
  /** Lets its connections go once the requests on their way to it are over. No request can be sent there any more. */
  release(): void
}

/** The route as plugins see it. `json` is the whole entity, unknown fields included. */
export interface RouteView {
  readonly id: string
  readonly name: string
  readonly groups: readonly string[]
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly domains: readonly string[]
  readonly stripPath: boolean
  readonly backendRoot: string
  readonly backendRewrite: boolean
  /** Hosts of the backend's targets. */
  readonly targets: readonly TargetView[]
  readonly json: Readonly<Record<string, unknown>>
}

/** Times of the request so far, milliseconds, -1 when unknown. */
export interface Timings {
  /** From the request's arrival to the backend call. */
  readonly overheadIn: number
  /** From the backend call to its response head. */
  readonly upstream: number
}

/** What a plugin sees of one request. */
export interface Exchange {
  /** Request id: a snowflake as decimal text. */
  readonly id: string
  /** Arrival, epoch milliseconds. */
  readonly startedAt: number
  readonly request: ClientRequest
  readonly route: RouteView
  /** Path consumed by the route's frontend (`/api`). */
  readonly matchedPath: string
  readonly attributes: Attributes
  /** From the request phase on. */
  readonly upstream: BackendRequest
  /** In the response and error phases. */
  readonly response: BackendResponse
  readonly target: TargetView | null
  readonly timings: Timings
  /**
   * A field of the answer of the backend as it came, those included that never reach clients; undefined when there is none, or
   * the backend did not answer. `backendAnswered` tells which.
   */
  backendField(name: string): string | undefined
  readonly backendAnswered: boolean
  /** A further header field on whatever goes to the client, errors and short-circuits included. */
  addAnswerHeader(name: string, value: string): void
  /**
   * As `addAnswerHeader`, for a field that an answer has once: the last value set counts, and one that stands in the
   * answer itself comes before it. A plugin whose value is to count takes out what the backend says in its response phase.
   */
  setAnswerHeader(name: string, value: string): void
  /**
   * Sends the request to other servers than those of the route's backend; the last call counts. To be called before a target
   * is chosen: in `beforeRequest`, `preRoute` or `access`.
   */
  sendTo(destination: Destination): void
  /** Puts a fact into the report of this request, when one is made. */
  note(name: string, value: unknown): void
  /**
   * Asks the backend once more on behalf of nobody: the phases from `request` on run over a copy of this exchange that
   * shares its attributes, and the answer is thrown away. `prepare` gets the copy first; `over` is called once at its
   * end, in place of the `afterRequest` phases. For requests without a body.
   */
  repeat(prepare: (copy: Exchange) => void, over: (copy: Exchange) => void): void
}

export type Verdict = Answer | undefined | void
export type Phase = (exchange: Exchange) => Verdict | Promise<Verdict>

/** A message of a WebSocket connection as a plugin sees it. */
export interface SocketMessage {
  readonly direction: 'client' | 'backend'
  readonly binary: boolean
  readonly data: Buffer
}

/** What becomes of a WebSocket message. */
export type SocketVerdict =
  | { readonly action: 'pass'; readonly data?: Buffer }
  | { readonly action: 'drop' }
  | { readonly action: 'close'; readonly code: number; readonly reason: string }

/** The client of a WebSocket that a plugin answers. */
export interface SocketClient {
  /** Sends a message, a text unless given as bytes. Resolves when more may be sent; what comes after the end is left out. */
  send(data: string | Uint8Array): Promise<void>
  /** Code and reason as RFC 6455, 7.4 has them; 1000 unless given. */
  close(code?: number, reason?: string): void
}

/** What a plugin does in place of the backend of a WebSocket. What throws closes the connection with 1011. */
export interface SocketPeer {
  /** Subprotocol that is agreed upon, one of those the client named. */
  readonly protocol?: string
  /** The connection stands. */
  open?: (client: SocketClient) => void | Promise<void>
  /** A message of the client; the next one waits for the promise. */
  message?: (client: SocketClient, data: Buffer, binary: boolean) => void | Promise<void>
  /** The connection is over, whoever ended it; 1006 when nobody said why. Called once. */
  closed?: (code: number, reason: string) => void
}

/** Stands in for the backend of a WebSocket, refuses it, or leaves it to the next. */
export type SocketPhase = (
  exchange: Exchange,
) => SocketPeer | Answer | undefined | void | Promise<SocketPeer | Answer | undefined | void>

/** What `setup` returns: the phases the plugin takes part in for one slot of one route. */
export interface PluginInstance {
  /** Before routing; global list `incomingRequestValidators` only. */
  incoming?: (request: ClientRequest) => Verdict | Promise<Verdict>
  /** Chooses a route by id before the tree is asked; global list only. */
  router?: (request: ClientRequest) => string | undefined
  /** A further condition of the route. Synchronous. */
  matchRoute?: (request: ClientRequest) => boolean
  /** Answers requests that no route wants; global list only. `body`: that of the request, streaming until it is read. */
  sink?: (request: ClientRequest, body: Body) => Verdict | Promise<Verdict>
  /** Names of fields of the backend's answer that this plugin alone reads, by `backendField`: they go no further. */
  ownAnswerFields?: readonly string[]
  beforeRequest?: Phase
  preRoute?: Phase
  access?: Phase
  request?: Phase
  /**
   * Between the request phases and the backend, or what replaces it: an answer goes on to the response phases, and the
   * backend is not called.
   */
  lookup?: Phase
  /** Replaces the backend. Returning nothing calls the real one. Only the first such plugin of a route is asked. */
  backend?: Phase
  /** The backend, or what replaces it, has answered. An answer given here takes its place in the response phases. */
  answered?: Phase
  /** The backend could not be called, or failed: an answer goes to the response phases in place of the error. */
  failed?: (exchange: Exchange, refusal: Refusal) => Verdict | Promise<Verdict>
  response?: Phase
  /** As `response`, behind the response phases of all plugins. */
  lateResponse?: Phase
  /** May change an error answer the gateway made, which is `exchange.response`, or answer something else. */
  error?: (exchange: Exchange, refusal: Refusal) => Verdict | Promise<Verdict>
  /** After the last byte. Errors are logged and ignored. */
  afterRequest?: (exchange: Exchange) => void | Promise<void>
  /** Each WebSocket message, both directions. */
  message?: (exchange: Exchange, message: SocketMessage) => SocketVerdict | Promise<SocketVerdict>
  /** In place of the backend of a WebSocket; `message` phases see what goes both ways. */
  socket?: SocketPhase
  /**
   * As `socket`, before it, and on the path `/.well-known/otoroshi/tunnel` of the backend alone: a WebSocket on any
   * other path of the route gets 404. Only the first such plugin of a route is asked.
   */
  tunnel?: SocketPhase
  /** Replaces the slot by others (presets). */
  expand?: () => readonly unknown[]
  /** Called when the revision that made the instance is gone. */
  dispose?: () => void
}

/** A string template compiled once. */
export type Template = (exchange: Exchange) => string

/** What `setup` may use. */
export interface PluginServices {
  readonly route: RouteView
  /** Position of the slot in the chain. */
  readonly slot: number
  /** Tells slots of one plugin in a chain apart, and stays the same when others change: their number; absent: the first. */
  readonly ordinal?: number
  /** Compiles expression-language text (`${req.path}` …); text without `${` costs nothing per request. */
  template(text: string): Template
  /**
   * Compiles other servers for requests of this route: `targets`, `root` and `rewrite` take the place of the backend's, the
   * rest of it counts. To be released in `dispose`. Throws a sentence that names the fault.
   */
  destination(backend: {
    readonly targets: readonly unknown[]
    readonly root?: string
    readonly rewrite?: boolean
  }): Destination
  /** True when `X-Forwarded-*` of clients is believed. */
  readonly trustForwarded: boolean
  /** Id of the route of the admin API, which no global plugin may lock; empty when there is none. */
  readonly adminRoute: string
  /** Names of the gateway's protocol headers (`otoroshi.headers.*` settings). */
  readonly headerNames: Readonly<Record<HeaderNameKey, string>>
  /** The API keys of the revision in force, read anew at each call. */
  readonly apikeys: ApikeySource
  /** Public keys of the certificates of the revision in force, read anew at each call. */
  readonly keyPairs: KeyPairSource
  /** Logged-in users of the revision in force, and the way to the login. */
  readonly logins: Logins
  /** `plugins.config` of the global configuration: settings that plugins of all routes share. */
  readonly globalSettings: Readonly<Record<string, unknown>>
  /** Calls to other servers, over the connections of the thread. */
  readonly calls: OutgoingCalls
  /** JSON Web Tokens: verifiers, keys, and what is known of tokens seen before. */
  readonly jwt: JwtServices
  /** Answers that all threads keep together; null where none are kept. */
  readonly cache: AnswerStore | null
  /** Facts that plugins of all threads and instances share for a while. */
  readonly board: Board
  /** What the snow monkey does. */
  readonly outages: Outages
  /** `geolocationSettings` of the global configuration. */
  readonly geolocation: Readonly<Record<string, unknown>>
  /** What is known of the gateway itself. */
  readonly instance: InstanceServices
  /** Counts calls, exactly over all threads. */
  readonly counting: Counting
  /** Bytes of a body that a plugin reads whole, unless its settings say otherwise. */
  readonly bodyLimit: number
  /**
   * Raises an alert of upstream's catalogue about this route, for data exporters. `fields` is called only when somebody
   * listens.
   */
  alert(name: string, fields: () => Readonly<Record<string, unknown>>): void
  /** As `alert`, for an event of another type. */
  event(type: string, fields: () => Readonly<Record<string, unknown>>): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void
}

/** Where plugins look API keys up. Disabled and expired keys are found too: the caller judges them. */
export interface ApikeySource {
  /** Null when no key has this id. */
  find(clientId: string): ApikeyView | null
  /**
   * Stores a key unless one of its id is there; answers the one that is. For keys that stand for something callers have shown
   * otherwise (a certificate, a token). Rejects when it is invalid or the store cannot be reached.
   */
  create?(key: Readonly<Record<string, unknown>>): Promise<ApikeyView>
  /** When the secret of the key is exchanged, epoch milliseconds; null for one that does not rotate. */
  rotationAt?(clientId: string): number | null
}

/** Where plugins look up the keys that verify signatures. */
export interface KeyPairSource {
  /** Null when no certificate has this id, or it is revoked, not valid now or unreadable. */
  find(certificateId: string): KeyPairView | null
  /** Ids of the certificates whose public keys are published. Absent: none are. */
  published?(): readonly string[]
  /**
   * The private half, for settings of the organization it belongs to; null for those of others, when there is none, and wherever
   * `find` answers null.
   */
  signingKey(certificateId: string, tenant: string): KeyObject | null
}

/** The public half of a stored certificate or bare key pair. */
export interface KeyPairView {
  readonly publicKey: KeyObject
  /** A bare key pair, made to sign tokens; false for certificates of servers, clients and authorities. */
  readonly signsTokens: boolean
  /** Its public key is published. */
  readonly exposed: boolean
  /** Organization it belongs to. */
  readonly tenant: string
}

export type HeaderNameKey =
  | 'requestId'
  | 'requestTimestamp'
  | 'proxiedHost'
  | 'parentRequest'
  | 'vizFrom'
  | 'vizFromLabel'
  | 'clientId'
  | 'clientSecret'
  | 'simpleApiClientId'
  | 'authorization'
  | 'bearer'
  | 'error'
  | 'errorMessage'
  | 'errorCause'
  | 'proxyLatency'
  | 'upstreamLatency'
  | 'dailyQuotas'
  | 'monthlyQuotas'
  | 'state'
  | 'stateResponse'
  | 'claim'

export interface PluginDefinition<C = unknown> {
  /** Upstream's id, `cp:otoroshi.next.plugins.<Class>`, or an own one. */
  readonly id: string
  readonly name: string
  readonly description: string
  readonly family: string
  /** Headings under which a list of plugins shows it; `Custom` unless given. */
  readonly categories?: readonly string[]
  readonly steps: readonly Step[]
  /** Description of the configuration; its defaults are upstream's. */
  readonly config: Schema<C>
  /** Looks at settings for what takes a while to check. What it rejects with closes the route as `setup` does. */
  prepare?(config: C): Promise<void>
  /** May throw: the route is then closed with `plugin.setup_failed`. */
  setup(config: C, services: PluginServices): PluginInstance
}

/** Declares a plugin. Identity function that carries the type of the configuration. */
export function definePlugin<C>(definition: PluginDefinition<C>): PluginDefinition<C> {
  return definition
}
