/**
 * The HTTP library: server and client for HTTP/1.x and HTTP/2 behind two small contracts. It knows nothing of the gateway
 * and can be used alone; `docs/http.md` shows how.
 */
export * from './contract.ts'
export { ClientGone } from './client-gone.ts'
export { BodyTimeout } from './http1-exchange.ts'
export { BadMessage, type MessageFault, messageFaults } from './bad-message.ts'
export { validAuthority } from './chars.ts'
export { cookiePairs } from './cookies.ts'
export { FieldNames } from './field-names.ts'
export { HeaderBlock, InvalidHeader } from './headers.ts'
export { DEFAULT_HTTP2_LIMITS, DEFAULT_LIMITS, type Http2Limits, type HttpLimits } from './limits.ts'
export {
  type CallTimeouts,
  type ForwardProxy,
  type Origin,
  originKey,
  type OriginTls,
  type PoolLimits,
} from './origin.ts'
export { createDispatcher } from './dispatcher.ts'
export { Http2Pool } from './http2-pool.ts'
export { Http2Server, type Http2ServerOptions } from './http2-server.ts'
export { type Dispatcher, Http1Pool } from './pool.ts'
export { HttpServer, type Http2Taker, type ServerOptions } from './server.ts'
export { bodyless, httpDate, reasonPhrase } from './status.ts'
