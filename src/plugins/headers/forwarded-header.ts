/** The `Forwarded` field: in upstream's form, with colons, or as RFC 7239 writes it. */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { definePlugin, type Exchange, schema as v } from '../../plugin/index.ts'
import { fieldValue } from '../field-value.ts'
import { flag, setting } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ForwardedHeader',
  name: 'Forwarded header',
  description:
    'Sends one `Forwarded` field with the address of the client, the protocol, the host and the gateway in front. Its traditional form has colons; `rfc7239` gives the standard one.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    rfc7239: setting(flag, false, 'Write the field as RFC 7239 says (`for=1.2.3.4;proto=https`)'),
  }),
  setup(config, { trustForwarded }) {
    const write = config.rfc7239 ? standardForm : colonForm
    return {
      request(exchange) {
        exchange.upstream.headers.set('Forwarded', fieldValue(write(exchange, trustForwarded)))
      },
    }
  },
})

function colonForm({ request }: Exchange, trusted: boolean): string {
  const address = quoteAddress(request.connection.remoteAddress)
  const received = trusted ? request.headers.getAll('x-forwarded-for').join(', ') : ''
  const by = trusted ? (request.headers.get('x-forwarded-by') ?? address) : ''
  const start = received === '' ? '' : `${received}, `
  return `${start}for: ${address};proto: ${request.protocol};host: ${request.host};by: ${by}`
}

function quoteAddress(address: string): string {
  return address.includes(':') ? `"${address}"` : address
}

function standardForm({ request }: Exchange, trusted: boolean): string {
  const hops = trusted ? request.headers.getAll('x-forwarded-for').flatMap(field => field.split(',')) : []
  const before = hops.filter(hop => hop.trim() !== '').map(hop => `for=${node(hop.trim())}, `)
  const host = /^[\w.-]+$/.test(request.host) ? request.host : `"${request.host.replace(/["\\]/g, '')}"`
  return `${before.join('')}for=${node(request.connection.remoteAddress)};proto=${request.protocol};host=${host}`
}

/** A node as RFC 7239, 6 writes it, its port kept; what is no address is `unknown`. */
function node(address: string): string {
  if (isIPv4(address)) return address
  if (isIPv6(address)) return `"[${address}]"`
  const [, host] = /^\[(.+)\]:\d{1,5}$/.exec(address) ?? /^([\d.]+):\d{1,5}$/.exec(address) ?? []
  return host !== undefined && isIP(host) !== 0 ? `"${address}"` : 'unknown'
}
