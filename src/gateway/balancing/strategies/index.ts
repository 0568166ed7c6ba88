/** The strategies by their name in `load_balancing.type`, with the settings each takes. */
import type { LoadBalancing } from '../../../model/types/load-balancing.ts'
import { ipAddressHash, sticky, valueHash } from './hashes.ts'
import { leastConnections, powerOfTwoRandomChoices } from './loads.ts'
import type { Strategy, StrategyServices } from './strategy.ts'
import { bestResponseTime, weightedBestResponseTime } from './times.ts'
import { naiveFailover, random, roundRobin } from './turns.ts'

export type { RequestFacts, Strategy, StrategyServices } from './strategy.ts'

export type StrategyName = LoadBalancing['type']

/** A strategy and what it costs the request path. */
export interface Balancing {
  readonly type: StrategyName
  /** The answer must set the tracking cookie. */
  readonly tracks: boolean
  /** Requests of the route are counted, to take turns. */
  readonly takesTurns: boolean
  /** Requests in flight are counted per target. */
  readonly countsInFlight: boolean
  /** Response times are averaged per target. */
  readonly measuresTime: boolean
  create(services: StrategyServices): Strategy
}

type Create = (services: StrategyServices, settings: LoadBalancing) => Strategy

const creators: Readonly<Record<StrategyName, Create>> = {
  RoundRobin: roundRobin,
  NaiveFailover: naiveFailover,
  Random: random,
  Sticky: sticky,
  IpAddressHash: ipAddressHash,
  CookieHash: (services, settings) => {
    const name = valueName(settings, 'cookie_name', 'cookieName')
    return valueHash(services, request => request.cookie(name))
  },
  QueryHash: (services, settings) => {
    const name = valueName(settings, 'query_name', 'queryName', 'queryParamName')
    return valueHash(services, request => request.query(name))
  },
  HeaderHash: (services, settings) => {
    const name = valueName(settings, 'header_name', 'headerName').toLowerCase()
    return valueHash(services, request => request.header(name))
  },
  BestResponseTime: bestResponseTime,
  WeightedBestResponseTime: (services, settings) => weightedBestResponseTime(services, settings.ratio ?? 0.5),
  LeastConnections: leastConnections,
  PowerOfTwoRandomChoices: powerOfTwoRandomChoices,
}

const turning: ReadonlySet<StrategyName> = new Set([
  'RoundRobin',
  'LeastConnections',
  'CookieHash',
  'QueryHash',
  'HeaderHash',
])

/** True for the name of a strategy. */
export function isStrategy(name: unknown): name is StrategyName {
  return typeof name === 'string' && Object.hasOwn(creators, name)
}

/** Resolves the settings of a backend's balancing. */
export function compileBalancing(settings: LoadBalancing): Balancing {
  const { type } = settings
  return {
    type,
    tracks: type === 'Sticky',
    takesTurns: turning.has(type),
    countsInFlight: type === 'LeastConnections' || type === 'PowerOfTwoRandomChoices',
    measuresTime: type === 'BestResponseTime' || type === 'WeightedBestResponseTime',
    create: services => creators[type](services, settings),
  }
}

function valueName(settings: LoadBalancing, ...spellings: readonly string[]): string {
  for (const spelling of spellings) {
    const name = (settings as Record<string, unknown>)[spelling]
    if (typeof name === 'string' && name !== '') return name
  }
  return 'session-id'
}
