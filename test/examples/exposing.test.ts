/** Use cases 1, 3, 4 and 6 of examples/: hosts and paths, keys, robots, redirections, a password. As their users see them. */
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { type Example, startExample } from '../support/example.ts'

const basic = (text: string): OutgoingHttpHeaders => ({
  Authorization: `Basic ${Buffer.from(text).toString('base64')}`,
})
const ATLAS = basic('atlas:atlas-secret')

let example: Example
before(async () => {
  example = await startExample('1', '3', '4', '6')
})
after(() => example?.stop())

it('the start says where to look', () => {
  assert.match(example.output, /1\. One backend, three exposures \(examples\/1-three-exposures\/README\.md\)/)
  assert.ok(example.output.includes(example.url('staging', '/robots.txt')), example.output)
})

for (const folder of ['1-three-exposures', '3-robots', '4-redirects', '6-basic-auth'])
  it(`examples/${folder}/README.md says what happens`, () => example.typeReadme(folder))

describe('one backend', () => {
  it('is reached with a key below /v1, and nowhere else', async () => {
    const found = await example.get('api', '/v1/search?q=high&limit=1', ATLAS)
    assert.equal(found.status, 200)
    assert.equal(found.json.features[0].properties.label, 'Highmoor')
    assert.equal(found.headers['x-powered-by'], undefined)
    for (const path of [
      '/api/search?q=high',
      '/search?q=high',
      '/stats',
      '/v1/..%2fstats',
      '/v1x/search?q=high',
    ])
      assert.ok([400, 404].includes((await example.get('api', path, ATLAS)).status), path)
    assert.equal((await example.get('api', '/v1/towns', basic('atlas:wrong'))).status, 401)
  })

  it('keeps its errors behind the gateway', async () => {
    const missing = await example.get('api', '/v1/search', ATLAS)
    assert.deepEqual([missing.status, missing.json.title], [400, 'q, what to look for, is missing'])
    assert.equal((await example.get('api', '/v1/risks?lon=0&lat=0', ATLAS)).status, 404)
  })

  it('counts for each key alone', async () => {
    const left = async () =>
      Number((await example.get('api', '/v1/towns', ATLAS)).headers['otoroshi-daily-calls-remaining'])
    const first = await left()
    assert.equal((await example.get('api', '/v1/towns', basic('trial:trial-secret'))).status, 429)
    assert.equal(await left(), first - 1)
  })

  it('shows its documentation to everybody, with the paths of users', async () => {
    const page = await example.get('docs')
    assert.equal(page.status, 200)
    assert.match(page.body, /<code>\/v1\/search<\/code>/)
    assert.doesNotMatch(page.body, /\/api\//)
    const { json } = await example.get('docs', '/openapi.json')
    assert.deepEqual(Object.keys(json.paths), ['/v1/search', '/v1/risks', '/v1/towns', '/v1/favourites'])
    assert.equal(json.servers[0].url, `http://api.geo.localhost:${example.port}`)
    assert.equal((await example.get('docs', '/assets/style.css')).headers['content-type'], 'text/css')
    assert.equal((await example.get('docs', '/docs')).status, 404)
    assert.equal((await example.call('docs', '/', { method: 'POST', body: 'x' })).status, 405)
  })

  it('gives tiles to any page', async () => {
    const png = await example.get('tiles', '/relief/8/113/92.png')
    assert.deepEqual([png.status, png.headers['content-type']], [200, 'image/png'])
    assert.equal(png.headers['cache-control'], 'public, max-age=86400')
    assert.equal(png.headers['access-control-allow-origin'], '*')
    const towns = await example.get('tiles', '/towns/8/113/92.geojson')
    assert.deepEqual(
      towns.json.features.map((feature: { id: string }) => feature.id),
      ['portemile', 'kelder', 'westering', 'millbrook'],
    )
    for (const path of ['/relief/8/999/92.png', '/relief/40/0/0.png', '/api/towns', '/stats'])
      assert.equal((await example.get('tiles', path)).status, 404, path)
  })
})

describe('robots', () => {
  it('are told on every path of staging, and pages are whole', async () => {
    for (const path of ['/', '/map', '/docs', '/api/towns', '/assets/icon.svg']) {
      const { status, headers } = await example.get('staging', path)
      assert.deepEqual([status, headers['x-robots-tag']], [200, 'noindex, nofollow, noarchive'], path)
    }
    const { body, headers } = await example.get('staging')
    assert.equal(Number(headers['content-length']), Buffer.byteLength(body))
    assert.match(body, /<\/html>\n$/)
  })
})

describe('the old domain', () => {
  it('leads to the same path, whatever it is, and never to another host', async () => {
    for (const path of ['/', '/?', '/a//b', '/caf%C3%A9?x=%2F&y=a+b', '//evil.example/', '/@evil.example']) {
      const { status, headers } = await example.get('old', path)
      assert.equal(status, 308, path)
      assert.ok(headers.location!.startsWith(example.url('new')), `${headers.location}`)
    }
    const kept = await example.get('old', '/caf%C3%A9?x=%2F&y=a+b')
    assert.equal(kept.headers.location, example.url('new', '/caf%C3%A9?x=%2F&y=a+b'))
  })
})

describe('the preview', () => {
  it('keeps the password from the application', async () => {
    const { pages: before } = await example.calls()
    for (const wrong of [
      '',
      'reviewer:',
      'reviewer:see it first ',
      'Reviewer:see it first',
      'x:see it first',
    ])
      assert.equal((await example.get('preview', '/', wrong === '' ? {} : basic(wrong))).status, 401, wrong)
    assert.equal((await example.calls()).pages, before)
    const seen = await example.get('preview', '/', basic('reviewer:see it first'))
    assert.equal(seen.status, 200)
    assert.match(seen.body, /Every place on Sarke/)
  })
})
