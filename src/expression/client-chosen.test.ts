import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expressionsOf, isClientChosen, serverChoice } from './client-chosen.ts'

describe('expressions a client chooses', () => {
  it('are those that read the request or a token', () => {
    for (const chosen of [
      'req.query.x',
      'req.headers.host',
      'req.cookies.c',
      'req.path',
      'req.uri',
      'req.fullUrl',
      'req.pathparams.id',
      'req.ip',
      'params.x',
      'ctx.x',
      'token.iss',
      'in_jwt.iss',
      'apikeyjwt.x',
      'user.name',
      'req.hostile',
      'unknown',
      '',
    ])
      assert.equal(isClientChosen(chosen), true, chosen)
  })

  it('are not those that read the route, settings or the name the route was found by', () => {
    for (const settled of [
      'route.metadata.origin',
      'route.name',
      'service.domain',
      'env.ORIGIN:x',
      'config.app.domain',
      'vault://env/x',
      'global_config.metadata.x',
      'req.host',
      'req.domain',
      'req.protocol',
    ])
      assert.equal(isClientChosen(settled), false, settled)
  })

  it('count in a chain as soon as one alternative is', () => {
    assert.equal(isClientChosen('route.metadata.x || env.Y :: https://a.test'), false)
    assert.equal(isClientChosen('route.metadata.x || req.query.y :: z'), true)
    assert.equal(isClientChosen('req.query.y || route.metadata.x'), true)
  })

  it('are found in a text', () => {
    assert.deepEqual(expressionsOf('a${b}c${d.e}$f{g}'), ['b', 'd.e'])
  })

  it('are the host too, where they say whom the gateway calls', () => {
    const fixed = ['api.test/a', 'www.test']
    for (const one of ['req.host', 'req.host || config.x', 'req.headers.x', 'req.domain || req.host'])
      assert.equal(serverChoice(`a\${route.id}\${${one}}`, fixed), one)
    for (const one of ['req.domain', 'req.domain || config.x', 'route.metadata.x', 'req.protocol'])
      assert.equal(serverChoice(`\${${one}}`, fixed), undefined, one)
    assert.equal(serverChoice('${req.domain}', ['*.test']), 'req.domain')
    assert.equal(serverChoice('${req.domain}', ['api.test', '*']), 'req.domain')
    assert.equal(serverChoice('${req.domain}', ['api.test/*']), undefined)
    assert.equal(serverChoice('${req.domain}', []), 'req.domain', 'plugins for all routes')
  })
})
