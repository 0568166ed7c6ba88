import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './redirection.ts'

/** Where a request is sent, or the reason why not. */
async function locationOf(to: string, url: string, more: PluginRunInput = {}): Promise<string | undefined> {
  const run = await runPlugin(plugin, { ...more, config: { to }, request: { ...more.request, url } })
  assert.equal(run.backend, null)
  if (run.refusal !== null) return run.refusal.reason
  assert.equal(run.status, 303)
  assert.equal(run.text, '')
  assert.equal(run.headers.getAll('location').length, 1)
  return run.headers.get('location')
}

describe('a redirection', () => {
  it('goes to a fixed address with the configured status', async () => {
    const bare = await runPlugin(plugin)
    assert.deepEqual([bare.status, bare.headers.get('location')], [303, 'https://www.otoroshi.io'])
    for (const code of [301, 302, 303, 307, 308]) {
      const run = await runPlugin(plugin, { config: { code, to: 'https://new.test/a?b=c#d' } })
      assert.deepEqual([run.status, run.headers.get('location')], [code, 'https://new.test/a?b=c#d'])
    }
  })

  it('closes the route with a status that is no redirection, and without a target', async () => {
    for (const config of [{ code: 200 }, { code: 300 }, { code: 304 }, { code: '301' }, { to: '  ' }])
      await assert.rejects(runPlugin(plugin, { config }), /invalid config|blank/)
  })

  it('evaluates expressions', async () => {
    assert.equal(await locationOf('https://new.test${req.uri}', '/a?b=c'), 'https://new.test/a?b=c')
    assert.equal(await locationOf('https://new.test${req.path}', '/a?b=c'), 'https://new.test/a')
    assert.equal(
      await locationOf('https://${req.host}${req.uri}', 'http://shop.test:8080/a?b'),
      'https://shop.test:8080/a?b',
    )
    assert.equal(
      await locationOf('${req.protocol}://${req.domain}/x', 'http://shop.test/'),
      'http://shop.test/x',
    )
    assert.equal(await locationOf('/login?from=${req.path}', '/a'), '/login?from=/a')
    assert.equal(await locationOf('login?from=${req.path}', '/a'), 'login?from=/a')
    assert.equal(await locationOf('${req.path}/', '/a'), '/a/')
    const route = { metadata: { base: 'https://base.test' } }
    assert.equal(await locationOf('${route.metadata.base}${req.uri}', '/a', { route }), 'https://base.test/a')
  })

  it('lets a client fill a name below a fixed domain, and nothing else of the host', async () => {
    const to = 'https://${req.query.t}.example.com${req.path}'
    assert.equal(await locationOf(to, '/a?t=one'), 'https://one.example.com/a')
    for (const bad of [
      'evil.test/',
      'evil.test%23',
      'evil.test%3F',
      'evil.test%5C',
      'a%40evil.test/',
      'evil.test%2F%2F',
    ])
      assert.equal(await locationOf(to, `/a?t=${bad}`), 'redirect.unsafe', bad)
  })

  it('never follows a client to another host', async () => {
    for (const bad of ['.evil.test', '@evil.test', ':pw@evil.test', ':81', '%5C@evil.test', 'evil.test'])
      assert.equal(await locationOf('https://good.test${req.query.x}', `/?x=${bad}`), 'redirect.unsafe', bad)
    for (const bad of [
      'https://evil.test',
      '//evil.test',
      '/%5Cevil.test/..//x',
      'javascript:alert(1)',
      '%09//evil.test',
      'http://gateway.test.evil.test/',
      'http://gateway.test@evil.test/',
      'evil.test',
    ]) {
      const got = await locationOf(
        '${req.query.next}',
        `/?next=${encodeURIComponent(decodeURIComponent(bad))}`,
      )
      // An escaped backslash is a path of this host.
      if (got !== 'redirect.unsafe') assert.match(got ?? '', /^\/%5Cevil/)
    }
    assert.equal(await locationOf('/${req.query.x}', '/?x=/evil.test'), 'redirect.unsafe')
    assert.equal(await locationOf('/${req.query.x}', '/?x=%5Cevil.test'), '/%5Cevil.test')
  })

  it('follows a client to a path of the host it called', async () => {
    assert.equal(await locationOf('${req.query.next}', '/?next=/home'), '/home')
    assert.equal(
      await locationOf('${req.query.next}', `/?next=${encodeURIComponent('http://gateway.test/home')}`),
      'http://gateway.test/home',
    )
  })

  it('says why it refuses', async () => {
    const run = await runPlugin(plugin, {
      config: { to: '${req.query.next}' },
      request: { url: '/?next=//evil.test' },
    })
    assert.equal(run.status, 400)
    assert.equal(run.headers.get('otoroshi-error-reason'), 'redirect.unsafe')
    assert.equal(run.headers.has('location'), false)
  })

  it('refuses a Host that is no host', async () => {
    const headers = { Host: 'good.test@evil.test' }
    assert.equal(await locationOf('https://${req.host}/', '/', { request: { headers } }), 'redirect.unsafe')
  })

  it('closes the route when the client would choose the host', async () => {
    for (const to of [
      'https://${req.query.host}/',
      'https://${req.headers.x-to}${req.uri}',
      '//${req.cookies.host}/',
      'https://${req.query.sub}.com/',
      'https://${route.metadata.x || req.query.host}/',
      'https://user@good.test/${req.query.x}',
    ])
      await assert.rejects(runPlugin(plugin, { config: { to } }), /leaves the host to the client/, to)
  })

  it('keeps control characters and whatever else is no URI out of the field', async () => {
    assert.equal(
      await locationOf('https://new.test/?x=${req.query.x}', '/?x=a%0D%0ASet-Cookie:%20a=b%00%22%3C%7F'),
      'https://new.test/?x=a%0D%0ASet-Cookie:%20a=b%00%22%3C%7F',
    )
    assert.equal(
      await locationOf('https://new.test/?x=${req.query.x}', '/?x=%C3%A9%F0%9F%98%80'),
      'https://new.test/?x=%C3%A9%F0%9F%98%80',
    )
    assert.equal(await locationOf('https://new.test/é', '/'), 'https://new.test/%C3%A9')
  })

  it('does not evaluate what a client sent', async () => {
    const url = `/?x=${encodeURIComponent('${req.headers.authorization}')}`
    assert.equal(
      await locationOf('https://new.test/?x=${req.query.x}', url, {
        request: { headers: { Authorization: 's3cret' } },
      }),
      'https://new.test/?x=$%7Breq.headers.authorization%7D',
    )
  })
})
