/** Shows an operation of a SOAP service as one that takes and gives JSON. */
import { answer, definePlugin, type Exchange, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { jsonToXml, UnfitForXml, XmlFault, xmlToJson } from '../../transform/index.ts'
import { bareError } from '../bare-error.ts'
import { filterText, prepareFilters } from '../jq-filter.ts'
import { pluginContext } from '../plugin-context.ts'
import { flag, setting, text } from '../settings.ts'
import { envelopeOf, wholeXml } from '../soap-envelope.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.SOAPAction',
  name: 'SOAP action',
  description:
    'Turns requests into messages of a SOAP service and its answers into JSON. What a client sends is put into the message as text or as whole XML, never as a part of its structure.',
  family: 'integrations',
  categories: ['Integrations'],
  steps: ['CallBackend'],
  config: v.looseObject({
    url: setting(v.nullable(text), null, 'The service; the backend of the route, at its root, unless set'),
    envelope: setting(
      text,
      '<soap envelope />',
      'Message; may hold expressions, and `${input_body}` for the body of the request',
    ),
    action: setting(v.nullable(text), null, 'Value of SOAPAction'),
    preserve_query: setting(flag, true, 'Not used'),
    charset: setting(
      v.nullable(text),
      null,
      'Whole content type of the message; text/xml; charset=utf-8 unless set',
    ),
    jq_request_filter: setting(v.nullable(text), null, 'jq filter on a JSON body, before it becomes XML'),
    jq_response_filter: setting(v.nullable(text), null, 'jq filter on the JSON form of the answer'),
  }),
  prepare: ({ jq_request_filter, jq_response_filter }) =>
    prepareFilters({ jq_request_filter, jq_response_filter }),
  setup(config, services) {
    const { action, jq_request_filter: before, jq_response_filter: behind } = config
    const envelope = envelopeOf(config.envelope, services)
    const type = config.charset ?? 'text/xml; charset=utf-8'
    const limit = services.bodyLimit
    const place = placeOf(config.url)
    const server =
      place === null ? null : services.destination({ targets: [place.target], root: '/', rewrite: false })
    const filtered = (exchange: Exchange, filter: string | null, json: string, answered: boolean) =>
      filter === null || filter.trim() === ''
        ? ({ ok: true, text: json } as const)
        : filterText(filter, json, () => pluginContext(exchange, config, answered), limit * 4)
    const failed = (details: readonly string[]): FullAnswer =>
      bareError(500, 'soap.filter_failed', { error: 'error while transforming the body', details })
    return {
      ...(server !== null && { preRoute: (exchange: Exchange) => exchange.sendTo(server) }),
      // Behind the request phases of other plugins: what they did is a part of the request that becomes a message.
      async lookup(exchange) {
        const { upstream } = exchange
        const content = upstream.body.length === 0 ? '' : (await upstream.body.read(limit)).toString()
        let body = content
        try {
          if (content !== '' && isJson(upstream.headers.get('content-type'))) {
            const made = await filtered(exchange, before, content, false)
            if (!made.ok) return failed(made.details)
            body = jsonToXml(JSON.parse(made.text))
          }
          body = wholeXml(body)
        } catch (error) {
          if (!isUnfit(error)) throw error
          return bareError(400, 'transform.bad_request_body', {
            error: `the body cannot be converted: ${error.message}`,
          })
        }
        upstream.method = 'POST'
        upstream.path = place?.path ?? services.route.backendRoot
        upstream.body.replace(envelope(exchange, body))
        upstream.headers.delete('accept-encoding')
        upstream.headers.delete('content-encoding')
        upstream.headers.set('Content-Type', type)
        if (action !== null) {
          upstream.headers.set('SOAPAction', action)
          upstream.headers.set('X-SOAP-RequestAction', action)
        }
        return undefined
      },
      async response(exchange) {
        if (!exchange.backendAnswered) return undefined
        const { headers, body } = exchange.response
        const given = headers.get('content-type')?.toLowerCase() ?? ''
        const xml = (await body.read(limit)).toString()
        const status = statusOf(xml)
        if (!given.includes('text/xml') && !given.includes('application/xml'))
          return shown(exchange, status, 'text/xml', xml)
        try {
          const made = await filtered(exchange, behind, JSON.stringify(xmlToJson(xml.trimStart())), true)
          // What the filter says of it may hold what it was to take out.
          return made.ok ? shown(exchange, status, 'application/json', made.text) : failed([made.fault])
        } catch (error) {
          if (!isUnfit(error)) throw error
          return bareError(502, 'service.unreachable', {
            error: 'the answer of the service cannot be converted',
          })
        }
      },
      dispose: () => server?.release(),
    }
  },
})

/** The answer with another body; other fields stay. */
function shown({ response }: Exchange, status: number, type: string, body: string): FullAnswer {
  const gone = new Set([
    'content-type',
    'content-length',
    'content-encoding',
    'etag',
    'content-md5',
    'digest',
  ])
  const kept = [...response.headers].filter(([name]) => !gone.has(name.toLowerCase()))
  return answer(status, [...kept, ['Content-Type', type]], body)
}

function placeOf(given: string | null): { readonly target: object; readonly path: string } | null {
  if (given === null || given.trim() === '') return null
  const url = URL.parse(given.trim())
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error('url: expected an http or https URL')
  const tls = url.protocol === 'https:'
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
  return { target: { hostname: url.hostname, port, tls }, path: url.pathname + url.search }
}

/** A fault of the client, of the service, or none. */
function statusOf(xml: string): number {
  if (!xml.includes(':Fault>')) return 200
  return xml.includes(':Client') ? 400 : 500
}

const isJson = (type: string | undefined): boolean => type?.toLowerCase().includes('json') === true

function isUnfit(error: unknown): error is Error {
  return error instanceof XmlFault || error instanceof UnfitForXml || error instanceof SyntaxError
}
