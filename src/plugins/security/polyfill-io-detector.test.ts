import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BodyInput, type Fields, runPlugin } from '../../plugin/testing.ts'
import plugin from './polyfill-io-detector.ts'

const REPLACES = false
const SAFE = 'https://cdnjs.cloudflare.com/polyfill/v3/polyfill.min.js'

async function page(
  body: BodyInput,
  headers: Fields = { 'Content-Type': 'text/html; charset=utf-8' },
  chunked = false,
) {
  const alerts: { name: string; fields: Readonly<Record<string, unknown>> }[] = []
  const run = await runPlugin(plugin, {
    request: { headers: { Accept: 'text/html,*/*', 'Accept-Encoding': 'gzip' } },
    backend: { headers, body, chunked },
    services: { alert: (name, fields) => void alerts.push({ name, fields: fields() }) },
  })
  return { run, alerts }
}

const script = (src: string): string =>
  `<!doctype html><p>polyfill.io</p><script defer src="${src}"></script>`
const sources = [
  'https://polyfill.io/v3/polyfill.min.js',
  'https://cdn.polyfill.io/v2/polyfill.js?features=fetch',
  '//cdn.polyfill.io/v3/polyfill.min.js?a=1&amp;b=2',
  'HTTP://CDN.POLYFILL.IO/v2/polyfill.min.js',
]

describe('scripts of polyfill.io in a page', () => {
  it('are found, the query kept where they are replaced', async () => {
    for (const src of sources) {
      const { run, alerts } = await page(script(src))
      const query = src.includes('?') ? src.slice(src.indexOf('?')) : ''
      assert.equal(run.text, script(REPLACES ? SAFE + query : src))
      assert.equal(alerts.length, 1)
      assert.equal(alerts[0]!.name, 'CdnPolyfillIoDetectedAlert')
      assert.equal(alerts[0]!.fields['occurences_nbr'], 1)
    }
  })

  it('are found wherever the page is cut into pieces, and counted once', async () => {
    const whole = `<h1>a < b</h1>${script(sources[1]!)}<!-- ${script(sources[0]!)} --> caf\u00e9`
    const expected = (await page(whole)).run.text
    for (const size of [1, 2, 3, 7, 50]) {
      const bytes = Buffer.from(whole)
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      )
      const { run, alerts } = await page(pieces, undefined, true)
      assert.equal(run.text, expected, String(size))
      assert.equal(alerts[0]!.fields['occurences_nbr'], 2)
    }
    assert.match(expected, /caf\u00e9$/)
  })

  it('are nothing else: other pages pass byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256))
    for (const body of [
      script('https://example.test/v3/polyfill.min.js'),
      script('https://polyfill.io.evil.test/v3/polyfill.min.js'),
      '<a href="https://polyfill.io/v3/polyfill.min.js">polyfill</a>',
      'https://polyfill.io/v3/polyfill.min.js',
      bytes,
      '<script',
      '',
    ]) {
      const { run, alerts } = await page(body)
      assert.deepEqual(run.body, Buffer.from(body as string))
      assert.deepEqual(alerts, [])
    }
  })

  it('are looked for in HTML without a policy and compression only', async () => {
    const html = { 'Content-Type': 'text/html' }
    for (const headers of [
      { 'Content-Type': 'text/plain' },
      {},
      { ...html, 'Content-Security-Policy': 'x' },
      { ...html, 'Content-Encoding': 'gzip' },
    ]) {
      const { run, alerts } = await page(script(sources[0]!), headers)
      assert.equal(run.text, script(sources[0]!))
      assert.deepEqual(alerts, [])
    }
    const { run } = await page('x')
    assert.equal(run.backend!.headers.get('accept-encoding'), 'identity')
  })

  it('do not hold a page back', async () => {
    const { run } = await page(`<script ${'x'.repeat(5000)}`)
    assert.equal(run.body.length, 5008)
  })
})
