import { schema as v } from '../../schema/index.ts'
import { absent, field, number, text } from './fields.ts'

export const loadBalancingTypes = [
  'RoundRobin',
  'Random',
  'Sticky',
  'IpAddressHash',
  'BestResponseTime',
  'WeightedBestResponseTime',
  'LeastConnections',
  'PowerOfTwoRandomChoices',
  'NaiveFailover',
  'HeaderHash',
  'CookieHash',
  'QueryHash',
] as const

/** How a target is chosen. */
export const loadBalancingSchema = v.looseObject({
  type: field(v.picklist(loadBalancingTypes), 'RoundRobin', 'Strategy'),
  ratio: absent(number, 'WeightedBestResponseTime: share of the best target, 0 to 1'),
  headerName: absent(text, 'HeaderHash: header'),
  cookieName: absent(text, 'CookieHash: cookie'),
  queryParamName: absent(text, 'QueryHash: query parameter'),
})
export type LoadBalancing = v.InferOutput<typeof loadBalancingSchema>
