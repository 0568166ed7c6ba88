import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HoconError } from './expression.ts'
import { parseHocon } from './parse.ts'
import { type Outside, resolveHocon } from './resolve.ts'

const nothing: Outside = { over: () => undefined, under: () => undefined }

/** With ordinary objects, as tests write them. */
function read(text: string, env: Record<string, string> = {}): unknown {
  return JSON.parse(
    JSON.stringify(resolveHocon(parseHocon(text), { over: () => undefined, under: name => env[name] })),
  )
}

function fault(text: string): HoconError {
  try {
    resolveHocon(parseHocon(text), nothing)
  } catch (error) {
    assert.ok(error instanceof HoconError, `${error}`)
    return error
  }
  return assert.fail(`accepted: ${text}`)
}

test('a file as operators write them', () => {
  const text = `
    include "application.conf"
    # comment
    app { // another
      domain = otoroshi.example.com
      storage: "file"
      adminapi.defaultValues {
        backOfficeApiKeyClientSecret = "a # b"  # outside the quotes
        backOfficeGroupId=group
      }
    }
    http.port = 8081, https.port = 8444
    play.server.http.idleTimeout = 30 seconds
    play.server.websocket.frame.maxLength = 1024k
    otoroshi.plugins.blacklisted = [a, "b c"
      d.e
    ]
    otoroshi.loggers { "otoroshi-env" = DEBUG }
  `
  assert.deepEqual(read(text), {
    app: {
      domain: 'otoroshi.example.com',
      storage: 'file',
      adminapi: { defaultValues: { backOfficeApiKeyClientSecret: 'a # b', backOfficeGroupId: 'group' } },
    },
    http: { port: 8081 },
    https: { port: 8444 },
    play: { server: { http: { idleTimeout: '30 seconds' }, websocket: { frame: { maxLength: '1024k' } } } },
    otoroshi: { plugins: { blacklisted: ['a', 'b c', 'd.e'] }, loggers: { 'otoroshi-env': 'DEBUG' } },
  })
})

test('types of values', () => {
  assert.deepEqual(
    read('a = true, b = null, c = "true", d = 1.5, e = -3, f = 007, g = "", h = 1 2, i = {}'),
    {
      a: true,
      b: null,
      c: 'true',
      d: 1.5,
      e: -3,
      f: '007',
      g: '',
      h: '1 2',
      i: {},
    },
  )
  assert.deepEqual(read('a = 1e5, b = 9007199254740993, c = 1.0, d = Infinity, e = 12'), {
    a: '1e5',
    b: '9007199254740993',
    c: '1.0',
    d: 'Infinity',
    e: 12,
  })
  assert.deepEqual(read('a = """x\n"y" \\n"""'), { a: 'x\n"y" \\n' })
  assert.deepEqual(read('a = """x""""'), { a: 'x"' })
  assert.deepEqual(read('a = "\\u0041\\n\\"\\\\"'), { a: 'A\n"\\' })
  assert.deepEqual(read('\uFEFF{ "a.b" : 1, c.d : 2 }'), { 'a.b': 1, c: { d: 2 } })
  assert.deepEqual(read('{"a":[1,2,{"b":[]}]}'), { a: [1, 2, { b: [] }] })
  assert.deepEqual(read(''), {})
})

test('later assignments win, objects are merged', () => {
  assert.deepEqual(read('a = 1\na = 2'), { a: 2 })
  assert.deepEqual(read('a { x = 1, y = 1 }\na.y = 2\na { z = 3 }'), { a: { x: 1, y: 2, z: 3 } })
  assert.deepEqual(read('a { x = 1 }\na = 5'), { a: 5 })
  assert.deepEqual(read('a { x = 1 }\na = 5\na { y = 2 }'), { a: { y: 2 } })
})

test('substitutions', () => {
  assert.deepEqual(read('a = 1\na = ${?PORT}'), { a: 1 })
  assert.deepEqual(read('a = 1\na = ${?PORT}', { PORT: '9' }), { a: '9' })
  assert.deepEqual(read('a = ${b.c}"-"${b.c} end\nb.c = x'), { a: 'x-x end', b: { c: 'x' } })
  assert.deepEqual(read('a = ${?NONE}'), {})
  assert.deepEqual(read('a = x${?NONE}y'), { a: 'xy' })
  assert.deepEqual(read('a = ${b} { y = 2 }\nb { x = 1 }'), { a: { x: 1, y: 2 }, b: { x: 1 } })
  assert.deepEqual(read('a = [1] [2] ${b}\nb = [3]'), { a: [1, 2, 3], b: [3] })
  assert.deepEqual(read('a = ${app.x}\notoroshi.x = 2'), { a: 2, otoroshi: { x: 2 } })
  assert.equal(fault('\na = ${b}').message, 'line 2: ${b} has no value')
})

