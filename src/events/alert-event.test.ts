import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alertedRequest, buildAlert } from './alert-event.ts'

test('an alert has the envelope of its route, whatever its own fields are', () => {
  const fields = { route: 'r', '@type': 'GatewayEvent', alert: 'Other' }
  assert.deepEqual(buildAlert('SomeAlert', '1', 5, 'prod', { id: 'r', name: 'The route' }, fields), {
    route: 'r',
    '@id': '1',
    '@timestamp': 5,
    '@type': 'AlertEvent',
    '@product': 'otoroshi',
    '@serviceId': 'r',
    '@service': 'The route',
    '@env': 'prod',
    alert: 'SomeAlert',
  })
})

test('an alert of no route is one of the gateway', () => {
  const alert = buildAlert('SomeAlert', '1', 5, 'prod', { id: '', name: '' }, {})
  assert.deepEqual([alert['@serviceId'], alert['@service']], ['--', 'Otoroshi'])
})

test('a request is shown without credentials', () => {
  const shown = alertedRequest({
    method: 'GET',
    target: '/a?b&pappsToken=secret&x=1&bearer_auth=secret',
    host: 'a.test',
    protocol: 'https',
    ip: '10.0.0.1',
    headers: [
      ['Authorization', 'Basic secret'],
      ['X-A', '1'],
    ],
  })
  assert.deepEqual(shown, {
    method: 'GET',
    uri: '/a?b&pappsToken=***&x=1&bearer_auth=***',
    host: 'a.test',
    scheme: 'https',
    from: '10.0.0.1',
    headers: { Authorization: '***', 'X-A': '1' },
  })
})
