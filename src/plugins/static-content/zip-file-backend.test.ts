import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { after, describe, it } from 'node:test'
import { CallFailed, type OutgoingCall } from '../../plugin/index.ts'
import { HeaderBlock } from '../../http/headers.ts'
import { pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import { zipOf } from './testing/zip.ts'
import plugin from './zip-file-backend.ts'

const dir = mkdtempSync(join(tmpdir(), 'zip-'))
after(() => rmSync(dir, { recursive: true }))

const archive = zipOf([
  { name: 'index.html', content: Buffer.from('<p>home</p>') },
  { name: 'docs/index.html', content: Buffer.from('docs') },
  { name: 'docs/a b.css', content: Buffer.from('p {}') },
  { name: 'docs/readme', content: Buffer.from('read') },
  { name: 'bomb.bin', content: Buffer.alloc(5_000_000), claimed: 10 },
  { name: 'big.bin', content: Buffer.alloc(3_000_000) },
])
const path = join(dir, 'site.zip')
writeFileSync(path, archive)
const url = pathToFileURL(path).href
const get = (target: string, more: object = {}, headers: Record<string, string> = {}) =>
  runPlugin(plugin, { config: { url, dir, ...more }, upstreamPath: target, request: { headers } })

describe('an archive', () => {
  it('is served, below a prefix or not', async () => {
    const home = await get('/')
    assert.deepEqual([home.status, home.text, home.length], [200, '<p>home</p>', 11])
    assert.equal((await get('/docs/')).text, 'docs')
    const css = await get('/a%20b.css?x', { prefix: '/docs/' })
    assert.deepEqual([css.text, css.headers.get('content-type')], ['p {}', 'text/css; charset=utf-8'])
    assert.equal((await get('/docs/readme')).headers.get('content-type'), 'text/html')
    const again = await get('/', {}, { 'If-None-Match': home.headers.get('etag')! })
    assert.equal(again.status, 304)
  })

  it('has nothing outside', async () => {
    for (const target of ['/docs', '/none', '/../index.html', '/%2e%2e/index.html']) {
      const { status, text, headers } = await get(target)
      assert.deepEqual(
        [status, text, headers.get('content-type')],
        [404, '<h1>File not found !</h1>', 'text/html'],
      )
    }
  })

  it('cannot give more than it says, nor more than allowed', async () => {
    const bomb = await get('/bomb.bin')
    assert.notEqual(bomb.cut, null)
    assert.ok(bomb.body.length <= 10, String(bomb.body.length))
    assert.equal((await get('/big.bin', { max_size: 1_000_000 })).status, 404)
    assert.equal((await get('/', { max_size: 100 })).status, 502)
  })

  it('that is none is told of without its address', async () => {
    writeFileSync(join(dir, 'broken.zip'), 'not an archive')
    for (const wrong of [`${pathToFileURL(dir).href}/broken.zip?secret`, 'file:///nowhere.zip']) {
      const { status, text, headers } = await get('/', { url: wrong })
      assert.deepEqual([status, JSON.parse(text).error], [502, 'the archive cannot be had'])
      assert.equal(headers.get('otoroshi-error-reason'), 'archive.unavailable')
    }
  })

  it('cannot be chosen by clients', async () => {
    await assert.rejects(get('/', { url: 'https://x/${req.query.v}.zip' }), /url: a client would choose/)
    await assert.rejects(get('/', { url: 'ftp://x/y.zip' }), /url/)
  })
})

describe('a downloaded archive', () => {
  const folder = mkdtempSync(join(dir, 'kept-'))
  const asked: OutgoingCall[] = []
  let status = 200
  const calls = {
    async send(call: OutgoingCall) {
      asked.push(call)
      if (status === 0) throw new CallFailed('unreachable', 'gone')
      return { status, headers: new HeaderBlock(), body: archive }
    },
  }
  const config = {
    url: 'https://x.test/site.zip?token=secret',
    dir: folder,
    headers: { 'X-Key': '1' },
    ttl: 60_000,
  }
  const route = () => {
    const log: { level: string; message: string }[] = []
    const instance = setUp(plugin, config, pluginServices(routeView(), [], log, { calls }))
    return {
      log,
      get: () => runPlugin({ ...plugin, setup: () => ({ ...instance, dispose: () => {} }) }, { config }),
    }
  }

  it('is asked for once, with the fields of the settings, and kept', async () => {
    const { get: ask } = route()
    const answers = await Promise.all([ask(), ask(), ask()])
    assert.deepEqual(
      answers.map(({ text }) => text),
      ['<p>home</p>', '<p>home</p>', '<p>home</p>'],
    )
    assert.deepEqual([asked.length, asked[0]?.headers], [1, [['X-Key', '1']]])
    // Another start finds it in the folder.
    await route().get()
    assert.equal(asked.length, 1)
    assert.equal(readdirSync(folder).length, 1)
  })

  it('goes on when its server is gone, and is looked for when it is old', async () => {
    const [file] = readdirSync(folder)
    utimesSync(join(folder, file!), 0, 0)
    status = 0
    const { get: ask, log } = route()
    assert.equal((await ask()).status, 502)
    assert.equal(asked.length, 2)
    assert.match(log[0]!.message, /https:\/\/x\.test\/site\.zip: gone/)
    assert.doesNotMatch(log[0]!.message, /token/)
    // Not again for each request.
    assert.equal((await ask()).status, 502)
    assert.equal(asked.length, 2)
  })
})