test('a field that refers to itself sees what was before', () => {
  assert.deepEqual(read('a = [1]\na = ${a} [2]\na += 3'), { a: [1, 2, 3] })
  assert.deepEqual(read('a += 1'), { a: [1] })
  assert.deepEqual(read('a = x\na = ${a}y'), { a: 'xy' })
  assert.deepEqual(read('o { l = [1] }\no { l += 2 }'), { o: { l: [1, 2] } })
  assert.match(fault('a = ${b}\nb = ${a}').message, /has no value/)
  assert.match(fault('a { b = ${a} }').message, /circle/)
})

test('only the standard files may be included', () => {
  for (const include of [
    '"application.conf"',
    '"base"',
    'classpath("application.conf")',
    'required(classpath("base.conf"))',
  ])
    assert.deepEqual(read(`include ${include}\na = 1`), { a: 1 })
  assert.match(fault('include "/etc/passwd"').message, /line 1: include "\/etc\/passwd": only/)
  assert.deepEqual(read('include = 1\nincluded = 2'), { include: 1, included: 2 })
})

test('faults name the line', () => {
  const cases: [string, number, RegExp][] = [
    ['a = 1\nb', 2, /'b' must be followed/],
    ['a {\n b = 1\n', 3, /line 1 has no }/],
    ['a = [1,\n2', 2, /line 1 has no ]/],
    ['a = "x\n"', 1, /no closing quote/],
    ['a = """x', 1, /no end/],
    ['\na = "\\q"', 2, /unknown escape/],
    ['a = http://x', 1, /unexpected ':'/],
    ['a =', 1, /no value/],
    ['a = ${b', 1, /no }/],
    ['a = ${vault://local/x}', 1, /vaults/],
    ['[1]', 1, /not a list/],
    ['a = 1 }', 1, /unexpected '}'/],
    ['a = 1\na += 2', 2, /needs a list/],
    ['a = [1] x', 1, /cannot be put together/],
    ['.a = 1', 1, /a key was expected/],
    ['a = b = c', 1, /unexpected '='/],
  ]
  for (const [text, line, message] of cases) {
    const error = fault(text)
    assert.equal(error.line, line, text)
    assert.match(error.message, message, text)
  }
})

test('hostile texts are refused, quickly', () => {
  const started = performance.now()
  assert.match(fault(`a = ${'['.repeat(100_000)}`).message, /too deeply/)
  assert.match(fault(`${'a { '.repeat(100_000)}`).message, /too deeply/)
  assert.match(fault(`${'a.'.repeat(100_000)}b = 1`).message, /too many parts/)
  const doubling = Array.from({ length: 60 }, (_, i) => `a${i} = \${a${i + 1}}\${a${i + 1}}`).join('\n')
  fault(`${doubling}\na60 = xxxxxxxx`)
  const objects = Array.from({ length: 60 }, (_, i) => `a${i} { x = \${a${i + 1}}, y = \${a${i + 1}} }`).join(
    '\n',
  )
  fault(`${objects}\na60 { z = 1 }`)
  const chain = Array.from({ length: 5000 }, (_, i) => `b${i} = \${b${i + 1}}`).join('\n')
  fault(`${chain}\nb5000 = 1`)
  assert.deepEqual(Object.keys(resolveHocon(parseHocon('__proto__ { polluted = 1 }'), nothing)), [
    '__proto__',
  ])
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.ok(performance.now() - started < 5000)
})

const word = fc.constantFrom(
  ...[
    'a',
    'b',
    'app',
    'otoroshi',
    '.',
    '=',
    ':',
    '+=',
    '{',
    '}',
    '[',
    ']',
    ',',
    '\n',
    ' ',
    '"',
    '"""',
    '${',
    '${?',
    '#',
  ],
  ...[
    '//',
    '\\',
    'include',
    '"application.conf"',
    '1',
    '2.5',
    'true',
    '\uFEFF',
    'é',
    '$',
    '?',
    '_',
    '10s',
    '\\u',
  ],
)

test('any text is read or refused with a line', () => {
  const attempt = (text: string): void => {
    try {
      resolveHocon(parseHocon(text), nothing)
    } catch (error) {
      if (!(error instanceof HoconError)) throw error
      assert.ok(error.line >= 1 && error.line <= text.split('\n').length)
    }
  }
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), words => attempt(words.join(''))),
    { numRuns: 5000 },
  )
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), attempt), { numRuns: 1000 })
})

test('JSON is read as JSON reads it', () => {
  const json = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc.dictionary(fc.stringMatching(/^[a-z ".]{1,6}$/), tie('value'), { maxKeys: 4 }),
  })).object
  fc.assert(
    fc.property(json, fc.boolean(), (value, pretty) => {
      const text = JSON.stringify(value, null, pretty ? 2 : 0)
      assert.deepEqual(read(text), JSON.parse(text))
    }),
    { numRuns: 500 },
  )
})
