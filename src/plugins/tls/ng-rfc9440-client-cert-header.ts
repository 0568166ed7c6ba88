/** Tells the backend the certificate of the client (RFC 9440). */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { flag, setting } from '../settings.ts'

/** Characters both fields may have together: backends take heads of 8 KiB and more. */
const LONGEST = 32_768

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgRfc9440ClientCertHeader',
  name: 'Client certificate header (RFC 9440)',
  description:
    'Sends the certificate the client showed in its TLS session as `Client-Cert`, and the ones it was signed by as `Client-Cert-Chain`. What the client says in these fields never passes.',
  family: 'tls',
  categories: ['Headers'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    send_chain: setting(flag, true, 'Send the intermediate certificates as well'),
  }),
  setup(config, services) {
    return {
      request({ request, upstream }) {
        const { headers } = upstream
        headers.delete('client-cert')
        headers.delete('client-cert-chain')
        const [leaf, ...others] = (request.connection.tls?.clientChain() ?? []).map(binary)
        if (leaf === undefined) return
        headers.set('Client-Cert', leaf)
        if (!config.send_chain || others.length === 0) return
        const chain = others.join(', ')
        if (leaf.length + chain.length > LONGEST)
          services.log(
            'warn',
            `the chain of a client certificate is not sent: it has ${chain.length} characters`,
          )
        else headers.set('Client-Cert-Chain', chain)
      },
    }
  },
})

/** RFC 9651, 3.3.5. */
function binary(der: Buffer): string {
  return `:${der.toString('base64')}:`
}
