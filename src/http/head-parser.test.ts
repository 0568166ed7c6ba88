import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  BadMessage,
  parseRequestHead,
  parseResponseHead,
  parseTrailers,
  type RequestHead,
} from './head-parser.ts'
import { DEFAULT_LIMITS, type HttpLimits } from './limits.ts'

function request(text: string, limits: HttpLimits = DEFAULT_LIMITS): RequestHead {
  const bytes = Buffer.from(text, 'latin1')
  const head = parseRequestHead(bytes, 0, bytes.length, limits)
  assert.ok(head, 'the head is complete')
  return head
}

function refused(text: string, limits: HttpLimits = DEFAULT_LIMITS): number {
  const bytes = Buffer.from(text, 'latin1')
  try {
    parseRequestHead(bytes, 0, bytes.length, limits)
  } catch (error) {
    assert.ok(error instanceof BadMessage)
    return error.status
  }
  return 0
}

const get = (lines: string, version = '1.1'): string => `GET / HTTP/${version}\r\nHost: h\r\n${lines}\r\n`

describe('a request head', () => {
  it('is read whole, and only when whole', () => {
    const text = 'POST /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nContent-Length: 12\r\n\r\nrest'
    const head = request(text)
    assert.equal(head.method, 'POST')
    assert.equal(head.target, '/a?b=c')
    assert.equal(head.authority, 'example.com:8080')
    assert.equal(head.bodyLength, 12)
    assert.equal(head.keepAlive, true)
    assert.equal(head.end, text.length - 4)
    const bytes = Buffer.from(text, 'latin1')
    for (let end = 0; end < head.end; end++)
      assert.equal(parseRequestHead(bytes, 0, end, DEFAULT_LIMITS), null, `${end} bytes`)
  })

  it('starts anywhere in a buffer', () => {
    const bytes = Buffer.from(`xxxx${get('A: b\r\n')}yy`, 'latin1')
    const head = parseRequestHead(bytes, 4, bytes.length, DEFAULT_LIMITS)!
    assert.equal(head.headers.get('a'), 'b')
    assert.equal(head.end, bytes.length - 2)
  })

  it('takes the forms of a target', () => {
    assert.equal(request('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n').target, '*')
    const absolute = request('GET http://Other:81/x?y HTTP/1.1\r\nHost: h\r\n\r\n')
    assert.equal(absolute.target, '/x?y')
    assert.equal(absolute.authority, 'Other:81')
    assert.equal(absolute.headers.get('host'), 'Other:81')
    assert.equal(absolute.scheme, 'http')
    assert.equal(request('GET http://o?q HTTP/1.1\r\nHost: h\r\n\r\n').target, '/?q')
    assert.equal(request('OPTIONS http://o HTTP/1.1\r\nHost: h\r\n\r\n').target, '*')
    assert.equal(request('GET / HTTP/1.0\r\n\r\n').authority, '')
    assert.equal(request('GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n').authority, '[::1]:80')
  })

  it('refuses other targets and authorities', () => {
    for (const target of [
      'a',
      '*',
      'h:80',
      'http:///x',
      'http://u@h/',
      'ftp://h/',
      'http://h:1:2/',
      '/a b',
      '/a#b',
      '/\xe9',
      '/\\',
    ])
      assert.equal(refused(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`), 400, target)
    for (const host of [
      '',
      'a b',
      'a,b',
      'a@b',
      'a:b',
      'a:99999',
      'a/b',
      '::1',
      '[::1',
      '[x]',
      'a\xe9',
      'a:1:2',
      '%41',
      'a\\b',
    ])
      assert.equal(refused(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`), 400, host)
    assert.equal(refused('GET / HTTP/1.1\r\n\r\n'), 400)
    assert.equal(refused(get('Host: h\r\n')), 400)
    assert.equal(refused('CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n'), 405)
    assert.equal(refused('CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n'), 405)
    assert.equal(refused('GET http://x/ HTTP/1.1\r\nHost: a:b\r\n\r\n'), 400)
  })

  it('refuses broken lines', () => {
    for (const text of [
      'GET / HTTP/1.1\nHost: h\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\n\n',
      'GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\n X: y\r\n\r\n',
      'GET / HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n',
      'GET / HTTP/1.1\r\nHost : h\r\n\r\n',
      'GET / HTTP/1.1\r\n: h\r\n\r\n',
      'GET / HTTP/1.1\r\nHost\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\nA: \0\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\nA: \x7f\r\n\r\n',
      'GET  / HTTP/1.1\r\nHost: h\r\n\r\n',
      'GET /  HTTP/1.1\r\nHost: h\r\n\r\n',
      'GET / HTTP/1.1 \r\nHost: h\r\n\r\n',
      'GET /\r\n\r\n',
      'GET / http/1.1\r\nHost: h\r\n\r\n',
      'GET / HTTP/11\r\nHost: h\r\n\r\n',
      'G(T / HTTP/1.1\r\nHost: h\r\n\r\n',
      ' GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    ])
      assert.equal(refused(text), 400, JSON.stringify(text))
    assert.equal(refused('GET / HTTP/2.0\r\nHost: h\r\n\r\n'), 505)
    assert.equal(refused('GET / HTTP/0.9\r\nHost: h\r\n\r\n'), 505)
  })

  it('knows one framing or none', () => {
    assert.equal(request(get('Transfer-Encoding: Chunked\r\n')).chunked, true)
    assert.equal(request(get('Content-Length: 0\r\n')).bodyLength, 0)
    for (const lines of [
      'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
      'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n',
      'Content-Length: 1\r\nContent-Length: 1\r\n',
      'Content-Length: 1, 1\r\n',
      'Content-Length: +1\r\n',
      'Content-Length: -1\r\n',
      'Content-Length: 0x1\r\n',
      'Content-Length: 1 1\r\n',
      'Content-Length:\r\n',
      'Content-Length: 99999999999999999999\r\n',
      'Content-Length: 9007199254740993\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked, identity\r\n',
      'Transfer-Encoding: identity\r\n',
      'Transfer-Encoding: xchunked\r\n',
      'Transfer-Encoding: chunked;a=b\r\n',
      'Transfer-Encoding: \r\n',
      'Transfer-Encoding: ,chunked\r\n',
      'Transfer-Encoding: chunked,\r\n',
      'Transfer-Encoding: "chunked"\r\n',
    ])
      assert.equal(refused(get(lines)), 400, lines)
    assert.equal(refused(get('Transfer-Encoding: gzip, chunked\r\n')), 501)
    assert.equal(refused(get('Transfer-Encoding: chunked\r\n', '1.0')), 400)
  })

  it('reads what Connection says', () => {
    assert.equal(request(get('Connection: close\r\n')).keepAlive, false)
    assert.equal(request(get('Connection: Keep-Alive, CLOSE\r\n')).keepAlive, false)
    assert.equal(request(get('Connection: keep-alive\r\n', '1.0')).keepAlive, true)
    assert.equal(request(get('', '1.0')).keepAlive, false)
    const many = Array.from({ length: 100 }, (_, i) => `x${i}`).join(',')
    assert.equal(refused(get(`Connection: ${many}\r\n`)), 400)
  })

  it('offers an upgrade only when Connection lists it, and never one of HTTP itself', () => {
    const offered = (upgrade: string, connection = 'Upgrade'): string | null =>
      request(get(`Connection: ${connection}\r\nUpgrade: ${upgrade}\r\n`)).upgrade
    assert.equal(offered('WebSocket'), 'websocket')
    assert.equal(offered('websocket', 'close'), null)
    assert.equal(offered('h2c'), null)
    assert.equal(offered('h2c, websocket', 'Upgrade, HTTP2-Settings'), 'websocket')
    assert.equal(offered('HTTP/2.0'), null)
    assert.equal(offered('TLS/1.0'), null)
    assert.equal(offered('irc/6.9'), 'irc/6.9')
    assert.equal(offered('a b'), null)
    assert.equal(request(get('Connection: upgrade\r\nUpgrade: websocket\r\n', '1.0')).upgrade, null)
  })

  it('reads Expect and TE', () => {
    assert.equal(request(get('Expect: 100-Continue\r\nContent-Length: 1\r\n')).expectContinue, true)
    assert.equal(request(get('Expect: 100-continue\r\n')).expectContinue, false)
    assert.equal(refused(get('Expect: more\r\n')), 417)
    assert.equal(request(get('TE: gzip, trailers\r\n')).acceptsTrailers, true)
  })

  it('keeps its limits', () => {
    const small: HttpLimits = {
      ...DEFAULT_LIMITS,
      maxTarget: 10,
      maxHead: 200,
      maxHeaderCount: 3,
      maxHeaderName: 8,
      maxHeaderValue: 20,
      maxMethod: 7,
      maxBody: 9,
    }
    assert.equal(refused('GET /1234567890 HTTP/1.1\r\nHost: h\r\n\r\n', small), 414)
    assert.equal(refused('GET /1234567890', small), 414)
    assert.equal(refused('LONGMETH / HTTP/1.1\r\n', small), 501)
    assert.equal(refused(get('A: 1\r\nB: 2\r\nC: 3\r\n'), small), 431)
    assert.equal(refused(get('Toolongname: 2\r\n'), small), 431)
    assert.equal(refused(get(`A: ${'x'.repeat(21)}\r\n`), small), 431)
    assert.equal(refused(`GET / HTTP/1.1\r\nHost: h\r\nA: ${'x'.repeat(21)}`, small), 431)
    assert.equal(refused(get('Content-Length: 10\r\n'), { ...small, maxHeaderName: 20 }), 413)
    assert.equal(
      refused(`GET / HTTP/1.1\r\n${'A: aaaaaaaaaaaaaaaaaaa\r\n'.repeat(20)}`, {
        ...small,
        maxHeaderCount: 100,
      }),
      431,
    )
  })
})

describe('a response head', () => {
  const response = (text: string): ReturnType<typeof parseResponseHead> => {
    const bytes = Buffer.from(text, 'latin1')
    return parseResponseHead(bytes, 0, bytes.length, DEFAULT_LIMITS)
  }

  it('is read whole, and only when whole', () => {
    const text = 'HTTP/1.1 200 OK then\r\nContent-Length: 3\r\nKeep-Alive: timeout=7, max=9\r\n\r\n'
    const head = response(text)!
    assert.equal(head.status, 200)
    assert.equal(head.reason, 'OK then')
    assert.equal(head.bodyLength, 3)
    assert.equal(head.keepAliveSeconds, 7)
    for (let end = 0; end < text.length; end++) assert.equal(response(text.slice(0, end)), null, `${end}`)
    assert.equal(response('HTTP/1.1 204\r\n\r\n')!.reason, '')
    assert.equal(response('HTTP/1.0 200 \r\n\r\n')!.keepAlive, false)
  })

  it('refuses what is none', () => {
    for (const text of [
      'HTTP/1.1 20 OK\r\n\r\n',
      'HTTP/1.1 2000 OK\r\n\r\n',
      'HTTP/1.1 099 OK\r\n\r\n',
      'HTTP/1.1  200 OK\r\n\r\n',
      'HTTP/1.1 200 OK\n\r\n\r\n',
      'ICY 200 OK\r\n\r\n     ',
      'HTTP/2.0 200 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX : y\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n',
    ])
      assert.throws(() => response(text), BadMessage, JSON.stringify(text))
  })
})

describe('trailers', () => {
  const trailers = (text: string): ReturnType<typeof parseTrailers> => {
    const bytes = Buffer.from(text, 'latin1')
    return parseTrailers(bytes, 0, bytes.length, DEFAULT_LIMITS)
  }

  it('are read without the fields that may not come late', () => {
    const read = trailers(
      'Grpc-Status: 0\r\nHost: evil\r\nAuthorization: x\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\n\r\n',
    )!
    assert.equal(read.headers!.wire(), 'Grpc-Status: 0\r\n')
    assert.equal(trailers('\r\n')!.headers, null)
    assert.equal(trailers('A: b\r\n'), null)
    assert.throws(() => trailers('A : b\r\n\r\n'), BadMessage)
  })
})
