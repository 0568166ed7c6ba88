import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RequestInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './react2s-shell-detector.ts'

/** Score of a request that raised an alert; 0 for none. */
async function score(request: RequestInput, config: object = {}) {
  const scores: unknown[] = []
  const run = await runPlugin(plugin, {
    config,
    request: { method: 'POST', ...request },
    services: { alert: (name, fields) => void scores.push(name, fields()['suspicious_score']) },
  })
  return { run, score: scores[1] ?? 0, name: scores[0] }
}

const attack: RequestInput = {
  headers: { 'Next-Action': 'x', Authorization: 'Basic secret' },
  body: '{"then":"$1:__proto__:then","status":"resolved_model","_prefix":"whoami"}',
}

describe('attacks on React Server Components', () => {
  it('are told by what makes them suspicious', async () => {
    const cases: [RequestInput, number][] = [
      [attack, 6],
      [{ body: '{"a":"$@0"}', headers: { 'rsc-action-id': 'x' } }, 3],
      [{ body: 'cat /etc/passwd' }, 3],
      [{ body: '"constructor : constructor" and uname -a' }, 5],
      [{ body: 'x="\\u0024\\u0040"', headers: { 'next-action': 'x' } }, 3],
      [{ body: 'a=%2Fetc%2Fpasswd' }, 3],
      [{ body: '$@' }, 0],
      [{ body: 'hello', headers: { 'Next-Action': 'x' } }, 0],
      [{ body: 'the id_card of idris' }, 0],
      [{ ...attack, method: 'PUT' }, 0],
      [{ headers: attack.headers! }, 0],
    ]
    for (const [request, expected] of cases) {
      const told = await score(request)
      assert.equal(told.score, expected, String(request.body))
      assert.equal(told.run.status, 200)
      assert.equal(told.run.backend!.body.toString(), String(request.body ?? ''))
    }
  })

  it('raise an alert without credentials', async () => {
    const raised: unknown[] = []
    await runPlugin(plugin, {
      request: { method: 'POST', ...attack },
      services: { alert: (name, fields) => void raised.push(name, fields()) },
    })
    assert.equal(raised[0], 'ReactToShellDetectedAlert')
    assert.match(JSON.stringify(raised), /resolved_model/)
    assert.doesNotMatch(JSON.stringify(raised), /secret/)
  })

  it('are refused when told so', async () => {
    const { run } = await score(attack, { block: true })
    assert.equal(run.status, 401)
    assert.equal(run.backend, null)
    assert.equal(run.headers.get('otoroshi-error-reason'), 'attack.react2shell')
    assert.deepEqual(JSON.parse(run.text), { error: "You're not allowed here !" })
  })

  it('in bodies beyond the limit are refused with them, or not looked at', async () => {
    const request = { body: `${'x'.repeat(100)} whoami` }
    assert.equal((await score(request, { block: true, max_body_size: 50 })).run.status, 413)
    const passed = await score({ ...request, chunked: true }, { max_body_size: 50 })
    assert.deepEqual([passed.run.status, passed.score], [200, 0])
  })
})
