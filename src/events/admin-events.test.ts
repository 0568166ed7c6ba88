/** Events of the admin API, field by field as upstream has them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AlertShape, buildAdminAlert, buildAdminApiEvent } from './index.ts'

const facts = {
  id: 'e1',
  at: 1_717_238_400_000,
  env: 'prod',
  user: { name: 'Ada', email: 'ada@acme.test' },
  apikey: { clientId: 'k', clientSecret: 's', rotation: { nextSecret: 'n' } },
  action: 'CREATE_ROUTE',
  from: '192.0.2.7',
  message: 'User created a route',
  metadata: { id: 'r' },
}
const envelope = {
  '@product': 'otoroshi',
  '@serviceId': '--',
  '@service': 'Otoroshi',
  '@env': 'prod',
}

test('an audit event says who did what, from where and to what, without secrets', () => {
  assert.deepEqual(buildAdminApiEvent(facts), {
    ...envelope,
    '@id': 'e1',
    '@timestamp': 1_717_238_400_000,
    '@type': 'AuditEvent',
    audit: 'AdminApiEvent',
    user: { name: 'Ada', email: 'ada@acme.test' },
    apiKey: { clientId: 'k', clientSecret: '***', rotation: { nextSecret: '***' } },
    action: 'CREATE_ROUTE',
    from: '192.0.2.7',
    message: 'User created a route',
    metadata: { id: 'r' },
  })
})

test('an alert carries the fields of its kind', () => {
  const audit = buildAdminApiEvent(facts)
  const user = audit['user']
  const base = {
    ...envelope,
    '@id': 'a1',
    '@timestamp': 1_717_238_400_000,
    '@type': 'AlertEvent',
    alert: 'X',
  }
  const of = (shape: AlertShape) => buildAdminAlert({ alert: 'X', shape }, 'a1', audit)
  assert.deepEqual(of('generic'), { ...base, adminApiAlert: true, user, audit_payload: audit })
  assert.deepEqual(of('identity'), {
    ...base,
    adminApiAlert: true,
    user,
    identity: user,
    audit_payload: audit,
  })
  assert.deepEqual(of('user'), { ...base, user })
  assert.deepEqual(of('event'), { ...base, user, event: audit })
  const configs = { old: { mailer: { apiKey: 'a' } }, new: { mailer: { apiKey: 'b' } } }
  assert.deepEqual(buildAdminAlert({ alert: 'X', shape: 'config' }, 'a1', audit, configs), {
    ...base,
    adminApiAlert: true,
    user,
    audit_payload: audit,
    oldConfig: { mailer: { apiKey: '***' } },
    newConfig: { mailer: { apiKey: '***' } },
  })
})

test('who acts for nobody in particular is named by the key, masked', () => {
  const audit = buildAdminApiEvent({ ...facts, user: null })
  const alert = buildAdminAlert({ alert: 'X', shape: 'generic' }, 'a1', audit)
  assert.deepEqual(alert['user'], audit['apiKey'])
  assert.doesNotMatch(JSON.stringify([audit, alert]), /"s"|"n"/)
})
