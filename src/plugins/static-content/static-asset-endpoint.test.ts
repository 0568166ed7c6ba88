import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './static-asset-endpoint.ts'

it('every request asks for the one address', async () => {
  const run = await runPlugin(plugin, {
    config: { url: 'https://assets.test:8443/logo.svg?v=2' },
    request: { url: '/other?x=1' },
  })
  assert.deepEqual(
    [run.backend?.path, run.backend?.headers.get('host')],
    ['/logo.svg?v=2', 'assets.test:8443'],
  )
  const [target] = run.destination!.targets
  assert.deepEqual([target?.hostname, target?.port, target?.tls], ['assets.test', 8443, true])
})

it('does nothing without an address, and refuses what is none', async () => {
  const run = await runPlugin(plugin, { request: { url: '/other' } })
  assert.deepEqual([run.destination, run.backend?.path], [null, '/other'])
  for (const url of ['nowhere', 'ftp://x/y', 'https://a:b@c/'])
    await assert.rejects(runPlugin(plugin, { config: { url } }), /url/, url)
})
