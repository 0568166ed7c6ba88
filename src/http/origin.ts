/** Where requests are sent and how connections to there are made. */
import type { LookupFunction } from 'node:net'
import type { HttpLimits } from './limits.ts'

/** TLS towards an origin. */
export interface OriginTls {
  /** Name sent as SNI and compared with the certificate. */
  readonly serverName: string
  /** False: any certificate is accepted. */
  readonly verify: boolean
  /** False: the name of the certificate is not compared. */
  readonly verifyName: boolean
  /** PEM texts of trusted authorities; absent: the built-in ones. */
  readonly ca?: readonly string[]
  /** PEM of the client certificate chain and its key. */
  readonly cert?: string
  readonly key?: string
}

/** A forward proxy in front of an origin. */
export interface ForwardProxy {
  readonly host: string
  readonly port: number
  /** The proxy itself is reached over TLS. */
  readonly tls: boolean
  /** Value of `Proxy-Authorization`, or null. */
  readonly authorization: string | null
}

export interface Origin {
  readonly host: string
  readonly port: number
  readonly tls: OriginTls | null
  /** Address to connect to instead of resolving `host`, or null. */
  readonly address: string | null
  readonly proxy: ForwardProxy | null
  /** 11: HTTP/1.1; 20: HTTP/2 (ALPN over TLS, prior knowledge in the clear). */
  readonly protocol: 10 | 11 | 20
}

/** Identity of an origin: connections are shared between equal ones only. */
export function originKey(origin: Origin): string {
  return JSON.stringify([origin.host, origin.port, origin.tls, origin.address, origin.proxy, origin.protocol])
}

/** Limits of the connections to one origin. */
export interface PoolLimits {
  readonly maxConnections: number
  /** Unused connections kept at most. */
  readonly maxIdle: number
  /** Milliseconds an unused connection is kept. */
  readonly idleTimeout: number
  /** Requests that may wait for a connection. */
  readonly maxQueue: number
  readonly http: HttpLimits
  readonly lookup?: LookupFunction
}

/** Time-outs of one request, milliseconds, 0 for none. */
export interface CallTimeouts {
  readonly connect: number
  /** Until the head of the answer, connecting included. */
  readonly head: number
  /** Longest silence once the answer has begun. */
  readonly idle: number
  /** The whole call, body of the answer included. */
  readonly total: number
}
