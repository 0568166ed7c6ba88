/** Answers unwanted clients with a small body that becomes a huge one when they decompress it. */
import { compileValidator } from '../../expression/index.ts'
import { checkField } from '../../http/headers.ts'
import {
  answer,
  apikeyAttribute,
  definePlugin,
  type Exchange,
  schema as v,
  userAttribute,
} from '../../plugin/index.ts'
import { count, flag, setting, text } from '../settings.ts'
import { gzippedZeros, zeroSizes } from './gzipped-zeros.ts'
import { TrappedClients } from './trapped-clients.ts'

const predicate = v.looseObject({
  path: setting(text, '$', 'JSON path into what is known of the request'),
  value: v.pipe(
    v.optional(v.unknown()),
    v.description('What is expected there: a value, or a test such as `Contains(bot)`'),
  ),
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ZipBombBackend',
  name: 'Zip Bomb backend',
  description:
    'Answers requests that take gzip and fit the predicates with zeros that are a thousand times longer once they are decompressed. Others go to the backend, and so do those beyond `clients`. What it costs is bounded.',
  family: 'security',
  categories: ['Other'],
  steps: ['CallBackend'],
  config: v.looseObject({
    predicates: setting(
      v.array(predicate),
      () => [],
      'What must be so, `{path, value}` over `$.request`, `$.apikey`, `$.user` and `$.route`; nothing: always',
    ),
    or: setting(flag, false, 'One of them is enough; with none: never'),
    size: setting(text, '10G', 'Zeros: 10M, 100M, 1G, 5G or 10G; anything else is 10G'),
    status: setting(
      v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
      null,
      'Status; 200 unless set',
    ),
    content_type: setting(text, null, 'Type; text/html unless set'),
    clients: setting(v.pipe(count, v.minValue(1)), 100, 'Answers of this kind at a time, per thread'),
    rate: setting(v.pipe(count, v.minValue(1024)), 1_048_576, 'Bytes per second for each of them'),
    duration: setting(v.pipe(count, v.minValue(1)), 600_000, 'Longest answer, milliseconds'),
  }),
  setup(config) {
    const predicates = config.predicates.map(one => compileValidator({ path: one.path, value: one.value }))
    const size = sizeOf(config.size)
    const type = config.content_type?.trim() || 'text/html'
    checkField('Content-Type', type)
    const trapped = new TrappedClients(config)
    return {
      backend(exchange) {
        if (!takesGzip(exchange)) return undefined
        if (predicates.length === 0 ? config.or : !fits(exchange)) return undefined
        const body = trapped.hold(gzippedZeros(size))
        if (body === null) return undefined
        return answer(
          config.status ?? 200,
          [
            ['Content-Type', type],
            ['Content-Encoding', 'gzip'],
          ],
          body,
        )
      },
    }

    function fits(exchange: Exchange): boolean {
      const document = documentOf(exchange)
      return config.or
        ? predicates.some(one => one.holds(document))
        : predicates.every(one => one.holds(document))
    }
  },
})

function sizeOf(given: string): number {
  const name = given.trim().toUpperCase()
  return Object.hasOwn(zeroSizes, name) ? zeroSizes[name as keyof typeof zeroSizes] : zeroSizes['10G']
}

function takesGzip({ request }: Exchange): boolean {
  return request.headers
    .getAll('accept-encoding')
    .flatMap(field => field.split(','))
    .some(coding => /^\s*(?:gzip|x-gzip|\*)\s*(?:;(?!\s*q=0(?:\.0*)?\s*$).*)?$/i.test(coding))
}

/** What predicates look at. */
function documentOf({ id, request, route, attributes }: Exchange): unknown {
  const headers: Record<string, string> = {}
  for (const [name, value] of request.headers) headers[name.toLowerCase()] ??= value
  const { method, target, path, host, protocol, ip } = request
  return {
    snowflake: id,
    apikey: attributes.get(apikeyAttribute)?.light() ?? null,
    user: attributes.get(userAttribute)?.json ?? null,
    request: {
      id,
      method,
      headers,
      query: Object.fromEntries(request.query),
      cookies: Object.fromEntries(request.cookies),
      uri: target,
      path,
      host,
      scheme: protocol,
      ip,
    },
    route: route.json,
  }
}
