/** Sends copies of requests to another server. */
import type { HeaderBlock } from '../../http/headers.ts'
import {
  attribute,
  type CallAnswer,
  definePlugin,
  type Exchange,
  type OutgoingCall,
  schema as v,
  stringHash,
} from '../../plugin/index.ts'
import { cleanFields } from '../field-value.ts'
import { flag, noEntries, setting, text, textMap } from '../settings.ts'
import { type BodyCopy, copyOf, UnattendedCalls } from './mirrored-calls.ts'

/** Milliseconds a mirrored call may take. */
const PATIENCE = 30_000
/** Fields about the connection, which are the caller's own. */
const OF_CONNECTION = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'expect',
])

interface Copies {
  readonly request: BodyCopy
  response: BodyCopy | null
}

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgTrafficMirroring',
  name: 'Traffic Mirroring',
  description:
    'Sends a copy of requests, as the backend gets them, to another server once they are answered. The client waits for nothing and sees nothing of it; longer bodies than plugins may read, and requests beyond what the other server keeps up with, are not copied.',
  family: 'traffic-control',
  categories: ['Other'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: v.looseObject({
    to: setting(text, 'https://foo.bar.dev', 'Scheme, host and port of the other server'),
    enabled: setting(flag, true, 'On or off'),
    capture_response: setting(flag, false, 'Keep both answers for the event'),
    generate_events: setting(flag, false, 'Tell of each copy in a MirroringEvent'),
    headers: setting(textMap, noEntries, 'Fields of the copies; they replace those of the request'),
    salt: setting(text, 'none', 'Another one draws other requests'),
    percentage: setting(v.pipe(v.number(), v.minValue(0), v.maxValue(100)), 100, 'Share of the requests'),
  }),
  setup(config, services) {
    const { to, enabled, headers: given, salt, percentage } = config
    const origin = originOf(to)
    const own = cleanFields(given)
    if (!enabled) return {}
    const told = config.generate_events && config.capture_response
    const copies = attribute<Copies>('mirrored')
    const mirror = new UnattendedCalls(services)
    const isDrawn = ({ route, id }: Exchange): boolean =>
      percentage >= 100 || Math.abs(stringHash(`${route.id}|${salt}|${id}`)) % 10_000 < percentage * 100
    const callOf = ({ upstream }: Exchange, body: Buffer): OutgoingCall => ({
      method: upstream.method,
      url: origin + upstream.path,
      headers: fieldsOf(upstream.headers, own),
      ...(body.length > 0 && { body }),
      timeout: PATIENCE,
      maxBody: services.bodyLimit,
    })
    return {
      request(exchange) {
        const { body } = exchange.upstream
        if (exchange.request.headers.has('upgrade') || !isDrawn(exchange)) return
        exchange.attributes.set(copies, { request: copyOf(body, services.bodyLimit), response: null })
      },
      response(exchange) {
        const kept = exchange.attributes.get(copies)
        if (kept !== undefined && told) kept.response = copyOf(exchange.response.body, services.bodyLimit)
      },
      async afterRequest(exchange) {
        const kept = exchange.attributes.get(copies)
        const body = kept?.request.content() ?? null
        if (kept === undefined || body === null) return
        const call = callOf(exchange, body)
        const answered = await mirror.send(call)
        if (!told) return
        services.event('AuditEvent', () => ({
          audit: 'MirroringEvent',
          mirroring: { ...reportOf(exchange, call, kept, body, answered), config },
        }))
      },
    }
  },
})

function originOf(to: string): string {
  const url = URL.parse(to)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error('to: expected an http or https URL')
  if (url.username !== '' || url.password !== '') throw new Error('to: it holds a name or a password')
  return url.origin
}

function fieldsOf(sent: HeaderBlock, own: ReadonlyArray<readonly [string, string]>): [string, string][] {
  const replaced = new Set(own.map(([name]) => name.toLowerCase()))
  const kept = [...sent].filter(([name]) => {
    const lower = name.toLowerCase()
    return !OF_CONNECTION.has(lower) && !replaced.has(lower)
  })
  return [...kept, ...own.filter(([name]) => name.toLowerCase() !== 'host')] as [string, string][]
}

function reportOf(
  { id, request, route, upstream, response }: Exchange,
  call: OutgoingCall,
  kept: Copies,
  body: Buffer,
  answered: CallAnswer | null,
): Record<string, unknown> {
  return {
    reqId: id,
    serviceId: route.id,
    requestToOto: {
      method: request.method,
      url: `${request.protocol}://${request.host}${request.target}`,
      headers: objectOf(request.headers),
    },
    requestToTarget: { method: upstream.method, path: upstream.path, headers: objectOf(upstream.headers) },
    requestToMirroredTarget: {
      method: call.method,
      url: call.url,
      headers: Object.fromEntries(call.headers ?? []),
    },
    response: { status: response.status, headers: objectOf(response.headers) },
    inputBody: body.toString(),
    outputBody: kept.response?.content()?.toString() ?? null,
    mirroredBody: answered?.body.toString() ?? null,
    mirroredResponse:
      answered === null
        ? null
        : { status: answered.status, headers: objectOf(answered.headers), cookies: [] },
  }
}

function objectOf(headers: HeaderBlock): Record<string, string> {
  return Object.fromEntries(
    [...headers].map(([name]) => [name, headers.getAll(name.toLowerCase()).join(', ')]),
  )
}
