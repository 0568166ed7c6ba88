/** Use case 9 of examples/: sites from an archive and from a bucket, a file of another server, and a Swagger UI; in a browser, too. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Chromium, chromiumMissing } from '../support/chromium.ts'
import { type Example, startExample } from '../support/example.ts'

/** A directory to leave pictures of the pages in, for people. */
const PICTURES = process.env['OTOROSHI_TEST_PICTURES']

let example: Example
before(async () => {
  example = await startExample('9')
})
after(() => example?.stop())

it('examples/9-static-sites/README.md says what happens', () => example.typeReadme('9-static-sites'))

for (const host of ['zip', 'bucket'])
  describe(`the site from the ${host}`, () => {
    it('is whole, and browsers need not load it twice', async () => {
      const page = await example.get(host, '/about/index.html')
      assert.deepEqual([page.status, page.headers['content-type']?.split(';')[0]], [200, 'text/html'])
      assert.equal(page.body, (await example.get(host, '/about/')).body)
      assert.match(page.body, /^<!doctype html>[\s\S]*<\/html>\n$/)
      const again = await example.get(host, '/about/', { 'If-None-Match': page.headers.etag! })
      assert.deepEqual([again.status, again.body], [304, ''])
      const head = await example.call(host, '/ferry.svg', { method: 'HEAD' })
      assert.deepEqual([head.status, head.body], [200, ''])
      assert.match(String(head.headers['content-type']), /^image\/svg\+xml/)
    })

    it('is all there is: no way out of it, nothing is written', async () => {
      for (const path of [
        '/%2e%2e/downloads/site.zip',
        '/..%2f..%2fetc/passwd',
        '/about%2f..%2f..%2fx',
        '/%00',
      ])
        assert.ok([400, 404].includes((await example.get(host, path)).status), path)
      assert.equal((await example.call(host, '/', { method: 'PUT', body: 'x' })).status, 405)
    })
  })

it('nothing of the credentials and of the storage shows', async () => {
  for (const path of ['/', '/none'])
    for (const [name, value] of Object.entries((await example.get('bucket', path)).headers))
      assert.doesNotMatch(`${name}: ${value}`, /x-amz|ferry-reader|authorization/i)
})

describe('a browser', { skip: chromiumMissing }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await Chromium.start()
  })
  after(() => chromium?.close())

  async function fits(name: string): Promise<void> {
    for (const width of [1280, 390]) {
      await chromium.look(width, 'light')
      const room = 'document.documentElement.scrollWidth <= innerWidth'
      assert.equal(await chromium.value(room), true, `${name}, ${width}`)
      if (PICTURES !== undefined) await chromium.screenshot(`${PICTURES}/${name}-${width}.png`)
    }
  }

  for (const host of ['zip', 'bucket'])
    it(`shows the site from the ${host} with its styles and its picture`, async () => {
      await chromium.open(example.url(host))
      await chromium.sees(`document.querySelector('img')?.naturalWidth === 800`)
      await chromium.sees(`getComputedStyle(document.body).fontFamily.includes('Georgia')`)
      await fits(host)
      await chromium.value(`document.querySelector('a').click()`)
      await chromium.sees(`document.querySelector('h1')?.innerText === 'About us'`)
    })

  it('tries out an operation of the Swagger UI', async () => {
    await chromium.look(1280, 'light')
    await chromium.open(example.url('swagger'))
    await chromium.sees(`document.querySelectorAll('.opblock').length === 5`)
    await fits('swagger')
    await chromium.look(1280, 'light')
    const towns = `document.querySelector('#operations-Addresses-towns')`
    const click = (selector: string): Promise<unknown> =>
      chromium.value(`${towns}.querySelector('${selector}').click()`)
    await click('.opblock-summary-control')
    await chromium.sees(`${towns}.querySelector('.try-out__btn') !== null`)
    await click('.try-out__btn')
    await chromium.sees(`${towns}.querySelector('.execute') !== null`)
    await click('.execute')
    await chromium.sees(`${towns}.querySelector('.live-responses-table')?.innerText.includes('Northport')`)
    const foreign = `performance.getEntriesByType('resource').map(r => new URL(r.name).host).filter(host => host !== location.host)`
    assert.deepEqual(await chromium.value(foreign), [], 'nothing comes from elsewhere')
  })
})
