/** Client settings of a backend, compiled: timeouts by path, retries, breaker limits. */
import type { ClientSettings } from '../../model/types/client.ts'
import type { SchemaFault } from '../../schema/index.ts'
import { compileRetry, type RetryPlan } from './retry.ts'
import { compileWildcard, type Match } from './wildcard.ts'

/** Timeouts of one call, milliseconds; 0 means none. */
export interface TimeoutProfile {
  /** 0: the backend's own; n: the n-th custom rule. Names the set of circuit breakers. */
  readonly index: number
  /** Pattern of the custom rule; empty for the backend's own. */
  readonly pattern: string
  readonly connection: number
  readonly idle: number
  readonly callAndStream: number
  /** To the response head, one attempt. */
  readonly call: number
  /** To the response head, all attempts. */
  readonly global: number
}

export interface ProxyPlan {
  readonly host: string
  readonly port: number
  readonly protocol: string
  readonly principal: string | null
  readonly password: string | null
  /** Hosts called without the proxy; letters of either case match. */
  readonly direct: readonly Match[]
}

export interface ClientPlan {
  readonly retry: RetryPlan
  /** Consecutive failures that open a breaker, at least 1. */
  readonly maxErrors: number
  /** Rest of an open breaker, milliseconds. */
  readonly sampleInterval: number
  /** The backend's own timeouts first, then the custom rules in order. */
  readonly profiles: readonly TimeoutProfile[]
  /** Calls that may wait for a connection, or null for the engine's default. */
  readonly queueSize: number | null
  /** Outgoing proxy, or null: the global one applies. */
  readonly proxy: ProxyPlan | null
}

export type CompiledClient =
  | { readonly ok: true; readonly value: ClientPlan }
  | { readonly ok: false; readonly faults: SchemaFault[] }

const MOST_CUSTOM = 1000
/** Longest a Node timer can run. */
const MOST_MILLIS = 2 ** 31 - 1

/** Compiles client settings that have passed their schema. */
export function compileClient(json: ClientSettings): CompiledClient {
  const faults: SchemaFault[] = []
  if (!(json.backoff_factor >= 0 && Number.isFinite(json.backoff_factor)))
    faults.push({ path: 'client.backoff_factor', message: 'expected a number of at least 0' })
  if (json.custom_timeouts.length > MOST_CUSTOM)
    faults.push({ path: 'client.custom_timeouts', message: `more than ${MOST_CUSTOM} rules` })
  if (faults.length > 0) return { ok: false, faults }
  const custom = json.custom_timeouts.map((rule, i) => profile(rule, i + 1, rule.path))
  const value: ClientPlan = {
    retry: compileRetry({
      attempts: json.retries,
      initialDelay: json.retry_initial_delay,
      factor: json.backoff_factor,
    }),
    maxErrors: Math.max(1, json.max_errors),
    sampleInterval: json.sample_interval,
    profiles: [profile(json, 0, ''), ...custom],
    queueSize: json.cache_connection_settings.enabled ? json.cache_connection_settings.queue_size : null,
    proxy: compileProxy(json.proxy),
  }
  return { ok: true, value }
}

/** Answers the timeouts of a request by its path and query: the first custom rule that matches, else the backend's. */
export function compileTimeouts(plan: ClientPlan): (pathAndQuery: string) => TimeoutProfile {
  const own = plan.profiles[0]!
  if (plan.profiles.length === 1) return () => own
  const rules = plan.profiles.slice(1).map(rule => ({ rule, matches: compileWildcard(rule.pattern) }))
  return pathAndQuery => {
    for (const { rule, matches } of rules) if (matches(pathAndQuery)) return rule
    return own
  }
}

type TimeoutFields = Pick<
  ClientSettings,
  'connection_timeout' | 'idle_timeout' | 'call_and_stream_timeout' | 'call_timeout' | 'global_timeout'
>

function profile(json: TimeoutFields, index: number, pattern: string): TimeoutProfile {
  return {
    index,
    pattern,
    connection: Math.min(MOST_MILLIS, json.connection_timeout),
    idle: Math.min(MOST_MILLIS, json.idle_timeout),
    callAndStream: Math.min(MOST_MILLIS, json.call_and_stream_timeout),
    call: Math.min(MOST_MILLIS, json.call_timeout),
    global: Math.min(MOST_MILLIS, json.global_timeout),
  }
}

function directHost(pattern: string): Match {
  const matches = compileWildcard(pattern.toLowerCase())
  return host => matches(host.toLowerCase())
}

/**
 * The plan of an outgoing proxy, as a backend or the global configuration (`proxies.services`) writes it. It counts only
 * with a host and a port: otherwise null.
 */
export function compileProxy(json: Readonly<Record<string, unknown>>): ProxyPlan | null {
  const { host, port, protocol, principal, password, nonProxyHosts } = json
  if (typeof host !== 'string' || host === '' || typeof port !== 'number') return null
  if (!Number.isInteger(port) || port < 1 || port > 65535) return null
  const direct = Array.isArray(nonProxyHosts) ? nonProxyHosts.filter(item => typeof item === 'string') : []
  return {
    host,
    port,
    protocol: typeof protocol === 'string' ? protocol : 'http',
    principal: typeof principal === 'string' ? principal : null,
    password: typeof password === 'string' ? password : null,
    direct: direct.map(directHost),
  }
}
