import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderBlock } from '../../http/headers.ts'
import { CallFailed } from '../../plugin/index.ts'
import { outgoingCalls, runPlugin } from '../../plugin/testing.ts'
import plugin from './izanami-v2-proxy.ts'

const config = {
  url: 'https://izanami.test/base/',
  clientId: 'id',
  clientSecret: '${route.metadata.key}',
  timeout: 100,
}

async function asked(url: string, more: object = {}, request: object = {}) {
  const calls = outgoingCalls(() => ({
    status: 201,
    headers: HeaderBlock.from([
      ['Content-Type', 'application/json'],
      ['Connection', 'close'],
    ]),
    body: '{}',
  }))
  const run = await runPlugin(plugin, {
    config: { ...config, ...more },
    request: { url, ...request },
    route: { metadata: { key: 'secret' } },
    services: { calls },
  })
  return { run, call: calls.asked[0] }
}

describe('the API of version 2', () => {
  it('is called with the credentials of the settings', async () => {
    const { run, call } = await asked(
      '/features/x?a=1',
      {},
      { headers: { 'Izanami-Client-Secret': 'mine', Cookie: 'c' } },
    )
    assert.equal(call?.url, 'https://izanami.test/base/api/v2/features/x?a=1')
    const fields = Object.fromEntries(call!.headers!.map(([name, value]) => [name.toLowerCase(), value]))
    assert.deepEqual(
      [fields['izanami-client-id'], fields['izanami-client-secret'], fields['cookie']],
      ['id', 'secret', undefined],
    )
    assert.deepEqual([run.status, run.text, run.headers.has('connection')], [201, '{}', false])
    const post = await asked(
      '/x',
      {},
      { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } },
    )
    assert.equal(String(post.call?.body), '{"a":1}')
  })

  it('is asked within the context', async () => {
    const contextOf = async (query: string): Promise<string[]> =>
      new URL((await asked(`/f${query}`, { context: 'prod' })).call!.url).searchParams.getAll('context')
    assert.deepEqual(await contextOf(''), ['prod'])
    assert.deepEqual(await contextOf('?context=prod/mobile'), ['prod/mobile'])
    for (const other of [
      '?context=dev',
      '?context=production',
      '?context=prod/../dev',
      '?context=prod/a&context=dev',
    ])
      assert.deepEqual(await contextOf(other), ['prod'], other)
  })

  it('is neither called otherwise nor hidden when it is gone', async () => {
    const { run, call } = await asked('/', {}, { method: 'DELETE' })
    assert.deepEqual([run.status, call], [400, undefined])
    const calls = outgoingCalls(() => {
      throw new CallFailed('unreachable', 'gone')
    })
    const gone = await runPlugin(plugin, { config, services: { calls } })
    assert.deepEqual([gone.status, gone.headers.get('otoroshi-error-reason')], [502, 'service.unreachable'])
    await assert.rejects(runPlugin(plugin), /url/)
  })
})
