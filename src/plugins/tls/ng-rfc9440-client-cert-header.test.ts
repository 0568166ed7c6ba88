import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-rfc9440-client-cert-header.ts'

/** The two fields the backend gets. */
async function sent(chain: readonly Buffer[] | null, config = {}, headers = {}) {
  const tls =
    chain === null
      ? {}
      : {
          tls: {
            protocol: 'TLSv1.3',
            cipher: 'x',
            serverName: 'gateway.test',
            clientChain: () => [...chain],
          },
        }
  const run = await runPlugin(plugin, { config, request: { headers, ...tls } })
  return [run.backend!.headers.getAll('client-cert'), run.backend!.headers.getAll('client-cert-chain')]
}

const [leaf, middle, root] = ['leaf', 'middle', 'root'].map(text => Buffer.from(text))
const chain = [leaf!, middle!, root!]
const foreign = { 'Client-Cert': ':AA==:', 'client-cert-chain': ':AA==:' }

describe('the certificate of the client', () => {
  it('is told with those above it', async () => {
    assert.deepEqual(await sent(chain), [[':bGVhZg==:'], [':bWlkZGxl:, :cm9vdA==:']])
    assert.deepEqual(await sent([leaf!]), [[':bGVhZg==:'], []])
  })

  it('is told alone where that is set', async () => {
    assert.deepEqual(await sent(chain, { send_chain: false }), [[':bGVhZg==:'], []])
  })

  it('is never what the client writes', async () => {
    assert.deepEqual(await sent(chain, { send_chain: false }, foreign), [[':bGVhZg==:'], []])
    for (const nobody of [null, []]) assert.deepEqual(await sent(nobody, {}, foreign), [[], []])
  })

  it('goes without a chain that would be too long for a head', async () => {
    assert.deepEqual(await sent([leaf!, Buffer.alloc(40_000)]), [[':bGVhZg==:'], []])
  })
})
