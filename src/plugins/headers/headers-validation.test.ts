import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type RequestInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './headers-validation.ts'

async function passes(headers: unknown, fields: Fields = {}, request: RequestInput = {}) {
  const run = await runPlugin(plugin, {
    config: { headers },
    request: { ...request, headers: fields },
    route: { metadata: { team: 'blue', pattern: 'v\\d+' } },
  })
  assert.equal(run.status, run.backend === null ? 400 : 200)
  return run.backend !== null
}

describe('expected header fields', () => {
  it('are none by default', async () => {
    assert.ok(await passes(undefined))
  })

  it('must be there, names in any case, with the very value', async () => {
    const headers = { 'x-a': '1', 'X-B': 'b' }
    assert.ok(await passes(headers, { 'X-A': '1', 'x-b': 'b' }))
    for (const fields of [{ 'X-A': '1' }, { 'X-A': '1', 'X-B': 'B' }, { 'X-A': '1', 'X-B': '' }])
      assert.ok(!(await passes(headers, fields)), JSON.stringify(fields))
  })

  it('may be told by tests', async () => {
    const tests: [string, string, string][] = [
      ['Regex(a|b+)', 'bb', 'abb'],
      ['RegexNot(a|b+)', 'abb', 'bb'],
      ['Wildcard(a*z)', 'a-z', 'b-z'],
      ['WildcardNot(a*z)', 'b', 'az'],
      ['Contains(bc)', 'abcd', 'acbd'],
      ['ContainsNot(bc)', 'acbd', 'abcd'],
      ['Not(x)', 'y', 'x'],
      ['ContainedIn(a, b)', 'b', 'c'],
      ['NotContainedIn(a, b)', 'c', 'a'],
    ]
    for (const [expected, good, bad] of tests) {
      assert.ok(await passes({ 'X-A': expected }, { 'X-A': good }), `${expected} ${good}`)
      assert.ok(!(await passes({ 'X-A': expected }, { 'X-A': bad })), `${expected} ${bad}`)
      assert.ok(!(await passes({ 'X-A': expected })), `${expected} without a field`)
    }
  })

  it('may hold expressions', async () => {
    assert.ok(await passes({ 'X-A': '${req.path}' }, { 'X-A': '/p' }, { url: '/p' }))
    assert.ok(await passes({ 'X-A': '${route.metadata.team}' }, { 'X-A': 'blue' }))
    assert.ok(await passes({ 'X-A': 'Regex(${route.metadata.pattern})' }, { 'X-A': 'v12' }))
    assert.ok(!(await passes({ 'X-A': 'Regex(${route.metadata.pattern})' }, { 'X-A': 'x' })))
    assert.ok(!(await passes({ 'X-A': 'Not(${req.path})' }, { 'X-A': '/p' }, { url: '/p' })))
  })

  it('that have no value are not met by the word for that, which everybody knows', async () => {
    for (const [expected, word] of [
      ['${route.metadata.none}', 'no-meta-none'],
      ['${req.headers.x-b}', 'no-header-x-b'],
      ['Key ${route.metadata.none}', 'Key no-meta-none'],
      ['${nothing}', 'bad-expr'],
    ] as const)
      assert.ok(!(await passes({ 'X-A': expected }, { 'X-A': word })), expected)
    assert.ok(await passes({ 'X-A': '${req.headers.x-b}' }, { 'X-A': 'no-cache', 'X-B': 'no-cache' }))
    assert.ok(await passes({ 'X-A': '${route.metadata.none:usual}' }, { 'X-A': 'usual' }))
  })

  it('cannot be turned into a test by what a client sends', async () => {
    for (const test of ['Not(x)', 'Wildcard(*)', 'Regex(.*)'])
      assert.ok(!(await passes({ 'X-A': '${req.headers.x-b}' }, { 'X-A': 'anything', 'X-B': test })), test)
    assert.throws(
      () => setUp(plugin, { headers: { 'X-A': 'Regex(${req.headers.x-b})' } }),
      /decided by clients/,
    )
  })

  it('are not got round by a second field of the name', async () => {
    for (const values of [
      ['1', '2'],
      ['2', '1'],
    ])
      assert.ok(
        !(await passes(
          { 'X-A': '1' },
          values.map(value => ['X-A', value] as const),
        )),
      )
  })

  it('that fail are told by their name only', async () => {
    const run = await runPlugin(plugin, { config: { headers: { 'X-A': 'secret' } } })
    assert.equal(run.refusal?.reason, 'header.refused')
    assert.deepEqual(JSON.parse(run.text), { 'Otoroshi-Error': 'bad request' })
    assert.doesNotMatch(`${run.text}${run.refusal?.detail}`, /secret/)
  })

  it('do not start with a pattern or a name that is none', () => {
    for (const headers of [{ 'X-A': 'Regex(()' }, { 'X A': '1' }, { '': '1' }, { 'X-A': 1 }])
      assert.throws(() => setUp(plugin, { headers }), JSON.stringify(headers))
  })

  it('take linear time, whatever is sent', async () => {
    assert.ok(!(await passes({ 'X-A': 'Regex((a+)+b)' }, { 'X-A': 'a'.repeat(50_000) })))
  })
})
