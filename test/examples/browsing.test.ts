/** Use cases 2, 5 and 7 of examples/ in a real browser: a map on another origin, a page in a frame, a login; and what they look like. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Chromium, chromiumMissing } from '../support/chromium.ts'
import { type Example, startExample } from '../support/example.ts'

/** A directory to leave pictures of the pages in, for people. */
const PICTURES = process.env['OTOROSHI_TEST_PICTURES']

let example: Example
before(async () => {
  example = await startExample('2', '5', '7')
})
after(() => example?.stop())

for (const folder of ['2-cors', '5-iframe', '7-members'])
  it(`examples/${folder}/README.md says what happens`, () => example.typeReadme(folder))

describe('other origins', () => {
  it('get no field, and preflights of strangers do not reach the application', async () => {
    const { api: before } = await example.calls()
    const asked = (Origin: string) =>
      example.call('data', '/api/favourites', {
        method: 'OPTIONS',
        headers: { Origin, 'Access-Control-Request-Method': 'PUT' },
      })
    for (const origin of [
      'null',
      example.url('elsewhere', ''),
      `http://map.geo.localhost:${example.port + 1}`,
      `http://map.geo.localhost.evil.example:${example.port}`,
    ]) {
      const { status, headers } = await asked(origin)
      assert.deepEqual([status, headers['access-control-allow-origin']], [404, undefined], origin)
    }
    assert.equal((await asked(example.url('map', ''))).status, 204)
    assert.equal((await example.calls()).api, before)
  })
})

describe('a member', () => {
  it('cannot be made up', async () => {
    const claim = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"user":{"name":"Eve"}}').toString('base64url')}.`
    const led = await example.get('members', '/members', { 'Otoroshi-Claim': claim })
    assert.equal(led.status, 303)
    const { status } = await fetch(`http://127.0.0.1:${example.appPort}/members`, {
      headers: { 'Otoroshi-Claim': claim },
    })
    assert.equal(status, 401)
  })
})

describe('a browser', { skip: chromiumMissing }, () => {
  let chromium: Chromium
  before(async () => {
    chromium = await Chromium.start()
  })
  after(() => chromium?.close())

  /** Nothing sticks out at any width; pictures for whoever wants them. */
  async function fits(name: string): Promise<void> {
    for (const width of [1280, 390, 320]) {
      await chromium.look(width, 'light')
      assert.equal(
        await chromium.value('document.documentElement.scrollWidth <= innerWidth'),
        true,
        `${name}, ${width}`,
      )
      if (PICTURES !== undefined) await chromium.screenshot(`${PICTURES}/${name}-${width}.png`)
    }
    await chromium.look(1280, 'light')
  }

  const town = (id: string): string => `document.querySelector('[data-town="${id}"]')`
  const tilesShown = `[...document.querySelectorAll('.map img')].every(i => i.complete && i.naturalWidth === 256)`

  it('finds an address, shows it on the map and tells its risks', async () => {
    await chromium.look(1280, 'light')
    await chromium.open(example.url('strict', '/'))
    await chromium.sees(`document.querySelector('.map')?.map !== undefined && ${tilesShown}`)
    await chromium.value(`document.querySelector('#q').focus()`)
    await chromium.type('7 harbour street, quiet bay')
    await chromium.press('Enter')
    await chromium.sees(`/^\\d+ m · flood/.test(document.querySelector('.results small')?.innerText)`)
    assert.match(await chromium.text(), /7 Harbour Street, Quiet Bay/)
    await chromium.sees(`${town('quietbay')} !== null && ${tilesShown}`)
    const away = `(() => {
      const [a, b] = [${town('quietbay')}, document.querySelector('.map')].map(e => e.getBoundingClientRect())
      return Math.abs(a.left - b.left - b.width / 2)
    })()`
    assert.ok((await chromium.value<number>(away)) < 60, 'the town is in the middle of the map')
    await fits('home')
  })

  it('shows the map of another origin and keeps a favourite there', async () => {
    await chromium.look(1280, 'light')
    await chromium.open(example.url('map', '/map'))
    await chromium.sees(`${town('quietbay')} === null && ${town('northport')} !== null && ${tilesShown}`)
    await chromium.value(`${town('northport')}.click()`)
    await chromium.sees(`document.querySelector('.status').innerText === 'Favourites kept: 1'`)
    assert.equal(await chromium.value('document.cookie'), '', 'the cookie is one of the other origin')
    await fits('map')
    await chromium.open(example.url('map', '/map?again'))
    await chromium.sees(`${town('northport')}?.getAttribute('aria-pressed') === 'true'`)
    await chromium.value(`document.querySelector('[aria-label="Zoom in"]').click()`)
    await chromium.sees(`${town('quietbay')} !== null && ${tilesShown}`)
  })

  it('keeps the data from a page of a stranger, but not the images', async () => {
    await chromium.open(example.url('elsewhere', '/map'))
    await chromium.sees(
      `document.querySelector('.status').innerText.startsWith('This site may not use the data')`,
    )
    await chromium.sees(`document.querySelectorAll('.map img').length > 3 && ${tilesShown}`)
    assert.equal(await chromium.value(`document.querySelectorAll('[data-town]').length`), 0)
    await fits('stranger')
  })

  it('shows the page in a frame in development only', async () => {
    await chromium.open(example.url('portal', '/embedding'))
    await chromium.sees(
      `document.readyState === 'complete' && document.querySelectorAll('iframe').length === 2`,
    )
    const shown = (await chromium.frames()).filter(url => url.includes('/widget'))
    assert.deepEqual(shown, [example.url('dev', '/widget')])
    await fits('portal')
  })

  it('logs a member in, tells the application who it is, and logs out', async () => {
    await chromium.open(example.url('members', '/members'))
    await chromium.sees(`document.activeElement?.id === 'name'`)
    await fits('provider')
    await chromium.type('ada')
    await chromium.press('Tab')
    await chromium.type('wrong')
    await chromium.press('Enter')
    await chromium.sees(
      `document.querySelector('[role=alert]') !== null && document.activeElement?.id === 'name'`,
    )
    await chromium.type('ada')
    await chromium.press('Tab')
    await chromium.type('correct horse')
    await chromium.press('Enter')
    await chromium.sees(`document.querySelector('h1')?.innerText === 'Hello, Ada Brook'`)
    assert.equal(await chromium.value('location.href'), example.url('members', '/members'))
    assert.match(await chromium.text(), /ada@sarke\.example/)
    assert.equal(await chromium.value('document.cookie'), '', 'no script sees the session')
    await fits('member')

    await chromium.value(`document.querySelector('a.button').click()`)
    await chromium.sees(`document.querySelector('h1')?.innerText === 'Log out here, too?'`)
    await fits('logout')
    await chromium.press('Enter')
    await chromium.sees(`document.querySelector('h1')?.innerText === 'You are logged out'`)
    assert.equal(await chromium.value('location.href'), example.url('members', '/goodbye'))
    await chromium.open(example.url('members', '/members'))
    await chromium.sees(`document.activeElement?.id === 'name'`)
  })
})
