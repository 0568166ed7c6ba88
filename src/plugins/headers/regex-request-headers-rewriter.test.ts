import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type RequestInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './regex-request-headers-rewriter.ts'

async function rewritten(rules: unknown, fields: Fields, request: RequestInput = {}) {
  const run = await runPlugin(plugin, { config: { rules }, request: { ...request, headers: fields } })
  return [...run.backend!.headers].filter(([name]) => name !== 'Host')
}

describe('rules over header values of the request', () => {
  it('are none by default', async () => {
    assert.deepEqual(await rewritten(undefined, { 'X-A': '1' }), [['X-A', '1']])
  })

  it('replace every match, groups included, one rule after the other', async () => {
    const rules = [
      { name: 'x-a', pattern: '(\\d)(\\d)', replacement: '$2$1' },
      { name: 'X-A', pattern: '^', replacement: 'v' },
    ]
    assert.deepEqual(await rewritten(rules, { 'X-A': '12-34', 'X-B': '12' }), [
      ['X-B', '12'],
      ['X-A', 'v21-43'],
    ])
  })

  it('look at case unless told otherwise', async () => {
    const rule = { name: 'X-A', pattern: 'abc', replacement: 'x' }
    assert.deepEqual(await rewritten([rule], { 'X-A': 'ABC abc' }), [['X-A', 'ABC x']])
    assert.deepEqual(await rewritten([{ ...rule, flags: 'i' }], { 'X-A': 'ABC abc' }), [['X-A', 'x x']])
  })

  it('make no field, and take several of one name', async () => {
    const rules = [{ name: 'X-A', pattern: 'a', replacement: 'b' }]
    assert.deepEqual(await rewritten(rules, { 'X-B': 'a' }), [['X-B', 'a']])
    const fields = [
      ['X-A', 'a'],
      ['x-a', 'c'],
    ] as const
    assert.deepEqual(await rewritten(rules, fields), [
      ['X-A', 'b'],
      ['X-A', 'c'],
    ])
  })

  it('may hold expressions, whose values are plain text', async () => {
    const rules = [{ name: 'X-A', pattern: '(a)', replacement: '$1${req.pathparams.id}' }]
    const request = { pathParams: { id: '$1\\\r\nX: y' } }
    assert.deepEqual(await rewritten(rules, { 'X-A': 'a' }, request), [['X-A', 'a$1\\ X: y']])
    const byHost = [{ name: 'X-A', pattern: '${req.domain}', replacement: 'here' }]
    assert.deepEqual(await rewritten(byHost, { 'X-A': 'at gateway.test' }), [['X-A', 'at here']])
  })

  it('do not let a value grow without end', async () => {
    const rules = [{ name: 'X-A', pattern: 'a', replacement: 'b'.repeat(1000) }]
    const headers = { 'X-A': 'a'.repeat(1000) }
    const run = await runPlugin(plugin, { config: { rules }, request: { headers }, backend: { headers } })
    assert.equal(run.status, 500)
  })

  it('do not start with a name, pattern or group that is none', () => {
    for (const rule of [
      { name: 'X A', pattern: 'a' },
      { pattern: 'a' },
      { name: 'X-A', pattern: '(' },
      { name: 'X-A', pattern: '(?=a)' },
      { name: 'X-A', pattern: 'a', replacement: '$2' },
      { name: 'X-A', pattern: '${req.path}' },
      { name: 'X-A', pattern: 1 },
    ])
      assert.throws(() => setUp(plugin, { rules: [rule] }), /rules.0|Invalid/, JSON.stringify(rule))
  })
})
