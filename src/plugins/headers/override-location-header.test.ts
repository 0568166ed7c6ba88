import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './override-location-header.ts'

/** `Location` the client gets; the target is `backend.test`. */
async function location(from: string, more: PluginRunInput = {}, status = 302): Promise<string | undefined> {
  const backend = { status, headers: { Location: from } }
  const request = { url: 'http://api.test:8080/x' }
  return (await runPlugin(plugin, { backend, request, ...more })).headers.get('location')
}

describe('the location of a redirection', () => {
  it('to the backend becomes one to the host the client used', async () => {
    assert.equal(await location('https://backend.test/a?b=c#d'), 'http://api.test:8080/a?b=c#d')
    assert.equal(await location('HTTP://Backend.TEST:8443/a'), 'http://api.test:8080/a')
    assert.equal(await location('https://backend.test'), 'http://api.test:8080')
    assert.equal(await location('https://backend.test?q'), 'http://api.test:8080?q')
  })

  it('is rewritten in 201 and 3xx answers only', async () => {
    const rewritten: number[] = []
    for (const status of [200, 201, 202, 300, 301, 307, 308, 399, 400, 404])
      if ((await location('https://backend.test/', {}, status)) !== 'https://backend.test/')
        rewritten.push(status)
    assert.deepEqual(rewritten, [201, 300, 301, 307, 308, 399])
  })

  it('elsewhere stays', async () => {
    const others = ['https://other.test/', 'https://backend.test.evil.test/', 'https://evil-backend.test/']
    const tricks = [
      'https://backend.test@evil.test/',
      'https://user@backend.test/',
      'https://backend.test\\@evil/',
    ]
    for (const text of [...others, ...tricks, '/relative', '//backend.test/x', 'ftp://backend.test/', ''])
      assert.equal(await location(text), text)
  })

  it('to listed hosts becomes one to the client too', async () => {
    const config = { matching_hostnames: [' Internal.Test ', '::1'] }
    assert.equal(await location('https://internal.test:99/a', { config }), 'http://api.test:8080/a')
    assert.equal(await location('http://[::1]:99/a', { config }), 'http://api.test:8080/a')
    assert.equal(await location('https://internal2.test/a', { config }), 'https://internal2.test/a')
  })

  it('has the scheme and host of the forwarded fields only when they are trusted', async () => {
    const headers = { 'X-Forwarded-Host': 'public.test', 'X-Forwarded-Proto': 'https', Host: 'api.test' }
    const request = { headers }
    assert.equal(await location('https://backend.test/a', { request }), 'https://public.test/a')
    const services = { trustForwarded: false }
    assert.equal(await location('https://backend.test/a', { request, services }), 'http://api.test/a')
  })

  it('names the domain of the route when the client named no usable host, else stays', async () => {
    const request = { headers: { 'X-Forwarded-Host': 'evil/path', Host: '' } }
    const plain = { request, route: { domains: ['front.test/api'] } }
    assert.equal(await location('https://backend.test/a', plain), 'http://front.test/a')
    for (const domains of [['*.front.test'], []])
      assert.equal(
        await location('https://backend.test/a', { request, route: { domains } }),
        'https://backend.test/a',
      )
  })

  it('loses the root of the backend', async () => {
    const route = { backendRoot: '/v1/' }
    assert.equal(await location('https://backend.test/v1/a', { route }), 'http://api.test:8080/a')
    assert.equal(await location('https://backend.test/v1', { route }), 'http://api.test:8080/')
    assert.equal(await location('https://backend.test/v1?q', { route }), 'http://api.test:8080/?q')
    assert.equal(await location('https://backend.test/v10/a', { route }), 'http://api.test:8080/v10/a')
    assert.equal(await location('https://backend.test/a/v1/b', { route }), 'http://api.test:8080/a/v1/b')
    const rewrite = { backendRoot: '/v1', backendRewrite: true }
    assert.equal(await location('https://backend.test/v1/a', { route: rewrite }), 'http://api.test:8080/v1/a')
  })

  it('given twice comes to one', async () => {
    const headers = [
      ['Location', 'https://backend.test/a'],
      ['Location', 'https://evil.test/'],
    ] as const
    const run = await runPlugin(plugin, { backend: { status: 302, headers } })
    assert.deepEqual(run.headers.getAll('location'), ['http://gateway.test/a'])
  })

  it('takes no time to read however long it is', async () => {
    const start = performance.now()
    for (const text of [
      `https://${':1'.repeat(30_000)}`,
      `https://${'['.repeat(60_000)}`,
      `http://${':'.repeat(60_000)}/`,
    ])
      assert.equal(await location(text), text)
    assert.ok(performance.now() - start < 2000)
  })

  it('is rewritten for a list of texts only', () => {
    assert.throws(() => setUp(plugin, { matching_hostnames: 'a.test' }))
  })
})
