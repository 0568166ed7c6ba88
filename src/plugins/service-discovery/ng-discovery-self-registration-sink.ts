/** Lets services register themselves as targets of any route that looks for them. */
import ipaddr from 'ipaddr.js'
import { secretTest } from '../../identity/proofs.ts'
import { type ClientRequest, definePlugin, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { setting, text } from '../settings.ts'
import { askedFor, discoverySettings, LONGEST, register, renew } from './registrations.ts'

/** Where machines of one's own are. */
const NEAR = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'])

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgDiscoverySelfRegistrationSink',
  name: 'Global self registration endpoints (service discovery)',
  description:
    'Lets services register themselves as targets of routes that look for them, under `/discovery` on domains of its own. Without a token only connections from private networks may.',
  family: 'service-discovery',
  categories: ['ServiceDiscovery'],
  steps: ['Sink'],
  config: v.looseObject({
    ...discoverySettings,
    token: setting(v.nullable(text), null, 'What `Authorization: Bearer …` must hold'),
  }),
  setup(config, { board }) {
    const hosts = new Set((config.hosts ?? []).map(host => host.trim().toLowerCase()))
    if (hosts.size === 0) return {}
    const mayRegister = guard(config.token)
    return {
      async sink(request, body) {
        if (!hosts.has(request.domain)) return undefined
        const asked = askedFor(request.method, request.path)
        if (asked === null) return bareError(404, 'not_found', { error: 'resource not found !' })
        if (!mayRegister(request)) return bareError(401, 'oauth.denied', { error: 'unauthorized' })
        if (asked.act === 'register') return register(board, await body.read(LONGEST), null, config)
        return renew(board, asked.act, asked.id, null, config)
      },
    }
  },
})

function guard(token: string | null): (request: ClientRequest) => boolean {
  if (token === null || token === '')
    // The connection, not what it says of itself.
    return ({ connection: { remoteAddress: address } }) =>
      ipaddr.isValid(address) && NEAR.has(ipaddr.process(address).range())
  const test = secretTest(`Bearer ${token}`)
  return ({ headers }) => test(headers.get('authorization') ?? '')
}
