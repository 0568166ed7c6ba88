import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { schemaCheck } from './json-schema.ts'
import { unambiguous } from './unambiguous.ts'

const suite = new URL('../../../shared/corpora/json-schema/', import.meta.url).pathname

interface Group {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[]
}

/** Groups whose schema leads elsewhere: nothing is fetched here. */
const leadsElsewhere = (schema: unknown): boolean => JSON.stringify(schema).includes('localhost:1234')

describe('the official suite of JSON Schema', () => {
  const skip = existsSync(suite) ? false : 'the suite is not here'
  for (const [folder, dialect] of [
    ['draft7', 'http://json-schema.org/draft-07/schema#'],
    ['draft2019-09', 'https://json-schema.org/draft/2019-09/schema'],
    ['draft2020-12', 'https://json-schema.org/draft/2020-12/schema'],
  ] as const)
    it(`of ${folder} is passed, but for what is known`, { skip }, () => {
      const none = { right: 0, wrong: 0, refused: 0, elsewhere: 0 }
      const required = { ...none }
      const optional = { ...none }
      const wrong: string[] = []
      for (const file of globSync('**/*.json', { cwd: suite + folder }).sort()) {
        // Formats and patterns are optional; other optional things are not asked for.
        const counts = file.startsWith('optional/') ? optional : required
        // Formats count here, which a schema of these drafts leaves open.
        if (file === 'format.json') continue
        if (counts === optional && !/^optional\/(?:format\/|ecmascript)/.test(file)) continue
        for (const group of JSON.parse(readFileSync(`${suite}${folder}/${file}`, 'utf8')) as Group[]) {
          if (leadsElsewhere(group.schema)) {
            counts.elsewhere += group.tests.length
            continue
          }
          let check: ReturnType<typeof schemaCheck>
          try {
            check = schemaCheck(JSON.stringify(group.schema), dialect)
          } catch (error) {
            counts.refused += group.tests.length
            wrong.push(`${file}: ${group.description}: refused: ${(error as Error).message.slice(0, 100)}`)
            continue
          }
          for (const test of group.tests) {
            if (isValid(check, test.data) === test.valid) counts.right++
            else {
              counts.wrong++
              wrong.push(`${file}: ${group.description}: ${test.description}`)
            }
          }
        }
      }
      console.log(
        `${folder}: required ${JSON.stringify(required)}, formats and patterns ${JSON.stringify(optional)}`,
      )
      if (process.env['VERBOSE'] !== undefined) for (const line of wrong) console.log(`  ${line}`)
      assert.ok(required.right > 700)
      assert.ok(required.wrong <= 6, wrong.join('\n'))
      assert.ok(required.refused < required.right * 0.1, wrong.join('\n'))
      assert.ok(optional.wrong + optional.refused < optional.right * 0.25, wrong.join('\n'))
    })
})

/** As the plugins see it: what cannot be judged does not fit. */
function isValid(check: ReturnType<typeof schemaCheck>, data: unknown): boolean {
  try {
    return check(JSON.stringify(data)).length === 0
  } catch (error) {
    assert.ok(error instanceof RangeError)
    return false
  }
}

describe('a schema', () => {
  const check = (schema: unknown, dialect = '') => schemaCheck(JSON.stringify(schema), dialect)

  it('that cannot be used is refused when it is compiled', () => {
    assert.throws(() => schemaCheck('{', ''), /schema is not JSON/)
    assert.throws(() => check({ type: 'nothing' }), /schema cannot be used/)
    assert.throws(
      () => check({ $ref: 'https://example.com/other.json' }),
      /schema cannot be used: can't resolve reference/,
    )
    assert.throws(() => check({ $ref: 'file:///etc/passwd' }), /schema cannot be used/)
    assert.throws(() => check({ $async: true, type: 'string' }), /asynchronous/)
    assert.throws(() => check({ $dynamicRef: '#x' }), /dynamicRef/)
    assert.throws(() => check({ contains: {}, items: { unevaluatedItems: false } }), /contains/)
    assert.throws(() => check({ unevaluatedProperties: false, if: {} }), /then and else/)
    assert.throws(() => check({ pattern: '(?=a)' }), /pattern/)
    assert.throws(() => check({}, 'http://json-schema.org/draft-04/schema#'), /draft-04/)
    assert.throws(() => check({ $schema: 'http://json-schema.org/draft-04/schema#' }), /draft-04/)
  })

  it('is in the dialect that it names, else in that of the settings', () => {
    const tuple = { items: [{ type: 'string' }] }
    assert.equal(check(tuple, 'draft-07')('[1]').length, 1)
    assert.equal(check(tuple, 'draft-06')('[1]').length, 1)
    assert.throws(() => check(tuple, '2020-12'), /schema cannot be used/)
    assert.equal(
      check({ $schema: 'http://json-schema.org/draft-07/schema#', ...tuple }, '2020-12')('[1]').length,
      1,
    )
  })

  it('asserts formats, and looks at own members only', () => {
    assert.deepEqual(check({ format: 'ipv4' })('"1.2.3"'), ['$: must match format "ipv4"'])
    assert.equal(check({ required: ['constructor', 'toString'] })('{}').length, 2)
    assert.deepEqual(check({ required: ['toString'] })('{"toString":1}'), [])
  })

  it('takes linear time for its patterns', () => {
    const before = performance.now()
    assert.equal(check({ pattern: '^(a+)+$' })(JSON.stringify(`${'a'.repeat(20_000)}!`)).length, 1)
    assert.ok(performance.now() - before < 20_000)
  })

  it('tells many faults of a short text, one of a long one, and never all', () => {
    const numbers = { items: { type: 'string' } }
    assert.equal(check(numbers)('[1,2,3]').length, 3)
    assert.equal(check(numbers)(JSON.stringify(Array(100).fill(1))).length, 20)
    assert.equal(check(numbers)(JSON.stringify(Array(100_000).fill(1))).length, 1)
    assert.deepEqual(check(numbers)('[1]'), ['$/0: must be string'])
  })
})

it('JSON is unambiguous when no object names a member twice', () => {
  for (const text of [
    '{}',
    '[]',
    '"{\\"a\\":1,\\"a\\":2}"',
    '{"a":{"a":1},"b":["a","a"]}',
    '[{"a":1},{"a":1}]',
    '{"a":"a:","b":"\\\\"}',
  ])
    assert.equal(unambiguous(text), true, text)
  for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061" :2}', '[{"x":{"a":1,"b":[{}],"a":2}}]'])
    assert.equal(unambiguous(text), false, text)
})
