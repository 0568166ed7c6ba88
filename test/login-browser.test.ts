/** Logins in a real browser, by keyboard, from the first visit to the logout; and what its pages are like to look at. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { type Backend, startBackend } from './support/backend.ts'
import { Chromium, chromiumMissing } from './support/chromium.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'

/** A directory to leave pictures of the pages in, for people. */
const PICTURES = process.env['OTOROSHI_TEST_PICTURES']

describe('a browser', { skip: chromiumMissing }, () => {
  let gateway: TestGateway
  let backend: Backend
  let chromium: Chromium
  const at = (host: string, path = '/') => `http://${host}:${gateway.port}${path}`

  before(async () => {
    backend = await startBackend((request, response) => {
      response.setHeader('Content-Type', 'text/html')
      if (request.url === '/moved')
        response.writeHead(302, { Location: `http://127.0.0.1:${backend.port}/there` })
      response.end(`<!doctype html><title>backend</title><p>served ${request.url}`)
    })
    gateway = await startGateway({
      env: { OTOROSHI_INITIAL_ADMIN_LOGIN: 'root', OTOROSHI_INITIAL_ADMIN_PASSWORD: 'first password' },
    })
    const user = { name: 'Ada', email: 'ada@example.com', password: await hash('correct horse', 4) }
    for (const [id, name] of [
      ['staff', 'Staff of the company'],
      ['partners', 'Partners & guests'],
    ]) {
      const module = {
        id,
        type: 'basic',
        name,
        desc: id === 'staff' ? 'With your company address' : 'For everybody else',
        users: [user],
        sessionCookieValues: { httpOnly: true, secure: false },
      }
      const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', module)
      assert.equal(made.status, 201, made.text)
    }
    const provider = `http://127.0.0.1:${backend.port}`
    const elsewhere = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', {
      id: 'elsewhere',
      type: 'oauth2',
      name: 'Elsewhere',
      loginUrl: `${provider}/authorize`,
      tokenUrl: `${provider}/token`,
      callbackUrl: at('privateapps.oto.tools', '/privateapps/generic/callback'),
      sessionCookieValues: { httpOnly: true, secure: false },
    })
    assert.equal(elsewhere.status, 201, elsewhere.text)
    const guard = (name: string, config: object) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })
    const route = (id: string, plugin: object) =>
      gateway.route({
        id,
        name: id === 'app' ? 'Time sheets' : 'Orders <b>& returns</b>',
        frontend: { domains: [`${id}.oto.tools`] },
        backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend.port, tls: false }] },
        plugins: [plugin],
      })
    await route('app', guard('AuthModule', { auth_module: 'staff' }))
    await route('multi', guard('MultiAuthModule', { auth_modules: ['staff', 'partners'] }))
    await route(
      'asked',
      guard('MultiAuthModule', {
        auth_modules: ['staff', 'elsewhere'],
        users_groups: { elsewhere: ['*@elsewhere.test'] },
        use_email_prompt: true,
      }),
    )
    chromium = await Chromium.start()
  })
  after(async () => {
    await chromium?.close()
    await gateway?.stop()
    await backend?.close()
  })

  async function picture(name: string): Promise<void> {
    if (PICTURES === undefined) return
    for (const width of [1280, 390])
      for (const scheme of ['light', 'dark'] as const) {
        await chromium.look(width, scheme)
        await chromium.screenshot(`${PICTURES}/${name}-${width}-${scheme}.png`)
      }
  }

  /** Nothing sticks out, everything can be read and reached. */
  async function isWellMade(): Promise<void> {
    for (const width of [1280, 390, 320])
      for (const scheme of ['light', 'dark'] as const) {
        await chromium.look(width, scheme)
        assert.equal(
          await chromium.value('document.documentElement.scrollWidth <= innerWidth'),
          true,
          `${width}`,
        )
        assert.ok((await chromium.value<number>(LEAST_CONTRAST)) >= 4.5, `contrast, ${scheme}`)
      }
    const unnamed = `[...document.querySelectorAll('input:not([type=hidden])')].filter(i => !i.labels?.length).length`
    assert.equal(await chromium.value(unnamed), 0)
    assert.equal(await chromium.value(`document.querySelectorAll('h1').length`), 1)
    assert.equal(await chromium.value(`document.documentElement.lang`), 'en')
  }

  /** Ada logs in by the form that is there, by keyboard, and comes to the backend. */
  async function fillsIn(): Promise<void> {
    await chromium.sees(`document.activeElement?.id === 'username'`)
    await chromium.type('ada@example.com')
    await chromium.press('Tab')
    await chromium.type('correct horse')
    await chromium.press('Enter')
    await chromium.sees(`document.title === 'backend'`)
  }

  it('goes from the route over the form to the backend, by keyboard, and out again', async () => {
    await chromium.newPage()
    await chromium.open(at('app.oto.tools', '/sheets?week=3'))
    await chromium.sees(`document.activeElement?.id === 'username'`)
    await picture('form')
    await isWellMade()
    await chromium.type('ada@example.com')
    await chromium.press('Tab')
    await chromium.type('wrong')
    await chromium.press('Enter')
    await chromium.sees(`document.querySelector('[role=alert]') !== null`)
    await picture('wrong')
    await isWellMade()
    assert.equal(await chromium.value(`document.activeElement.id`), 'password')
    await chromium.type('correct horse')
    await chromium.press('Enter')
    await chromium.sees(`document.title === 'backend'`)
    assert.equal(await chromium.text(), 'served /sheets?week=3')
    assert.equal(await chromium.value('location.href'), at('app.oto.tools', '/sheets?week=3'))
    assert.equal(await chromium.value('document.cookie'), '', 'no script sees the session')

    await chromium.open(at('app.oto.tools', '/.well-known/otoroshi/logout?redirect=/bye'))
    await chromium.sees(`document.activeElement?.id === 'username'`)
    assert.match(await chromium.text(), /Time sheets/)
  })

  it('is led on to the other host that the page it wanted sends to', async () => {
    await chromium.newPage()
    await chromium.open(at('app.oto.tools', '/.well-known/otoroshi/logout?redirect=/moved'))
    await chromium.open(at('app.oto.tools', '/moved'))
    await fillsIn()
    assert.equal(await chromium.text(), 'served /there')
  })

  it('chooses a module, and text of others stays text', async () => {
    await chromium.newPage()
    await chromium.open(at('multi.oto.tools', '/orders'))
    await chromium.sees(`document.querySelectorAll('main a').length === 2`)
    assert.match(await chromium.text(), /Orders <b>& returns<\/b>/)
    await picture('choice')
    await isWellMade()
    await chromium.value(`document.querySelectorAll('main a')[1].click()`)
    await fillsIn()
    assert.equal(await chromium.text(), 'served /orders')
  })

  it('is asked for an email, and told what is wrong', async () => {
    await chromium.newPage()
    await chromium.open(at('asked.oto.tools'))
    await chromium.sees(`document.activeElement?.id === 'email'`)
    await picture('email')
    await isWellMade()
    await chromium.type('bea@elsewhere.test')
    await chromium.press('Enter')
    await chromium.sees(`document.title === 'backend'`)
    assert.match(
      await chromium.text(),
      /^served \/authorize\?/,
      'the form leads to the provider of the module',
    )
    await chromium.open(at('privateapps.oto.tools', '/nowhere'))
    await chromium.sees(`document.querySelector('h1')?.innerText === 'Page not found'`)
    await picture('message')
    await isWellMade()
  })

  it('logs an administrator in and out', async () => {
    await chromium.newPage()
    await chromium.open(at('otoroshi.oto.tools'))
    await chromium.sees(`document.activeElement?.id === 'username'`)
    await chromium.type('root')
    await chromium.press('Tab')
    await chromium.type('first password')
    await chromium.press('Enter')
    await chromium.sees(`document.querySelector('h1')?.innerText === 'Welcome, Otoroshi Admin'`)
    await picture('administrator')
    await isWellMade()
    await chromium.value(`document.querySelector('button').click()`)
    await chromium.sees(`location.pathname === '/bo/simple/login'`)
  })
})

/** Least contrast of a text with what is behind it (WCAG 2.2, 1.4.3), as an expression for the page. */
const LEAST_CONTRAST = `(() => {
  const read = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a } }
  const light = ({ r, g, b }) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = read(getComputedStyle(at).backgroundColor)
      if (color.a === 1) return color
    }
    return { r: 255, g: 255, b: 255 }
  }
  const mix = (over, under, share) => Object.fromEntries(['r', 'g', 'b'].map(k => [k, over[k] * share + under[k] * (1 - share)]))
  const seen = [...document.querySelectorAll('main *')].filter(e =>
    [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length)
  return Math.min(...seen.map(element => {
    const back = behind(element)
    let share = 1
    for (let at = element; at; at = at.parentElement) share *= Number(getComputedStyle(at).opacity)
    const [a, b] = [light(mix(read(getComputedStyle(element).color), back, share)), light(back)].sort((x, y) => y - x)
    return (a + 0.05) / (b + 0.05)
  }))
})()`
