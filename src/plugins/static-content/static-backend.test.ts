import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './static-backend.ts'

const folder = mkdtempSync(join(tmpdir(), 'static-'))
const root = join(folder, 'site')
mkdirSync(join(root, 'sub', 'deep'), { recursive: true })
writeFileSync(join(folder, 'secret.txt'), 'secret')
writeFileSync(join(root, 'index.html'), '<p>home</p>')
writeFileSync(join(root, 'a b.txt'), '0123456789')
writeFileSync(join(root, '.env'), 'KEY=1')
writeFileSync(join(root, 'sub', 'index.html'), 'sub')
writeFileSync(join(root, 'sub', 'deep', 'x.UNKNOWN'), 'x')
symlinkSync(join(folder, 'secret.txt'), join(root, 'leak.txt'))
symlinkSync(folder, join(root, 'up'))
symlinkSync('sub', join(root, 'inside'))
after(() => rmSync(folder, { recursive: true }))

/** Paths go in as they are: URLs would be put in order first. */
const get = (url: string, headers: Record<string, string> = {}, more: object = {}) =>
  runPlugin(plugin, { config: { root_path: root, ...more }, upstreamPath: url, request: { headers } })

describe('a folder', () => {
  it('is served with the types of its files, and index.html for folders', async () => {
    const home = await get('/')
    assert.deepEqual([home.status, home.text], [200, '<p>home</p>'])
    assert.equal(home.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.equal((await get('/sub')).text, 'sub')
    assert.equal((await get('/inside/')).text, 'sub')
    assert.equal((await get('//a%20b.txt?x=/../')).text, '0123456789')
    assert.equal((await get('/sub/deep/x.UNKNOWN')).headers.get('content-type'), 'application/octet-stream')
  })

  it('is not left: by dots, escapes, links or NUL', async () => {
    for (const path of [
      '/../secret.txt',
      '/sub/../../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/..%5csecret.txt',
      '/sub/..%2f..%2fsecret.txt',
      '/leak.txt',
      '/up/secret.txt',
      '/index.html%00.txt',
      '/%E0%A4%A',
      '/.env',
      '/sub/deep',
      '/nothing',
      '/index.html/x',
      `/${'x'.repeat(5000)}`,
    ]) {
      const { status, text, headers } = await get(path)
      assert.deepEqual([status, text], [404, 'resource not found'], path)
      assert.equal(headers.get('otoroshi-error-reason'), 'not_found')
    }
    assert.equal((await get('/.env', {}, { hidden_files: true })).text, 'KEY=1')
  })

  it('is only read', async () => {
    const { status, headers } = await runPlugin(plugin, {
      config: { root_path: root },
      request: { method: 'PUT' },
    })
    assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'])
  })
})

describe('conditions and ranges', () => {
  const file = '/a%20b.txt'

  it('spare what the client has', async () => {
    const { headers } = await get(file)
    const [tag, date] = [headers.get('etag')!, headers.get('last-modified')!]
    for (const condition of [
      { 'If-None-Match': tag },
      { 'If-None-Match': `"x", W/${tag}` },
      { 'If-None-Match': '*' },
      { 'If-Modified-Since': date },
    ] as Record<string, string>[]) {
      const known = await get(file, condition)
      assert.deepEqual([known.status, known.text, known.headers.get('etag')], [304, '', tag])
    }
    assert.equal((await get(file, { 'If-None-Match': '"x"', 'If-Modified-Since': date })).status, 200)
    assert.equal((await get(file, { 'If-Modified-Since': new Date(0).toUTCString() })).status, 200)
    assert.equal((await get(file, { 'If-Match': '"x"' })).status, 412)
    assert.equal((await get(file, { 'If-Match': tag })).status, 200)
  })

  it('give parts', async () => {
    for (const [range, part, at] of [
      ['bytes=0-3', '0123', '0-3'],
      ['bytes=7-', '789', '7-9'],
      ['bytes=-2', '89', '8-9'],
      ['bytes=8-99', '89', '8-9'],
    ] as const) {
      const got = await get(file, { Range: range })
      assert.deepEqual(
        [got.status, got.text, got.headers.get('content-range')],
        [206, part, `bytes ${at}/10`],
        range,
      )
      assert.equal(got.length, part.length)
    }
    for (const range of ['bytes=0-1,3-4', 'bytes=5-2', 'lines=1-2', 'bytes=-'])
      assert.equal((await get(file, { Range: range })).status, 200, range)
    const beyond = await get(file, { Range: 'bytes=10-' })
    assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */10'])
    assert.equal((await get(file, { Range: 'bytes=0-1', 'If-Range': '"other"' })).text.length, 10)
  })
})
